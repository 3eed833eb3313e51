//! `gobrpc decode`, on the bytes of real Go and on bad ones.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]

mod run;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use run::{gobrpc, gobrpc_with, golden, golden_stream};

fn decode_golden(case: &str) -> String {
    let stream = golden_stream(&golden().join(format!("{case}.hex")));
    gobrpc_with(&["decode", "-"], &stream).output().to_owned()
}

#[test]
fn all_that_go_writes_prints_as_json() {
    let mut cases = 0;
    for file in std::fs::read_dir(golden()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let run = gobrpc_with(&["decode", "-"], &golden_stream(&path));
        let text = run.output();
        assert!(!text.is_empty() && text.ends_with('\n'), "{path:?}");
        for line in text.lines() {
            let json: Result<serde_json::Value, _> = serde_json::from_str(line);
            assert!(json.is_ok(), "{path:?}: {line}");
        }
        cases += 1;
    }
    assert!(cases > 100, "only {cases} cases");
}

#[test]
fn values_print_in_the_one_way() {
    let float32 = "0\n-0\n1\n-1\n17\n0.10000000149011612\n3.4028234663852886e+38\n\
        1.401298464324817e-45\n\"+Inf\"\n\"-Inf\"\n\"NaN\"\n";
    let float64 = "0\n-0\n1\n-1\n17\n0.1\n3.141592653589793\n1.7976931348623157e+308\n5e-324\n\
        \"+Inf\"\n\"-Inf\"\n\"NaN\"\n";
    for (case, text) in [
        ("bool", "false\ntrue\n"),
        ("float32", float32),
        ("float64", float64),
        (
            "uint64",
            "0\n1\n127\n128\n4294967296\n1099511627776\n281474976710656\n72057594037927936\n\
             18446744073709551615\n",
        ),
        (
            "complex64",
            "{\"re\":0,\"im\":0}\n{\"re\":1,\"im\":-2}\n{\"re\":0,\"im\":0.10000000149011612}\n",
        ),
        (
            "string",
            "\"\"\n\"a\"\n\"hello\"\n\"héllo ☃ 🦀\"\n\"\\u0000\"\n\"\\ufffd\\ufffd\\ufffd\"\n",
        ),
        (
            "top_map_many",
            "{\"$map\":[[\"key-a\",1],[\"key-b\",2],[\"key-c\",3],[\"key-d\",4]]}\n",
        ),
        (
            "map_struct_keys",
            "{\"Dict\":{\"$map\":[[{\"X\":1,\"Y\":2},{\"Name\":\"a\",\"Score\":1}]]}}\n",
        ),
        // Fields that were not sent are printed all the same.
        ("point_zero", "{\"X\":0,\"Y\":0}\n{\"X\":0,\"Y\":7}\n"),
        (
            "gob_encoder",
            "{\"$opaque\":\"Z29iOnY=\",\"type\":\"GobVal\"}\n\
             {\"$opaque\":\"Z29iOg==\",\"type\":\"GobVal\"}\n\
             {\"$opaque\":\"Z29iOnY=\",\"type\":\"GobVal\"}\n",
        ),
        (
            "interface_struct",
            "{\"Before\":1,\"Value\":{\"$type\":\"main.Point\",\"value\":{\"X\":22,\"Y\":33}},\"After\":2}\n\
             {\"Before\":1,\"Value\":{\"$type\":\"main.Point\",\"value\":{\"X\":22,\"Y\":33}},\"After\":2}\n",
        ),
        (
            "interface_nil",
            "{\"Before\":1,\"Value\":null,\"After\":2}\n{\"Before\":1,\"Value\":null,\"After\":2}\n",
        ),
        // Absent fields of a type that holds itself end with null.
        (
            "linked_list",
            "{\"Value\":1,\"Next\":{\"Value\":2,\"Next\":{\"Value\":3,\"Next\":{\"Value\":4,\"Next\":null}}}}\n",
        ),
        (
            "mutual_structs",
            "{\"N\":1,\"B\":{\"S\":\"b\",\"A\":{\"N\":2,\"B\":null}}}\n{\"S\":\"c\",\"A\":null}\n",
        ),
        (
            "recursive_map",
            "{\"$map\":[[\"a\",{\"$map\":[[\"b\",{\"$map\":[]}]]}]]}\n",
        ),
        ("top_slice", "[1,-1,0]\n[]\n[]\n"),
        ("empty_struct", "{}\n{}\n"),
    ] {
        assert_eq!(decode_golden(case), text, "{case}");
    }
}

