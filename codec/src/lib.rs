//! Go's `encoding/gob` for Rust: wire-compatible both ways, streaming, and safe
//! on hostile input.
//!
//! What this crate does not do: it opens no files and sockets, has no runtime
//! and reads no clock. `gobrpc-protocol` puts net/rpc on top of it.
//!
//! The layers, in reading order; each uses those above it only:
//!
//! | layer | module | what |
//! |---|---|---|
//! | bytes | `wire` | scalars: [`Writer`], [`Reader`] |
//! | messages | `message` | delimited by their lengths |
//! | types | [`schema`], `types` | Rust types and wire types as graphs |
//! | values | `plan`, `walk`, `impls` | a wire type onto a local one |
//! | Go's types | [`go`], `marshal` | those that encode themselves |
//! | streams | [`Encoder`], [`Decoder`] | many values, each type defined once |
//! | any value | [`Value`], `serde`, `io`, `framed` | without Go types, or by other traits |
//!
//! The module [`spec`] is the format itself, in numbered sections.

// The derive macro names this crate; so can its own tests and examples.
extern crate self as gobrpc_codec;

mod chunks;
mod decode;
mod decoder;
pub mod dump;
mod encode;
mod encoder;
mod error;
#[cfg(feature = "framed")]
mod framed;
pub mod go;
mod gob;
mod impls;
pub mod inspect;
mod interface;
mod io;
mod limits;
mod marshal;
mod message;
mod plan;
pub mod schema;
mod serde;
mod short_bytes;
#[doc = include_str!("spec.md")]
pub mod spec {}
mod steps;
mod types;
mod value;
mod walk;
mod wire;

pub use self::serde::from_slice_serde;
pub use decode::Decode;
pub use decoder::{Decoder, RawValue, borrow_from_slice, from_slice, from_slice_with};
pub use encode::Encode;
pub use encoder::{Checkpoint, Encoder, Prepared};
pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "framed")]
pub use framed::GobCodec;
pub use gob::Gob;
#[cfg(feature = "derive")]
pub use gobrpc_derive::Gob;
pub use impls::GoString;
pub use interface::TypeNames;
pub use io::{ReadDecoder, WriteEncoder};
pub use limits::Limits;
#[doc(hidden)]
pub use marshal::read as unmarshal_from;
pub use marshal::{Marshal, Unmarshal};
pub use plan::NodeId;
pub use schema::{Edge, Kind, Schema, SchemaBuilder, StructBuilder};
pub use types::{TypeId, TypeTable, WireField, WireKind, WireType};
pub use value::{Interface, List, Map, MapIter, OpaqueValue, Struct, Value};
pub use wire::{HeldValue, Reader, StructFields, Writer};

// The examples of the README are tests.
#[cfg(all(doctest, feature = "derive"))]
#[doc = include_str!("../README.md")]
mod readme {}

/// A value that can be decoded without borrowing from its bytes.
///
/// # Examples
///
/// What a function asks for that reads from bytes which it does not give back:
///
/// ```
/// use gobrpc_codec::{DecodeOwned, ReadDecoder, Result};
///
/// /// Gives each value of a stream to `take`.
/// fn each<T: DecodeOwned>(stream: &[u8], mut take: impl FnMut(T)) -> Result<()> {
///     let mut decoder = ReadDecoder::new(stream);
///     while let Some(value) = decoder.decode::<T>()? {
///         take(value);
///     }
///     Ok(())
/// }
///
/// let mut sum = 0;
/// each(&gobrpc_codec::to_vec(&42_i64)?, |number: i64| sum += number)?;
/// assert_eq!(sum, 42);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be decoded from gob without borrowing from it",
    label = "no owned gob decoding",
    note = "for a struct or newtype of yours, write `#[derive(Gob)]`",
    note = "instead of `&str` and `&[u8]` use `String` and `Vec<u8>`"
)]
pub trait DecodeOwned: for<'de> Decode<'de> {}

impl<T: for<'de> Decode<'de>> DecodeOwned for T {}

/// Encodes one value as a stream of its own.
///
/// # Errors
///
/// As for [`Encoder::encode`].
///
/// # Examples
///
/// ```
/// assert_eq!(gobrpc_codec::to_vec(&22_i64)?, [0x03, 0x04, 0x00, 0x2c]);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub fn to_vec<T: Encode>(value: &T) -> Result<Vec<u8>> {
    let mut stream = Vec::new();
    Encoder::new().encode(value, &mut stream)?;
    Ok(stream)
}
