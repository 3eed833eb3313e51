//! Interfaces: values that bring the name of their concrete type along.

mod encoded_type;
mod marks;
mod names;

pub(crate) use encoded_type::{EncodedType, is_singleton};
pub(crate) use marks::{Heads, InterfaceMark, write_inline};
pub use names::TypeNames;
