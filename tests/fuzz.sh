#!/usr/bin/env bash
# Fuzzes targets under libFuzzer, and keeps what they find.
#
#   tests/fuzz.sh [SECONDS] [TARGET…]      600 s for each target, unless told
#   tests/fuzz.sh --minimise [TARGET…]     fuzz/corpus from what was found
#
# It needs a nightly toolchain, cargo-fuzz (`cargo install cargo-fuzz`) and a C++
# compiler. Inputs that it finds gather in target/fuzz-corpus; --minimise keeps as
# few of them as have the same coverage. An input that breaks a target goes to
# fuzz/crashes/TARGET, which `cargo test -p gobrpc-fuzz` replays with the corpora:
# it needs neither nightly nor cargo-fuzz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

minimise=
seconds=600
case "${1:-}" in
    --minimise) minimise=1; shift ;;
    [0-9]*) seconds=$1; shift ;;
esac
if [ $# -gt 0 ]; then
    targets=("$@")
else
    mapfile -t targets < <(basename -s .rs fuzz/fuzz_targets/*.rs)
fi

# AddressSanitizer finds faults of unsafe code, which is forbidden here; without it
# there are several times as many runs.
cargo +nightly fuzz build --fuzz-dir fuzz --features libfuzzer -s none \
    --target-dir target/fuzz >&2
built=(target/fuzz/*/release)

# Go's streams, as binary files.
seeds=target/fuzz-seeds
mkdir -p "$seeds"
for hex in tests/golden/*.hex; do
    tr -d ' \n' <"$hex" | tr a-f A-F | basenc --base16 -d >"$seeds/$(basename "$hex" .hex)"
done

for target in "${targets[@]}"; do
    found=$root/target/fuzz-corpus/$target
    kept=$root/fuzz/corpus/$target
    mkdir -p "$found" "$kept" "$root/fuzz/crashes/$target"
    if [ -n "$minimise" ]; then
        # No more and no longer ones than a test should replay.
        small=$(mktemp -d)
        "${built[0]}/$target" -set_cover_merge=1 -max_len=2048 "$small" "$kept" "$found" "$seeds" 2>&1 | tail -n 1
        rm -rf "$kept"
        mkdir -p "$kept"
        # Of all sizes alike.
        count=$(find "$small" -type f | wc -l)
        find "$small" -type f -printf '%s %p\n' | sort -n | cut -d ' ' -f 2- |
            awk -v n="$count" 'n <= 300 || int(NR * 300 / n) != int((NR - 1) * 300 / n)' |
            xargs -r cp -t "$kept"
        rm -rf "$small"
        printf '%s: %s files, %s bytes\n' "$target" "$(find "$kept" -type f | wc -l)" \
            "$(find "$kept" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }')"
        continue
    fi
    printf '== %s for %s s\n' "$target" "$seconds"
    nice -n 19 "${built[0]}/$target" -max_total_time="$seconds" -max_len=4096 -timeout=20 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$root/fuzz/crashes/$target/" \
        "$found" "$kept" "$seeds" >"target/fuzz-$target.log" 2>&1 || {
        tail -n 40 "target/fuzz-$target.log"
        exit 1
    }
    grep -E '^stat::number_of_executed|^stat::peak_rss|DONE' "target/fuzz-$target.log"
done
