//! [`Item`]: a value, or the zero of a type, as a serde deserializer.

use std::sync::Arc;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{Fields, Map, Seq, StructFields};
use super::{too_deep, variant};
use crate::Value;
use crate::error::{Error, Result};
use crate::schema::{Edge, Kind, Schema};

/// What is being deserialized, and how deep it may still go: deserializing
/// recurses in the code of the caller's types.
#[derive(Clone, Copy)]
pub(super) struct Item<'de> {
    pub(super) source: Source<'de>,
    /// The value before interfaces were looked through.
    pub(super) outermost: Option<&'de Value>,
    depth_left: usize,
    depth: usize,
    /// The key of a map: where text is wanted, numbers are text, as in JSON.
    is_key: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Source<'de> {
    Value(&'de Value),
    /// A field that was not sent.
    Zero(&'de Arc<Schema>, Edge),
    /// An interface that holds nothing.
    Nil,
}

impl<'de> Item<'de> {
    pub(super) fn new(value: &'de Value, depth: usize) -> Self {
        let item = Self {
            source: Source::Nil,
            outermost: None,
            depth_left: depth,
            depth,
            is_key: false,
        };
        item.with(Source::Value(value))
    }

    /// The same place with another source; interfaces are what they hold.
    fn with(self, source: Source<'de>) -> Self {
        let outermost = match source {
            Source::Value(value) => Some(value),
            _ => None,
        };
        let source = match source {
            Source::Value(value) => value.inner().map_or(Source::Nil, Source::Value),
            Source::Zero(schema, edge) => match schema.get(edge).kind() {
                Kind::Interface => Source::Nil,
                _ => source,
            },
            Source::Nil => source,
        };
        Self {
            source,
            outermost,
            ..self
        }
    }

    /// One level deeper.
    pub(super) fn part(self, source: Source<'de>) -> Result<Self> {
        let Some(depth_left) = self.depth_left.checked_sub(1) else {
            return Err(too_deep(self.depth));
        };
        Ok(Self {
            depth_left,
            is_key: false,
            ..self.with(source)
        })
    }

    pub(super) fn key(self, value: &'de Value) -> Result<Self> {
        Ok(Self {
            is_key: true,
            ..self.part(Source::Value(value))?
        })
    }

    /// The fields of a struct, if it is one.
    fn fields(self) -> Option<Fields<'de>> {
        match self.source {
            Source::Value(Value::Struct(value)) => Some(Fields::of(self, value)),
            Source::Zero(schema, edge) => match schema.get(edge).kind() {
                Kind::Struct(fields) => Some(Fields::zero(self, schema, fields)),
                _ => None,
            },
            _ => None,
        }
    }

    fn zero_kind(self) -> Option<&'de Kind> {
        match self.source {
            Source::Zero(schema, edge) => Some(schema.get(edge).kind()),
            _ => None,
        }
    }

    /// The bytes of what holds bytes.
    fn bytes(self) -> Option<&'de [u8]> {
        match self.source {
            Source::Value(value) => value.as_bytes(),
            Source::Zero(..) => match self.zero_kind()? {
                Kind::Bytes | Kind::String | Kind::Opaque(_) => Some(&[]),
                _ => None,
            },
            Source::Nil => None,
        }
    }

    fn visit_zero<V: Visitor<'de>>(self, kind: &Kind, visitor: V) -> Result<V::Value> {
        match kind {
            Kind::Bool => visitor.visit_bool(false),
            Kind::Int => visitor.visit_i64(0),
            Kind::Uint => visitor.visit_u64(0),
            Kind::Float => visitor.visit_f64(0.0),
            Kind::String => visitor.visit_borrowed_str(""),
            Kind::Complex => visitor.visit_seq(pair(0.0, 0.0)),
            Kind::Map(..) => {
                visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
            }
            // Go always sends structs and arrays: this was a nil pointer.
            Kind::Struct(_) | Kind::Array(..) | Kind::Interface => visitor.visit_unit(),
            Kind::Bytes | Kind::Slice(_) | Kind::Opaque(_) => visitor.visit_seq(Seq::bytes(&[])),
        }
    }
}

pub(super) fn pair(re: f64, im: f64) -> SeqDeserializer<std::array::IntoIter<f64, 2>, Error> {
    SeqDeserializer::new([re, im].into_iter())
}

