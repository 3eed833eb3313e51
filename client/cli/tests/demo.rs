//! `gobrpc demo`, with Go and without.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]

mod run;

use std::process::Output;
use std::time::{Duration, Instant};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All that the demo promises.
fn assert_all_well(output: &Output) {
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert_eq!(stderr, "");
    assert!(
        stdout.contains("\n0 calls lost: of 5000, 5000 were answered and 0 failed\n"),
        "{stdout}"
    );
    assert!(stdout.contains("stopped   rust-2 gracefully"), "{stdout}");
    assert!(stdout.contains("; 0 connections cut\n"), "{stdout}");
    for column in ["endpoint", "calls", "errors", "p50", "p99"] {
        assert!(stdout.contains(column), "{stdout}");
    }
    for server in ["  rust-1 ", "  rust-2 ", "  rust-3 "] {
        assert!(stdout.contains(server), "{stdout}");
    }
}

#[test]
fn without_go_it_says_so_and_does_the_rest() {
    let start = Instant::now();
    let output = run::command()
        .arg("demo")
        .env("GOBRPC_GO", "/no/such/go")
        .output()
        .unwrap();
    assert_all_well(&output);
    let stdout = text(&output.stdout);
    assert!(stdout.contains("Go        none"), "{stdout}");
    assert!(
        stdout.contains("GOBRPC_GO is /no/such/go, and it is not found"),
        "{stdout}"
    );
    assert!(
        stdout.contains("https://go.dev/dl"),
        "how to get it: {stdout}"
    );
    assert!(start.elapsed() < Duration::from_secs(30));

    let output = run::command().args(["demo", "--no-go"]).output().unwrap();
    assert_all_well(&output);
    assert!(!text(&output.stdout).contains("Go  "));
}

#[test]
fn with_go_a_go_server_and_a_go_client_take_part() {
    let Some(go) = run::go() else { return };
    let output = run::command()
        .arg("demo")
        .env("GOBRPC_GO", go)
        .output()
        .unwrap();
    assert_all_well(&output);
    let stdout = text(&output.stdout);
    assert!(stdout.contains("server    go "), "{stdout}");
    assert!(
        stdout.contains("Go client calls the Rust servers"),
        "{stdout}"
    );
    assert!(stdout.contains("  from Go to "), "{stdout}");
}
