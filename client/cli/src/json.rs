//! Gob values as JSON, without losing what tells them apart.
//!
//! Two programs that follow the same rules print the same bytes: maps are
//! sorted, fields that were not sent are printed as zeros, floats are as short
//! as they can be. Nothing here recurses: values may nest a million levels deep.

mod order;
mod scalar;
mod zero;

use std::io::{self, Write};
use std::sync::Arc;

use gobrpc_codec::schema::FieldType;
use gobrpc_codec::{Edge, Kind, List, Map, MapIter, OpaqueValue, Schema, Struct, Value};

pub(crate) use order::Orders;
pub(crate) use scalar::{put_float, put_string};
pub(crate) use zero::Zeros;

use scalar::{put_base64, put_complex};

/// Prints a value on one line, without a line end.
///
/// # Errors
///
/// Those of `out`; `InvalidData` if fields that were not sent would add more than
/// 2^20 values. Nothing was printed then.
pub(crate) fn write(value: &Value, out: &mut impl Write) -> io::Result<()> {
    /// Text is handed on in pieces of about this size.
    const PIECE: usize = 64 << 10;

    let mut zeros = Zeros::default();
    zeros.check(value)?;
    let orders = Orders::of(value, &zeros);
    let mut printer = Printer::new(value, &orders, &zeros);
    let mut text = Vec::new();
    while printer.step(&mut text) {
        if text.len() >= PIECE {
            out.write_all(&text)?;
            text.clear();
        }
    }
    out.write_all(&text)
}

/// Prints a value into a string.
#[cfg(test)]
pub(crate) fn to_string(value: &Value) -> io::Result<String> {
    let mut text = Vec::new();
    write(value, &mut text)?;
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Prints one value, a piece at a time.
struct Printer<'a> {
    orders: &'a Orders<'a>,
    zeros: &'a Zeros,
    /// The value, until it is begun.
    root: Option<&'a Value>,
    frames: Vec<Frame<'a>>,
}

/// A composite that is being printed.
enum Frame<'a> {
    List {
        items: std::slice::Iter<'a, Value>,
        first: bool,
    },
    Map {
        entries: Entries<'a>,
        /// The value of an entry whose key was printed.
        value: Option<&'a Value>,
        first: bool,
    },
    Struct {
        /// None: no field was sent, as this is the zero of a type.
        value: Option<&'a Struct>,
        schema: &'a Arc<Schema>,
        fields: &'a [FieldType],
        place: usize,
    },
    ZeroArray {
        schema: &'a Arc<Schema>,
        elem: Edge,
        left: usize,
        first: bool,
    },
    Interface(Option<&'a Value>),
}

/// The entries of a map, sorted unless there is at most one.
enum Entries<'a> {
    Sent(MapIter<'a>),
    Sorted(std::slice::Iter<'a, (&'a Value, &'a Value)>),
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a Value, &'a Value);
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Sent(entries) => entries.next(),
            Self::Sorted(entries) => entries.next().copied(),
        }
    }
}

