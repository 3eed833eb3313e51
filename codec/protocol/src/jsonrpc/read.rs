//! From JSON to a [`Value`], by a schema.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gobrpc_codec::schema::FieldType;
use gobrpc_codec::{
    Edge, GoString, Interface, Kind, Limits, List, Map, OpaqueValue, Schema, Struct, Value,
};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};

use super::scalar;
use crate::error::{Code, Error, Result};

/// Reads a text as a value of the schema's type.
///
/// # Errors
///
/// If it is no JSON, no value of the type, or takes more memory than the limits
/// allow.
pub(super) fn value(text: &[u8], schema: &Arc<Schema>, limits: &Limits) -> Result<Value> {
    let memory = Memory {
        left: Cell::new(limits.memory_bytes),
        spent: Cell::new(false),
    };
    let place = Place {
        schema,
        edge: schema.root(),
        memory: &memory,
    };
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = place
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value));
    match read {
        Ok(Some(value)) => Ok(value),
        Ok(None) => place
            .zero(0)
            .map_err(|error: serde_json::Error| Error::invalid_argument(format!("json: {error}"))),
        Err(_) if memory.spent.get() => Err(Error::with_code(
            Code::ResourceExhausted,
            format!(
                "json: the value takes more than {} bytes of memory (raise memory_bytes)",
                limits.memory_bytes
            ),
        )),
        Err(error) => Err(Error::invalid_argument(format!("json: {error}")).with_source(error)),
    }
}

/// What values may take.
struct Memory {
    left: Cell<usize>,
    /// Some value wanted more than was left.
    spent: Cell<bool>,
}

impl Memory {
    fn charge<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        match self.left.get().checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.spent.set(true);
                Err(E::custom("too much memory"))
            }
        }
    }
}

/// What a value costs besides its text: itself, and what composites keep.
const VALUE_BYTES: usize = size_of::<Value>() + 64;

/// A place for a value of one type. It reads into `None` for `null`.
#[derive(Clone, Copy)]
struct Place<'a> {
    schema: &'a Arc<Schema>,
    edge: Edge,
    memory: &'a Memory,
}

impl<'a> Place<'a> {
    fn at(self, edge: Edge) -> Self {
        Self { edge, ..self }
    }

    fn kind(&self) -> &'a Kind {
        self.schema.get(self.edge).kind()
    }

    fn known(&self) -> Option<scalar::Known> {
        scalar::Known::of(self.schema.get(self.edge))
    }

    /// The value for `null` where there must be one.
    fn zero<E: serde::de::Error>(&self, depth: usize) -> Result<Value, E> {
        self.memory.charge(VALUE_BYTES)?;
        Ok(match self.kind() {
            Kind::Bool => Value::Bool(false),
            Kind::Int => Value::Int(0),
            Kind::Uint => Value::Uint(0),
            Kind::Float => Value::Float(0.0),
            Kind::String => Value::from(""),
            Kind::Bytes => Value::Bytes(Vec::new()),
            Kind::Interface => Interface::nil().into(),
            Kind::Struct(_) => Struct::with_schema(self.schema, self.edge)
                .map_err(E::custom)?
                .into(),
            Kind::Slice(_) => Value::Slice(List::with_schema(self.schema, self.edge, Vec::new())),
            Kind::Map(..) => Map::with_schema(self.schema, self.edge).into(),
            Kind::Array(elem, length) if depth < super::DEPTH_MAX => {
                let elem = self.at(*elem);
                let items: Result<Vec<Value>, E> =
                    (0..*length).map(|_| elem.zero(depth + 1)).collect();
                Value::Array(List::with_schema(self.schema, self.edge, items?))
            }
            _ => {
                return Err(E::custom(format!(
                    "null is no {}",
                    self.schema.go_string(self.edge)
                )));
            }
        })
    }

    /// An element of a list or a map, which cannot be absent.
    fn present<E: serde::de::Error>(self, value: Option<Value>) -> Result<Value, E> {
        match value {
            Some(value) => Ok(value),
            None if self.edge.pointers() > 0 => Err(E::custom(format!(
                "gob cannot express null among elements of type {}",
                self.schema.go_string(self.edge)
            ))),
            None => self.zero(0),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<Value>, D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.schema.go_string(self.edge))
    }

    fn visit_none<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Option<Value>, D::Error> {
        self.memory.charge(VALUE_BYTES)?;
        if let Some(known) = self.known() {
            let text = <&serde_json::value::RawValue>::deserialize(json)?.get();
            return known.read(text).map(Some).map_err(D::Error::custom);
        }
        let value = match self.kind() {
            Kind::Bool => Value::Bool(bool::deserialize(json)?),
            Kind::Int => Value::Int(i64::deserialize(json)?),
            Kind::Uint => Value::Uint(u64::deserialize(json)?),
            Kind::Float => Value::Float(f64::deserialize(json)?),
            Kind::String => {
                let text = String::deserialize(json)?;
                self.memory.charge(text.len())?;
                Value::String(GoString::from(text))
            }
            Kind::Bytes => Value::Bytes(json.deserialize_any(BytesPlace(self.memory))?),
            Kind::Opaque(opaque) => {
                let bytes = json.deserialize_any(BytesPlace(self.memory))?;
                let name = self.schema.get(self.edge).name();
                OpaqueValue::new(*opaque, name, bytes).into()
            }
            Kind::Interface => Value::Interface(json.deserialize_any(InterfacePlace(self.memory))?),
            Kind::Slice(elem) => {
                let items = json.deserialize_seq(Items {
                    elem: self.at(*elem),
                    length: None,
                })?;
                Value::Slice(List::with_schema(self.schema, self.edge, items))
            }
            Kind::Array(elem, length) => {
                let items = json.deserialize_seq(Items {
                    elem: self.at(*elem),
                    length: Some(*length),
                })?;
                Value::Array(List::with_schema(self.schema, self.edge, items))
            }
            Kind::Map(key, elem) => json
                .deserialize_map(Entries {
                    map: self,
                    key: self.at(*key),
                    elem: self.at(*elem),
                })?
                .into(),
            Kind::Struct(fields) => json
                .deserialize_map(Fields {
                    structure: self,
                    fields,
                })?
                .into(),
            // Go's own words (encoding/json, UnsupportedTypeError).
            _ => {
                return Err(D::Error::custom(format!(
                    "unsupported type: {}",
                    self.schema.go_string(self.edge)
                )));
            }
        };
        Ok(Some(value))
    }
}

