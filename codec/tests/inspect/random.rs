//! Mutated streams of Go's, and made-up ones: the inspector, the dump and the
//! decoder agree on which are good.

use gobrpc_codec::inspect::recode;
use gobrpc_codec::{Decoder, Error, ErrorKind, Limits};
use proptest::prelude::*;

use crate::agree::agree;
use crate::stream::{Bytes, bytes, goldens};

/// A change of one place.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let near = prop_oneof![0..120_usize, any::<usize>()];
    let byte = prop_oneof![
        Just(0_u8),
        Just(1),
        Just(0x7f),
        Just(0xff),
        Just(0xf8),
        any::<u8>()
    ];
    prop_oneof![
        3 => (near.clone(), byte.clone()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (near.clone(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, 1 << bit)),
        1 => (near.clone(), 1..6_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        1 => (near.clone(), prop::collection::vec(byte, 1..6))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (near, 1..40_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

fn apply(stream: &mut Vec<u8>, change: &Change) {
    if stream.is_empty() {
        return;
    }
    let length = stream.len();
    match change {
        Change::Set(at, byte) => stream[at % length] = *byte,
        Change::Flip(at, bits) => stream[at % length] ^= bits,
        Change::Remove(at, count) => {
            let at = at % length;
            stream.drain(at..(at + count).min(length));
        }
        Change::Insert(at, bytes) => {
            let at = at % length;
            stream.splice(at..at, bytes.iter().copied());
        }
        Change::Repeat(at, count) => {
            let at = at % length;
            let part = stream[at..(at + count).min(length)].to_vec();
            stream.splice(at..at, part);
        }
    }
}

/// The bodies of a stream's messages.
fn messages(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    let mut rest = stream;
    while let [first, more @ ..] = rest {
        let digits = if *first < 0x80 {
            0
        } else {
            256 - usize::from(*first)
        };
        let (digits, more) = more.split_at(digits);
        let length = if digits.is_empty() {
            usize::from(*first)
        } else {
            digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit))
        };
        let (body, more) = more.split_at(length);
        bodies.push(body.to_vec());
        rest = more;
    }
    bodies
}

/// Small ones are mutated more often.
fn streams() -> Vec<Vec<u8>> {
    let goldens = goldens();
    let small = goldens
        .into_iter()
        .filter(|golden| golden.bytes.len() < 500);
    small.map(|golden| golden.bytes).collect()
}

/// What the decoder says: the first fault.
fn decoded(stream: &[u8]) -> Option<Error> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    loop {
        match decoder.decode_value() {
            Ok(Some(_)) => {}
            Ok(None) => return decoder.finish().err(),
            Err(error) => return Some(error),
        }
    }
}

/// Why the decoder may refuse a stream that the inspector reads to its end.
fn is_listed(fault: &Error) -> bool {
    // A decoded value has the zeros of fields that were not sent, whose types
    // must be known; and it takes memory.
    fault.message().contains("was not defined") || fault.kind() == ErrorKind::Limit
}

fn check(stream: &[u8]) {
    let fault = agree(stream, Limits::default());
    let value = decoded(stream);
    match (&fault, &value) {
        (None, None) | (Some(_), Some(_)) => {}
        (None, Some(error)) if is_listed(error) => {}
        _ => panic!("inspector: {fault:?}, decoder: {value:?}, of {stream:02x?}"),
    }
    if fault.is_none() {
        // What is written again is good, and does not change any more.
        let once = recode(stream, &Limits::default()).unwrap();
        let again = decoded(&once).map(|error| error.kind());
        let before = value.map(|error| error.kind());
        assert_eq!(again, before, "{stream:02x?} as {once:02x?}");
        let twice = recode(&once, &Limits::default()).unwrap();
        assert_eq!(once, twice, "{stream:02x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn mutated_streams_are_judged_alike(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..4),
        whole in any::<bool>(),
    ) {
        thread_local! {
            static STREAMS: Vec<Vec<u8>> = streams();
        }
        STREAMS.with(|streams| {
            if streams.is_empty() {
                return;
            }
            let mut stream = which.get(streams).clone();
            if whole {
                for change in &changes {
                    apply(&mut stream, change);
                }
            } else {
                // With lengths that are right, what is inside is looked at.
                let mut bodies = messages(&stream);
                for (index, change) in changes.iter().enumerate() {
                    let last = bodies.len() - 1;
                    apply(&mut bodies[last.saturating_sub(index % 3)], change);
                }
                let bodies = bodies.into_iter().map(Bytes);
                stream = bodies.fold(bytes(), |stream, body| stream.message(&body)).0;
            }
            check(&stream);
        });
    }

    #[test]
    fn random_bytes_are_judged_alike(
        stream in prop::collection::vec(prop_oneof![0..20_u8, any::<u8>()], 0..60),
    ) {
        check(&stream);
    }
}
