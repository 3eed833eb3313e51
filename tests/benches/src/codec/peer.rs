//! [`Peer`]: a library that encodes and decodes.

use std::collections::HashMap;
use std::sync::Arc;

use gobrpc_codec::{Prepared, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::shapes::{by_serde, ours};
use crate::Result;

/// A library that encodes and decodes a value, as its documentation says it is
/// fastest.
pub trait Peer<T> {
    /// Appends a value to a stream that goes on.
    ///
    /// # Errors
    ///
    /// The peer's own.
    fn encode(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()>;

    /// The value in a part of a stream that goes on, owned.
    ///
    /// # Errors
    ///
    /// The peer's own.
    fn decode(&mut self, bytes: &[u8]) -> Result<T>;

    /// A value as a stream of its own. The same as [`Peer::encode`] for those who
    /// send no types.
    ///
    /// # Errors
    ///
    /// The peer's own.
    fn encode_once(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        self.encode(value, out)
    }

    /// The value of a stream of its own.
    ///
    /// # Errors
    ///
    /// The peer's own.
    fn decode_once(&mut self, bytes: &[u8]) -> Result<T> {
        self.decode(bytes)
    }

    /// Decodes a list of strings without copying them, and counts them.
    ///
    /// # Errors
    ///
    /// The peer's own, or that it cannot.
    fn borrow(&mut self, _bytes: &[u8]) -> Result<usize> {
        Err("this peer is not measured borrowing".into())
    }
}

/// This project, by its derive.
#[derive(Default)]
pub struct Gobrpc {
    encoder: gobrpc_codec::Encoder,
    decoder: gobrpc_codec::Decoder,
}

impl<T: gobrpc_codec::Encode + gobrpc_codec::DecodeOwned> Peer<T> for Gobrpc {
    fn encode(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        Ok(self.encoder.encode(value, out)?)
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<T> {
        let mut input = bytes;
        let value = self.decoder.decode_from(&mut input)?;
        value.ok_or_else(|| "nothing".into())
    }

    fn encode_once(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        Ok(gobrpc_codec::Encoder::new().encode(value, out)?)
    }

    fn decode_once(&mut self, bytes: &[u8]) -> Result<T> {
        Ok(gobrpc_codec::from_slice(bytes)?)
    }

    fn borrow(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut input = bytes;
        let strings: Option<Vec<&str>> = self.decoder.decode_from(&mut input)?;
        Ok(strings.map_or(0, |strings| strings.len()))
    }
}

/// This project by serde, without its derive: the schema is given, since serde
/// tells values and not types.
#[derive(Default)]
pub struct GobrpcSerde {
    schema: Option<Arc<Schema>>,
    encoder: gobrpc_codec::Encoder,
    decoder: gobrpc_codec::Decoder,
}

/// A type for serde, and the one for gob that says how it travels.
pub trait Twin {
    /// The same for gobrpc's derive.
    type Gob: gobrpc_codec::Gob;
}

macro_rules! twins {
    ($($serde:ty => $gob:ty;)*) => {$(
        impl Twin for $serde {
            type Gob = $gob;
        }
    )*};
}

twins! {
    by_serde::Point => ours::Point;
    by_serde::Mixed => ours::Mixed;
    Vec<by_serde::Mixed> => Vec<ours::Mixed>;
    HashMap<String, i64> => HashMap<String, i64>;
    Vec<f64> => Vec<f64>;
    Vec<u8> => Vec<u8>;
    serde_bytes::ByteBuf => Vec<u8>;
    Vec<String> => Vec<String>;
    by_serde::Node => ours::Node;
}

impl<T: Serialize + DeserializeOwned + Twin> Peer<T> for GobrpcSerde {
    fn encode(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        let schema = self
            .schema
            .get_or_insert_with(|| Arc::new(Schema::of::<T::Gob>()));
        let prepared = Prepared::from_serialize_as(value, schema)?;
        Ok(self.encoder.append(&prepared, out)?)
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<T> {
        self.decoder.feed(bytes);
        let raw = self.decoder.take()?.ok_or("nothing")?;
        Ok(raw.deserialize()?)
    }

    fn encode_once(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        self.encoder = gobrpc_codec::Encoder::new();
        self.encode(value, out)
    }

    fn decode_once(&mut self, bytes: &[u8]) -> Result<T> {
        Ok(gobrpc_codec::from_slice_serde(bytes)?)
    }
}

/// The published crate gobwire.
#[derive(Default)]
pub struct Gobwire {
    encoder: gobwire::Encoder,
    decoder: gobwire::Decoder,
}

fn decode_gobwire<T: gobwire::Decode + Default>(
    decoder: &mut gobwire::Decoder,
    mut bytes: &[u8],
) -> Result<T> {
    loop {
        let (width, length) = gobwire::parse_length_prefix(bytes)?.ok_or("a short stream")?;
        let body = &bytes[width..width + length];
        bytes = &bytes[width + length..];
        if decoder.push_message(body)? == gobwire::Progress::Ready {
            return Ok(decoder.decode()?);
        }
    }
}

impl<T: gobwire::Encode + gobwire::Decode + Default> Peer<T> for Gobwire {
    fn encode(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        Ok(self.encoder.encode_into(value, out)?)
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<T> {
        decode_gobwire(&mut self.decoder, bytes)
    }

    fn encode_once(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        Ok(gobwire::Encoder::new().encode_into(value, out)?)
    }

    fn decode_once(&mut self, bytes: &[u8]) -> Result<T> {
        decode_gobwire(&mut gobwire::Decoder::new(), bytes)
    }
}

/// The published crate bincode in its serde mode, with its standard configuration.
pub struct Bincode;

impl<T: Serialize + DeserializeOwned> Peer<T> for Bincode {
    fn encode(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        bincode::serde::encode_into_std_write(value, out, bincode::config::standard())?;
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<T> {
        Ok(bincode::serde::decode_from_slice(bytes, bincode::config::standard())?.0)
    }
}

/// The published crate postcard.
pub struct Postcard;

impl<T: Serialize + DeserializeOwned> Peer<T> for Postcard {
    fn encode(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        let buffer = std::mem::take(out);
        *out = postcard::to_extend(value, buffer)?;
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<T> {
        Ok(postcard::from_bytes(bytes)?)
    }
}

/// The published crate rmp-serde, structs as arrays.
pub struct MessagePack;

impl<T: Serialize + DeserializeOwned> Peer<T> for MessagePack {
    fn encode(&mut self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        Ok(rmp_serde::encode::write(out, value)?)
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<T> {
        Ok(rmp_serde::from_slice(bytes)?)
    }
}
