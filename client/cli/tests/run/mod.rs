//! Runs the built `gobrpc`.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "it is for tests")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `gobrpc` with nothing on its standard input.
pub(crate) fn gobrpc(args: &[&str]) -> Run {
    gobrpc_with(args, b"")
}

/// Runs `gobrpc` with these bytes on its standard input.
pub(crate) fn gobrpc_with(args: &[&str], input: &[u8]) -> Run {
    let mut child = command()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may end without having read all of it.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    Run {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The program.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_gobrpc"))
}

/// A Go toolchain, as the tests of this project find or install it; where there is
/// none, this says so, and fails where `CI` is `true`.
pub(crate) fn go() -> Option<PathBuf> {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/setup-go.sh");
    let found = Command::new("bash").arg(setup).output();
    let Some(found) = found.ok().filter(|found| found.status.success()) else {
        eprintln!("SKIPPED, all that needs real Go: there is none");
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "CI needs real Go"
        );
        return None;
    };
    let path = String::from_utf8(found.stdout).unwrap();
    Some(PathBuf::from(path.trim()))
}

impl Run {
    /// What it printed; it must have succeeded, and said nothing else.
    #[track_caller]
    pub(crate) fn output(&self) -> &str {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""), "{self:?}");
        &self.stdout
    }

    /// The one line that it failed with.
    #[track_caller]
    pub(crate) fn failure(&self, status: i32) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.stderr.matches('\n').count(), 1, "{self:?}");
        self.stderr.trim_end()
    }
}

/// The folder of Go's own bytes.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// The stream of one golden case.
pub(crate) fn golden_stream(path: &Path) -> Vec<u8> {
    let text: String = std::fs::read_to_string(path)
        .unwrap()
        .split_whitespace()
        .collect();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
