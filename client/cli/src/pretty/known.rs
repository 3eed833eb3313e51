//! What self-encoding types and bytes mean, as far as that is safe to say.
//!
//! A stream tells the name of a type, without its package and often not at all, and
//! what kind of encoder wrote it. So a payload is taken for one of Go's own types
//! only if name, kind and every rule of its format fit; else it stays bytes.

use std::fmt::{Display, Write as _};

use gobrpc_codec::go::{Addr, AddrPort, BigFloat, BigInt, BigRat, Prefix, Time, Url};
use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{List, OpaqueValue, Unmarshal, Value};

use super::token::{Class, Token, number, quoted};

/// Longest number whose decimal digits are computed: that takes a time that grows
/// with the square of the length.
const LONGEST_NUMBER: usize = 4 << 10;

/// What a self-encoding type wrote.
pub(super) fn opaque(value: &OpaqueValue) -> Token {
    let payload = value.payload();
    let name = value.full_name().as_bytes();
    find(value.kind(), name, payload).unwrap_or_else(|| match value.kind() {
        // It says itself that it is text.
        Opaque::Text => quoted(Class::Known, payload),
        _ => hex(payload),
    })
}

fn find(kind: Opaque, name: &[u8], payload: &[u8]) -> Option<Token> {
    match (kind, name) {
        // Met by pointer first, a type loses its name: then only a time that fits
        // to the last bit, in the years of a four-digit calendar, is one.
        (Opaque::Gob | Opaque::Binary, b"Time" | b"") => {
            let text = Time::unmarshal(payload).ok()?.to_string();
            let year = text.split('-').next().unwrap_or_default();
            let usual = year.len() == 4 && year != "0000";
            (usual || !name.is_empty()).then(|| quoted(Class::Known, text.as_bytes()))
        }
        _ if payload.len() > LONGEST_NUMBER => None,
        (Opaque::Gob, b"Int") => Some(number(BigInt::unmarshal(payload).ok()?.to_string())),
        (Opaque::Gob, b"Rat") => text(BigRat::unmarshal(payload)),
        (Opaque::Gob, b"Float") => {
            // Beyond the digits of a float64 it is about this number.
            let float = BigFloat::unmarshal(payload).ok()?;
            let mut digits = Vec::new();
            crate::json::put_float(&mut digits, float.to_f64());
            let digits = String::from_utf8_lossy(&digits).replace('"', "");
            Some(quoted(Class::Known, format!("≈{digits}").as_bytes()))
        }
        (Opaque::Binary, b"URL") => {
            std::str::from_utf8(payload).ok()?;
            text(Url::unmarshal(payload))
        }
        (Opaque::Binary, b"Addr") => text(Addr::unmarshal(payload)),
        (Opaque::Binary, b"AddrPort") => text(AddrPort::unmarshal(payload)),
        (Opaque::Binary, b"Prefix") => text(Prefix::unmarshal(payload)),
        (Opaque::Binary, b"UUID") => {
            let bytes: &[u8; 16] = payload.try_into().ok()?;
            Some(quoted(Class::Known, uuid(bytes).as_bytes()))
        }
        _ => None,
    }
}

fn text<T: Display>(value: gobrpc_codec::Result<T>) -> Option<Token> {
    Some(quoted(Class::Known, value.ok()?.to_string().as_bytes()))
}

/// An array of 16 bytes that its type calls a UUID.
pub(super) fn list(list: &List) -> Option<String> {
    let name = list.schema().get(list.edge()).full_name();
    if list.len() != 16 || name.as_bytes() != b"UUID" {
        return None;
    }
    let mut bytes = [0; 16];
    for (slot, item) in bytes.iter_mut().zip(list.iter()) {
        match item {
            Value::Uint(byte) => *slot = u8::try_from(*byte).ok()?,
            _ => return None,
        }
    }
    Some(uuid(&bytes))
}

/// As in RFC 9562, section 4.
fn uuid(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Bytes: as text if they are some that one can read.
pub(super) fn bytes(bytes: &[u8]) -> Token {
    let readable = |text: &str| {
        let mut chars = text.chars();
        chars.all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
    };
    match std::str::from_utf8(bytes) {
        Ok(text) if readable(text) => quoted(Class::Text, bytes),
        _ => hex(bytes),
    }
}

fn hex(bytes: &[u8]) -> Token {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    quoted(Class::Text, text.as_bytes())
}
