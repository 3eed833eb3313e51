//! Replays every corpus and every golden through every target, on stable.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::path::{Path, PathBuf};

use gobrpc_fuzz::TARGETS;

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn corpora() {
    for (name, target) in TARGETS {
        for file in files(&here().join("corpus").join(name)) {
            target(&std::fs::read(file).unwrap());
        }
    }
    for entry in files(&here().join("corpus")) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            TARGETS.iter().any(|(target, _)| *target == name),
            "corpus/{name} has no target"
        );
    }
}

/// Go's streams as they are, cut short, and with single bytes changed.
#[test]
fn goldens() {
    let mut count = 0;
    for file in files(&here().join("../tests/golden")) {
        if file.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let text: String = std::fs::read_to_string(&file).unwrap();
        let digits: String = text.split_whitespace().collect();
        let bytes: Vec<u8> = (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        count += 1;
        let mut variants = vec![bytes.clone(), bytes[..bytes.len() / 2].to_vec()];
        // A few changes in each, spread over the stream and the values.
        for change in 0..24_usize {
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
    assert!(count > 100, "only {count} goldens");
}