/// Bytes as base64, or as numbers, which Go takes, too.
struct BytesPlace<'a>(&'a Memory);

impl<'de> Visitor<'de> for BytesPlace<'_> {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes in base64")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        self.0.charge(text.len())?;
        // Go's decoder skips line ends (encoding/base64), which long texts have.
        let decoded = if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
            STANDARD.decode(text.replace(['\r', '\n'], ""))
        } else {
            STANDARD.decode(text)
        };
        decoded.map_err(|error| E::custom(format!("no base64: {error}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = items.next_element()? {
            self.0.charge(1)?;
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

/// What an interface holds, under the names that Go registers by itself.
struct InterfacePlace<'a>(&'a Memory);

impl Visitor<'_> for InterfacePlace<'_> {
    type Value = Interface;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number or a string: an interface of other types cannot be told in JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Interface, E> {
        Ok(Interface::new("bool", Value::Bool(value)))
    }

    // Go takes every number for a float64 (encoding/json, Unmarshal).
    fn visit_i64<E>(self, value: i64) -> Result<Interface, E> {
        Ok(Interface::new("float64", Value::Float(value as f64)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Interface, E> {
        Ok(Interface::new("float64", Value::Float(value as f64)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Interface, E> {
        Ok(Interface::new("float64", Value::Float(value)))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Interface, E> {
        self.0.charge(text.len())?;
        Ok(Interface::new("string", Value::from(text)))
    }
}

/// The elements of a slice, or of an array of some length.
struct Items<'a> {
    elem: Place<'a>,
    length: Option<usize>,
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an array of {}",
            self.elem.schema.go_string(self.elem.edge)
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Vec<Value>, A::Error> {
        let mut items = Vec::new();
        while self.length.is_none_or(|length| items.len() < length) {
            let Some(item) = json.next_element_seed(self.elem)? else {
                break;
            };
            items.push(self.elem.present(item)?);
        }
        if let Some(length) = self.length {
            // Go skips what is too much (encoding/json, decode.go, array).
            while json.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            while items.len() < length {
                items.push(self.elem.zero(0)?);
            }
        }
        Ok(items)
    }
}

/// The entries of a map.
struct Entries<'a> {
    map: Place<'a>,
    key: Place<'a>,
    elem: Place<'a>,
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Map;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.map.schema.go_string(self.map.edge))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Map, A::Error> {
        let mut map = Map::with_schema(self.map.schema, self.map.edge);
        while let Some(name) = json.next_key::<String>()? {
            self.map.memory.charge(VALUE_BYTES + name.len())?;
            let elem = json.next_value_seed(self.elem)?;
            let elem = self.elem.present(elem)?;
            let wrong = |what| A::Error::custom(format!("the key {name:?} is no {what}"));
            let key = match self.key.kind() {
                Kind::String => Value::String(GoString::from(name)),
                Kind::Int => Value::Int(name.parse().map_err(|_| wrong("int"))?),
                Kind::Uint => Value::Uint(name.parse().map_err(|_| wrong("uint"))?),
                // Go's own words.
                _ => {
                    return Err(A::Error::custom(format!(
                        "unsupported type: {}",
                        self.map.schema.go_string(self.map.edge)
                    )));
                }
            };
            map.push(key, elem);
        }
        Ok(map)
    }
}

/// The fields of a struct.
struct Fields<'a> {
    structure: Place<'a>,
    fields: &'a [FieldType],
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Struct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.structure.schema.go_string(self.structure.edge))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Struct, A::Error> {
        let Place { schema, edge, .. } = self.structure;
        let mut value = Struct::with_schema(schema, edge).map_err(A::Error::custom)?;
        while let Some(name) = json.next_key_seed(Name)? {
            // As Go looks them up (encoding/json, decode.go, object): exactly,
            // else without regard to case.
            let field = self
                .fields
                .iter()
                .find(|field| field.name() == name)
                .or_else(|| {
                    self.fields
                        .iter()
                        .find(|field| field.name().eq_ignore_ascii_case(&name))
                });
            let Some(field) = field else {
                json.next_value::<serde::de::IgnoredAny>()?;
                continue;
            };
            if let Some(part) = json.next_value_seed(self.structure.at(field.edge()))? {
                // Of two, the last counts, as in Go.
                value.set(field.name(), part).map_err(A::Error::custom)?;
            }
        }
        Ok(value)
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = std::borrow::Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = std::borrow::Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(name.into())
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(name.to_owned().into())
    }
}
