//! The commands that read a stream take as much memory for a long one as for a short
//! one: what the kernel says that the real command held at most.

#![cfg(target_os = "linux")]
#![allow(clippy::tests_outside_test_module, reason = "an integration test")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod run;

use std::io::Write as _;
use std::process::Stdio;

use gobrpc_codec::{Encoder, Gob};

/// A line of a log, of about 64 KiB.
#[derive(Gob)]
struct Line {
    number: i64,
    at: u64,
    body: Vec<u8>,
    tags: Vec<String>,
}

/// Pipes so many MiB of values into a command; the most memory that it held, in KiB.
fn held(command: &str, megabytes: usize) -> usize {
    let mut child = run::command()
        .args([command, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut encoder = Encoder::new();
    let mut line = Line {
        number: 0,
        at: 1_700_000_000,
        body: vec![b'x'; 63 << 10],
        tags: (0..64).map(|tag| format!("tag number {tag}")).collect(),
    };
    let (mut sent, mut stream) = (0, Vec::new());
    while sent < megabytes << 20 {
        line.number += 1;
        stream.clear();
        encoder.encode(&line, &mut stream).unwrap();
        input.write_all(&stream).unwrap();
        sent += stream.len();
    }
    // The pipe holds no more than 64 KiB of this: the rest was read.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most = most.and_then(|most| most.split_whitespace().next()?.parse().ok());
    drop(input);
    assert!(child.wait().unwrap().success());
    most.unwrap()
}

fn constant(command: &str, megabytes: usize) {
    let (short, long) = (held(command, 2), held(command, megabytes));
    println!("{command}: {short} KiB for 2 MiB, {long} KiB for {megabytes} MiB");
    // The allocator may keep some more of what it had.
    assert!(
        long < short + (2 << 10),
        "{command}: {short} KiB for 2 MiB, {long} KiB for {megabytes} MiB"
    );
}

#[test]
fn decode_takes_what_one_value_takes() {
    constant("decode", 256);
}

#[test]
fn so_do_the_other_readers() {
    for (command, megabytes) in [("recode", 64), ("types", 64), ("dump", 16)] {
        constant(command, megabytes);
    }
}
