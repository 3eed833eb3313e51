//! Values as text that Go prints alike: what `gobrpc decode` prints, but for the
//! names of types that encode themselves, which a Go value does not know.

use std::collections::HashSet;
use std::fmt::Write;

use gobrpc_codec::{Edge, Kind, Schema, Value};

/// Most zeros that stand for fields which were not sent.
const ZEROS: usize = 1 << 16;

/// The text of a value.
pub(crate) fn text(value: &Value) -> String {
    let mut printer = Printer {
        out: String::new(),
        zeros: 0,
    };
    printer.value(value);
    printer.out
}

struct Printer {
    out: String,
    zeros: usize,
}

impl Printer {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Bool(value) => self.put(value),
            Value::Int(value) => self.put(value),
            Value::Uint(value) => self.put(value),
            Value::Float(value) => self.float(*value),
            Value::Complex(re, im) => self.complex(*re, *im),
            Value::Bytes(bytes) => self.base64("$bytes", bytes),
            Value::String(text) => self.string(text.as_bytes()),
            Value::Opaque(opaque) => self.base64("$opaque", opaque.payload()),
            Value::Slice(list) | Value::Array(list) => {
                self.items('[', list.iter(), Self::value, ']');
            }
            Value::Map(map) => {
                let mut entries: Vec<_> = map
                    .iter()
                    .map(|(key, elem)| (text(key), text(elem)))
                    .collect();
                entries.sort();
                self.out.push_str("{\"$map\":");
                let entry = |printer: &mut Self, (key, elem): (String, String)| {
                    write!(printer.out, "[{key},{elem}]").unwrap();
                };
                self.items('[', entries.into_iter(), entry, ']');
                self.out.push('}');
            }
            Value::Struct(value) => {
                let fields = value.fields().iter().enumerate();
                let field = |printer: &mut Self, (place, field)| {
                    let field: &gobrpc_codec::schema::FieldType = field;
                    printer.string(field.full_name().as_bytes());
                    printer.out.push(':');
                    match value.at(place) {
                        Some(sent) => printer.value(sent),
                        None => printer.zero(value.schema(), field.edge()),
                    }
                };
                self.items('{', fields, field, '}');
            }
            Value::Interface(interface) => match (interface.name(), interface.value()) {
                (Some(name), Some(value)) => {
                    self.out.push_str("{\"$type\":");
                    self.string(name.as_bytes());
                    self.out.push_str(",\"value\":");
                    self.value(value);
                    self.out.push('}');
                }
                _ => self.out.push_str("null"),
            },
        }
    }

    fn zero(&mut self, schema: &Schema, edge: Edge) {
        self.zeros += 1;
        if self.zeros > ZEROS {
            return;
        }
        match schema.get(edge).kind() {
            Kind::Bool => self.out.push_str("false"),
            Kind::Int | Kind::Uint | Kind::Float => self.out.push('0'),
            Kind::Complex => self.complex(0.0, 0.0),
            Kind::Bytes => self.base64("$bytes", b""),
            Kind::String => self.string(b""),
            Kind::Opaque(_) => self.base64("$opaque", b""),
            Kind::Slice(_) => self.out.push_str("[]"),
            Kind::Map(..) => self.out.push_str("{\"$map\":[]}"),
            Kind::Struct(_) | Kind::Array(..) if cyclic(schema, edge) => self.out.push_str("null"),
            Kind::Struct(fields) => {
                let field = |printer: &mut Self, field: &gobrpc_codec::schema::FieldType| {
                    printer.string(field.full_name().as_bytes());
                    printer.out.push(':');
                    printer.zero(schema, field.edge());
                };
                self.items('{', fields.iter(), field, '}');
            }
            Kind::Array(elem, length) => {
                let zero = |printer: &mut Self, _| printer.zero(schema, *elem);
                self.items('[', 0..(*length).min(ZEROS), zero, ']');
            }
            _ => self.out.push_str("null"),
        }
    }

    fn items<T>(
        &mut self,
        open: char,
        items: impl Iterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
        close: char,
    ) {
        self.out.push(open);
        for (index, each) in items.enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            item(self, each);
        }
        self.out.push(close);
    }

    fn put(&mut self, value: impl std::fmt::Display) {
        write!(self.out, "{value}").unwrap();
    }

    fn complex(&mut self, re: f64, im: f64) {
        self.out.push_str("{\"re\":");
        self.float(re);
        self.out.push_str(",\"im\":");
        self.float(im);
        self.out.push('}');
    }

    /// As `encoding/json` lays numbers out.
    fn float(&mut self, value: f64) {
        if value.is_nan() {
            self.out.push_str("\"NaN\"");
        } else if value.is_infinite() {
            self.out
                .push_str(if value > 0.0 { "\"+Inf\"" } else { "\"-Inf\"" });
        } else if value == 0.0 {
            self.put(value);
        } else {
            let text = even(format!("{value:e}"), value);
            let (digits, exponent) = text.split_once('e').unwrap();
            if !(1e-6..1e21).contains(&value.abs()) {
                let sign = if exponent.starts_with('-') { "" } else { "+" };
                write!(self.out, "{digits}e{sign}{exponent}").unwrap();
                return;
            }
            let places = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
            let places = places as i32 - exponent.parse::<i32>().unwrap();
            // These digits, which are enough, at their places.
            let shown: f64 = text.parse().unwrap();
            assert_eq!(shown.to_bits(), value.to_bits());
            self.out.push_str(&plain(digits, places));
        }
    }

    fn string(&mut self, bytes: &[u8]) {
        self.out.push('"');
        for chunk in bytes.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    '"' | '\\' => self.out.extend(['\\', char]),
                    '\u{8}' => self.out.push_str("\\b"),
                    '\u{c}' => self.out.push_str("\\f"),
                    '\n' => self.out.push_str("\\n"),
                    '\r' => self.out.push_str("\\r"),
                    '\t' => self.out.push_str("\\t"),
                    '\0'..' ' | '\u{2028}' | '\u{2029}' => {
                        write!(self.out, "\\u{:04x}", u32::from(char)).unwrap();
                    }
                    _ => self.out.push(char),
                }
            }
            for _ in chunk.invalid() {
                self.out.push_str("\\ufffd");
            }
        }
        self.out.push('"');
    }

    fn base64(&mut self, word: &str, bytes: &[u8]) {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        write!(self.out, "{{\"{word}\":\"").unwrap();
        for group in bytes.chunks(3) {
            let bits = (0..3).fold(0_usize, |bits, at| {
                bits << 8 | usize::from(group.get(at).copied().unwrap_or_default())
            });
            for digit in 0..4 {
                self.out.push(if digit <= group.len() {
                    char::from(DIGITS[bits >> (18 - 6 * digit) & 63])
                } else {
                    '='
                });
            }
        }
        self.out.push_str("\"}");
    }
}

