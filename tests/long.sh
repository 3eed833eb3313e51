#!/usr/bin/env bash
# What takes too long for CI: fuzzing, the comparison with real Go at length, Miri,
# and mutants. Each part can be run alone:
#
#   tests/long.sh [fuzz|differential|miri|mutants]…     all of them, unless told
#
# A part whose tool is not there says so and is not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Every target under libFuzzer, FUZZ_SECONDS (600) each.
fuzz() {
    bash tests/fuzz.sh "${FUZZ_SECONDS:-600}"
}

# 100,000 random values each way, and 500,000 streams for both to judge; another
# seed each time.
differential() {
    export GOBRPC_DIFFER_SEED=${GOBRPC_DIFFER_SEED:-$(date +%s)000000}
    export GOBRPC_DIFFER_VALUES=${GOBRPC_DIFFER_VALUES:-100000}
    export GOBRPC_DIFFER_MUTATED=${GOBRPC_DIFFER_MUTATED:-500000}
    CI=true cargo test -p gobrpc-tests --test differential --locked -- --nocapture --test-threads 1
}

# The codec's unit tests. Miri is not there on stable; it would take hours for the
# tests that are left out: the stack under very many types, and a thousand copies of
# lists.
miri() {
    if ! cargo +nightly miri --version >/dev/null 2>&1; then
        echo "NOT CHECKED: no Miri (rustup component add --toolchain nightly miri rust-src)" >&2
        return
    fi
    MIRIFLAGS=-Zmiri-disable-isolation CARGO_TARGET_DIR=target/miri \
        cargo +nightly miri test -p gobrpc-codec --lib --locked -- \
        --skip chains_of_types --skip a_copy_keeps --skip copies_keep_what_they_have
}

# Mutants of what reads bytes of strangers. A mutant that no test notices is printed.
mutants() {
    if ! cargo mutants --version >/dev/null 2>&1; then
        echo "NOT CHECKED: no cargo-mutants (cargo install cargo-mutants)" >&2
        return
    fi
    cargo mutants --package gobrpc-codec --timeout 120 --output target \
        --file 'codec/src/wire*' --file 'codec/src/wire/*' --file codec/src/message.rs \
        --file 'codec/src/walk*' --file 'codec/src/walk/*' --file codec/src/plan.rs \
        --file 'codec/src/decoder*' --file 'codec/src/decoder/*' --file codec/src/limits.rs \
        --file 'codec/src/value/decode*' --file 'codec/src/value/decode/*' \
        --file 'codec/src/types/*' ${MUTANTS_ARGS:-} \
        -- --lib --test golden --test hostile --test regression --test limits --test depth \
        --test roundtrip --test value --test interfaces
}

[ $# -gt 0 ] || set -- differential miri fuzz mutants
for part in "$@"; do
    printf '== %s\n' "$part"
    "$part"
done
