//! Layer 3: wire types, by id.

mod id;
mod predefined;
mod sent;
mod sparse;
mod table;
mod wire_type;

pub(crate) use predefined::DEFINITION_TYPES;

pub use id::TypeId;
pub(crate) use sent::{KeyHasher, Mark, SentTypes};
pub use table::TypeTable;
pub(crate) use table::builtin_kind;
pub use wire_type::{WireField, WireKind, WireType};
