//! [`Prelude`]: the definitions with which a stream of one type begins.

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use crate::decoder::Own;
use crate::types::TypeId;

/// The definitions with which a stream begins whose first value is of a schema's
/// type. They depend on the schema alone, so that they are made once.
///
/// It is no part of what a schema is: schemas with and without are equal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prelude {
    defined: OnceLock<Defined>,
    own: OnceLock<Option<Box<Own>>>,
}

/// What a [`Prelude`] holds.
#[derive(Debug, Clone)]
pub(crate) struct Defined {
    /// The definitions, as they are sent.
    pub(crate) bytes: Box<[u8]>,
    /// The id of the type.
    pub(crate) id: TypeId,
    /// How many ids it and its parts take.
    pub(crate) ids: usize,
}

impl Prelude {
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Defined) -> &Defined {
        self.defined.get_or_init(make)
    }

    /// What decodes the values of a stream that begins with it.
    pub(crate) fn own(&self, make: impl FnOnce() -> Option<Own>) -> Option<&Own> {
        self.own.get_or_init(|| make().map(Box::new)).as_deref()
    }
}

impl PartialEq for Prelude {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Prelude {}

impl Hash for Prelude {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