/// What is printed next.
enum Next<'a> {
    Value(&'a Value),
    Zero(&'a Arc<Schema>, Edge),
    /// The composite ends with this.
    End(&'static str),
}

impl<'a> Printer<'a> {
    fn new(value: &'a Value, orders: &'a Orders<'a>, zeros: &'a Zeros) -> Self {
        Self {
            orders,
            zeros,
            root: Some(value),
            frames: Vec::new(),
        }
    }

    /// Appends some text; `false` if there was none left.
    fn step(&mut self, text: &mut Vec<u8>) -> bool {
        let next = match (self.root.take(), self.frames.last_mut()) {
            (Some(root), _) => Next::Value(root),
            (None, Some(frame)) => frame.next(text),
            (None, None) => return false,
        };
        let frame = match next {
            Next::Value(value) => self.open(value, text),
            Next::Zero(schema, edge) => self.open_zero(schema, edge, text),
            Next::End(end) => {
                text.extend_from_slice(end.as_bytes());
                self.frames.pop();
                None
            }
        };
        self.frames.extend(frame);
        true
    }

    /// Prints a scalar, or what a composite begins with.
    fn open(&self, value: &'a Value, text: &mut Vec<u8>) -> Option<Frame<'a>> {
        match value {
            Value::Bool(value) => text.extend_from_slice(if *value { b"true" } else { b"false" }),
            Value::Int(value) => text.extend_from_slice(value.to_string().as_bytes()),
            Value::Uint(value) => text.extend_from_slice(value.to_string().as_bytes()),
            Value::Float(value) => put_float(text, *value),
            Value::Complex(re, im) => put_complex(text, *re, *im),
            Value::Bytes(bytes) => put_bytes(text, bytes),
            Value::String(string) => put_string(text, string.as_bytes()),
            Value::Opaque(opaque) => put_opaque(text, opaque),
            Value::Slice(list) | Value::Array(list) => return Some(open_list(list, text)),
            Value::Map(map) => return Some(self.open_map(map, text)),
            Value::Struct(value) => {
                text.push(b'{');
                return Some(Frame::Struct {
                    value: Some(value),
                    schema: value.schema(),
                    fields: value.fields(),
                    place: 0,
                });
            }
            Value::Interface(interface) => match (interface.name(), interface.value()) {
                (Some(name), Some(value)) => {
                    text.extend_from_slice(b"{\"$type\":");
                    put_string(text, name.as_bytes());
                    text.extend_from_slice(b",\"value\":");
                    return Some(Frame::Interface(Some(value)));
                }
                _ => text.extend_from_slice(b"null"),
            },
        }
        None
    }

    fn open_map(&self, map: &'a Map, text: &mut Vec<u8>) -> Frame<'a> {
        text.extend_from_slice(b"{\"$map\":[");
        let entries = match self.orders.get(map) {
            Some(sorted) => Entries::Sorted(sorted.iter()),
            None => Entries::Sent(map.iter()),
        };
        Frame::Map {
            entries,
            value: None,
            first: true,
        }
    }

    /// The same for a field that was not sent.
    fn open_zero(
        &self,
        schema: &'a Arc<Schema>,
        edge: Edge,
        text: &mut Vec<u8>,
    ) -> Option<Frame<'a>> {
        let zero: &[u8] = match schema.get(edge).kind() {
            Kind::Bool => b"false",
            Kind::Int | Kind::Uint | Kind::Float => b"0",
            Kind::Complex => b"{\"re\":0,\"im\":0}",
            Kind::String => b"\"\"",
            Kind::Bytes => b"{\"$bytes\":\"\"}",
            Kind::Slice(_) => b"[]",
            Kind::Map(..) => b"{\"$map\":[]}",
            Kind::Opaque(_) => {
                text.extend_from_slice(b"{\"$opaque\":\"\",\"type\":");
                put_string(text, schema.get(edge).full_name().as_bytes());
                b"}"
            }
            Kind::Struct(_) | Kind::Array(..) if self.zeros.is_cyclic(schema, edge) => b"null",
            Kind::Struct(fields) => {
                text.push(b'{');
                return Some(Frame::Struct {
                    value: None,
                    schema,
                    fields,
                    place: 0,
                });
            }
            Kind::Array(elem, length) => {
                text.push(b'[');
                return Some(Frame::ZeroArray {
                    schema,
                    elem: *elem,
                    left: *length,
                    first: true,
                });
            }
            _ => b"null",
        };
        text.extend_from_slice(zero);
        None
    }
}

impl<'a> Frame<'a> {
    /// What comes next, after the text that stands before it.
    fn next(&mut self, text: &mut Vec<u8>) -> Next<'a> {
        match self {
            Self::List { items, first } => match items.next() {
                Some(item) => {
                    comma(text, first);
                    Next::Value(item)
                }
                None => Next::End("]"),
            },
            Self::Map {
                entries,
                value,
                first,
            } => {
                if let Some(value) = value.take() {
                    text.push(b',');
                    return Next::Value(value);
                }
                if !*first {
                    text.push(b']');
                }
                match entries.next() {
                    Some((key, elem)) => {
                        comma(text, first);
                        text.push(b'[');
                        *value = Some(elem);
                        Next::Value(key)
                    }
                    None => Next::End("]}"),
                }
            }
            Self::Struct {
                value,
                schema,
                fields,
                place,
            } => {
                let Some(field) = fields.get(*place) else {
                    return Next::End("}");
                };
                if *place > 0 {
                    text.push(b',');
                }
                put_string(text, field.full_name().as_bytes());
                text.push(b':');
                let sent = value.and_then(|value| value.at(*place));
                *place += 1;
                match sent {
                    Some(sent) => Next::Value(sent),
                    None => Next::Zero(schema, field.edge()),
                }
            }
            Self::ZeroArray {
                schema,
                elem,
                left,
                first,
            } => match left.checked_sub(1) {
                Some(fewer) => {
                    *left = fewer;
                    comma(text, first);
                    Next::Zero(schema, *elem)
                }
                None => Next::End("]"),
            },
            Self::Interface(value) => match value.take() {
                Some(value) => Next::Value(value),
                None => Next::End("}"),
            },
        }
    }
}

fn open_list<'a>(list: &'a List, text: &mut Vec<u8>) -> Frame<'a> {
    text.push(b'[');
    Frame::List {
        items: list.iter(),
        first: true,
    }
}

fn comma(text: &mut Vec<u8>, first: &mut bool) {
    if !std::mem::replace(first, false) {
        text.push(b',');
    }
}

fn put_bytes(text: &mut Vec<u8>, bytes: &[u8]) {
    text.extend_from_slice(b"{\"$bytes\":");
    put_base64(text, bytes);
    text.push(b'}');
}

fn put_opaque(text: &mut Vec<u8>, opaque: &OpaqueValue) {
    text.extend_from_slice(b"{\"$opaque\":");
    put_base64(text, opaque.payload());
    text.extend_from_slice(b",\"type\":");
    put_string(text, opaque.full_name().as_bytes());
    text.push(b'}');
}

#[cfg(test)]
mod tests;
