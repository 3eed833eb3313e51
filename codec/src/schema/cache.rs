//! The schemas of Rust types, built once per process.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::{Schema, SchemaBuilder};
use crate::Gob;

/// Facts about Rust types only, never peer data; as many as the program has
/// types.
static SCHEMAS: RwLock<Option<HashMap<TypeId, &'static Schema>>> = RwLock::new(None);

impl Schema {
    /// The schema of `T`.
    pub(crate) fn cached<T: Gob + ?Sized>() -> &'static Self {
        let key = TypeId::of::<T::Static>();
        if let Some(schema) = SCHEMAS
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .and_then(|schemas| schemas.get(&key))
        {
            return schema;
        }
        // Built without the lock: describing a type may ask for other schemas.
        let schema = Self::of::<T>();
        SCHEMAS
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(HashMap::new)
            .entry(key)
            .or_insert_with(|| Box::leak(Box::new(schema)))
    }

    /// Builds the schema of `T` anew; [`Gob::schema`] keeps it.
    #[must_use]
    pub fn of<T: Gob + ?Sized>() -> Self {
        let mut builder = SchemaBuilder::new();
        let root = T::describe(&mut builder);
        builder.build(root)
    }
}
