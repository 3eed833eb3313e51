//! Go programs of Debian's sources: etcd's own client, for those who share etcd with Go
//! programs, and Consul's codec of net/rpc.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::home;

/// The program of `peers/go-etcd`, built from Debian's sources of etcd's client;
/// `None` if Go or the sources cannot be had.
///
/// # Panics
///
/// Where `CI` is `true` and they cannot be had, or where it does not build.
pub fn etcd_go() -> Option<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM.get_or_init(|| build("go-etcd", "etcd-go")).clone()
}

/// The program of `peers/go-msgpack`, built from Debian's sources of
/// `hashicorp/net-rpc-msgpackrpc`; `None` if Go or the sources cannot be had.
///
/// # Panics
///
/// As [`etcd_go`].
pub fn msgpack_go() -> Option<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| build("go-msgpack", "msgpackrpc"))
        .clone()
}

fn build(peer: &str, sources: &'static str) -> Option<PathBuf> {
    // There is Go if its peers are there.
    let target = crate::go::peers()?.to_owned();
    let sources = home(sources)?.join("usr/share/gocode");
    let peers = crate::go::root().join("peers");
    // Where the packages of the other peers are, as before modules.
    let own = target.join("gopath");
    let link = own.join("src/gobrpc.test/peers");
    if !link.exists() {
        std::fs::create_dir_all(own.join("src/gobrpc.test")).expect("a folder");
        // Another test program may be faster.
        let _ = std::os::unix::fs::symlink(peers.join("go"), &link);
    }
    let go = Command::new("bash")
        .arg(crate::go::root().join("setup-go.sh"))
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    let go = String::from_utf8(go.stdout).expect("a path");
    let program = target.join(peer);
    let output = Command::new(go.trim())
        .current_dir(peers.join(peer))
        // Debian has the sources of each package in one place, as before modules.
        .env("GO111MODULE", "off")
        .env("GOPATH", format!("{}:{}", sources.display(), own.display()))
        .env("GOCACHE", target.join("cache"))
        .env("GOFLAGS", "")
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("CGO_ENABLED", "0")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .stdin(Stdio::null())
        .output()
        .expect("Go runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(program)
}
