//! [`Value`] to serde.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};

use crate::schema::{Edge, Kind, Schema};
use crate::{Limits, Value};

/// As other formats write such values: structs are maps of all fields, with
/// zeros for those that were not sent, and interfaces are what they hold.
///
/// What serde has no word for is lost: concrete names of interfaces, types of
/// empty slices, the difference between a struct and a map. A struct or array
/// that was not sent is a unit (null). Bytes, payloads of self-encoding types and
/// strings that are not UTF-8 are bytes; a complex number is two floats.
///
/// Serializing recurses, so that a value that nests deeper than
/// [`Limits::DEPTH`] is an error.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Part {
            value: self,
            depth_left: Limits::DEPTH,
        }
        .serialize(serializer)
    }
}

struct Part<'a> {
    value: &'a Value,
    depth_left: usize,
}

/// The zero of a type.
struct Zero<'a>(&'a Arc<Schema>, Edge);

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(value) = self.value.inner() else {
            return serializer.serialize_none();
        };
        let Some(depth_left) = self.depth_left.checked_sub(1) else {
            return Err(S::Error::custom(format_args!(
                "the value nests deeper than {} levels",
                Limits::DEPTH
            )));
        };
        let part = |value| Part { value, depth_left };
        match value {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Uint(value) => serializer.serialize_u64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Complex(re, im) => [re, im].serialize(serializer),
            Value::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Value::Opaque(opaque) => serializer.serialize_bytes(opaque.payload()),
            Value::String(text) => match text.as_str() {
                Some(text) => serializer.serialize_str(text),
                None => serializer.serialize_bytes(text.as_bytes()),
            },
            Value::Slice(list) | Value::Array(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                for item in list {
                    seq.serialize_element(&part(item))?;
                }
                seq.end()
            }
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(&part(key), &part(value))?;
                }
                map.end()
            }
            Value::Struct(value) => {
                let fields = value.fields();
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (place, field) in fields.iter().enumerate() {
                    match value.at(place) {
                        Some(sent) => map.serialize_entry(field.name(), &part(sent))?,
                        None => {
                            let zero = Zero(value.schema(), field.edge());
                            map.serialize_entry(field.name(), &zero)?;
                        }
                    }
                }
                map.end()
            }
            Value::Interface(_) => serializer.serialize_none(),
        }
    }
}

impl Serialize for Zero<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(schema, edge) = self;
        match schema.get(*edge).kind() {
            Kind::Bool => serializer.serialize_bool(false),
            Kind::Int => serializer.serialize_i64(0),
            Kind::Uint => serializer.serialize_u64(0),
            Kind::Float => serializer.serialize_f64(0.0),
            Kind::Complex => [0.0, 0.0].serialize(serializer),
            Kind::Bytes | Kind::Opaque(_) => serializer.serialize_bytes(&[]),
            Kind::String => serializer.serialize_str(""),
            Kind::Slice(_) => serializer.serialize_seq(Some(0))?.end(),
            Kind::Map(..) => serializer.serialize_map(Some(0))?.end(),
            // Go always sends structs and arrays: this was a nil pointer.
            Kind::Struct(_) | Kind::Array(..) | Kind::Interface => serializer.serialize_none(),
        }
    }
}
