//! Values without types: decoding, encoding, and their traits on deep ones.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::use_self,
    reason = "a failed test may panic; types are recursive by their names"
)]

mod accessors;
mod building;
mod faults;
mod goldens;
mod limits;
mod reading;
mod types;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use gobrpc_codec::{
    Decoder, Encoder, ErrorKind, GoString, Gob, Interface, Kind, Limits, List, Map, Prepared,
    RawValue, SchemaBuilder, Struct, Value, from_slice, to_vec,
};

fn value(stream: &[u8]) -> Value {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    decoder.decode_value().unwrap().unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn stream_of(values: &[Value]) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    for value in values {
        encoder
            .append(&Prepared::from_value(value).unwrap(), &mut stream)
            .unwrap();
    }
    stream
}

fn all_values(stream: &[u8]) -> Vec<Value> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    let mut values = Vec::new();
    while let Some(value) = decoder.decode_value().unwrap() {
        values.push(value);
    }
    decoder.finish().unwrap();
    values
}

fn holds_interface(value: &Value) -> bool {
    match value {
        Value::Interface(interface) => interface.value().is_some(),
        Value::Slice(list) | Value::Array(list) => list.iter().any(holds_interface),
        Value::Map(map) => map
            .iter()
            .any(|(k, v)| holds_interface(k) || holds_interface(v)),
        Value::Struct(value) => value.iter().any(|(_, part)| holds_interface(part)),
        _ => false,
    }
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct Inner {
    name: String,
    scores: Vec<i64>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct Everything {
    flag: bool,
    int: i32,
    uint: u16,
    float: f64,
    text: String,
    bytes: Vec<u8>,
    array: [i64; 3],
    inner: Inner,
    absent: Option<Inner>,
    list: Vec<Inner>,
    empty: Vec<Inner>,
    map: BTreeMap<String, Inner>,
    ids: BTreeMap<i64, bool>,
}

fn everything() -> Everything {
    let inner = Inner {
        name: "n".into(),
        scores: vec![1, -2],
    };
    Everything {
        flag: true,
        int: -7,
        uint: 65535,
        float: 1.5,
        text: "héllo".into(),
        bytes: vec![0, 255],
        array: [1, 0, 3],
        inner: inner.clone(),
        absent: None,
        list: vec![inner.clone(), Inner::default()],
        empty: vec![],
        map: BTreeMap::from([("a".into(), inner), ("b".into(), Inner::default())]),
        ids: BTreeMap::from([(1, true), (-1, false)]),
    }
}

/// `type T []T`, id 64.
const RECURSIVE_SLICE: &[u8] = &[
    0x7f, 0x02, 0x01, 0x01, 0x01, 0x54, 0x00, 0x01, 0xff, 0x80, 0x00, 0x00,
];

/// A message with this body.
fn message(body: &[u8]) -> Vec<u8> {
    let mut message = if body.len() < 0x80 {
        vec![body.len() as u8]
    } else {
        let length = (body.len() as u64).to_be_bytes();
        [&[0xf8][..], &length].concat()
    };
    message.extend_from_slice(body);
    message
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}
