//! The Go side: the peers of `tests/peers/go`, built by the Go that
//! `tests/setup-go.sh` finds. The tests have the same in `tests/src/go.rs`: this is a
//! workspace of its own, so that they share no code.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// The folder of the built Go peers.
///
/// # Errors
///
/// If there is no Go, or the peers do not build.
pub fn peers() -> Result<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let go = output(Command::new("bash").arg(tests.join("setup-go.sh")))?;
    let target = tests.join("../target/go-peers");
    std::fs::create_dir_all(&target)?;
    let target = target.canonicalize()?;
    output(
        Command::new(go.trim())
            .current_dir(tests.join("peers/go"))
            .env("GOCACHE", target.join("cache"))
            .env("GOFLAGS", "-mod=mod")
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("CGO_ENABLED", "0")
            .args(["build", "-o"])
            .arg(format!("{}/", target.display()))
            .arg("./..."),
    )?;
    Ok(target)
}

/// What a command prints.
///
/// # Errors
///
/// If it cannot be started, or fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}: {stderr}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
