//! Numbers, booleans and characters.

use std::convert::identity;
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32,
    NonZeroU64, NonZeroUsize, Wrapping,
};

use crate::decode::decode_numbers;
use crate::error::{Error, Result};
use crate::plan::NodeId;
use crate::schema::{Edge, Kind, SchemaBuilder};
use crate::wire::{
    Reader, Writer, float_bytes, int_to_uint, uint_bytes, uint_to_float, uint_to_int,
};
use crate::{Decode, Encode, Gob};

#[cold]
fn out_of_range(what: &str, value: impl std::fmt::Display, rust: &str, offset: u64) -> Error {
    Error::mismatch(format!("{what} {value} does not fit {rust}")).at_offset(offset)
}

macro_rules! integer {
    ($($rust:ty, $go:literal, $kind:ident, $method:ident, $wire:ty, $word:literal, $fold:path, $unfold:path;)*) => {$(
        impl Gob for $rust {
            type Static = Self;
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                schema.scalar::<Self>(Kind::$kind, $go)
            }
        }

        impl Encode for $rust {
            #[inline]
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                writer.$method(*self as $wire);
                Ok(())
            }
            #[inline]
            fn is_zero(&self) -> bool {
                *self == 0
            }
            #[inline]
            fn encode_field(&self, delta: u64, writer: &mut Writer) -> Result<()> {
                writer.pair(delta, $fold(*self as $wire));
                Ok(())
            }
            #[inline]
            fn encode_slice(items: &[Self], writer: &mut Writer) -> Result<()> {
                writer.numbers(items, |item| uint_bytes($fold(item as $wire)))
            }
        }

        impl<'de> Decode<'de> for $rust {
            #[inline]
            fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
                let value = reader.$method()?;
                match Self::try_from(value) {
                    Ok(value) => Ok(value),
                    Err(_) => {
                        Err(out_of_range($word, value, stringify!($rust), reader.offset()))
                    }
                }
            }
            #[inline]
            fn zero() -> Result<Self> {
                Ok(0)
            }
            #[inline]
            fn decode_slice(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Vec<Self>> {
                decode_numbers(reader, plan, |number| Self::try_from($unfold(number)).ok())
            }
        }
    )*};
}

integer! {
    i8, "int8", Int, int, i64, "int", int_to_uint, uint_to_int;
    i16, "int16", Int, int, i64, "int", int_to_uint, uint_to_int;
    i32, "int32", Int, int, i64, "int", int_to_uint, uint_to_int;
    i64, "int64", Int, int, i64, "int", int_to_uint, uint_to_int;
    isize, "int", Int, int, i64, "int", int_to_uint, uint_to_int;
    u16, "uint16", Uint, uint, u64, "uint", identity, identity;
    u32, "uint32", Uint, uint, u64, "uint", identity, identity;
    u64, "uint64", Uint, uint, u64, "uint", identity, identity;
    usize, "uint", Uint, uint, u64, "uint", identity, identity;
}

impl Gob for u8 {
    type Static = Self;
    const BYTE: bool = true;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.scalar::<Self>(Kind::Uint, "uint8")
    }
}

impl Encode for u8 {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.uint(u64::from(*self));
        Ok(())
    }
    #[inline]
    fn is_zero(&self) -> bool {
        *self == 0
    }
    #[inline]
    fn encode_slice(items: &[Self], writer: &mut Writer) -> Result<()> {
        writer.bytes(items);
        Ok(())
    }
    #[inline]
    fn to_byte(&self) -> u8 {
        *self
    }
}

impl<'de> Decode<'de> for u8 {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        let value = reader.uint()?;
        Self::try_from(value).map_err(|_| out_of_range("uint", value, "u8", reader.offset()))
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(0)
    }
    #[inline]
    fn decode_slice(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Vec<Self>> {
        let bytes = reader.bytes()?;
        reader.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }
    #[inline]
    fn from_byte(byte: u8) -> Result<Self> {
        Ok(byte)
    }
}

impl Gob for bool {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.scalar::<Self>(Kind::Bool, "bool")
    }
}

impl Encode for bool {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.bool(*self);
        Ok(())
    }
    #[inline]
    fn is_zero(&self) -> bool {
        !*self
    }
    #[inline]
    fn encode_field(&self, delta: u64, writer: &mut Writer) -> Result<()> {
        writer.pair(delta, u64::from(*self));
        Ok(())
    }
}

impl<'de> Decode<'de> for bool {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.bool()
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(false)
    }
}

impl Gob for f64 {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.scalar::<Self>(Kind::Float, "float64")
    }
}

