//! [`RawValue`]: a value that was received and not decoded yet.

use std::fmt;
use std::sync::Arc;

use super::PlanCache;
use super::stream::{Known, decode_by, merge_by};
use crate::decode::Decode;
use crate::error::Result;
use crate::schema::Schema;
use crate::short_bytes::ShortBytes;
use crate::types::{TypeId, TypeTable};
use crate::{Encoder, Limits, Prepared};

/// A value that was taken out of a stream undecoded.
///
/// It knows all types that it needs, so it can be decoded later, on another
/// thread, and into several types. A copy is cheap.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Decoder, to_vec};
///
/// let mut decoder = Decoder::new();
/// decoder.feed(&to_vec(&vec![1_i64, 2, 3])?);
/// let raw = decoder.take()?.expect("the stream is whole");
/// assert_eq!(raw.decode::<Vec<u8>>().is_err(), true);
/// assert_eq!(raw.decode::<Vec<i16>>()?, [1, 2, 3]);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Clone)]
pub struct RawValue {
    id: TypeId,
    bytes: ShortBytes,
    end: u64,
    known: Arc<Known>,
}

impl RawValue {
    pub(crate) fn new(id: TypeId, bytes: ShortBytes, end: u64, known: Arc<Known>) -> Self {
        Self {
            id,
            bytes,
            end,
            known,
        }
    }

    /// Decodes the value; it may borrow from this one.
    ///
    /// # Errors
    ///
    /// `Mismatch` if it does not fit `T`, `Malformed` if its bytes are not gob,
    /// `Limit` if it is too large or too deep.
    pub fn decode<'de, T: Decode<'de>>(&'de self) -> Result<T> {
        let plan = self
            .plans()
            .get::<T>(self.types(), self.id)
            .map_err(|error| error.at_offset(self.offset()))?;
        decode_by(&plan, &self.known, &self.bytes, self.end)
    }

    /// Decodes the value into one that is there: see
    /// [`Decoder::merge`](crate::Decoder::merge).
    ///
    /// # Errors
    ///
    /// As for [`RawValue::decode`]; what was read before the fault stays.
    pub fn merge<'de, T: Decode<'de>>(&'de self, into: &mut T) -> Result<()> {
        let plan = self
            .plans()
            .get::<T>(self.types(), self.id)
            .map_err(|error| error.at_offset(self.offset()))?;
        merge_by(&plan, &self.known, &self.bytes, self.end, into)
    }

    /// The types and plans that values of the stream share.
    pub(crate) fn plans(&self) -> &PlanCache {
        &self.known.plans
    }

    /// The wire type of the value.
    #[must_use]
    pub fn type_id(&self) -> TypeId {
        self.id
    }

    /// The types that its stream had defined when the value came.
    #[must_use]
    pub fn types(&self) -> &TypeTable {
        &self.known.types
    }

    /// The type of the value, as a schema.
    ///
    /// # Errors
    ///
    /// `Malformed` if the stream lacks a definition.
    pub fn schema(&self) -> Result<Schema> {
        self.types().schema(self.id)
    }

    /// The limits of the stream that the value came from.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.plans().limits()
    }

    /// The bytes of the value behind its type id.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Offset in the stream of the value's first byte; about that if the value
    /// spanned several messages.
    #[must_use]
    pub fn offset(&self) -> u64 {
        // A value that was put together may be longer than its messages.
        self.end.saturating_sub(self.bytes.len() as u64)
    }

    /// Offset in the stream of the value's end.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The value as one that stands alone: errors count bytes from its own first
    /// one on, and not from that of its stream.
    #[must_use]
    pub fn detached(mut self) -> Self {
        self.end = self.bytes.len() as u64;
        self
    }

    /// The value in memory of its own: a short value may otherwise keep a large
    /// buffer alive, of which it is a part.
    #[must_use]
    pub fn compact(mut self) -> Self {
        self.bytes = self.bytes.compact();
        self
    }

    /// Turns a value to send into one that was received, as if through a stream:
    /// for calls inside of one process.
    ///
    /// # Errors
    ///
    /// As for [`Encoder::append`] and [`Decoder::take`](crate::Decoder::take).
    pub fn from_prepared(prepared: &Prepared) -> Result<Self> {
        let mut stream = Vec::new();
        Encoder::new().append(prepared, &mut stream)?;
        let mut decoder = crate::Decoder::new();
        decoder.feed(&stream);
        match decoder.take()? {
            Some(raw) => Ok(raw),
            None => Err(crate::Error::truncated("a prepared value is not whole")),
        }
    }
}

impl fmt::Debug for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawValue(type {}, {} bytes)", self.id, self.bytes.len())
    }
}
