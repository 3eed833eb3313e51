//! Any bytes into typed values.

use std::collections::{BTreeMap, HashMap};

use gobrpc_codec::go::{BigInt, Complex128, Time, Url};
use gobrpc_codec::{
    DecodeOwned, Decoder, Encode, ErrorKind, GoString, Gob, Interface, RawValue, from_slice, to_vec,
};

/// One field of each shape.
#[derive(Debug, PartialEq, Gob)]
struct Everything {
    flag: bool,
    int: i32,
    uint: u16,
    float: f32,
    text: String,
    go_text: GoString,
    raw: Vec<u8>,
    list: Vec<String>,
    numbers: Vec<i64>,
    array: [u8; 3],
    map: HashMap<String, i64>,
    next: Option<Box<Self>>,
    children: Vec<Self>,
    pair: (i64, String),
}

/// Go's types, and interfaces of both sorts.
#[derive(Debug, PartialEq, Gob)]
struct Special {
    a: i64,
    x: i64,
    value: Interface,
    any: Concrete,
    shapes: Vec<Interface>,
    at: Time,
    big: BigInt,
    url: Option<Url>,
    complex: Complex128,
    names: BTreeMap<GoString, Vec<f64>>,
    name: String,
}

/// An interface whose types are known.
#[derive(Debug, PartialEq, Gob)]
#[gob(interface)]
enum Concrete {
    #[gob(nil)]
    Nil,
    #[gob(name = "int")]
    Int(i64),
    #[gob(name = "string")]
    Text(String),
    #[gob(other)]
    Other(Interface),
}

/// Decodes a stream as several types, value by value. What decodes also encodes,
/// and decodes again; what decodes into a type decodes without one.
///
/// # Panics
///
/// If what was encoded does not decode, or the two ways of decoding differ.
pub fn typed(bytes: &[u8]) {
    decode_all::<Everything>(bytes);
    decode_all::<Special>(bytes);
    decode_all::<Vec<Everything>>(bytes);
    decode_all::<HashMap<String, Vec<i64>>>(bytes);
    decode_all::<Vec<Interface>>(bytes);
    decode_all::<Interface>(bytes);
    decode_all::<(i64, String)>(bytes);
    decode_all::<Vec<u8>>(bytes);
    decode_all::<i8>(bytes);
    decode_all::<f32>(bytes);
    decode_all::<[u16; 4]>(bytes);
    merge_all(bytes);
}

fn decode_all<T: DecodeOwned + Encode>(bytes: &[u8]) {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    loop {
        match decoder.take() {
            Ok(Some(raw)) => decode::<T>(&raw),
            Ok(None) => break,
            Err(error) if error.is_fatal() => break,
            Err(_) => {}
        }
    }
    // Whatever is left is no clean end, or nothing.
    let _ = decoder.finish();
}

fn decode<T: DecodeOwned + Encode>(raw: &RawValue) {
    let Ok(value) = raw.decode::<T>() else {
        return;
    };
    // Deep values may be refused, what was encoded must decode.
    if let Ok(stream) = to_vec(&value) {
        let again = from_slice::<T>(&stream);
        assert!(again.is_ok(), "{:?}", again.err());
    }
    if let Err(error) = raw.to_value() {
        assert!(
            error.kind() == ErrorKind::Limit || error.message().contains("was not defined"),
            "decodes into a type, but {error}"
        );
    }
}

/// Decodes all values into the same one, as Go does.
fn merge_all(bytes: &[u8]) {
    let (Ok(mut everything), Ok(mut special)) = (
        <Everything as gobrpc_codec::Decode<'_>>::zero(),
        <Special as gobrpc_codec::Decode<'_>>::zero(),
    ) else {
        return;
    };
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    loop {
        match decoder.take() {
            Ok(Some(raw)) => {
                let _ = raw.merge(&mut everything);
                let _ = raw.merge(&mut special);
            }
            Ok(None) => break,
            Err(error) if error.is_fatal() => break,
            Err(_) => {}
        }
    }
}
