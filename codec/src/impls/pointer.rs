//! Pointers: what Go flattens, since pointers do not exist on the wire.
//!
//! `Option`, `Box`, `Rc` and `Arc` show as `*` in Go's names of unnamed types;
//! references and `Cow` do not, and neither do pointers to what is not sized.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::plan::NodeId;
use crate::schema::{Edge, SchemaBuilder};
use crate::wire::{Reader, Writer};
use crate::{Decode, Encode, Gob};

/// Stands for Go's `*T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Pointer<T: ?Sized>(PhantomData<T>);

/// A value or nothing: Go's pointer, nil for `None`.
impl<T: Gob> Gob for Option<T> {
    type Static = Pointer<T::Static>;
    const NULLABLE: bool = true;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        const {
            assert!(
                !T::NULLABLE,
                "Option<Option<T>> cannot travel: gob cannot tell None from Some(None)"
            );
        }
        let target = T::describe(schema);
        // Rust writes Option<Box<T>> where Go has one pointer.
        if target.pointers() > 0 || T::INTERFACE {
            target.nullable()
        } else {
            target.pointer().nullable()
        }
    }
}

impl<T: Encode> Encode for Option<T> {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        match self {
            Some(value) => value.encode(writer),
            None if T::INTERFACE => {
                writer.nil_interface();
                Ok(())
            }
            None => Err(nil()),
        }
    }
    /// `Some(0)` is left out like `None`, as Go leaves out a pointer to 0.
    #[inline]
    fn is_zero(&self) -> bool {
        match self {
            Some(value) => value.is_zero_pointee(),
            None => true,
        }
    }
}

#[cold]
fn nil() -> Error {
    Error::misuse(
        "None can be left out of a struct, but not be sent by itself or as an element: gob has no nil",
    )
}

impl<'de, T: Decode<'de>> Decode<'de> for Option<T> {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        if T::INTERFACE && reader.nil_interface()? {
            return Ok(None);
        }
        T::decode(reader, plan).map(Some)
    }
    /// What the pointer leads to is read into, if there is something.
    #[inline]
    fn merge(&mut self, reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<()> {
        match self {
            Some(value) if !T::INTERFACE => value.merge(reader, plan),
            _ => {
                *self = Self::decode(reader, plan)?;
                Ok(())
            }
        }
    }
    #[inline]
    fn zero() -> Result<Self> {
        Ok(None)
    }
}

macro_rules! pointer {
    ($($rust:ident),*) => {$(
        impl<T: Gob + ?Sized> Gob for $rust<T> {
            type Static = Pointer<T::Static>;
            const NULLABLE: bool = T::NULLABLE;
            const INTERFACE: bool = T::INTERFACE;
            fn describe(schema: &mut SchemaBuilder) -> Edge {
                let target = T::describe(schema);
                // Rust writes Box<Option<T>> where Go has one pointer, and a Box
                // around an interface where Go has none.
                if T::UNSIZED || T::NULLABLE || T::INTERFACE {
                    target
                } else {
                    target.pointer()
                }
            }
        }

        impl<T: Encode + ?Sized> Encode for $rust<T> {
            #[inline]
            fn encode(&self, writer: &mut Writer) -> Result<()> {
                T::encode(self, writer)
            }
            #[inline]
            fn is_zero(&self) -> bool {
                T::is_zero_pointee(self)
            }
        }
    )*};
}

pointer!(Box, Rc, Arc);

macro_rules! pointer_to_sized {
    ($($rust:ident, $target:expr;)*) => {$(
        impl<'de, T: Decode<'de>> Decode<'de> for $rust<T> {
            #[inline]
            fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
                reader.charge(size_of::<T>())?;
                match T::decode(reader, plan) {
                    Ok(value) => Ok(Self::new(value)),
                    Err(error) => Err(error),
                }
            }
            /// Ends, since a type that contains itself through such pointers alone
            /// has no plan to be decoded by.
            fn zero() -> Result<Self> {
                T::zero().map(Self::new)
            }
            /// What it leads to is read into, unless others see it too.
            #[inline]
            fn merge(&mut self, reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<()> {
                let target: fn(&mut Self) -> Option<&mut T> = $target;
                match target(self) {
                    Some(value) => value.merge(reader, plan),
                    None => {
                        *self = Self::decode(reader, plan)?;
                        Ok(())
                    }
                }
            }
        }

        impl<'de, T: Decode<'de>> Decode<'de> for $rust<[T]> {
            #[inline]
            fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
                T::decode_slice(reader, plan).map(Self::from)
            }
            #[inline]
            fn zero() -> Result<Self> {
                Ok(Self::from(Vec::new()))
            }
        }
    )*};
}

pointer_to_sized! {
    Box, |own| Some(&mut **own);
    Rc, Rc::get_mut;
    Arc, Arc::get_mut;
}

impl<T: Gob + ?Sized> Gob for &T {
    type Static = T::Static;
    const NULLABLE: bool = T::NULLABLE;
    const INTERFACE: bool = T::INTERFACE;
    const BYTE: bool = T::BYTE;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        T::describe(schema)
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        T::encode(self, writer)
    }
    #[inline]
    fn is_zero(&self) -> bool {
        T::is_zero(self)
    }
    #[inline]
    fn is_zero_pointee(&self) -> bool {
        T::is_zero_pointee(self)
    }
    #[inline]
    fn to_byte(&self) -> u8 {
        T::to_byte(self)
    }
}

impl<T: Gob + ToOwned + ?Sized> Gob for Cow<'_, T> {
    type Static = T::Static;
    const NULLABLE: bool = T::NULLABLE;
    const INTERFACE: bool = T::INTERFACE;
    const BYTE: bool = T::BYTE;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        T::describe(schema)
    }
}

impl<T: Encode + ToOwned + ?Sized> Encode for Cow<'_, T> {
    #[inline]
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        T::encode(self, writer)
    }
    #[inline]
    fn is_zero(&self) -> bool {
        T::is_zero(self)
    }
    #[inline]
    fn is_zero_pointee(&self) -> bool {
        T::is_zero_pointee(self)
    }
    #[inline]
    fn to_byte(&self) -> u8 {
        T::to_byte(self)
    }
}

impl<'de, T: Decode<'de> + Clone> Decode<'de> for Cow<'_, T> {
    #[inline]
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        T::decode(reader, plan).map(Cow::Owned)
    }
    #[inline]
    fn zero() -> Result<Self> {
        T::zero().map(Cow::Owned)
    }
    #[inline]
    fn from_byte(byte: u8) -> Result<Self> {
        T::from_byte(byte).map(Cow::Owned)
    }
}
