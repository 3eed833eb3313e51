//! [`Tree`]: what a `Serialize` type says of a value.

use serde::Serialize;
use serde::ser::{
    self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::too_deep;
use crate::Limits;
use crate::error::{Error, Result};

/// What a `Serialize` type says of a value, with the words of serde's data model.
///
/// It is no deeper than [`Limits::DEPTH`], so that it may be walked recursively.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    /// None, a unit.
    Nil,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Seq(Vec<Self>),
    /// A tuple, or an array: serde does not tell them apart.
    Tuple(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Struct(&'static str, Vec<(&'static str, Self)>),
    TupleStruct(&'static str, Vec<Self>),
    /// A variant without data, and its number.
    Unit(&'static str, u32),
    /// A variant with data: names of the enum and of the variant.
    Variant(&'static str, &'static str, Box<Self>),
}

impl Tree {
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        value.serialize(Builder {
            depth_left: Limits::DEPTH,
        })
    }

    /// The word for it in error texts.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Nil => "nothing",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::Uint(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::Bytes(_) => "bytes",
            Self::Seq(_) => "a sequence",
            Self::Tuple(_) => "a tuple",
            Self::Map(_) => "a map",
            Self::Struct(..) | Self::TupleStruct(..) => "a struct",
            Self::Unit(..) | Self::Variant(..) => "a variant of an enum",
        }
    }
}

#[derive(Clone, Copy)]
struct Builder {
    depth_left: usize,
}

impl Builder {
    fn part(self) -> Result<Self> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left }),
            None => Err(too_deep(Limits::DEPTH)),
        }
    }

    /// A collector of parts, one level deeper.
    fn parts<P>(self, kind: Composite) -> Result<Parts<P>> {
        Ok(Parts {
            part: self.part()?,
            kind,
            parts: Vec::new(),
            key: None,
        })
    }
}

/// What the parts of a composite become in the end.
enum Composite {
    Seq,
    Tuple,
    Map,
    Struct(&'static str),
    TupleStruct(&'static str),
    TupleVariant(&'static str, &'static str),
    StructVariant(&'static str, &'static str),
}

/// Parts of a composite: trees, entries or named fields.
struct Parts<P> {
    part: Builder,
    kind: Composite,
    parts: Vec<P>,
    key: Option<Tree>,
}

impl Parts<Tree> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let place = self.parts.len();
        let part = value.serialize(self.part);
        self.parts
            .push(part.map_err(|error| error.in_index(place))?);
        Ok(())
    }

    fn finish(self) -> Tree {
        match self.kind {
            Composite::Tuple => Tree::Tuple(self.parts),
            Composite::TupleStruct(name) => Tree::TupleStruct(name, self.parts),
            Composite::TupleVariant(name, variant) => Tree::Variant(
                name,
                variant,
                Box::new(Tree::TupleStruct(variant, self.parts)),
            ),
            _ => Tree::Seq(self.parts),
        }
    }
}

impl Parts<(&'static str, Tree)> {
    fn add<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        let part = value.serialize(self.part);
        self.parts
            .push((name, part.map_err(|error| error.in_field(name))?));
        Ok(())
    }

    fn finish(self) -> Tree {
        match self.kind {
            Composite::StructVariant(name, variant) => {
                Tree::Variant(name, variant, Box::new(Tree::Struct(variant, self.parts)))
            }
            Composite::Struct(name) => Tree::Struct(name, self.parts),
            _ => Tree::Struct("", self.parts),
        }
    }
}

macro_rules! scalars {
    ($($method:ident: $rust:ty => $tree:ident;)*) => {$(
        fn $method(self, value: $rust) -> Result<Tree> {
            Ok(Tree::$tree(value.into()))
        }
    )*};
}

