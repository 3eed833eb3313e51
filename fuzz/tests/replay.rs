//! Replays every corpus, every input that once broke a target, and every golden
//! through every target, on stable.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::path::{Path, PathBuf};

use gobrpc_codec::Limits;
use gobrpc_codec::inspect::recode;
use gobrpc_fuzz::TARGETS;

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The goldens' names and bytes.
fn goldens() -> Vec<(String, Vec<u8>)> {
    let mut goldens = Vec::new();
    for file in files(&here().join("../tests/golden")) {
        if file.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let text: String = std::fs::read_to_string(&file).unwrap();
        let digits: String = text.split_whitespace().collect();
        let bytes = (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        goldens.push((
            file.file_stem().unwrap().to_str().unwrap().to_owned(),
            bytes,
        ));
    }
    assert!(goldens.len() > 100, "only {} goldens", goldens.len());
    goldens
}

/// The folders of corpora or crashes have targets, and every target that takes
/// its files.
fn replay(kind: &str) -> usize {
    let mut count = 0;
    for (name, target) in TARGETS {
        for file in files(&here().join(kind).join(name)) {
            println!("{}", file.display());
            target(&std::fs::read(file).unwrap());
            count += 1;
        }
    }
    for entry in files(&here().join(kind)) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            TARGETS.iter().any(|(target, _)| *target == name),
            "{kind}/{name} has no target"
        );
    }
    count
}

#[test]
fn corpora() {
    assert!(replay("corpus") > 100, "the corpora are not there");
}

#[test]
fn crashes() {
    replay("crashes");
}

/// Go's streams as they are, cut short, and with single bytes changed.
#[test]
fn goldens_and_near_ones() {
    for (_, bytes) in goldens() {
        let mut variants = vec![bytes.clone(), bytes[..bytes.len() / 2].to_vec()];
        // A few changes in each, spread over the stream and the values.
        for change in 0..8_usize {
            let mut changed = bytes.clone();
            let at = change * 97 % changed.len();
            changed[at] = [0x00, 0x01, 0x7f, 0x80, 0xf8, 0xff][change % 6];
            variants.push(changed);
        }
        for variant in &variants {
            for (_, target) in TARGETS {
                target(variant);
            }
        }
    }
}

/// What Go's encoder wrote is written again to the byte.
#[test]
fn goldens_are_recoded_to_the_same_bytes() {
    for (name, bytes) in goldens() {
        assert_eq!(recode(&bytes, &Limits::default()).unwrap(), bytes, "{name}");
    }
}
