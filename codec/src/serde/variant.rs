//! Enums of serde: what a value says the variant is.

use std::borrow::Cow;

use serde::de::value::{StrDeserializer, U32Deserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor,
};

use super::item::{Item, Source};
use super::same_name;
use crate::Value;
use crate::error::{Error, Result};
use crate::schema::Kind;

/// A variant with data.
struct Variant<'de> {
    name: Cow<'de, str>,
    data: Item<'de>,
}

/// Finds out which variant a value is.
pub(super) fn visit<'de, V: Visitor<'de>>(
    item: Item<'de>,
    variants: &'static [&'static str],
    visitor: V,
) -> Result<V::Value> {
    // The concrete name of an interface is that of a variant.
    if let Some(Value::Interface(interface)) = item.outermost {
        let name = interface.name().and_then(|name| name.as_str());
        let short = name.map(|name| {
            let name = name.rsplit('.').next().unwrap_or(name);
            name.trim_start_matches('*')
        });
        let known = short.and_then(|short| known(variants, short));
        if let (Some(known), Some(held)) = (known, interface.value()) {
            let data = item.part(Source::Value(held))?;
            return visitor.visit_enum(Variant {
                name: known.into(),
                data,
            });
        }
    }
    match item.source {
        Source::Value(Value::String(text)) => match text.as_str() {
            Some(text) => visitor.visit_enum(unit(variants, text)),
            None => Err(Error::mismatch("the name of a variant is not UTF-8")),
        },
        Source::Value(value @ (Value::Int(_) | Value::Uint(_))) => {
            match value.as_u64().and_then(|number| u32::try_from(number).ok()) {
                Some(number) => visitor.visit_enum(U32Deserializer::<Error>::new(number)),
                None => Err(Error::mismatch("the number of a variant is out of range")),
            }
        }
        Source::Value(Value::Struct(value)) => {
            let mut sent = value.iter();
            let (Some((name, data)), None) = (sent.next(), sent.next()) else {
                return Err(Error::mismatch(
                    "a struct stands for a variant if one field of it was sent",
                ));
            };
            let name = known(variants, name).unwrap_or(name);
            let data = item.part(Source::Value(data))?;
            visitor.visit_enum(Variant {
                name: name.into(),
                data,
            })
        }
        Source::Value(Value::Map(map)) => {
            let mut entries = map.iter();
            let (Some((key, data)), None) = (entries.next(), entries.next()) else {
                return Err(Error::mismatch(
                    "a map stands for a variant if it has one entry",
                ));
            };
            let Some(name) = key.as_str() else {
                return Err(Error::mismatch("the name of a variant is no string"));
            };
            let name = known(variants, name).unwrap_or(name);
            let data = item.part(Source::Value(data))?;
            visitor.visit_enum(Variant {
                name: name.into(),
                data,
            })
        }
        // Go has no name for the zero of a string, but may for that of a number.
        Source::Zero(schema, edge) if matches!(schema.get(edge).kind(), Kind::Int | Kind::Uint) => {
            visitor.visit_enum(U32Deserializer::<Error>::new(0))
        }
        Source::Zero(schema, edge) if matches!(schema.get(edge).kind(), Kind::String) => {
            visitor.visit_enum(unit(variants, ""))
        }
        _ => Err(Error::mismatch(
            "the value is no variant: neither a string or number, nor of one field",
        )),
    }
}

fn unit<'a>(variants: &'static [&'static str], name: &'a str) -> StrDeserializer<'a, Error> {
    StrDeserializer::new(known(variants, name).unwrap_or(name))
}

/// The variant of this name.
fn known(variants: &'static [&'static str], name: &str) -> Option<&'static str> {
    let exact = variants.iter().find(|&&variant| variant == name);
    exact
        .or_else(|| variants.iter().find(|variant| same_name(variant, name)))
        .copied()
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Item<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Item<'de>)> {
        let name: StrDeserializer<'_, Error> = self.name.as_ref().into_deserializer();
        Ok((seed.deserialize(name)?, self.data))
    }
}

impl<'de> VariantAccess<'de> for Item<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_struct("", fields, visitor)
    }
}
