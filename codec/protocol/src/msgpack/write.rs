//! From a value to msgpack, as go-msgpack writes the same type.

use gobrpc_codec::schema::{Opaque, Type};
use gobrpc_codec::{Edge, Kind, Limits, Prepared, RawValue, Schema, Value};
use rmp::encode;

use super::DEPTH_MAX;
use crate::error::{Error, Result};

/// Appends a body to a message.
///
/// # Errors
///
/// If msgpack cannot express it, or it is longer than a message may be; what was
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

// Writing to memory does not fail, so there is nothing to say if it does.

pub(super) fn put_uint(out: &mut Vec<u8>, number: u64) {
    let _ = encode::write_uint(out, number);
}

pub(super) fn put_map_length(out: &mut Vec<u8>, entries: u32) {
    let _ = encode::write_map_len(out, entries);
}

pub(super) fn put_array_length(out: &mut Vec<u8>, items: u32) {
    let _ = encode::write_array_len(out, items);
}

/// A text or bytes. The form of 2013 that has its length in one byte is left out, as
/// go-msgpack does, since older readers do not know it.
pub(super) fn put_raw(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes.len() {
        length @ 0..32 => out.push(0xa0 | length as u8),
        length @ 32..0x1_0000 => {
            out.push(0xda);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        // Longer than any message may be, it is refused for that.
        length => {
            out.push(0xdb);
            out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(bytes);
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
                "msgpack: the value nests deeper than {DEPTH_MAX} levels"
            )));
        }
        self.check_length()?;
        if value.is_none() && edge.pointers() > 0 {
            return self.nil();
        }
        let ty = schema.get(edge);
        match (ty.kind(), value) {
            (Kind::Struct(fields), value) => {
                put_map_length(self.out, count(fields.len())?);
                for field in fields {
                    put_raw(self.out, field.name().as_bytes());
                    let part = value.and_then(|value| value.get(field.name()));
                    self.put(part, schema, field.edge(), depth + 1)?;
                }
            }
            (
                Kind::Slice(elem) | Kind::Array(elem, _),
                Some(Value::Slice(list) | Value::Array(list)),
            ) => {
                put_array_length(self.out, count(list.len())?);
                for item in list {
                    self.put(Some(item), schema, *elem, depth + 1)?;
                }
            }
            (Kind::Array(elem, length), None) => {
                put_array_length(self.out, count(*length)?);
                for _ in 0..*length {
                    self.put(None, schema, *elem, depth + 1)?;
                }
            }
            (Kind::Slice(_), None) => put_array_length(self.out, 0),
            (Kind::Map(..), None) => put_map_length(self.out, 0),
            (Kind::Map(key, elem), Some(Value::Map(map))) => {
                put_map_length(self.out, count(map.len())?);
                for (name, item) in map {
                    self.put(Some(name), schema, *key, depth + 1)?;
                    self.put(Some(item), schema, *elem, depth + 1)?;
                }
            }
            (Kind::Interface, Some(Value::Interface(interface))) => match interface.value() {
                Some(inner) => {
                    let schema = inner.schema();
                    self.put(Some(inner), &schema, schema.root(), depth + 1)?;
                }
                None => self.nil()?,
            },
            (Kind::Interface, None) => self.nil()?,
            (Kind::Opaque(_), value) => self.opaque(ty, value, schema, edge)?,
            (_, Some(value)) => self.scalar(value, schema, edge)?,
            (kind, None) => match kind {
                Kind::Bool => self.out.push(0xc2),
                Kind::Int | Kind::Uint => self.out.push(0),
                Kind::Float => self.float(0.0),
                Kind::String | Kind::Bytes => put_raw(self.out, b""),
                _ => return Err(unsupported(schema, edge)),
            },
        }
        Ok(())
    }

    fn check_length(&self) -> Result<()> {
        if self.out.len() > self.most {
            return Err(Error::resource_exhausted(format!(
                "msgpack: the value is longer than {} bytes (raise message_bytes)",
                self.limit
            )));
        }
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it ends a branch that can fail")]
    fn nil(&mut self) -> Result<()> {
        self.out.push(0xc0);
        Ok(())
    }

    fn float(&mut self, number: f64) {
        let _ = encode::write_f64(self.out, number);
    }

    fn scalar(&mut self, value: &Value, schema: &Schema, edge: Edge) -> Result<()> {
        match value {
            Value::Bool(value) => self.out.push(0xc2 | u8::from(*value)),
            Value::Int(number) => {
                let _ = encode::write_sint(self.out, *number);
            }
            Value::Uint(number) => put_uint(self.out, *number),
            Value::Float(number) => self.float(*number),
            Value::String(text) => put_raw(self.out, text.as_bytes()),
            Value::Bytes(bytes) => put_raw(self.out, bytes),
            _ => return Err(unsupported(schema, edge)),
        }
        Ok(())
    }

    /// A type that encodes itself: in msgpack by `MarshalBinary` alone.
    fn opaque(
        &mut self,
        ty: &Type,
        value: Option<&Value>,
        schema: &Schema,
        edge: Edge,
    ) -> Result<()> {
        match value {
            _ if !has_binary(ty) => return Err(unsupported(schema, edge)),
            Some(Value::Opaque(opaque)) => put_raw(self.out, opaque.payload()),
            Some(_) => return Err(unsupported(schema, edge)),
            // Absent in gob, it is zero, of which the bytes are the type's own.
            None => self.nil()?,
        }
        Ok(())
    }
}

/// True if what a type encodes itself to for gob is what its `MarshalBinary` gives.
pub(super) fn has_binary(ty: &Type) -> bool {
    match ty.kind() {
        Kind::Opaque(Opaque::Binary) => true,
        // For gob and for the others it is one method (`time`, GobEncode). Inside of
        // interfaces there are no packages.
        Kind::Opaque(Opaque::Gob) => matches!((ty.package(), ty.name()), ("time" | "", "Time")),
        _ => false,
    }
}

fn count(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Error::resource_exhausted("msgpack: the list is too long"))
}

pub(super) fn unsupported(schema: &Schema, edge: Edge) -> Error {
    Error::invalid_argument(format!(
        "msgpack: unsupported type: {}",
        schema.go_string(edge)
    ))
}
