//! [`OpaqueValue`]: the bytes of a type that encodes itself.

use std::sync::Arc;

use super::TypeRef;
use crate::schema::{Edge, Kind, Name, Opaque, Prelude, Schema, Type};

/// The bytes of a type that encodes itself, and its type.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::OpaqueValue;
/// use gobrpc_codec::schema::Opaque;
///
/// let time = OpaqueValue::new(Opaque::Gob, "Time", vec![1, 2, 3]);
/// assert_eq!(time.name(), "Time");
/// assert_eq!(time.payload(), [1, 2, 3]);
/// ```
#[derive(Clone)]
pub struct OpaqueValue(Box<Inner>);

#[derive(Clone)]
struct Inner {
    ty: TypeRef,
    payload: Vec<u8>,
}

impl OpaqueValue {
    /// What an opaque value takes besides its bytes.
    pub(crate) const BYTES: usize = size_of::<Inner>();

    pub(crate) fn from_type(ty: TypeRef, payload: Vec<u8>) -> Self {
        Self(Box::new(Inner { ty, payload }))
    }

    /// The bytes that a type of this name wrote.
    #[must_use]
    pub fn new(kind: Opaque, name: &str, payload: Vec<u8>) -> Self {
        let root = Edge::to(0);
        let ty = Type {
            key: None,
            kind: Kind::Opaque(kind),
            name: name.into(),
            package: String::new(),
            beside: Vec::new(),
        };
        let schema = Schema {
            prelude: Prelude::default(),
            nodes: [ty].into_iter().collect(),
            root,
        };
        Self::from_type(TypeRef::new(&Arc::new(schema), root), payload)
    }

    /// Which of Go's interfaces wrote the bytes.
    #[must_use]
    pub fn kind(&self) -> Opaque {
        match self.0.ty.get().kind {
            Kind::Opaque(kind) => kind,
            _ => Opaque::Gob,
        }
    }

    /// Go's name of the type, without a package; often empty.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.ty.get().name()
    }

    /// The name with its bytes, which may not be UTF-8.
    #[must_use]
    pub fn full_name(&self) -> &Name {
        self.0.ty.get().full_name()
    }

    /// The bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.0.payload
    }

    /// The bytes, moved out.
    #[must_use]
    pub fn into_payload(self) -> Vec<u8> {
        self.0.payload
    }

    /// The schema that the type belongs to.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.0.ty.schema
    }

    /// The place of the type in the schema.
    #[must_use]
    pub fn edge(&self) -> Edge {
        self.0.ty.edge
    }

    pub(crate) fn ty(&self) -> &TypeRef {
        &self.0.ty
    }
}
