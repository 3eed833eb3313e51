//! Programs of real Go, from `tests/peers/go/cmd`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The built program, or `None` where there is no Go, said aloud; where `CI` is
/// `true` that is a failure.
pub(crate) fn program(name: &'static str) -> Option<PathBuf> {
    static PROGRAMS: Mutex<Option<HashMap<&str, Option<PathBuf>>>> = Mutex::new(None);
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = programs.get_or_insert_with(HashMap::new);
    let program = known.entry(name).or_insert_with(|| match build(name) {
        Ok(program) => Some(program),
        Err(reason) => {
            eprintln!("SKIPPED, what needs real Go: {reason}");
            None
        }
    });
    assert!(
        program.is_some() || std::env::var("CI").as_deref() != Ok("true"),
        "CI needs real Go"
    );
    program.clone()
}

fn build(name: &str) -> Result<PathBuf, String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    if !tests.join("setup-go.sh").is_file() {
        return Err("the peers are not part of the package".to_owned());
    }
    let go = output(Command::new("bash").arg(tests.join("setup-go.sh")))?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = target.join(name);
    output(
        Command::new(go.trim())
            .current_dir(tests.join("peers/go"))
            .env("GOCACHE", target.join("go-cache"))
            .env("GOFLAGS", "-mod=mod")
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("CGO_ENABLED", "0")
            .args(["build", "-o"])
            .arg(&program)
            .arg(format!("./cmd/{name}")),
    )?;
    Ok(program)
}

/// What a command prints; its error text if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{command:?} failed: {reason}"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
