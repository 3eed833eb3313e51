#!/usr/bin/env bash
# Writes every golden gob stream and the MANIFEST with real Go.
#   tests/golden/mint.sh          regenerate
#   tests/golden/mint.sh --check  only verify that nothing would change
set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
go=$("$here/../setup-go.sh")
export GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-buildvcs=false GOWORK=off

check=no
case "${1:-}" in
"") ;;
--check) check=yes ;;
*)
    echo "usage: mint.sh [--check]" >&2
    exit 2
    ;;
esac

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$here/../peers/go" && "$go" build -trimpath -o "$tmp/mint" ./cmd/mint)

new="$tmp/golden"
mkdir "$new"
"$tmp/mint" -list >"$tmp/list"
{
    echo "# Golden gob streams. Each case is one Encoder in one fresh process of"
    echo "# tests/peers/go/cmd/mint (the Go types and values are there)."
    echo "# Minted by: tests/golden/mint.sh"
    echo "# Minted with: $("$go" version | cut -d' ' -f3)"
    echo "# Maps of several keys are sent in the order that the description gives."
    printf '# case\tbytes\tsha256\tdescription\n'
    # A case a process: Go numbers types process-wide.
    while IFS=$'\t' read -r name note; do
        "$tmp/mint" "$name" >"$tmp/stream"
        od -An -v -tx1 -w32 "$tmp/stream" | tr -d ' ' >"$new/$name.hex"
        sum=$(sha256sum <"$tmp/stream")
        printf '%s\t%s\t%s\t%s\n' "$name" "$(($(wc -c <"$tmp/stream")))" "${sum%% *}" "$note"
    done <"$tmp/list"
} >"$new/MANIFEST"

if [ "$check" = yes ]; then
    mkdir "$tmp/old"
    cp "$here"/*.hex "$here/MANIFEST" "$tmp/old/"
    grep -h '^# Minted with' "$tmp/old/MANIFEST" "$new/MANIFEST" | uniq >&2
    # Another Go version may still mint the same bytes.
    sed -i '/^# Minted with/d' "$tmp/old/MANIFEST" "$new/MANIFEST"
    if ! diff -rq "$tmp/old" "$new" >&2; then
        echo "mint.sh: golden files differ from what this Go mints" >&2
        exit 1
    fi
    echo "mint.sh: $(wc -l <"$tmp/list") cases unchanged"
    exit 0
fi

rm -f "$here"/*.hex
mv "$new"/*.hex "$new/MANIFEST" "$here/"
echo "mint.sh: $(wc -l <"$tmp/list") cases minted"
