//! Zeros of types, as [`Value`]s.

use std::sync::Arc;

use super::{Interface, List, Map, OpaqueValue, Struct, TypeRef, Value};
use crate::GoString;
use crate::error::{Error, Result};
use crate::schema::{Edge, Kind, Schema};

/// Most elements that the zero of an array may have: a length is a few bytes in
/// a type definition, and its elements are made of nothing.
const ELEMENTS: usize = 1 << 20;

impl Value {
    /// The zero of a type: what a field is that was not sent.
    ///
    /// A struct has no field sent, slices and maps are empty, an interface holds
    /// nothing, an array has all its elements.
    ///
    /// # Errors
    ///
    /// `Limit` if the zero is an array of more than 2^20 elements, counted
    /// through arrays of arrays; `Misuse` if an array is its own element.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use gobrpc_codec::{SchemaBuilder, Value};
    ///
    /// let mut builder = SchemaBuilder::new();
    /// let int = builder.int();
    /// let array = builder.array_of(int, 2);
    /// let schema = Arc::new(builder.build(array));
    /// let zero = Value::zero(&schema, schema.root())?;
    /// assert_eq!(zero, Value::of(&[0_i64, 0])?);
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn zero(schema: &Arc<Schema>, edge: Edge) -> Result<Self> {
        // Arrays from the outside in, and the first type that is none.
        let mut arrays = Vec::new();
        let mut elements = 1_usize;
        let mut elem = edge;
        while let Kind::Array(inner, length) = schema.get(elem).kind {
            arrays.push((elem, length));
            elements = elements.saturating_mul(length);
            if length == 0 {
                break;
            }
            if arrays.len() > schema.types().count() {
                return Err(Error::misuse("an array is its own element"));
            }
            elem = inner;
        }
        if elements > ELEMENTS {
            return Err(Error::mismatch(format!(
                "an array of more than {ELEMENTS} elements was not sent"
            )));
        }
        let mut value = Self::flat_zero(schema, elem);
        for (array, length) in arrays.into_iter().rev() {
            let items = vec![value; length];
            value = Self::Array(List::with_schema(schema, array, items));
        }
        Ok(value)
    }

    /// The zero of a type that is no array.
    fn flat_zero(schema: &Arc<Schema>, edge: Edge) -> Self {
        let ty = TypeRef::new(schema, edge);
        match &schema.get(edge).kind {
            Kind::Bool => Self::Bool(false),
            Kind::Int => Self::Int(0),
            Kind::Uint => Self::Uint(0),
            Kind::Float => Self::Float(0.0),
            Kind::Complex => Self::Complex(0.0, 0.0),
            Kind::Bytes => Self::Bytes(Vec::new()),
            Kind::String => Self::String(GoString::default()),
            Kind::Interface => Self::Interface(Interface::nil()),
            Kind::Struct(_) => Self::Struct(Struct::new(ty, Vec::new(), Vec::new())),
            Kind::Slice(_) => Self::Slice(List::new(ty, Vec::new())),
            Kind::Array(..) => Self::Array(List::new(ty, Vec::new())),
            Kind::Map(..) => Self::Map(Map::new(ty, Vec::new())),
            Kind::Opaque(_) => Self::Opaque(OpaqueValue::from_type(ty, Vec::new())),
        }
    }
}
