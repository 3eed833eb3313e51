//! [`GobCodec`]: gob as a codec of tokio-util.

use std::fmt;
use std::marker::PhantomData;

use bytes::{Buf, BytesMut};

use crate::error::{Error, Result};
use crate::{DecodeOwned, Decoder, Encode, Encoder, Limits};

/// Gob as a codec of [`tokio_util`]: values of `In` come in, values of `Out` go
/// out.
///
/// After an error that is not fatal a bare `GobCodec` goes on; `Framed` itself
/// ends the stream after any error.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use gobrpc_codec::GobCodec;
/// use tokio_util::codec::{Decoder, Encoder};
///
/// let mut codec = GobCodec::<String, String>::new();
/// let mut wire = BytesMut::new();
/// codec.encode("hello".to_owned(), &mut wire)?;
/// assert_eq!(codec.decode(&mut wire)?, Some("hello".to_owned()));
/// assert_eq!(codec.decode(&mut wire)?, None);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub struct GobCodec<In, Out> {
    decoder: Decoder,
    encoder: Encoder,
    buf: Vec<u8>,
    types: PhantomData<fn(Out) -> In>,
}

impl<In, Out> GobCodec<In, Out> {
    /// A codec for two new streams, one each way.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A codec with other limits than the default ones.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            decoder: Decoder::with_limits(limits),
            encoder: Encoder::with_limits(limits),
            buf: Vec::new(),
            types: PhantomData,
        }
    }

    /// Moves all bytes into the decoder.
    fn take_in(&mut self, src: &mut BytesMut) {
        let buf = self.decoder.buffer();
        if buf.is_empty() {
            // No copy: the buffers change places, and their memory is used again.
            std::mem::swap(buf, src);
        } else {
            buf.extend_from_slice(src);
        }
        src.clear();
    }
}

impl<In, Out> Default for GobCodec<In, Out> {
    fn default() -> Self {
        Self::new()
    }
}

impl<In, Out> fmt::Debug for GobCodec<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GobCodec")
            .field("decoder", &self.decoder)
            .field("encoder", &self.encoder)
            .finish_non_exhaustive()
    }
}

impl<In: DecodeOwned, Out> tokio_util::codec::Decoder for GobCodec<In, Out> {
    type Item = In;
    type Error = Error;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<In>> {
        if src.has_remaining() {
            self.take_in(src);
        }
        match self.decoder.decode() {
            Ok(None) => {}
            decoded => return decoded,
        }
        let have = self.decoder.buffer().len();
        src.reserve(self.decoder.wanted().saturating_sub(have));
        Ok(None)
    }

    /// `Truncated` if the stream ends inside of a value.
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<In>> {
        match self.decode(src)? {
            Some(value) => Ok(Some(value)),
            None => {
                self.decoder.finish()?;
                Ok(None)
            }
        }
    }
}

impl<In, Out: Encode> tokio_util::codec::Encoder<Out> for GobCodec<In, Out> {
    type Error = Error;

    fn encode(&mut self, value: Out, dst: &mut BytesMut) -> Result<()> {
        const KEEP: usize = 64 << 10;
        self.buf.clear();
        self.encoder.encode(&value, &mut self.buf)?;
        dst.extend_from_slice(&self.buf);
        // One large value must not hold its memory for good.
        self.buf.clear();
        self.buf.shrink_to(KEEP);
        Ok(())
    }
}
