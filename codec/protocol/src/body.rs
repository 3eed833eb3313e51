//! Bodies: [`Payload`] on its way out, [`Body`] as it came in.

use std::borrow::Cow;

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

/// Bodies below this are copied out of the buffer that they came in when they
/// have to wait: it may be 128 KiB for a few bytes.
const COPY_MAX: usize = 16 << 10;

/// A body that was received and not decoded yet: gob, or another codec's.
#[derive(Debug, Clone)]
pub struct Body(Form);

#[derive(Debug, Clone)]
enum Form {
    Gob(RawValue),
    #[cfg(feature = "jsonrpc")]
    Json(crate::jsonrpc::JsonBody),
    #[cfg(feature = "msgpack")]
    Msgpack(crate::msgpack::MsgpackBody),
}

impl Form {
    /// The value as gob, of the type that it is to be decoded as.
    #[cfg_attr(
        not(any(feature = "jsonrpc", feature = "msgpack")),
        expect(clippy::extra_unused_type_parameters, reason = "gob knows its types")
    )]
    fn to_raw<T: DecodeOwned>(&self) -> Result<Cow<'_, RawValue>> {
        Ok(match self {
            Self::Gob(raw) => Cow::Borrowed(raw),
            #[cfg(feature = "jsonrpc")]
            Self::Json(json) => Cow::Owned(json.to_raw(T::schema())?),
            #[cfg(feature = "msgpack")]
            Self::Msgpack(msgpack) => Cow::Owned(msgpack.to_raw(T::schema())?),
        })
    }
}

impl Body {
    /// Decodes the body.
    ///
    /// # Errors
    ///
    /// If it does not fit `T`; the message starts with `gob:`, as Go's does, or
    /// with the name of the codec. Bytes count from the beginning of the body.
    pub fn decode<T: DecodeOwned>(&self) -> Result<T> {
        Ok(self.0.to_raw::<T>()?.decode()?)
    }

    /// Decodes the body as the argument of a call: an error says so, since it is
    /// the caller who reads it.
    ///
    /// # Errors
    ///
    /// As for [`Body::decode`].
    pub fn decode_argument<T: DecodeOwned>(&self) -> Result<T> {
        let raw = self.0.to_raw::<T>()?;
        raw.decode()
            .map_err(|error| Error::of_part("the argument", error))
    }

    /// Decodes the body into a value that may borrow from it.
    ///
    /// # Errors
    ///
    /// As for [`Body::decode`]; `Unimplemented` for other codecs than gob, whose
    /// values stand nowhere as they are.
    pub fn borrow<'de, T: Decode<'de>>(&'de self) -> Result<T> {
        match &self.0 {
            Form::Gob(raw) => Ok(raw.decode()?),
            #[cfg(feature = "jsonrpc")]
            Form::Json(_) => Err(Error::unimplemented(
                "json: nothing can be borrowed from JSON: decode an owned type",
            )),
            #[cfg(feature = "msgpack")]
            Form::Msgpack(_) => Err(Error::unimplemented(
                "msgpack: nothing can be borrowed from msgpack: decode an owned type",
            )),
        }
    }

    /// The value as gob knows it; `None` for other codecs, where it is one only for a
    /// type.
    #[must_use]
    pub fn raw(&self) -> Option<&RawValue> {
        match &self.0 {
            Form::Gob(raw) => Some(raw),
            #[cfg(feature = "jsonrpc")]
            Form::Json(_) => None,
            #[cfg(feature = "msgpack")]
            Form::Msgpack(_) => None,
        }
    }

    /// The body as one that may wait for long: a short one keeps no more memory
    /// than it needs.
    pub(crate) fn compact(self) -> Self {
        match self.0 {
            Form::Gob(raw) if raw.bytes().len() < COPY_MAX => Self(Form::Gob(raw.compact())),
            form => Self(form),
        }
    }

    /// The bytes of the value, in gob or as its codec has it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Gob(raw) => raw.bytes(),
            #[cfg(feature = "jsonrpc")]
            Form::Json(json) => json.text(),
            #[cfg(feature = "msgpack")]
            Form::Msgpack(msgpack) => msgpack.bytes(),
        }
    }
}

impl From<RawValue> for Body {
    fn from(raw: RawValue) -> Self {
        Self(Form::Gob(raw.detached()))
    }
}

#[cfg(feature = "jsonrpc")]
impl From<crate::jsonrpc::JsonBody> for Body {
    fn from(json: crate::jsonrpc::JsonBody) -> Self {
        Self(Form::Json(json))
    }
}

#[cfg(feature = "msgpack")]
impl From<crate::msgpack::MsgpackBody> for Body {
    fn from(msgpack: crate::msgpack::MsgpackBody) -> Self {
        Self(Form::Msgpack(msgpack))
    }
}

impl TryFrom<&Payload> for Body {
    type Error = Error;

    /// The body as a peer would receive it: for calls inside of one process.
    fn try_from(payload: &Payload) -> Result<Self> {
        Ok(Self(Form::Gob(RawValue::from_prepared(&payload.0)?)))
    }
}
