//! Any bytes as payloads of Go's types that encode themselves.

use std::fmt::Debug;

use gobrpc_codec::go::{Addr, AddrPort, BigFloat, BigInt, BigRat, Prefix, Time, Url, Uuid};
use gobrpc_codec::{Marshal, Unmarshal};

/// A payload that a type takes comes back from what the type makes of it. The
/// first byte chooses the type.
///
/// # Panics
///
/// If another value comes back.
pub fn go_types(bytes: &[u8]) {
    let Some((which, payload)) = bytes.split_first() else {
        return;
    };
    match which % 9 {
        0 => same::<Time>(payload),
        1 => same::<BigInt>(payload),
        2 => same::<BigRat>(payload),
        3 => same::<BigFloat>(payload),
        4 => same::<Addr>(payload),
        5 => same::<AddrPort>(payload),
        6 => same::<Prefix>(payload),
        7 => same::<Url>(payload),
        _ => same::<Uuid>(payload),
    }
    if let Ok(float) = BigFloat::unmarshal(payload) {
        let _ = float.to_f64();
    }
    if let Ok(time) = Time::unmarshal(payload) {
        let _ = (time.unix_nanos(), time.unix_seconds());
    }
}

fn same<T: Marshal + Unmarshal + PartialEq + Debug>(payload: &[u8]) {
    let Ok(value) = T::unmarshal(payload) else {
        return;
    };
    let mut again = Vec::new();
    // What Go reads it does not always write: a zone of -1 minute, for one.
    if value.marshal(&mut again).is_ok() {
        let back = T::unmarshal(&again);
        assert_eq!(back.ok().as_ref(), Some(&value), "{payload:02x?}");
    }
    assert!(!format!("{value:?}").is_empty());
}
