//! The parts of values, as serde asks for them.

use std::sync::Arc;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};

use super::item::{Item, Source};
use super::same_name;
use crate::error::{Error, Result};
use crate::schema::{Edge, FieldType, Kind, Schema};
use crate::{List, MapIter, Struct, Value};

/// The elements of a sequence.
pub(super) enum Seq<'de> {
    List {
        outer: Item<'de>,
        items: std::slice::Iter<'de, Value>,
        index: usize,
    },
    Bytes(std::slice::Iter<'de, u8>),
    /// The zero of an array.
    Zeros {
        outer: Item<'de>,
        zero: Source<'de>,
        left: usize,
    },
}

impl<'de> Seq<'de> {
    pub(super) fn list(outer: Item<'de>, list: &'de List) -> Self {
        Self::List {
            outer,
            items: list.iter(),
            index: 0,
        }
    }

    pub(super) fn bytes(bytes: &'de [u8]) -> Self {
        Self::Bytes(bytes.iter())
    }

    pub(super) fn zeros(
        outer: Item<'de>,
        schema: &'de Arc<Schema>,
        elem: Edge,
        count: usize,
    ) -> Self {
        Self::Zeros {
            outer,
            zero: Source::Zero(schema, elem),
            left: count,
        }
    }
}

impl<'de> SeqAccess<'de> for Seq<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        match self {
            Self::List {
                outer,
                items,
                index,
            } => {
                let Some(item) = items.next() else {
                    return Ok(None);
                };
                let place = *index;
                *index += 1;
                let item = outer.part(Source::Value(item))?;
                match seed.deserialize(item) {
                    Ok(value) => Ok(Some(value)),
                    Err(error) => Err(error.in_index(place)),
                }
            }
            Self::Bytes(bytes) => match bytes.next() {
                Some(&byte) => seed.deserialize(byte.into_deserializer()).map(Some),
                None => Ok(None),
            },
            Self::Zeros { outer, zero, left } => match left.checked_sub(1) {
                Some(fewer) => {
                    *left = fewer;
                    seed.deserialize(outer.part(*zero)?).map(Some)
                }
                None => Ok(None),
            },
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(match self {
            Self::List { items, .. } => items.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Zeros { left, .. } => *left,
        })
    }
}

/// The entries of a map, perhaps as the fields of a struct.
pub(super) struct Map<'de> {
    outer: Item<'de>,
    entries: MapIter<'de>,
    value: Option<&'de Value>,
    /// Names that the keys may be the PascalCase of.
    names: &'static [&'static str],
}

impl<'de> Map<'de> {
    pub(super) fn new(
        outer: Item<'de>,
        map: &'de crate::Map,
        names: &'static [&'static str],
    ) -> Self {
        Self {
            outer,
            entries: map.iter(),
            value: None,
            names,
        }
    }
}

impl<'de> MapAccess<'de> for Map<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let named = key.as_str().and_then(|key| {
            let exact = self.names.iter().find(|&&name| name == key);
            exact.or_else(|| self.names.iter().find(|name| same_name(name, key)))
        });
        let key = match named {
            Some(name) => seed.deserialize(StrDeserializer::<Error>::new(name)),
            None => seed.deserialize(self.outer.key(key)?),
        };
        key.map(Some).map_err(Error::in_key)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        match self.value.take() {
            Some(value) => seed.deserialize(self.outer.part(Source::Value(value))?),
            None => Err(Error::misuse("a value was asked for before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// All fields of a struct under their wire names; those that were not sent are
/// zero.
#[derive(Clone, Copy)]
pub(super) struct Fields<'de> {
    outer: Item<'de>,
    /// None: no field was sent.
    value: Option<&'de Struct>,
    schema: &'de Arc<Schema>,
    fields: &'de [FieldType],
    next: usize,
}

impl<'de> Fields<'de> {
    pub(super) fn of(outer: Item<'de>, value: &'de Struct) -> Self {
        Self {
            outer,
            value: Some(value),
            schema: value.schema(),
            fields: value.fields(),
            next: 0,
        }
    }

    pub(super) fn zero(
        outer: Item<'de>,
        schema: &'de Arc<Schema>,
        fields: &'de [FieldType],
    ) -> Self {
        Self {
            outer,
            value: None,
            schema,
            fields,
            next: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    fn source(&self, place: usize) -> Option<Source<'de>> {
        if let Some(value) = self.value.and_then(|value| value.at(place)) {
            return Some(Source::Value(value));
        }
        Some(Source::Zero(self.schema, self.fields.get(place)?.edge()))
    }

    /// Deserializes one field; an error gets its name.
    fn deserialize<T: DeserializeSeed<'de>>(&self, place: usize, seed: T) -> Result<T::Value> {
        let source = self.source(place).unwrap_or(Source::Nil);
        let named = |error: Error| match self.fields.get(place) {
            Some(field) => error.in_field(field.name().to_owned()),
            None => error,
        };
        let item = self.outer.part(source).map_err(named)?;
        seed.deserialize(item).map_err(named)
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        while let Some(field) = self.fields.get(self.next) {
            self.next += 1;
            let is_nil_part = matches!(
                self.source(self.next - 1),
                Some(Source::Zero(schema, edge))
                    if matches!(schema.get(edge).kind(), Kind::Struct(_) | Kind::Array(..))
            );
            // The zero of a struct may have more parts than fit any memory: nil
            // pointers inside of nil pointers.
            if self.value.is_none() && is_nil_part {
                continue;
            }
            let name = BorrowedStrDeserializer::<Error>::new(field.name());
            return seed.deserialize(name).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        self.deserialize(self.next.saturating_sub(1), seed)
    }
}

impl<'de> SeqAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let place = self.next;
        if place >= self.fields.len() {
            return Ok(None);
        }
        self.next += 1;
        self.deserialize(place, seed).map(Some)
    }
}

/// The fields of a struct that a type asks for, under the names by which it does.
pub(super) struct StructFields<'de> {
    fields: Fields<'de>,
    names: std::slice::Iter<'static, &'static str>,
    /// Place of the field that comes next.
    place: usize,
    /// Places that were given out: serde's aliases are names, too.
    used: Vec<usize>,
}

impl<'de> StructFields<'de> {
    pub(super) fn new(fields: Fields<'de>, names: &'static [&'static str]) -> Self {
        Self {
            fields,
            names: names.iter(),
            place: 0,
            used: Vec::new(),
        }
    }

    /// The place of a field. Most types have their fields in one order on both
    /// sides, so that the one behind the last is tried first.
    fn find(&self, name: &str) -> Option<usize> {
        let fields = self.fields.fields;
        let guess = self.used.last().map_or(0, |last| last + 1);
        if fields.get(guess).is_some_and(|field| field.name() == name) {
            return Some(guess);
        }
        // The last of several fields of one name wins, as in Go.
        let exact = fields.iter().rposition(|field| field.name() == name);
        exact.or_else(|| match fields.get(guess) {
            Some(field) if same_name(name, field.name()) => Some(guess),
            _ => fields
                .iter()
                .rposition(|field| same_name(name, field.name())),
        })
    }
}

impl<'de> MapAccess<'de> for StructFields<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        while let Some(name) = self.names.next() {
            let Some(place) = self.find(name) else {
                continue;
            };
            if self.used.contains(&place) {
                continue;
            }
            self.used.push(place);
            self.place = place;
            return seed
                .deserialize(StrDeserializer::<Error>::new(name))
                .map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        self.fields.deserialize(self.place, seed)
    }
}
