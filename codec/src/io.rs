//! Streams of values over `std::io`.

use std::io::{self, Read, Write};

use crate::error::{Error, Result};
use crate::{DecodeOwned, Decoder, Encode, Encoder, Limits, Prepared, RawValue, TypeTable, Value};

/// Reads values one by one from a reader, in memory for one value at a time.
///
/// It reads ahead by at most 64 KiB, and grows its buffer only with bytes that
/// came: a length alone buys no memory.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{ReadDecoder, to_vec};
///
/// let stream = [to_vec(&1_i64)?, to_vec(&"two")?].concat();
/// let mut values = ReadDecoder::new(stream.as_slice());
/// assert_eq!(values.decode::<i64>()?, Some(1));
/// assert_eq!(values.decode::<String>()?.as_deref(), Some("two"));
/// assert_eq!(values.decode::<String>()?, None);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug)]
pub struct ReadDecoder<R> {
    reader: R,
    decoder: Decoder,
}

/// Bytes that are read at once.
const STEP: usize = 64 << 10;

impl<R: Read> ReadDecoder<R> {
    /// Reads a stream from its start.
    pub fn new(reader: R) -> Self {
        Self::with_limits(reader, Limits::default())
    }

    /// Reads a stream within other limits than the default ones.
    pub fn with_limits(reader: R, limits: Limits) -> Self {
        Self {
            reader,
            decoder: Decoder::with_limits(limits),
        }
    }

    /// Decodes the next value; `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::decode`]; `Truncated` if the stream ends inside of a
    /// value, `Io` if the reader fails.
    pub fn decode<T: DecodeOwned>(&mut self) -> Result<Option<T>> {
        if !self.fill()? {
            return Ok(None);
        }
        self.decoder.decode()
    }

    /// Decodes the next value into one that is there, as Go does; `false` at the
    /// end of the stream. See [`Decoder::merge`].
    ///
    /// # Errors
    ///
    /// As for [`Decoder::merge`] and [`ReadDecoder::decode`].
    pub fn merge<T: DecodeOwned>(&mut self, into: &mut T) -> Result<bool> {
        if !self.fill()? {
            return Ok(false);
        }
        self.decoder.merge(into)
    }

    /// Decodes the next value without a local type; `None` at the end of the
    /// stream.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::decode_value`] and [`ReadDecoder::decode`].
    pub fn decode_value(&mut self) -> Result<Option<Value>> {
        if !self.fill()? {
            return Ok(None);
        }
        self.decoder.decode_value()
    }

    /// Takes the next value out of the stream, undecoded; `None` at the end of
    /// the stream.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::take`] and [`ReadDecoder::decode`].
    pub fn take(&mut self) -> Result<Option<RawValue>> {
        if !self.fill()? {
            return Ok(None);
        }
        self.decoder.take()
    }

    /// Skips the next value; `false` at the end of the stream.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::skip`] and [`ReadDecoder::decode`].
    pub fn skip(&mut self) -> Result<bool> {
        if !self.fill()? {
            return Ok(false);
        }
        self.decoder.skip()
    }