impl Encode for f64 {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.float(*self);
        Ok(())
    }
    /// Negative zero is zero as well, as in Go (`encode.go`, `encFloat`).
    #[inline]
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
    #[inline]
    fn encode_slice(items: &[Self], writer: &mut Writer) -> Result<()> {
        writer.numbers(items, float_bytes)
    }
}

impl<'de> Decode<'de> for f64 {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        reader.float()
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(0.0)
    }
    #[inline]
    fn decode_slice(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Vec<Self>> {
        decode_numbers(reader, plan, |number| Some(uint_to_float(number)))
    }
}

impl Gob for f32 {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.scalar::<Self>(Kind::Float, "float32")
    }
}

impl Encode for f32 {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.float(f64::from(*self));
        Ok(())
    }
    #[inline]
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
    #[inline]
    fn encode_slice(items: &[Self], writer: &mut Writer) -> Result<()> {
        writer.numbers(items, |item| float_bytes(f64::from(item)))
    }
}

impl<'de> Decode<'de> for f32 {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        let value = reader.float()?;
        narrow(value).ok_or_else(|| out_of_range("float", value, "f32", reader.offset()))
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(0.0)
    }
    #[inline]
    fn decode_slice(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Vec<Self>> {
        decode_numbers(reader, plan, |number| narrow(uint_to_float(number)))
    }
}

/// Precision is lost silently, range is not: only finite numbers above `f32::MAX` are
/// refused (`decode.go`, `float32FromBits`).
#[inline]
fn narrow(value: f64) -> Option<f32> {
    let fits = !value.is_finite() || value.abs() <= f64::from(f32::MAX);
    fits.then_some(value as f32)
}

/// Go's `rune`, which is an `int32`.
impl Gob for char {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.scalar::<Self>(Kind::Int, "int32")
    }
}

impl Encode for char {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.int(i64::from(u32::from(*self)));
        Ok(())
    }
    #[inline]
    fn is_zero(&self) -> bool {
        *self == '\0'
    }
}

impl<'de> Decode<'de> for char {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        let value = reader.int()?;
        u32::try_from(value)
            .ok()
            .and_then(Self::from_u32)
            .ok_or_else(|| out_of_range("int", value, "char", reader.offset()))
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok('\0')
    }
}

macro_rules! non_zero {
    ($($rust:ty, $inner:ty;)*) => {$(
        impl Gob for $rust {
            type Static = <$inner as Gob>::Static;
            const BYTE: bool = <$inner>::BYTE;
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                <$inner>::describe(schema)
            }
        }

        impl Encode for $rust {
            #[inline]
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                self.get().encode(writer)
            }
            #[inline]
            fn is_zero(&self) -> bool {
                false
            }
            #[inline]
            fn to_byte(&self) -> u8 {
                self.get().to_byte()
            }
        }

        impl<'de> Decode<'de> for $rust {
            #[inline]
            fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
                let value = <$inner>::decode(reader, plan)?;
                Self::new(value)
                    .ok_or_else(|| out_of_range("the number", value, stringify!($rust), reader.offset()))
            }
            #[inline]
            fn from_byte(byte: u8) -> Result<Self> {
                Self::new(<$inner>::from_byte(byte)?).ok_or_else(|| {
                    Error::mismatch(concat!("the byte 0 does not fit ", stringify!($rust)))
                })
            }
            fn zero() -> Result<Self> {
                Err(Error::mismatch(concat!(
                    "the field was not sent, so it is 0, which ",
                    stringify!($rust),
                    " cannot hold: use Option, or #[gob(default)]"
                )))
            }
        }
    )*};
}

non_zero! {
    NonZeroI8, i8;
    NonZeroI16, i16;
    NonZeroI32, i32;
    NonZeroI64, i64;
    NonZeroIsize, isize;
    NonZeroU8, u8;
    NonZeroU16, u16;
    NonZeroU32, u32;
    NonZeroU64, u64;
    NonZeroUsize, usize;
}

impl<T: Gob> Gob for Wrapping<T> {
    type Static = T::Static;
    const NULLABLE: bool = T::NULLABLE;
    const BYTE: bool = T::BYTE;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        T::describe(schema)
    }
}

impl<T: Encode> Encode for Wrapping<T> {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        self.0.encode(writer)
    }
    #[inline]
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
    #[inline]
    fn to_byte(&self) -> u8 {
        self.0.to_byte()
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Wrapping<T> {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        T::decode(reader, plan).map(Self)
    }
    #[inline]
    fn zero() -> Result<Self> {
        T::zero().map(Self)
    }
    #[inline]
    fn from_byte(byte: u8) -> Result<Self> {
        T::from_byte(byte).map(Self)
    }
}