impl Serializer for Builder {
    type Ok = Tree;
    type Error = Error;
    type SerializeSeq = Parts<Tree>;
    type SerializeTuple = Parts<Tree>;
    type SerializeTupleStruct = Parts<Tree>;
    type SerializeTupleVariant = Parts<Tree>;
    type SerializeMap = Parts<(Tree, Tree)>;
    type SerializeStruct = Parts<(&'static str, Tree)>;
    type SerializeStructVariant = Parts<(&'static str, Tree)>;

    scalars! {
        serialize_bool: bool => Bool;
        serialize_i8: i8 => Int;
        serialize_i16: i16 => Int;
        serialize_i32: i32 => Int;
        serialize_i64: i64 => Int;
        serialize_u8: u8 => Uint;
        serialize_u16: u16 => Uint;
        serialize_u32: u32 => Uint;
        serialize_u64: u64 => Uint;
        serialize_f32: f32 => Float;
        serialize_f64: f64 => Float;
        serialize_char: char => Text;
        serialize_str: &str => Text;
        serialize_bytes: &[u8] => Bytes;
    }

    fn serialize_i128(self, value: i128) -> Result<Tree> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => Ok(Tree::Int(value)),
            (_, Ok(value)) => Ok(Tree::Uint(value)),
            _ => Err(Error::misuse("gob has no integers of more than 64 bits")),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<Tree> {
        match u64::try_from(value) {
            Ok(value) => Ok(Tree::Uint(value)),
            Err(_) => Err(Error::misuse("gob has no integers of more than 64 bits")),
        }
    }

    fn serialize_none(self) -> Result<Tree> {
        Ok(Tree::Nil)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree> {
        value.serialize(self.part()?)
    }

    fn serialize_unit(self) -> Result<Tree> {
        Ok(Tree::Nil)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Tree> {
        Ok(Tree::Struct(name, Vec::new()))
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<Tree> {
        Ok(Tree::Unit(variant, index))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Tree> {
        value.serialize(self.part()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Tree> {
        let data = value.serialize(self.part()?)?;
        Ok(Tree::Variant(name, variant, Box::new(data)))
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Parts<Tree>> {
        self.parts(Composite::Seq)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Parts<Tree>> {
        self.parts(Composite::Tuple)
    }

    fn serialize_tuple_struct(self, name: &'static str, _len: usize) -> Result<Parts<Tree>> {
        self.parts(Composite::TupleStruct(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Parts<Tree>> {
        // The variant is a level, and so is its data.
        self.part()?.parts(Composite::TupleVariant(name, variant))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Parts<(Tree, Tree)>> {
        self.parts(Composite::Map)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        _len: usize,
    ) -> Result<Parts<(&'static str, Tree)>> {
        self.parts(Composite::Struct(name))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Parts<(&'static str, Tree)>> {
        self.part()?.parts(Composite::StructVariant(name, variant))
    }
}

macro_rules! unnamed {
    ($($access:ident::$method:ident;)*) => {$(
        impl $access for Parts<Tree> {
            type Ok = Tree;
            type Error = Error;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.add(value)
            }
            fn end(self) -> Result<Tree> {
                Ok(self.finish())
            }
        }
    )*};
}

unnamed! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! named {
    ($($access:ident),*) => {$(
        impl $access for Parts<(&'static str, Tree)> {
            type Ok = Tree;
            type Error = Error;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<()> {
                self.add(name, value)
            }
            fn end(self) -> Result<Tree> {
                Ok(self.finish())
            }
        }
    )*};
}

named!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Parts<(Tree, Tree)> {
    type Ok = Tree;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = Some(key.serialize(self.part).map_err(Error::in_key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let Some(key) = self.key.take() else {
            return Err(ser::Error::custom("a value was given before its key"));
        };
        let place = self.parts.len();
        let value = value.serialize(self.part);
        self.parts
            .push((key, value.map_err(|error| error.in_index(place))?));
        Ok(())
    }

    fn end(self) -> Result<Tree> {
        Ok(Tree::Map(self.parts))
    }
}