/// Of two shortest texts that are as close to a number the one that ends in an even
/// digit, as Go and ECMAScript have it; Rust takes the larger one.
fn even(text: String, value: f64) -> String {
    let (digits, exponent) = text.split_once('e').unwrap();
    let last = digits
        .chars()
        .next_back()
        .and_then(|digit| digit.to_digit(10));
    let places = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
    let exact = format!("{value:.800e}");
    let (exact, _) = exact.split_once('e').unwrap();
    let fraction = exact.split_once('.').unwrap().1;
    let tie = fraction[places..]
        .strip_prefix('5')
        .is_some_and(|rest| rest.bytes().all(|digit| digit == b'0'));
    match last {
        Some(last) if tie && last % 2 == 1 && places > 0 => {
            let kept = &digits[..digits.len() - 1];
            format!("{kept}{}e{exponent}", last - 1)
        }
        _ => text,
    }
}

/// Digits with a point behind so many of them from the end, without an exponent.
fn plain(digits: &str, places: i32) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let mut text = digits.replace('.', "");
    if places <= 0 {
        text.extend(std::iter::repeat_n('0', places.unsigned_abs() as usize));
        return format!("{sign}{text}");
    }
    let places = places as usize;
    if text.len() <= places {
        text.insert_str(0, &"0".repeat(places + 1 - text.len()));
    }
    text.insert(text.len() - places, '.');
    format!("{sign}{text}")
}

/// Whether a type is reached from itself by fields and by elements of arrays.
fn cyclic(schema: &Schema, root: Edge) -> bool {
    let mut seen = HashSet::new();
    let mut todo = vec![root];
    while let Some(edge) = todo.pop() {
        let parts: Vec<Edge> = match schema.get(edge).kind() {
            Kind::Struct(fields) => fields.iter().map(|field| field.edge()).collect(),
            Kind::Array(elem, 1..) => vec![*elem],
            _ => continue,
        };
        for part in parts {
            if part.index() == root.index() {
                return true;
            }
            if seen.insert(part.index()) {
                todo.push(part);
            }
        }
    }
    false
}
