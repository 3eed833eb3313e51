//! Layer 1: scalars as bytes.
//!
//! [`Writer`] appends, [`Reader`] takes from a bounded slice. Both know nothing
//! of messages and types but what a `plan` tells the reader.

mod reader;
mod writer;

pub(crate) use reader::uint as read_uint;
pub use reader::{HeldValue, Reader, StructFields};
pub use writer::Writer;
pub(crate) use writer::{check_name, int_to_uint, put_uint, uint_bytes, uint_len};
