//! Layer 1: scalars as bytes.
//!
//! [`Writer`] appends, [`Reader`] takes from a bounded slice. Both know nothing
//! of messages and types but what a `plan` tells the reader.

mod reader;
mod writer;

pub use reader::{HeldValue, Reader, StructFields};
pub(crate) use reader::{uint as read_uint, uint_to_float, uint_to_int};
pub use writer::Writer;
pub(crate) use writer::{check_name, float_bytes, int_to_uint, put_uint, uint_bytes, uint_len};
