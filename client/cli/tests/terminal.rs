//! What is different on a terminal: colours, and a bar for what takes long.

#![cfg(unix)]
#![allow(clippy::tests_outside_test_module, reason = "an integration test")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod run;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use run::gobrpc;

/// Runs a shell command whose terminal is one of its own, by `script` of util-linux:
/// all that it shows there. None where that cannot be had.
fn on_terminal(command: &str, variables: &[(&str, &str)]) -> Option<String> {
    let run = Command::new("script")
        .args(["-qec", command, "/dev/null"])
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output();
    match run {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(error) => {
            eprintln!("SKIPPED, all that needs a terminal: script: {error}");
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs one");
            None
        }
    }
}

fn scratch(name: &str, stream: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, stream).unwrap();
    path
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_gobrpc");

#[test]
fn colours_are_for_terminals() {
    let point = run::golden_stream(&run::golden().join("point.hex"));
    let file = scratch("terminal-point.gob", &point);
    let file = file.display();
    let command = format!("{PROGRAM} decode --pretty {file}");
    let plain = "{\"X\": 22, \"Y\": 33}";
    let Some(coloured) = on_terminal(&command, &[]) else {
        return;
    };
    assert!(
        coloured.contains("\x1b[34;1m\"X\"\x1b[0m: \x1b[33m22\x1b[0m"),
        "{coloured:?}"
    );
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = on_terminal(&command, &[variable]).unwrap();
        assert_eq!(text.trim_end(), plain, "{variable:?}");
    }
    // The exact form is the same everywhere, and so is a pipe.
    let text = on_terminal(&format!("{PROGRAM} decode {file}"), &[]).unwrap();
    assert_eq!(text.trim_end(), "{\"X\":22,\"Y\":33}");
    let text = on_terminal(&format!("{command} | cat"), &[]).unwrap();
    assert_eq!(text.trim_end(), plain);
}

#[test]
fn what_is_large_has_a_bar() {
    // Messages of 64 KiB.
    let mut message = vec![0xfd, 0x01, 0x00, 0x06, 0x0a, 0x00, 0xfd, 0x01, 0x00, 0x00];
    message.extend([7; 0x1_0000]);
    let stream = message.repeat(160);
    let large = scratch("terminal-large.gob", &stream);
    let small = scratch("terminal-small.gob", &message);
    let (large, small) = (large.display(), small.display());
    let null = "/dev/null";
    for command in ["decode", "recode", "types", "dump"] {
        let Some(shown) = on_terminal(&format!("{PROGRAM} {command} {large} > {null}"), &[]) else {
            return;
        };
        assert!(shown.contains(" of 10."), "{command}: {shown:?}");
        let shown = on_terminal(&format!("{PROGRAM} {command} {small} > {null}"), &[]).unwrap();
        assert_eq!(shown, "", "{command}");
    }
    // From a pipe nobody knows how long it is.
    let piped = on_terminal(&format!("cat {large} | {PROGRAM} recode - > {null}"), &[]).unwrap();
    assert!(piped.contains(" MiB, "), "{piped:?}");
    // An error has the line for itself.
    let cut = scratch("terminal-cut.gob", &stream[..stream.len() - 1]);
    let cut = cut.display();
    let shown = on_terminal(&format!("{PROGRAM} recode {cut} > {null}"), &[]).unwrap();
    let last = shown.rsplit(['\r', '\n']).find(|line| !line.is_empty());
    let last = last.unwrap_or_default().replace("\x1b[2K", "");
    assert!(last.starts_with("gobrpc: "), "{shown:?}");
    // Not a terminal: nothing.
    let run = gobrpc(&["types", &large.to_string()]);
    assert_eq!(run.output(), "");
}
