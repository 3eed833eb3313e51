//! All ways to read a stream.

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::recode;
use gobrpc_codec::{Decoder, Gob, Interface, Limits};

/// A way to read a stream to its end, and its name.
pub(crate) type Reader = (&'static str, fn(&[u8], Limits));

pub(crate) const READERS: [Reader; 8] = [
    ("Value", values),
    ("Value, kept", kept_values),
    ("raw, kept", kept_raw),
    ("raw, decoded late", late),
    ("typed", typed),
    ("skip", skip),
    ("recode", |stream, limits| {
        recode(stream, &limits).unwrap();
    }),
    ("dump", dump),
];

fn decoder(stream: &[u8], limits: Limits) -> Decoder {
    let mut decoder = Decoder::with_limits(limits);
    decoder.feed(stream);
    decoder
}

fn values(stream: &[u8], limits: Limits) {
    let mut decoder = decoder(stream, limits);
    while decoder.decode_value().unwrap().is_some() {}
    decoder.finish().unwrap();
}

fn kept_values(stream: &[u8], limits: Limits) {
    let mut decoder = decoder(stream, limits);
    let mut kept = Vec::new();
    while let Some(value) = decoder.decode_value().unwrap() {
        kept.push(value);
    }
}

fn kept_raw(stream: &[u8], limits: Limits) {
    let mut decoder = decoder(stream, limits);
    let mut kept = Vec::new();
    while let Some(raw) = decoder.take().unwrap() {
        kept.push(raw);
    }
}

fn late(stream: &[u8], limits: Limits) {
    let mut decoder = decoder(stream, limits);
    let mut kept = Vec::new();
    while let Some(raw) = decoder.take().unwrap() {
        kept.push(raw);
    }
    for raw in kept.iter().rev() {
        raw.to_value().unwrap();
    }
}

/// Anything at all, and interfaces as themselves.
#[derive(Gob)]
struct Held {
    any: Interface,
    list: Vec<Interface>,
}

fn typed(stream: &[u8], limits: Limits) {
    let mut decoder = decoder(stream, limits);
    // What does not fit is an error, and costs as well.
    while !matches!(decoder.decode::<Held>(), Ok(None)) {}
}

fn skip(stream: &[u8], limits: Limits) {
    let mut decoder = decoder(stream, limits);
    while decoder.skip().unwrap() {}
}

fn dump(stream: &[u8], limits: Limits) {
    let mut dumper = Dumper::with_limits(limits);
    for chunk in stream.chunks(4 << 10) {
        dumper.feed(chunk);
        dumper.write_to(&mut std::io::sink()).unwrap();
    }
    dumper.finish(&mut std::io::sink()).unwrap();
    assert!(dumper.fault().is_none(), "{:?}", dumper.fault());
}
