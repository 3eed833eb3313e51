//! `gobrpc call` and `gobrpc list`, against a server in Go.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]

mod run;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use run::gobrpc;

#[test]
fn a_go_server_is_called_by_inferred_types() {
    let Some(go) = run::go() else { return };
    // The server of the demo.
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/peer");
    let program = std::env::temp_dir().join(format!("gobrpc-peer-{}", std::process::id()));
    let built = Command::new(go)
        .current_dir(sources)
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .args(["build", "-trimpath", "-o"])
        .arg(&program)
        .status();
    assert!(built.unwrap().success());
    let mut server = Command::new(&program)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    std::fs::remove_file(&program).unwrap();
    let addr = line.trim().strip_prefix("LISTEN ").unwrap();

    let json = r#"{"item": "pear", "Count": 3}"#;
    let reply = gobrpc(&["call", addr, "Pricing.Quote", json]);
    assert_eq!(reply.output(), "{\"Cents\":135,\"Server\":\"go\"}\n");
    let reply = gobrpc(&["call", addr, "Pricing.Quote", json, "--describe=never"]);
    assert_eq!(reply.output(), "{\"Cents\":135,\"Server\":\"go\"}\n");

    for (json, fault) in [
        (
            r#"{"Item":"moon"}"#,
            "the server answered: no moon is sold here",
        ),
        (
            r#"{"Item":"pear","Count":{"$uint":3}}"#,
            "(the argument was sent as struct { Item string; Count uint64 }; ",
        ),
    ] {
        let failed = gobrpc(&["call", addr, "Pricing.Quote", json]);
        assert!(failed.failure(1).contains(fault), "{failed:?}");
    }
    let failed = gobrpc(&["call", addr, "Nope.Quote", json]);
    assert!(
        failed
            .failure(1)
            .contains("rpc: can't find service Nope.Quote"),
        "{failed:?}"
    );
    // The Go server speaks plain net/rpc: it does not answer an HTTP CONNECT.
    let args = ["--http", addr, "Pricing.Quote", json, "--timeout", "500ms"];
    let failed = gobrpc(&[&["call"], &args[..]].concat());
    assert!(failed.failure(1).contains("raise --timeout"), "{failed:?}");

    let failed = gobrpc(&["list", addr]);
    let text = failed.failure(1);
    assert!(text.contains("has no reflection service"), "{text}");
    assert!(text.contains("Go's net/rpc never can"), "{text}");

    server.kill().unwrap();
    server.wait().unwrap();
}

/// Without an argument, the zero of whatever type the server wants.
#[test]
fn no_argument_is_zero_for_every_type() {
    if gobrpc_tests::go::peers().is_none() {
        return;
    }
    let server = gobrpc_tests::go::GoServer::start("serve", &[]).unwrap();
    let addr = server.address();
    for (method, reply) in [
        ("Arith.Multiply", "0"),
        ("Echo.String", "\"\""),
        ("Echo.Bytes", "{\"$bytes\":\"\"}"),
        ("Echo.Dict", "{\"$map\":[]}"),
        ("Echo.Floats", "[]"),
        ("Echo.Kind", "0"),
        ("Misc.Nothing", "{}"),
    ] {
        assert_eq!(
            gobrpc(&["call", addr, method]).output().trim_end(),
            reply,
            "{method}"
        );
    }
    // What cannot be guessed is asked for.
    let failed = gobrpc(&["call", addr, "Echo.Names"]);
    let text = failed.failure(1);
    assert!(
        text.contains("what a model.Names is, is not known here"),
        "{text}"
    );
    let given = ["call", addr, "Echo.Names", r#"{"$as":"map[int]string"}"#];
    assert_eq!(gobrpc(&given).output().trim_end(), "{\"$map\":[]}");
    // An argument that is given is sent as it is.
    let failed = gobrpc(&["call", addr, "Echo.String", "{}"]);
    assert!(
        failed.failure(1).contains("sent as struct {}"),
        "{failed:?}"
    );
}
