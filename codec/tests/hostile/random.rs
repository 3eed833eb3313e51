//! Random input, and good input with a few bytes changed: never a panic, for
//! several targets, whole and in pieces.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use gobrpc_codec::{Decoder, Encoder, Gob, Limits};
use proptest::prelude::*;

use crate::{alone, on_small_stack};

#[derive(Gob, Debug)]
struct Wide {
    a: i64,
    b: Option<u8>,
    list: Vec<Inner>,
    dict: Option<HashMap<String, Inner>>,
    pair: (f32, Vec<u8>),
    first: Inner,
    value: Vec<String>,
    before: i8,
}

#[derive(Gob, Debug)]
struct Inner {
    name: String,
    score: f64,
    x: i64,
    next: Option<Box<Inner>>,
}

fn decode_all(stream: &[u8], chunk: usize) {
    fn each<T: gobrpc_codec::DecodeOwned>(stream: &[u8], chunk: usize) {
        // Small, so that no random length asks for much.
        let limits = Limits::strict();
        let mut decoder = Decoder::with_limits(limits);
        for chunk in stream.chunks(chunk) {
            decoder.feed(chunk);
            loop {
                match decoder.decode::<T>() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => {
                        // Every text can be made.
                        assert!(!error.to_string().is_empty());
                        if error.is_fatal() {
                            return;
                        }
                    }
                }
            }
        }
        let _ = decoder.finish();
    }
    each::<Wide>(stream, chunk);
    each::<Inner>(stream, chunk);
    each::<Vec<Vec<u8>>>(stream, chunk);
    each::<BTreeMap<String, Option<(i64, u8)>>>(stream, chunk);
    each::<[Vec<String>; 3]>(stream, chunk);
    each::<()>(stream, chunk);
    each::<f32>(stream, chunk);

    let mut decoder = Decoder::new();
    decoder.feed(stream);
    let mut taken = Vec::new();
    loop {
        match decoder.take() {
            Ok(Some(raw)) => taken.push(raw),
            Ok(None) => break,
            Err(error) if error.is_fatal() => break,
            Err(_) => {}
        }
    }
    for raw in taken {
        let _ = raw.decode::<Wide>();
        let _ = raw.schema().map(|schema| schema.to_string());
    }
}

/// What real Go sent, where it is there.
pub(crate) fn goldens() -> Vec<Vec<u8>> {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden"));
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let text = std::fs::read_to_string(path).unwrap();
            let digits: Vec<u8> = text
                .chars()
                .filter_map(|char| char.to_digit(16))
                .map(|digit| digit as u8)
                .collect();
            seeds.push(
                digits
                    .chunks(2)
                    .map(|pair| pair[0] << 4 | pair[1])
                    .collect(),
            );
        }
    }
    seeds
}

/// Streams that are good: real Go's where they are there, and our own.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = goldens();
    let mut own = Vec::new();
    let mut encoder = Encoder::new();
    for value in 0..3 {
        let inner = Inner {
            name: "n".to_owned(),
            score: 1.5,
            x: value,
            next: None,
        };
        encoder.encode(&inner, &mut own).unwrap();
    }
    seeds.push(own);
    seeds.retain(|seed| seed.len() < 4000);
    seeds
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[test]
fn arbitrary_bytes_never_panic() {
    let _alone = alone();
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    // Small bytes are lengths, counts and ids that mean something.
    let small = prop::collection::vec(prop_oneof![0_u8..16, any::<u8>()], 0..200);
    let strategy = (prop_oneof![bytes, small], 1_usize..64);
    proptest!(config(), |((stream, chunk) in strategy)| {
        on_small_stack(|| decode_all(&stream, chunk));
    });
}

#[test]
fn changed_streams_never_panic() {
    let _alone = alone();
    let seeds = seeds();
    let change = (
        any::<prop::sample::Index>(),
        prop_oneof![0_u8..16, any::<u8>()],
        0_u8..3,
    );
    let strategy = (
        any::<prop::sample::Index>(),
        prop::collection::vec(change, 1..6),
        1_usize..64,
    );
    proptest!(config(), |((seed, changes, chunk) in strategy)| {
        let mut stream = seed.get(&seeds).clone();
        for (place, byte, how) in changes {
            if stream.is_empty() {
                break;
            }
            let index = place.index(stream.len());
            match how {
                0 => stream[index] = byte,
                1 => stream.insert(index, byte),
                _ => drop(stream.remove(index)),
            }
        }
        on_small_stack(|| decode_all(&stream, chunk));
    });
}
