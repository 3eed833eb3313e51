//! Twins that several families use.

use gobrpc_codec::{
    Decode, Edge, Encode, Gob, Kind, NodeId, Reader, Result, SchemaBuilder, Writer,
};

#[derive(Gob, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) x: i64,
    pub(crate) y: i64,
}

pub(crate) fn point(x: i64, y: i64) -> Point {
    Point { x, y }
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) score: f64,
}

pub(crate) fn inner(name: &str, score: f64) -> Inner {
    Inner {
        name: name.to_owned(),
        score,
    }
}

pub(crate) fn none() -> Inner {
    inner("", 0.0)
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Empty {}

#[derive(Gob, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ID(pub(crate) i64);

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Names(pub(crate) Vec<String>);

pub(crate) fn names(name: &str) -> Names {
    Names(vec![name.to_owned()])
}

/// Go's complex numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Complex(pub(crate) f64, pub(crate) f64);

impl Gob for Complex {
    type Static = Self;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        schema.scalar::<Self>(Kind::Complex, "complex128")
    }
}

impl Encode for Complex {
    fn encode(&self, writer: &mut Writer) -> Result<()> {
        writer.float(self.0);
        writer.float(self.1);
        Ok(())
    }
    fn is_zero(&self) -> bool {
        self.0 == 0.0 && self.1 == 0.0
    }
}

impl<'de> Decode<'de> for Complex {
    fn decode(reader: &mut Reader<'de, '_>, _plan: NodeId) -> Result<Self> {
        Ok(Self(reader.float()?, reader.float()?))
    }
    fn zero() -> Result<Self> {
        Ok(Self(0.0, 0.0))
    }
}
