//! etcd's own Go client, for those who share etcd with Go programs.

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
    PROGRAM.get_or_init(build).clone()
}

fn build() -> Option<PathBuf> {
    // There is Go if its peers are there.
    let target = crate::go::peers()?.to_owned();
    let sources = home("etcd-go")?.join("usr/share/gocode");
    let go = Command::new("bash")
        .arg(crate::go::root().join("setup-go.sh"))
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    let go = String::from_utf8(go.stdout).expect("a path");
    let program = target.join("go-etcd");
    let output = Command::new(go.trim())
        .current_dir(crate::go::root().join("peers/go-etcd"))
        // Debian has the sources of each package in one place, as before modules.
        .env("GO111MODULE", "off")
        .env("GOPATH", sources)
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
