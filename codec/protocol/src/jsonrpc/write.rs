//! From a value to JSON, as Go's `encoding/json` writes the same type.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gobrpc_codec::{Edge, Kind, Limits, Map, Prepared, RawValue, Schema, Value};

use super::{DEPTH_MAX, scalar};
use crate::error::{Error, Result};

/// Appends a body to a message.
///
/// # Errors
///
/// If JSON cannot express it, or it is longer than a message may be; what was
/// appended until then is left.
pub(super) fn append(prepared: &Prepared, limits: &Limits, out: &mut Vec<u8>) -> Result<()> {
    let value = RawValue::from_prepared(prepared)?.to_value()?;
    let mut printer = Printer {
        most: out.len().saturating_add(limits.message_bytes),
        limit: limits.message_bytes,
        out,
    };
    let schema = prepared.schema();
    printer.put(Some(&value), schema, schema.root(), 0)?;
    printer.check_length()
}

/// Appends a text in quotes.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    // Writing a text to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

struct Printer<'a> {
    out: &'a mut Vec<u8>,
    /// How long the output may become.
    most: usize,
    limit: usize,
}

impl Printer<'_> {
    /// Writes a value of this type; for `None` its zero.
    fn put(
        &mut self,
        value: Option<&Value>,
        schema: &Schema,
        edge: Edge,
        depth: usize,
    ) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err(Error::resource_exhausted(format!(
                "json: the value nests deeper than {DEPTH_MAX} levels"
            )));
        }
        self.check_length()?;
        if value.is_none() && edge.pointers() > 0 {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        let ty = schema.get(edge);
        if let Some(known) = scalar::Known::of(ty) {
            let text = known.write(value)?;
            self.out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        match (ty.kind(), value) {
            (Kind::Struct(fields), value) => {
                self.out.push(b'{');
                for (place, field) in fields.iter().enumerate() {
                    if place > 0 {
                        self.out.push(b',');
                    }
                    put_text(self.out, field.name());
                    self.out.push(b':');
                    let part = value.and_then(|value| value.get(field.name()));
                    self.put(part, schema, field.edge(), depth + 1)?;
                }
                self.out.push(b'}');
            }
            (
                Kind::Slice(elem) | Kind::Array(elem, _),
                Some(Value::Slice(list) | Value::Array(list)),
            ) => {
                self.out.push(b'[');
                for (place, item) in list.iter().enumerate() {
                    if place > 0 {
                        self.out.push(b',');
                    }
                    self.put(Some(item), schema, *elem, depth + 1)?;
                }
                self.out.push(b']');
            }
            (Kind::Array(elem, length), None) => {
                self.out.push(b'[');
                for place in 0..*length {
                    if place > 0 {
                        self.out.push(b',');
                    }
                    self.put(None, schema, *elem, depth + 1)?;
                }
                self.out.push(b']');
            }
            (Kind::Slice(_), None) => self.out.extend_from_slice(b"[]"),
            (Kind::Map(..), None) => self.out.extend_from_slice(b"{}"),
            (Kind::Map(_, elem), Some(Value::Map(map))) => {
                self.map(map, schema, *elem, depth)?;
            }
            (Kind::Interface, Some(Value::Interface(interface))) => match interface.value() {
                Some(inner) => {
                    let schema = inner.schema();
                    self.put(Some(inner), &schema, schema.root(), depth + 1)?;
                }
                None => self.out.extend_from_slice(b"null"),
            },
            (Kind::Interface, None) => self.out.extend_from_slice(b"null"),
            (kind, Some(value)) => self.scalar(kind, value)?,
            (kind, None) => self.out.extend_from_slice(match kind {
                Kind::Bool => b"false",
                Kind::Int | Kind::Uint | Kind::Float => b"0",
                Kind::String | Kind::Bytes | Kind::Opaque(_) => b"\"\"",
                _ => return Err(unsupported(schema, edge)),
            }),
        }
        Ok(())
    }

    fn check_length(&self) -> Result<()> {
        if self.out.len() > self.most {
            return Err(Error::resource_exhausted(format!(
                "json: the value is longer than {} bytes (raise message_bytes)",
                self.limit
            )));
        }
        Ok(())
    }

    /// The entries of a map, in the order of their keys, as Go has them.
    fn map(&mut self, map: &Map, schema: &Schema, elem: Edge, depth: usize) -> Result<()> {
        let mut entries = Vec::with_capacity(map.len());
        for (key, value) in map {
            let key = match key {
                Value::String(text) => text_of(text.as_bytes()),
                Value::Int(number) => Cow::Owned(number.to_string()),
                Value::Uint(number) => Cow::Owned(number.to_string()),
                _ => {
                    return Err(Error::invalid_argument(format!(
                        "json: unsupported type: a map with keys of type {}",
                        key.kind()
                    )));
                }
            };
            entries.push((key, value));
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.out.push(b'{');
        for (place, (key, value)) in entries.into_iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            put_text(self.out, &key);
            self.out.push(b':');
            self.put(Some(value), schema, elem, depth + 1)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn scalar(&mut self, kind: &Kind, value: &Value) -> Result<()> {
        match value {
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(number) => self.out.extend_from_slice(number.to_string().as_bytes()),
            Value::Uint(number) => self.out.extend_from_slice(number.to_string().as_bytes()),
            Value::Float(number) => self.out.extend_from_slice(float(*number)?.as_bytes()),
            Value::String(text) => put_text(self.out, &text_of(text.as_bytes())),
            Value::Bytes(bytes) => self.base64(bytes),
            Value::Opaque(opaque) => self.base64(opaque.payload()),
            _ => {
                return Err(Error::invalid_argument(format!(
                    "json: unsupported type: {} where the type is {kind:?}",
                    value.kind()
                )));
            }
        }
        Ok(())
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        self.out
            .extend_from_slice(STANDARD.encode(bytes).as_bytes());
        self.out.push(b'"');
    }
}

fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// A float as Go writes it: without a fraction where there is none, so that an
/// integer can be read from it; with an exponent where it is long.
fn float(number: f64) -> Result<String> {
    if !number.is_finite() {
        // Go's own words (encoding/json, UnsupportedValueError).
        let name = if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        };
        return Err(Error::invalid_argument(format!(
            "json: unsupported value: {name}"
        )));
    }
    let size = number.abs();
    Ok(if size == 0.0 || (1e-6..1e21).contains(&size) {
        number.to_string()
    } else {
        format!("{number:e}")
    })
}

fn unsupported(schema: &Schema, edge: Edge) -> Error {
    Error::invalid_argument(format!(
        "json: unsupported type: {}",
        schema.go_string(edge)
    ))
}