impl<'de> Deserializer<'de> for Item<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value = match self.source {
            Source::Value(value) => value,
            Source::Zero(schema, edge) => {
                return self.visit_zero(schema.get(edge).kind(), visitor);
            }
            Source::Nil => return visitor.visit_unit(),
        };
        match value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => visitor.visit_i64(*value),
            Value::Uint(value) => visitor.visit_u64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Complex(re, im) => visitor.visit_seq(pair(*re, *im)),
            Value::String(text) => match text.as_str() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => visitor.visit_borrowed_bytes(text.as_bytes()),
            },
            // A sequence is understood by all who do not ask for bytes.
            Value::Bytes(bytes) => visitor.visit_seq(Seq::bytes(bytes)),
            Value::Opaque(opaque) => visitor.visit_seq(Seq::bytes(opaque.payload())),
            Value::Slice(list) | Value::Array(list) => visitor.visit_seq(Seq::list(self, list)),
            Value::Map(map) => visitor.visit_map(Map::new(self, map, &[])),
            Value::Struct(value) => visitor.visit_map(Fields::of(self, value)),
            Value::Interface(_) => visitor.visit_unit(),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.source {
            Source::Value(Value::Bool(value)) if self.is_key => {
                visitor.visit_string(value.to_string())
            }
            Source::Value(Value::Int(value)) if self.is_key => {
                visitor.visit_string(value.to_string())
            }
            Source::Value(Value::Uint(value)) if self.is_key => {
                visitor.visit_string(value.to_string())
            }
            Source::Value(value @ (Value::String(_) | Value::Opaque(_))) => {
                match std::str::from_utf8(value.as_bytes().unwrap_or_default()) {
                    Ok(text) => visitor.visit_borrowed_str(text),
                    Err(error) => Err(Error::mismatch(format!(
                        "the {} is not UTF-8 ({error}); take it as bytes",
                        value.kind()
                    ))),
                }
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        // Go's rune is an integer.
        match self.source {
            Source::Value(value @ (Value::Int(_) | Value::Uint(_))) => {
                let rune = value.as_u64().and_then(|rune| u32::try_from(rune).ok());
                match rune.and_then(char::from_u32) {
                    Some(rune) => visitor.visit_char(rune),
                    None => Err(Error::mismatch("the integer is no character")),
                }
            }
            Source::Zero(..) => visitor.visit_char('\0'),
            _ => self.deserialize_str(visitor),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if let Some(bytes) = self.bytes() {
            return visitor.visit_borrowed_bytes(bytes);
        }
        // An array of bytes is an array of numbers on the wire.
        if let Source::Value(Value::Slice(list) | Value::Array(list)) = self.source {
            let byte = |item: &Value| item.as_u64().and_then(|byte| u8::try_from(byte).ok());
            if let Some(bytes) = list.iter().map(byte).collect::<Option<Vec<u8>>>() {
                return visitor.visit_byte_buf(bytes);
            }
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.source {
            Source::Value(_) => visitor.visit_some(self),
            Source::Zero(..) | Source::Nil => visitor.visit_none(),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.source {
            // `()` travels as an empty struct.
            Source::Value(Value::Struct(value)) if value.fields().is_empty() => {
                visitor.visit_unit()
            }
            Source::Zero(..) | Source::Nil => visitor.visit_unit(),
            Source::Value(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if let Source::Value(Value::Struct(value)) = self.source {
            return visitor.visit_seq(Fields::of(self, value));
        }
        match self.zero_kind() {
            // No bytes stand behind the length of an array that was not sent.
            Some(Kind::Array(..)) => visitor.visit_seq(Seq::bytes(&[])),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        if let (Source::Zero(schema, _), Some(Kind::Array(elem, length))) =
            (self.source, self.zero_kind())
        {
            // The caller's type says how many there are, so it is not large.
            let count = len.min(*length);
            return visitor.visit_seq(Seq::zeros(self, schema, *elem, count));
        }
        let (count, fields) = match self.source {
            Source::Value(Value::Slice(list) | Value::Array(list)) => (list.len(), None),
            _ => match self.fields() {
                Some(fields) => (fields.len(), Some(fields)),
                None => (len, None),
            },
        };
        if count != len {
            return Err(Error::mismatch(format!(
                "{count} elements do not fit a tuple of {len}"
            )));
        }
        match fields {
            Some(fields) => visitor.visit_seq(fields),
            None => self.deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.fields() {
            Some(fields) => visitor.visit_map(fields),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if let Some(fields) = self.fields() {
            return visitor.visit_map(StructFields::new(fields, names));
        }
        match self.source {
            Source::Value(Value::Map(map)) => visitor.visit_map(Map::new(self, map, names)),
            Source::Value(Value::Complex(re, im)) => {
                visitor.visit_map(MapDeserializer::new([("re", *re), ("im", *im)].into_iter()))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        variant::visit(self, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64
    }
}
