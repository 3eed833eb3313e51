//! Any bytes into typed values.

use std::collections::HashMap;

use gobrpc_codec::{Decoder, GoString, Gob, to_vec};

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

/// Decodes a stream as several types, value by value. What decodes also encodes,
/// and decodes again.
///
/// # Panics
///
/// If what was encoded does not decode.
pub fn typed(bytes: &[u8]) {
    decode_all::<Everything>(bytes);
    decode_all::<Vec<Everything>>(bytes);
    decode_all::<HashMap<String, Vec<i64>>>(bytes);
    decode_all::<(i64, String)>(bytes);
    decode_all::<Vec<u8>>(bytes);
    decode_all::<i8>(bytes);
    decode_all::<f32>(bytes);
    decode_all::<[u16; 4]>(bytes);
}

fn decode_all<T: gobrpc_codec::DecodeOwned + gobrpc_codec::Encode>(bytes: &[u8]) {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    loop {
        match decoder.decode::<T>() {
            Ok(Some(value)) => {
                // Deep values may be refused, what was encoded must decode.
                if let Ok(stream) = to_vec(&value) {
                    let again = gobrpc_codec::from_slice::<T>(&stream);
                    assert!(again.is_ok(), "{:?}", again.err());
                }
            }
            Ok(None) => break,
            Err(error) if error.is_fatal() => break,
            Err(_) => {}
        }
    }
    // Whatever is left is no clean end, or nothing.
    let _ = decoder.finish();
}