#[test]
fn files_and_empty_streams() {
    assert_eq!(gobrpc(&["decode", "-"]).output(), "");
    let path = std::env::temp_dir().join(format!("gobrpc-decode-{}.gob", std::process::id()));
    std::fs::write(&path, [0x03, 0x04, 0x00, 0x2c]).unwrap();
    let run = gobrpc(&["decode", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(run.output(), "22\n");
    let missing = gobrpc(&["decode", "/no/such/file.gob"]);
    assert!(missing.failure(1).contains("/no/such/file.gob: "));
}

#[test]
fn bad_streams_end_with_one_line_after_the_good_values() {
    let ints = [0x03, 0x04, 0x00, 0x2c, 0x03, 0x04, 0x00, 0x2e];
    for (tail, fault) in [
        // Ends inside of a message, and of a length.
        (
            &[0x03, 0x04][..],
            "at byte 10: the stream ends inside of a message",
        ),
        (&[0xfe, 0x01], "ends inside"),
        // A value of a type that was never defined.
        (&[0x03, 0xff, 0x90, 0x00], "at byte"),
        // An empty message.
        (&[0x00], "at byte"),
        // A length of 2^56.
        (&[0xf8, 0x01, 0, 0, 0, 0, 0, 0, 0], "--max-message"),
    ] {
        let stream = [&ints[..], tail].concat();
        let run = gobrpc_with(&["decode", "-"], &stream);
        assert_eq!(run.stdout, "22\n23\n", "{tail:x?}");
        let failure = run.failure(1);
        assert!(failure.starts_with("gobrpc: standard input: "), "{failure}");
        assert!(failure.contains(fault), "{failure}");
    }
    let definition = golden_stream(&golden().join("point.hex"));
    let run = gobrpc_with(
        &["decode", "-"],
        &definition[..usize::from(definition[0]) + 1],
    );
    assert!(run.failure(1).contains("behind a type definition"));
}

/// A value whose zeros would fill the disk is refused where it is.
#[test]
fn zeros_have_an_end() {
    let ints = [0x03, 0x04, 0x00, 0x2c, 0x03, 0x04, 0x00, 0x2e];
    // A struct of one field, an array of 2^21 ints; and one that was not sent.
    let define = b"\x12\x7f\x03\x01\x02\xff\x80\x00\x01\x01\x01\x01A\x01\xff\x82\x00\x00\x00\
        \x11\xff\x81\x01\x01\x02\xff\x82\x00\x01\x04\x01\xfd\x40\x00\x00\x00\x00";
    let stream = [&ints[..], define, b"\x03\xff\x80\x00"].concat();
    let place = stream.len() - 1;
    for options in [&["decode", "-"][..], &["decode", "--pretty", "-"]] {
        let run = gobrpc_with(options, &stream);
        assert_eq!(run.stdout, "22\n23\n");
        let fault = format!(
            "gobrpc: standard input: at byte {place}: fields that were not sent add more than"
        );
        let failure = run.failure(1);
        assert!(failure.starts_with(&fault), "{failure}");
    }
}

#[test]
fn limits_are_raised_by_options() {
    let long = golden_stream(&golden().join("string_long.hex"));
    let run = gobrpc_with(&["decode", "--max-message", "1K", "-"], &long);
    assert_eq!(run.stdout.lines().count(), 1, "the first is short enough");
    assert!(run.failure(1).contains("raise --max-message"), "{run:?}");
    let run = gobrpc_with(&["decode", "--max-message", "1M", "-"], &long);
    assert_eq!(run.output().lines().count(), 2);

    let deep = golden_stream(&golden().join("linked_list.hex"));
    let run = gobrpc_with(&["decode", "--max-depth", "2", "-"], &deep);
    assert!(run.failure(1).contains("raise --max-depth"), "{run:?}");
    for options in [&["--trusted"][..], &["--max-depth", "4"]] {
        let args = [&["decode"], options, &["-"]].concat();
        assert_eq!(gobrpc_with(&args, &deep).output().lines().count(), 1);
    }
    assert_eq!(gobrpc(&["decode", "--max-message", "huge", "-"]).status, 2);
}

/// What is there is printed while the writer is still at it.
#[test]
fn values_print_as_they_come() {
    let mut child = run::command()
        .args(["decode", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for number in 0..3_u8 {
        stdin.write_all(&[0x03, 0x04, 0x00, number * 2]).unwrap();
        stdin.flush().unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{number}\n"));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut child = run::command()
        .args(["decode", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    drop(child.stdout.take());
    // It may end at any of these.
    let _ = stdin.write_all(&[0x03, 0x04, 0x00, 0x2c].repeat(100_000));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
