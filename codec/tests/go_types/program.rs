//! The Go program that prints what it reads.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use gobrpc_codec::{Encode, Encoder};

/// The built program, or `None` where there is no Go, said aloud; where `CI` is
/// `true` that is a failure.
fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| match build() {
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
    program.as_deref()
}

fn build() -> Result<PathBuf, String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    if !tests.join("setup-go.sh").is_file() {
        return Err("the peers are not part of the package".to_owned());
    }
    let go = output(Command::new("bash").arg(tests.join("setup-go.sh")))?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = target.join("gotypes");
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
            .arg("./cmd/gotypes"),
    )?;
    Ok(program)
}

fn output(command: &mut Command) -> Result<String, String> {
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

/// What Go prints of these values; `None` without Go.
pub(crate) fn printed<T: Encode>(ty: &str, values: &[T]) -> Option<Vec<String>> {
    let program = program()?;
    let (mut encoder, mut stream) = (Encoder::new(), Vec::new());
    for value in values {
        encoder.encode(value, &mut stream).unwrap();
    }
    let mut child = Command::new(program)
        .arg(ty)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&stream));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{ty}: {errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(str::to_owned).collect())
}
