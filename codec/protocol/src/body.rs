//! Bodies: [`Payload`] on its way out, [`Body`] as it came in.

use bytes::Bytes;
use gobrpc_codec::{Decode, DecodeOwned, Encode, Prepared, RawValue, Schema};

use crate::error::{Error, Result};

/// A body to send: encoded once, it goes out on any connection as often as
/// needed.
///
/// A copy is cheap, which is what retries, hedging and balancing need: type ids
/// belong to a connection, so bytes that were written to one mean nothing on
/// another.
#[derive(Debug, Clone)]
pub struct Payload(Prepared);

impl Payload {
    /// Encodes a value.
    ///
    /// # Errors
    ///
    /// If gob cannot express it, or it nests too deep.
    pub fn new<T: Encode>(value: &T) -> Result<Self> {
        Ok(Self(Prepared::new(value)?))
    }

    /// Bytes of the value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if the value takes no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The type of the value.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.0.schema()
    }

    /// The value as gob knows it.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        &self.0
    }
}

impl From<Prepared> for Payload {
    fn from(prepared: Prepared) -> Self {
        Self(prepared)
    }
}

/// A body that was received and not decoded yet.
#[derive(Debug, Clone)]
pub struct Body(RawValue);

impl Body {
    /// Decodes the body.
    ///
    /// # Errors
    ///
    /// If it does not fit `T`; the message starts with `gob:`, as Go's does. Bytes
    /// count from the beginning of the body.
    pub fn decode<T: DecodeOwned>(&self) -> Result<T> {
        Ok(self.0.decode()?)
    }

    /// Decodes the body as the argument of a call: an error says so, since it is
    /// the caller who reads it.
    ///
    /// # Errors
    ///
    /// As for [`Body::decode`].
    pub fn decode_argument<T: DecodeOwned>(&self) -> Result<T> {
        self.0
            .decode()
            .map_err(|error| Error::of_part("the argument", error))
    }

    /// Decodes the body into a value that may borrow from it.
    ///
    /// # Errors
    ///
    /// As for [`Body::decode`].
    pub fn borrow<'de, T: Decode<'de>>(&'de self) -> Result<T> {
        Ok(self.0.decode()?)
    }

    /// The value as gob knows it.
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.0
    }

    /// The bytes of the value.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        self.0.bytes()
    }
}

impl From<RawValue> for Body {
    fn from(raw: RawValue) -> Self {
        Self(raw.detached())
    }
}

impl TryFrom<&Payload> for Body {
    type Error = Error;

    /// The body as a peer would receive it: for calls inside of one process.
    fn try_from(payload: &Payload) -> Result<Self> {
        Ok(Self(RawValue::from_prepared(&payload.0)?))
    }
}
