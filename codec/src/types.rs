//! Layer 3: wire types, by id.

mod id;
mod sent;
mod table;
mod wire_type;
pub(crate) use table::builtin_kind;

pub use id::TypeId;
pub(crate) use sent::{KeyHasher, Mark, SentTypes};
pub use table::TypeTable;
pub use wire_type::{WireField, WireKind, WireType};
