//! Scalars as JSON.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Prints a float as ECMAScript and Go's `encoding/json` do, and what JSON has
/// no number for as a string.
pub(crate) fn put_float(text: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return text.extend_from_slice(b"\"NaN\"");
    }
    if value.is_infinite() {
        let sign = if value > 0.0 { b'+' } else { b'-' };
        return text.extend_from_slice(&[b'"', sign, b'I', b'n', b'f', b'"']);
    }
    if value.is_sign_negative() {
        text.push(b'-');
    }
    // The shortest digits that read back as the same float, and the exponent of
    // the first of them.
    let shortest = shortest(value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = mantissa.replace('.', "");
    let plain = value == 0.0 || (1e-6..1e21).contains(&value.abs());
    let number = if plain {
        plain_decimal(&digits, exponent)
    } else {
        let sign = if exponent < 0 { "" } else { "+" };
        format!("{mantissa}e{sign}{exponent}")
    };
    text.extend_from_slice(number.as_bytes());
}

/// The shortest digits that read back as this float, as `1.25e7`; of two that are as
/// close to it the even ones, as in Go's `strconv` and ECMAScript
/// (`Number::toString`, note 2). Rust takes the larger ones.
fn shortest(value: f64) -> String {
    let shortest = format!("{value:e}");
    let (mantissa, _) = shortest.split_once('e').unwrap_or((&shortest, ""));
    // That a float lies between two decimals which both read back as it takes more
    // digits than every float tells apart.
    let odd = mantissa.ends_with(['1', '3', '5', '7', '9']);
    if odd && mantissa.len() > usize::try_from(f64::DIGITS).unwrap_or_default() {
        let even = format!("{value:.*e}", mantissa.len() - 2);
        // Below a power of two floats are closer to each other: the closest decimal
        // may then be another float's.
        if even.parse() == Ok(value) {
            return even;
        }
    }
    shortest
}

/// Digits and the exponent of the first of them, without an exponent.
fn plain_decimal(digits: &str, exponent: i32) -> String {
    let Ok(exponent) = usize::try_from(exponent) else {
        let zeros = usize::try_from(-i64::from(exponent) - 1).unwrap_or_default();
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    match digits.split_at_checked(exponent + 1) {
        None => format!("{digits}{}", "0".repeat(exponent + 1 - digits.len())),
        Some((whole, "")) => whole.to_owned(),
        Some((whole, fraction)) => format!("{whole}.{fraction}"),
    }
}

pub(crate) fn put_complex(text: &mut Vec<u8>, re: f64, im: f64) {
    text.extend_from_slice(b"{\"re\":");
    put_float(text, re);
    text.extend_from_slice(b",\"im\":");
    put_float(text, im);
    text.push(b'}');
}

pub(crate) fn put_base64(text: &mut Vec<u8>, bytes: &[u8]) {
    text.push(b'"');
    text.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    text.push(b'"');
}

/// Prints a string, with one `\ufffd` for each byte that is not UTF-8.
pub(crate) fn put_string(text: &mut Vec<u8>, bytes: &[u8]) {
    text.push(b'"');
    for chunk in bytes.utf8_chunks() {
        put_valid(text, chunk.valid());
        for _ in chunk.invalid() {
            text.extend_from_slice(b"\\ufffd");
        }
    }
    text.push(b'"');
}

fn put_valid(text: &mut Vec<u8>, valid: &str) {
    let mut copied = 0;
    for (place, rune) in valid.char_indices() {
        let mut hex = String::new();
        let escape = match rune {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(hex, "\\u{:04x}", u32::from(rune));
                &hex
            }
            _ => continue,
        };
        text.extend_from_slice(valid.get(copied..place).unwrap_or_default().as_bytes());
        text.extend_from_slice(escape.as_bytes());
        copied = place + rune.len_utf8();
    }
    text.extend_from_slice(valid.get(copied..).unwrap_or_default().as_bytes());
}
