//! Any bytes as the beginning of a connection.

use gobrpc_protocol::http_connect::{PREFACE_BYTES_MAX, Preface, parse};

/// The answer never changes once it is given, and comes in bounded time.
///
/// # Panics
///
/// If the answer changes, or does not come.
pub fn preface(bytes: &[u8]) {
    let mut known = None;
    for end in 0..=bytes.len() {
        let Some(prefix) = bytes.get(..end) else {
            return;
        };
        let now = parse(prefix);
        if let Some(known) = &known {
            assert_eq!(*known, now);
        } else if now != Preface::Incomplete {
            known = Some(now);
        } else {
            assert!(end <= PREFACE_BYTES_MAX);
        }
        // Whatever comes behind the decision cannot change it.
        if known.is_some() && end > PREFACE_BYTES_MAX + 16 {
            return;
        }
    }
}
