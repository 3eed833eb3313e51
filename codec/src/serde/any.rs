//! serde to [`Value`]: what Go's `any` would hold.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::schema::{Edge, Schema, SchemaBuilder};
use crate::{GoString, Interface, Limits, List, Map, Value};

/// As Go's `json.Unmarshal` into an `any`: sequences are `[]interface{}` and maps
/// `map[string]interface{}`, whatever they hold. A map with other keys than
/// strings is `map[interface{}]interface{}`; what is nothing is a nil interface.
///
/// Only formats that say what comes next can be read (JSON, msgpack, YAML), and
/// no more than [`Limits::DEPTH`] levels of them.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Any {
            depth_left: Limits::DEPTH,
        }
        .deserialize(deserializer)
    }
}

/// The types that [`Any`] gives out.
pub(super) struct AnyTypes {
    pub(super) schema: Arc<Schema>,
    pub(super) list: Edge,
    pub(super) named_map: Edge,
    pub(super) map: Edge,
}

pub(super) fn any_types() -> &'static AnyTypes {
    static TYPES: OnceLock<AnyTypes> = OnceLock::new();
    TYPES.get_or_init(|| {
        let mut builder = SchemaBuilder::new();
        let any = builder.interface();
        let text = builder.string();
        let list = builder.slice_of(any);
        let named_map = builder.map_of(text, any);
        let map = builder.map_of(any, any);
        AnyTypes {
            schema: Arc::new(builder.build(list)),
            list,
            named_map,
            map,
        }
    })
}

/// Puts a value into an interface, under the name by which Go knows its type.
pub(super) fn boxed(value: Value) -> Value {
    let name = match &value {
        Value::Interface(_) => return value,
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Uint(_) => "uint",
        Value::Float(_) => "float64",
        Value::Complex(..) => "complex128",
        Value::String(_) => "string",
        Value::Bytes(_) => "[]uint8",
        Value::Map(map) if map.edge() == any_types().named_map => "map[string]interface {}",
        Value::Map(_) => "map[interface {}]interface {}",
        _ => "[]interface {}",
    };
    Value::Interface(Interface::new(name, value))
}

/// A map of what was put together already.
pub(super) fn boxed_map(entries: Vec<(Value, Value)>) -> Value {
    let types = any_types();
    let named = entries
        .iter()
        .all(|(key, _)| matches!(key, Value::String(_)));
    let edge = if named { types.named_map } else { types.map };
    let mut map = Map::with_schema(&types.schema, edge);
    for (key, value) in entries {
        map.push(if named { key } else { boxed(key) }, boxed(value));
    }
    Value::Map(map)
}

/// A sequence of what was put together already.
pub(super) fn boxed_list(items: Vec<Value>) -> Value {
    let types = any_types();
    let items = items.into_iter().map(boxed).collect();
    Value::Slice(List::with_schema(&types.schema, types.list, items))
}

/// Takes whatever comes.
#[derive(Clone, Copy)]
struct Any {
    depth_left: usize,
}

impl Any {
    fn part<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left }),
            None => Err(E::custom(format_args!(
                "the value nests deeper than {} levels",
                Limits::DEPTH
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that gob can express")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    /// JSON does not tell signed from unsigned: small ones are Go's `int`.
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Uint(value), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(GoString::from(text)))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(GoString::from(text)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_owned()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::default())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.part::<D::Error>()?.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        self.part::<D::Error>()?.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let part = self.part::<A::Error>()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(part)? {
            items.push(item);
        }
        Ok(boxed_list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let part = self.part::<A::Error>()?;
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry_seed(part, part)? {
            entries.push(entry);
        }
        Ok(boxed_map(entries))
    }
}
