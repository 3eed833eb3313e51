//! Random types and values, both ways.

use gobrpc_codec::inspect::recode;
use gobrpc_codec::{Decoder, Encoder, Limits, Prepared, Value};
use gobrpc_fuzz::{Made, Source, Style};

use crate::outcome::{Outcome, SKIPPED};
use crate::peer::Peer;
use crate::text::text;
use crate::{seed, values};

/// Values of each type.
const EACH: usize = 10;

fn request(what: u8, seed: u64, stream: &[u8]) -> Vec<u8> {
    let count = u32::try_from(EACH).unwrap();
    let mut request = vec![what];
    request.extend(seed.to_be_bytes());
    request.extend(count.to_be_bytes());
    request.extend(stream);
    request
}

/// A stream of values that know no type but their own.
pub(crate) fn encode(values: &[Value], inline: bool) -> Vec<u8> {
    let mut encoder = Encoder::new();
    if inline {
        encoder = encoder.inline_types();
    }
    let mut stream = Vec::new();
    for value in values {
        let prepared = Prepared::from_value(value).unwrap();
        encoder.append(&prepared, &mut stream).unwrap();
    }
    stream
}

/// Go makes types and values and encodes them; we find the same values, write the
/// same bytes from their events, and encode streams that Go decodes to the same.
#[test]
fn what_go_encodes() {
    let Some(mut peer) = Peer::new() else {
        return;
    };
    let (first, _) = seed();
    let types = values().div_ceil(EACH) as u64;
    let mut bytes = 0;
    for seed in first..first + types {
        let mut parts = peer.ask(&request(b'g', seed, b"")).unwrap();
        let stream = parts.remove(0);
        let go = Outcome::of_parts(parts);
        assert_eq!(go.error, None, "seed {seed}");
        assert_eq!(Outcome::ours(&stream), go, "seed {seed}");
        let again = recode(&stream, &Limits::default()).unwrap();
        assert_eq!(again, stream, "seed {seed}");

        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        let values: Vec<Value> = std::iter::from_fn(|| decoder.decode_value().unwrap()).collect();
        for inline in [false, true] {
            let ours = encode(&values, inline);
            let answer = peer.ask(&request(b'c', seed, &ours)).unwrap();
            assert_eq!(
                Outcome::of_parts(answer),
                go,
                "seed {seed}, inline {inline}: {ours:02x?}"
            );
        }
        bytes += stream.len();
    }
    let count = types as usize * EACH;
    println!("{count} values of {types} types, {bytes} bytes from Go, and back twice");
}

/// We make types and values and encode them; Go builds the types from their
/// definitions, and finds the same values.
#[test]
fn what_we_encode() {
    let Some(mut peer) = Peer::new() else {
        return;
    };
    let (first, _) = seed();
    let (mut count, mut types, mut skipped) = (0, 0, 0);
    while count < values() {
        let seed = first + types;
        let mut random = fastrand::Rng::with_seed(seed);
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(600).collect();
        let made = Made::new(&mut Source::new(&bytes), Style::Go, EACH);
        let mut encoder = Encoder::new();
        if seed % 2 == 1 {
            encoder = encoder.inline_types();
        }
        let mut stream = Vec::new();
        for value in &made.values {
            let prepared = Prepared::from_value_as(value, &made.schema).unwrap();
            encoder.append(&prepared, &mut stream).unwrap();
        }
        let go = Outcome::of_go(&mut peer, &stream).unwrap();
        assert_eq!(go.error, None, "seed {seed}: {stream:02x?}");
        assert_eq!(go.lines.len(), made.values.len(), "seed {seed}");
        for (line, value) in go.lines.iter().zip(&made.values) {
            match line.as_str() {
                SKIPPED => skipped += 1,
                line => assert_eq!(line, text(value), "seed {seed}: {stream:02x?}"),
            }
        }
        count += made.values.len();
        types += 1;
    }
    println!("{count} values of {types} types; Go could only skip {skipped}");
    assert!(
        skipped * 50 < count,
        "{skipped} of {count} were only skipped"
    );
}
