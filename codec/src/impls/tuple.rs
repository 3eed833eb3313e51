//! Tuples: unnamed structs with the fields `F0`, `F1` and so on.

use crate::error::Result;
use crate::plan::NodeId;
use crate::schema::{Edge, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

/// Go's `struct{}`.
impl Gob for () {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.structure::<Self>("", "", |_| ())
    }
}

impl Encode for () {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.end_struct();
        Ok(())
    }
    fn is_zero(&self) -> bool {
        false
    }
}

impl<'de> Decode<'de> for () {
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        let mut fields = reader.enter_struct(plan)?;
        while let Some((_, node)) = reader.next_field(&mut fields)? {
            reader.skip(node)?;
        }
        Ok(())
    }
    fn zero() -> Result<Self> {
        Ok(())
    }
}

macro_rules! tuple {
    ($($field:ident $index:tt $number:literal $name:literal),*) => {
        impl<$($field: Gob),*> Gob for ($($field,)*) {
            type Static = ($($field::Static,)*);
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                schema.structure::<Self::Static>("", "", |fields| {
                    $(fields.field::<$field>($name);)*
                })
            }
        }

        impl<$($field: Encode),*> Encode for ($($field,)*) {
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                writer.enter()?;
                let mut delta = 1;
                $(writer.field(&mut delta, $name, &self.$index)?;)*
                writer.end_struct();
                writer.leave();
                Ok(())
            }
            fn is_zero(&self) -> bool {
                false
            }
        }

        impl<'de, $($field: Decode<'de>),*> Decode<'de> for ($($field,)*) {
            fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
                let mut fields = reader.enter_struct(plan)?;
                let mut values = ($(None::<$field>,)*);
                while let Some((number, node)) = reader.next_field(&mut fields)? {
                    match number {
                        $($number => reader.field_into(node, $name, &mut values.$index),)*
                        _ => reader.skip(node),
                    }?;
                }
                Ok(($(match values.$index {
                    Some(value) => value,
                    None => $field::zero().map_err(|error| error.in_field($name))?,
                },)*))
            }
            fn zero() -> Result<Self> {
                Ok(($($field::zero()?,)*))
            }
            fn merge(&mut self, reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<()> {
                let mut fields = reader.enter_struct(plan)?;
                while let Some((number, node)) = reader.next_field(&mut fields)? {
                    match number {
                        $($number => reader.merge_field(node, $name, &mut self.$index),)*
                        _ => reader.skip(node),
                    }?;
                }
                Ok(())
            }
        }
    };
}

tuple!(A 0 0 "F0");
tuple!(A 0 0 "F0", B 1 1 "F1");
tuple!(A 0 0 "F0", B 1 1 "F1", C 2 2 "F2");
tuple!(A 0 0 "F0", B 1 1 "F1", C 2 2 "F2", D 3 3 "F3");
tuple!(A 0 0 "F0", B 1 1 "F1", C 2 2 "F2", D 3 3 "F3", E 4 4 "F4");
tuple!(A 0 0 "F0", B 1 1 "F1", C 2 2 "F2", D 3 3 "F3", E 4 4 "F4", F 5 5 "F5");
tuple!(A 0 0 "F0", B 1 1 "F1", C 2 2 "F2", D 3 3 "F3", E 4 4 "F4", F 5 5 "F5", G 6 6 "F6");
tuple!(A 0 0 "F0", B 1 1 "F1", C 2 2 "F2", D 3 3 "F3", E 4 4 "F4", F 5 5 "F5", G 6 6 "F6", H 7 7 "F7");
