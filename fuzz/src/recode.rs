//! A stream written again from its events.

use gobrpc_codec::{Decoder, Value};

use crate::readers::written_again;

/// A stream that the inspector reads to its end, written again, has the same
/// values, and does not change any more.
///
/// # Panics
///
/// If it has others, or changes.
pub fn recode(bytes: &[u8]) {
    if let Some(again) = written_again(bytes) {
        assert_eq!(values(bytes), values(&again));
    }
}

fn values(stream: &[u8]) -> Vec<Value> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    std::iter::from_fn(|| decoder.decode_value().ok().flatten()).collect()
}
