//! Any bytes over the bridge to serde.

use gobrpc_codec::{Decoder, Encoder, Prepared, Value};

/// Every value goes to JSON or says why not, and what came from JSON encodes or
/// says why not; what encodes decodes.
///
/// # Panics
///
/// If what was encoded does not decode.
pub fn serde(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        encode(Prepared::from_value(&value).ok());
    }
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    loop {
        match decoder.take() {
            Ok(Some(raw)) => {
                let Ok(value) = raw.to_value() else {
                    continue;
                };
                let _ = serde_json::to_vec(&value);
                if let Ok(json) = raw.deserialize::<serde_json::Value>() {
                    encode(Prepared::from_serialize(&json).ok());
                    encode(Prepared::from_serialize_as(&json, &value.schema()).ok());
                }
                encode(Prepared::from_serialize(&value).ok());
            }
            Ok(None) => break,
            Err(error) if error.is_fatal() => break,
            Err(_) => {}
        }
    }
}

fn encode(prepared: Option<Prepared>) {
    let Some(prepared) = prepared else {
        return;
    };
    let mut stream = Vec::new();
    if Encoder::new().append(&prepared, &mut stream).is_ok() {
        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        let value = decoder.decode_value();
        assert!(matches!(value, Ok(Some(_))), "{value:?}");
    }
}
