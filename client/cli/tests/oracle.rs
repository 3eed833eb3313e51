//! `gobrpc decode`, `types --json` and `recode`, beside a second reader in Go
//! (`tests/peers/go/cmd/oracle`): the same bytes for every stream.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod run;

use std::path::{Path, PathBuf};

use gobrpc_tests::go;
use run::{Run, command, golden, golden_stream};

/// An empty folder for this test, in the one for build products.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn oracle(args: &[&str]) {
    let output = go::run("oracle", args).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// Compares the outputs for every stream of a folder; how many there were.
fn compare(folder: &Path) -> usize {
    oracle(&["print", folder.to_str().unwrap()]);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "gob") {
            continue;
        }
        count += 1;
        let wrong = file.with_extension("error").exists();
        for (args, extension) in [
            (&["decode"][..], "json"),
            (&["types", "--json"], "types"),
            (&["recode"], "gob"),
        ] {
            let output = command().args(args).arg(&file).output().unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            let wanted = std::fs::read(file.with_extension(extension)).unwrap();
            assert_eq!(
                (output.status.code(), errors.matches('\n').count()),
                if wrong { (Some(1), 1) } else { (Some(0), 0) },
                "{args:?} {file:?}: {errors}"
            );
            // Of a stream that is wrong, what stands before the fault comes back.
            let same = match (wrong, extension) {
                (true, "gob") => wanted.starts_with(&output.stdout),
                _ => wanted == output.stdout,
            };
            assert!(
                same,
                "{args:?} {file:?}:\n{}\nnot\n{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&wanted),
            );
        }
    }
    count
}

#[test]
fn every_golden_prints_the_same() {
    if go::peers().is_none() {
        return;
    }
    let folder = folder("oracle-golden");
    for entry in std::fs::read_dir(golden()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let name = path.with_extension("gob");
            let name = name.file_name().unwrap();
            std::fs::write(folder.join(name), golden_stream(&path)).unwrap();
        }
    }
    let count = compare(&folder);
    assert!(count > 150, "only {count} goldens");
}

/// Types and values at the edges of what is printed, and at random; and every one of
/// them cut short.
#[test]
fn what_go_makes_up_prints_the_same() {
    if go::peers().is_none() {
        return;
    }
    let seed = std::env::var("GOBRPC_SEED").unwrap_or_else(|_| "7".to_owned());
    let folder = folder("oracle-samples");
    oracle(&["samples", folder.to_str().unwrap(), &seed, "120"]);
    let mut cuts = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        let stream = std::fs::read(&file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let cut = stream.len() * (cuts % 8 + 1) / 9;
        std::fs::write(
            folder.join(format!("{name}-cut.gob")),
            &stream[..cut.max(1)],
        )
        .unwrap();
        cuts += 1;
    }
    assert_eq!(compare(&folder), 2 * cuts);
}

/// No program of Go calls its types and fields so, and a stream can.
#[test]
fn names_that_are_no_utf8_print_the_same() {
    if go::peers().is_none() {
        return;
    }
    let folder = folder("oracle-names");
    // A struct "a\xe2\x82" with a field "\xff" of an opaque type "\xfe", not sent,
    // and a field "A" that was.
    let mut stream = Vec::new();
    let opaque = b"\xff\x81\x05\x01\x01\x01\xfe\x01\xff\x82\x00\x00\x00";
    let structure =
        b"\x7f\x03\x01\x01\x03a\xe2\x82\x01\xff\x80\x00\x01\x02\x01\x01\xff\x01\xff\x82\x00\x01\x01A\x01\x04\x00\x00\x00";
    for message in [&opaque[..], structure, b"\xff\x80\x02\x2c\x00"] {
        stream.push(u8::try_from(message.len()).unwrap());
        stream.extend_from_slice(message);
    }
    std::fs::write(folder.join("names.gob"), &stream).unwrap();
    assert_eq!(compare(&folder), 1);
    let run: Run = run::gobrpc_with(&["decode", "-"], &stream);
    assert_eq!(
        run.output(),
        "{\"\\ufffd\":{\"$opaque\":\"\",\"type\":\"\\ufffd\"},\"A\":22}\n"
    );
}
