//! Decoded, encoded, and decoded again.

use gobrpc_codec::{Decoder, Encoder, Prepared, Value};

/// Every value that decodes also encodes, both with the types of interfaces
/// before it and inside of it, and comes back as the same value. What was encoded
/// once is encoded to the same bytes again.
///
/// # Panics
///
/// If it is another value, other bytes, or an error.
pub fn roundtrip(bytes: &[u8]) {
    let values = values(bytes);
    if values.is_empty() {
        return;
    }
    for inline in [false, true] {
        let once = encode(&values, inline);
        let back = self::values(&once);
        assert_eq!(back, values);
        assert_eq!(encode(&back, inline), once);
    }
}

/// The values of a stream that decode.
fn values(bytes: &[u8]) -> Vec<Value> {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    let mut values = Vec::new();
    loop {
        match decoder.decode_value() {
            Ok(Some(value)) => values.push(value),
            Ok(None) => return values,
            Err(error) if error.is_fatal() => return values,
            Err(_) => {}
        }
    }
}

fn encode(values: &[Value], inline: bool) -> Vec<u8> {
    let mut encoder = Encoder::new();
    if inline {
        encoder = encoder.inline_types();
    }
    let mut stream = Vec::new();
    for value in values {
        let appended =
            Prepared::from_value(value).and_then(|prepared| encoder.append(&prepared, &mut stream));
        assert!(appended.is_ok(), "{:?} of {value:?}", appended.err());
    }
    stream
}
