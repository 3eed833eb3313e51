//! Real Go's verdict on pairs of types (`tests/peers/go/cmd/compat`).

use gobrpc_codec::schema::{Comparison, DifferenceKind, Effect};
use gobrpc_codec::{Decoder, Schema};

use crate::go::{output, program};

/// The type of the only value of a stream.
fn schema(hex: &str) -> Schema {
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    let mut decoder = Decoder::new();
    decoder.feed(&bytes);
    let raw = decoder.take().unwrap().expect("the stream holds a value");
    raw.schema().unwrap()
}

fn verdict(comparison: &Comparison) -> &'static str {
    match comparison.worst() {
        Some(Effect::Breaks) => "breaks",
        Some(Effect::Loses) => "loses",
        _ => "keeps",
    }
}

#[test]
fn go_says_the_same() {
    let Some(program) = program("compat") else {
        return;
    };
    let lines = output(&mut std::process::Command::new(program)).unwrap();
    let mut count = 0;
    for line in lines.lines() {
        let mut words = line.splitn(5, ' ');
        let mut word = || words.next().unwrap();
        let (name, want, writer, reader, error) = (word(), word(), word(), word(), word());
        let comparison = schema(writer).compatible_with(&schema(reader));
        let got = verdict(&comparison);
        let excused = match name {
            // Names of types may say that bytes do not fit, gob's rules do not.
            "gob_other_payload" => {
                let kind = &comparison.iter().next().map(|found| &found.kind);
                matches!(kind, None | Some(DifferenceKind::Payload { .. }))
            }
            _ => false,
        };
        assert!(
            got == want || excused,
            "{name}: Go {want} ({error}), we {got}:\n{comparison}"
        );
        count += 1;
    }
    assert!(count > 45, "{count} pairs");
}