    /// Reads until the next value is whole; `false` at the end of the stream.
    fn fill(&mut self) -> Result<bool> {
        while !self.decoder.advance()? {
            if !self.read()? {
                self.decoder.finish()?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads once; `false` at the end.
    fn read(&mut self) -> Result<bool> {
        let buf = self.decoder.buffer();
        let start = buf.len();
        buf.resize(start + STEP, 0);
        let count = loop {
            match self.reader.read(buf.get_mut(start..).unwrap_or_default()) {
                Ok(count) => break Ok(count.min(STEP)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        buf.truncate(start + *count.as_ref().unwrap_or(&0));
        match count {
            Ok(count) => Ok(count > 0),
            Err(error) => Err(Error::io(&error).at_offset(self.decoder.offset())),
        }
    }

    /// The types that the stream has defined so far.
    #[must_use]
    pub fn types(&self) -> &TypeTable {
        self.decoder.types()
    }

    /// Offset in the stream of the first byte that no value has used.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.decoder.offset()
    }

    /// The reader, which may be ahead of the values.
    #[must_use]
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The reader and the decoder, which holds what was read ahead.
    #[must_use]
    pub fn into_parts(self) -> (R, Decoder) {
        (self.reader, self.decoder)
    }
}

/// Writes values to a writer, each as whole messages.
///
/// A value that cannot be encoded writes nothing, and the stream goes on. After
/// the writer has failed, the stream is lost, as some of a message may have been
/// written.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{ReadDecoder, WriteEncoder};
///
/// let mut values = WriteEncoder::new(Vec::new());
/// values.encode(&1_i64)?;
/// values.encode("two")?;
/// let stream = values.into_inner();
/// let mut values = ReadDecoder::new(stream.as_slice());
/// assert_eq!(values.decode::<i64>()?, Some(1));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug)]
pub struct WriteEncoder<W> {
    writer: W,
    encoder: Encoder,
    buf: Vec<u8>,
    failed: bool,
}

impl<W: Write> WriteEncoder<W> {
    /// Writes a new stream.
    pub fn new(writer: W) -> Self {
        Self::with_limits(writer, Limits::default())
    }

    /// Writes a new stream within other limits than the default ones.
    pub fn with_limits(writer: W, limits: Limits) -> Self {
        Self::from_encoder(writer, Encoder::with_limits(limits))
    }

    /// Writes what an encoder makes, which may have options or have begun the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use gobrpc_codec::{Encoder, WriteEncoder};
    ///
    /// let mut values = WriteEncoder::from_encoder(Vec::new(), Encoder::new().sorted_maps());
    /// values.encode(&HashMap::from([("b", 2_u64), ("a", 1)]))?;
    /// assert!(values.into_inner().ends_with(b"\x02\x01a\x01\x01b\x02"));
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn from_encoder(writer: W, encoder: Encoder) -> Self {
        Self {
            writer,
            encoder,
            buf: Vec::new(),
            failed: false,
        }
    }

    /// Writes a value, and the type definitions that it needs.
    ///
    /// # Errors
    ///
    /// As for [`Encoder::encode`], and then nothing was written; `Io` if the
    /// writer fails or has failed before.
    pub fn encode<T: Encode + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.write(|encoder, buf| encoder.encode(&value, buf))
    }

    /// Writes a [prepared](Prepared) value.
    ///
    /// # Errors
    ///
    /// As for [`Encoder::append`] and [`WriteEncoder::encode`].
    pub fn append(&mut self, prepared: &Prepared) -> Result<()> {
        self.write(|encoder, buf| encoder.append(prepared, buf))
    }

    /// Writes a value that knows its own type.
    ///
    /// # Errors
    ///
    /// As for [`Prepared::from_value`] and [`WriteEncoder::encode`].
    pub fn encode_value(&mut self, value: &Value) -> Result<()> {
        self.append(&Prepared::from_value(value)?)
    }

    fn write(
        &mut self,
        encode: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        if self.failed {
            return Err(lost());
        }
        self.buf.clear();
        encode(&mut self.encoder, &mut self.buf)?;
        if let Err(error) = self.writer.write_all(&self.buf) {
            self.failed = true;
            return Err(Error::io(&error));
        }
        // One large value must not hold its memory for good.
        self.buf.clear();
        self.buf.shrink_to(STEP);
        Ok(())
    }

    /// Flushes the writer.
    ///
    /// # Errors
    ///
    /// `Io` if that fails.
    pub fn flush(&mut self) -> Result<()> {
        if self.failed {
            return Err(lost());
        }
        self.writer.flush().map_err(|error| {
            self.failed = true;
            Error::io(&error)
        })
    }

    /// The writer.
    #[must_use]
    pub fn get_ref(&self) -> &W {
        &self.writer
    }

    /// The writer, which was not flushed.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.writer
    }
}

#[cold]
fn lost() -> Error {
    Error::io(&io::Error::new(
        io::ErrorKind::BrokenPipe,
        "the stream was lost by an earlier error; open a new one",
    ))
}

/// A failure of the underlying reader or writer; the stream is lost.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::io(&error)
    }
}
