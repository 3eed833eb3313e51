//! Any bytes as values without types.

use gobrpc_codec::{Decoder, Value};

/// Every value of a stream can be looked at, copied, compared and dropped, and
/// every error has a text.
///
/// # Panics
///
/// If a copy is not the same value, or an error says nothing.
pub fn value(bytes: &[u8]) {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    loop {
        match decoder.decode_value() {
            Ok(Some(value)) => look_at(&value),
            Ok(None) => break,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(error.offset().is_some(), "{error}");
                if error.is_fatal() {
                    break;
                }
            }
        }
    }
    if let Err(error) = decoder.finish() {
        assert!(!error.to_string().is_empty());
    }
}

fn look_at(value: &Value) {
    let copy = value.clone();
    assert_eq!(*value, copy);
    assert_eq!(format!("{value:?}"), format!("{copy:?}"));
    assert!(!value.kind().is_empty());
    assert!(!value.schema().to_string().is_empty());
    if let Some(fields) = value.as_struct() {
        for field in fields.fields() {
            // The zero of an array may be too long to make, and says so.
            let _ = fields.get_or_zero(field.name());
        }
    }
}
