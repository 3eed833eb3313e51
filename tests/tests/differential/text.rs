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
        } else if value == 0.0 || (1e-6..1e21).contains(&value.abs()) {
            self.put(value);
        } else {
            let text = format!("{value:e}");
            self.out.push_str(&if text.contains("e-") {
                text
            } else {
                text.replace('e', "e+")
            });
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
