//! Decoding into a value that is there.

use std::collections::BTreeMap;

use gobrpc_codec::{Decoder, Gob};

use crate::check::{Case, case, golden, same};
use crate::structs::{Outer, outer};
use crate::types::{Inner, inner};

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    name: String,
    port: i64,
    long: Vec<Inner>,
    short: Vec<Inner>,
    zones: BTreeMap<String, Inner>,
    next: Option<Box<Inner>>,
    missed: Option<Inner>,
    pair: [Inner; 2],
    bytes: Vec<u8>,
    nested: Outer,
}

fn zones<const N: usize>(zones: [(&str, Inner); N]) -> BTreeMap<String, Inner> {
    zones.map(|(name, zone)| (name.to_owned(), zone)).into()
}

fn first() -> Settings {
    Settings {
        name: "first".to_owned(),
        port: 1,
        long: vec![inner("a", 1.0), inner("b", 2.0), inner("c", 3.0)],
        short: vec![inner("d", 4.0)],
        zones: zones([("zone-one", inner("e", 5.0))]),
        next: Some(Box::new(inner("f", 6.0))),
        missed: None,
        pair: [inner("g", 7.0), inner("h", 8.0)],
        bytes: b"before".to_vec(),
        nested: outer(1, inner("i", 9.0), inner("j", 10.0)),
    }
}

fn second() -> Settings {
    Settings {
        name: String::new(),
        port: 2,
        long: vec![inner("", 20.0), inner("x", 0.0)],
        short: vec![inner("", 30.0), inner("y", 0.0)],
        zones: zones([("zone-one", inner("", 40.0)), ("zone-two", inner("z", 0.0))]),
        next: Some(Box::new(inner("", 50.0))),
        missed: Some(inner("w", 0.0)),
        pair: [inner("", 60.0), inner("v", 0.0)],
        bytes: b"now".to_vec(),
        nested: outer(0, inner("", 70.0), inner("u", 0.0)),
    }
}

/// What Go made of the second when it decoded it into the first.
fn merged() -> Settings {
    Settings {
        name: "first".to_owned(),
        port: 2,
        long: vec![inner("a", 20.0), inner("x", 2.0)],
        short: vec![inner("", 30.0), inner("y", 0.0)],
        zones: zones([("zone-one", inner("", 40.0)), ("zone-two", inner("z", 0.0))]),
        next: Some(Box::new(inner("f", 50.0))),
        missed: Some(inner("w", 0.0)),
        pair: [inner("g", 60.0), inner("v", 8.0)],
        bytes: b"now".to_vec(),
        nested: outer(1, inner("i", 70.0), inner("u", 10.0)),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    vec![case(
        "merge",
        [same(first()), same(second()), same(merged())],
    )]
}

/// By every path that merges.
pub(crate) fn check_merging() {
    let stream = golden("merge");

    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    let mut settings: Settings = decoder.decode().unwrap().unwrap();
    assert!(decoder.merge(&mut settings).unwrap());
    assert_eq!(settings, merged());
    // All of it is sent now, so that nothing of before is left.
    let mut other = second();
    assert!(decoder.merge(&mut other).unwrap());
    assert_eq!(other.next, merged().next);
    assert!(!decoder.merge(&mut other).unwrap());

    let mut values = gobrpc_codec::ReadDecoder::new(stream.as_slice());
    let mut settings: Settings = values.decode().unwrap().unwrap();
    let raw = values.take().unwrap().unwrap();
    raw.merge(&mut settings).unwrap();
    assert_eq!(settings, merged());
    assert!(values.merge(&mut settings).unwrap());
    assert!(!values.merge(&mut settings).unwrap());
}
