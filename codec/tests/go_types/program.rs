//! The Go program that prints what it reads.

use std::io::Write as _;
use std::process::{Command, Stdio};

use gobrpc_codec::{Encode, Encoder};

use crate::go::program;

/// What Go prints of these values; `None` without Go.
pub(crate) fn printed<T: Encode>(ty: &str, values: &[T]) -> Option<Vec<String>> {
    let program = program("gotypes")?;
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
