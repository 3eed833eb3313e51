#!/usr/bin/env bash
# Unpacks the registries that the tests run against into target/registries, from
# Debian's packages, and installs nothing on the system, but Java where there is none
# and it may:
#
#   etcd-3.4     bookworm    etcd-3.5     trixie
#   consul-1.8   bullseye    zookeeper-3.8 bookworm, run by the system's `java`
#   etcd-3.3, zookeeper-3.4  bullseye: older than what is supported
#   etcd-go      trixie: the sources of etcd's Go client 3.5, and of what it needs
#   faketime     bookworm: no registry, but what gives a program another time of day
#   msgpackrpc   bookworm: those of hashicorp/net-rpc-msgpackrpc, no registry, but
#                what Consul speaks between its own
#
#   tests/setup-registries.sh [NAME…]   all, or those
#
# Prints one line per registry, NAME, a tab and its folder. Everything else goes to
# stderr. Exits 1, after it has tried them all, if one cannot be had.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home="$root/target/registries"
failed=no

say() { printf 'setup-registries: %s\n' "$*" >&2; }

# The mirror and the key of the machine's own Debian, for suites other than its own.
mirror() {
    local line
    line=$(grep -rhoE '^(URIs: *|deb +(\[[^]]*\] +)?)https?://[^ ]*/debian/? *' \
        /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1) || true
    line=$(grep -oE 'https?://[^ ]*' <<<"$line" || true)
    printf '%s\n' "${line:-http://deb.debian.org/debian}"
}

# fetch SUITE FOLDER PACKAGE…: downloads packages of a suite and unpacks them.
fetch() {
    local suite=$1 folder=$2 state="$home/apt/$1" keys=/usr/share/keyrings/debian-archive-keyring.gpg
    shift 2
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    local signed=""
    if [ -e "$keys" ]; then signed="[signed-by=$keys] "; fi
    echo "deb $signed$(mirror) $suite main" >"$state/sources.list"
    local options=(-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state/cache"
        -o APT::Get::List-Cleanup=0 -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=)
    if ! [ -e "$state/updated" ]; then
        apt-get "${options[@]}" -qq update >&2 || return 1
        touch "$state/updated"
    fi
    # The Go sources that a package of Go sources needs, to the last one.
    if [ "$1" = --with-sources ]; then
        shift
        # shellcheck disable=SC2046 # one argument for each
        set -- $(apt-get "${options[@]}" -o Dir::State::status=/dev/null -s install \
            --no-install-recommends "$@" |
            sed -nE 's/^Inst (golang-[a-z0-9.+-]+-dev) .*/\1/p')
        [ $# -gt 0 ] || return 1
    fi
    local new
    new=$(mktemp -d "$home/.new.XXXXXX")
    (cd "$new" && apt-get "${options[@]}" -qq download "$@" >&2) || return 1
    local package
    for package in "$new"/*.deb; do
        dpkg -x "$package" "$new" || return 1
    done
    rm -f "$new"/*.deb
    rm -rf "$folder"
    mv -T "$new" "$folder"
}

# have NAME PROBE SUITE PACKAGE…: unpacks a registry unless it is there.
have() {
    local name=$1 probe=$2 suite=$3 folder="$home/$1"
    shift 3
    if ! [ -e "$folder/$probe" ]; then
        say "unpacking $name from Debian $suite"
        if ! command -v apt-get >/dev/null || ! fetch "$suite" "$folder" "$@" || ! [ -e "$folder/$probe" ]; then
            say "$name cannot be had"
            failed=yes
            return 0
        fi
    fi
    printf '%s\t%s\n' "$name" "$folder"
}

# install PACKAGE: for root only, from the machine's own Debian.
install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "installing $1"
    apt-get -qq update >&2 && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
        --no-install-recommends "$1" >&2
}

registry() {
    case $1 in
    etcd-3.4) have etcd-3.4 usr/bin/etcd bookworm etcd-server etcd-client ;;
    etcd-3.5) have etcd-3.5 usr/bin/etcd trixie etcd-server etcd-client ;;
    consul-1.8) have consul-1.8 usr/bin/consul bullseye consul ;;
    etcd-3.3) have etcd-3.3 usr/bin/etcd bullseye etcd-server ;;
    # With what zookeeper-3.8 has beside its own.
    zookeeper-3.4) have zookeeper-3.4 usr/share/java/zookeeper.jar bullseye libzookeeper-java ;;
    zookeeper-3.8)
        if ! command -v java >/dev/null && ! install default-jre-headless; then
            say "zookeeper-3.8 needs java (Debian: default-jre-headless)"
            failed=yes
            return 0
        fi
        # What the server loads of the class path that its manifest names.
        have zookeeper-3.8 usr/share/java/zookeeper.jar bookworm libzookeeper-java \
            libslf4j-java libnetty-java libsnappy-java libdropwizard-metrics-java \
            libcommons-cli-java libcommons-io-java libjackson2-core-java \
            libjackson2-databind-java libjackson2-annotations-java libjetty9-java \
            libjetty9-extra-java libservlet-api-java
        ;;
    etcd-go)
        have etcd-go usr/share/gocode/src/go.etcd.io/etcd/client/v3/naming/endpoints \
            trixie --with-sources golang-etcd-server-dev
        # Most of it is of other clouds than ours, and nothing of a client.
        local sources="$home/etcd-go/usr/share/gocode/src"
        rm -rf "$sources"/{cloud.google.com,gonum.org,google.golang.org/api} \
            "$sources"/github.com/{aws,Azure,nats-io,klauspost} "$home/etcd-go/usr/share/doc"
        ;;
    faketime) have faketime usr/share/doc/libfaketime bookworm libfaketime ;;
    msgpackrpc)
        have msgpackrpc usr/share/gocode/src/github.com/hashicorp/net-rpc-msgpackrpc \
            bookworm golang-github-hashicorp-net-rpc-msgpackrpc-dev \
            golang-github-hashicorp-go-msgpack-dev golang-github-hashicorp-go-multierror-dev \
            golang-github-hashicorp-errwrap-dev
        ;;
    *)
        say "there is no registry \"$1\""
        exit 2
        ;;
    esac
}

mkdir -p "$home"
# Several test programs may start at once.
if command -v flock >/dev/null; then
    exec 9>"$home/.lock"
    flock 9
fi
if [ $# = 0 ]; then set -- etcd-3.3 etcd-3.4 etcd-3.5 consul-1.8 zookeeper-3.4 zookeeper-3.8 etcd-go faketime msgpackrpc; fi
for name in "$@"; do registry "$name"; done
[ "$failed" = no ]
