//! [`EncodedType`]: the type of encoded bytes.

use std::any::TypeId as RustType;
use std::sync::Arc;

use crate::Gob;
use crate::schema::{Edge, Kind, Schema};
use crate::types::{SentTypes, TypeId};

/// The type of a value that is encoded, but has no id yet: ids belong to a stream.
#[derive(Debug, Clone)]
pub(crate) enum EncodedType {
    /// A Rust type. Behind so many pointers, which show in the definition of a
    /// type that encodes itself.
    Rust {
        key: RustType,
        schema: fn() -> &'static Schema,
        pointers: u8,
    },
    /// A type that was built at run time.
    Dynamic(Arc<Schema>),
}

impl EncodedType {
    pub(crate) fn of<T: Gob + ?Sized>() -> Self {
        Self::Rust {
            key: RustType::of::<T::Static>(),
            schema: T::schema,
            pointers: 0,
        }
    }

    /// The concrete type `T` of an interface's value. Go registers pointers under
    /// names that begin with a star.
    pub(crate) fn concrete<T: Gob + ?Sized>(name: &str) -> Self {
        let stars = name.bytes().take_while(|&byte| byte == b'*').count();
        Self::Rust {
            key: RustType::of::<T::Static>(),
            schema: T::schema,
            pointers: u8::try_from(stars).unwrap_or(u8::MAX),
        }
    }

    pub(crate) fn schema(&self) -> &Schema {
        match self {
            Self::Rust { schema, .. } => schema(),
            Self::Dynamic(schema) => schema,
        }
    }

    /// True for what is no struct, and so is sent as the only field of one,
    /// without the distance to it (`encode.go`, `encodeSingle`).
    pub(crate) fn is_singleton(&self) -> bool {
        is_singleton(self.schema())
    }

    /// The type's id in a stream; definitions that the peer lacks are appended to
    /// `out`.
    pub(crate) fn define(&self, types: &mut SentTypes, out: &mut Vec<u8>) -> TypeId {
        match self {
            Self::Rust {
                schema, pointers, ..
            } => {
                let schema = schema();
                let root = schema.root();
                let root = Edge {
                    pointers: root.pointers.max(*pointers),
                    ..root
                };
                types.define_static(schema, root, out)
            }
            Self::Dynamic(schema) => types.define_dynamic(schema, out),
        }
    }
}

/// True if the schema's values are no structs.
pub(crate) fn is_singleton(schema: &Schema) -> bool {
    !matches!(schema.root_type().kind(), Kind::Struct(_))
}
