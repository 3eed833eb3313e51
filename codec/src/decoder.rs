//! [`Decoder`]: a stream of bytes as values.

mod holding;
mod input;
mod own;
mod plans;
mod raw;
mod stream;

pub(crate) use own::Own;
pub(crate) use plans::PlanCache;
pub use raw::RawValue;
pub(crate) use stream::{Known, Message, Stream};

use bytes::{Buf, BytesMut};

use crate::decode::Decode;
use crate::error::{Error, Result};
use crate::message;
use crate::short_bytes::ShortBytes;
use crate::steps::steps;
use crate::types::{TypeId, TypeTable};
use crate::{DecodeOwned, Limits, Value};

/// Turns one gob stream back into values.
///
/// It does no I/O: bytes go in by [`Decoder::feed`] or [`Decoder::buffer`],
/// values come out. Values may borrow from it until the next call.
///
/// After an error for which [`Error::is_fatal`] is false, the next value of the
/// stream still decodes.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Decoder, to_vec};
///
/// let stream = to_vec(&"hello")?;
/// let mut decoder = Decoder::new();
/// decoder.feed(&stream[..4]);
/// assert_eq!(decoder.decode::<&str>()?, None);
/// decoder.feed(&stream[4..]);
/// assert_eq!(decoder.decode::<&str>()?, Some("hello"));
/// assert_eq!(decoder.decode::<&str>()?, None);
/// decoder.finish()?;
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    buf: BytesMut,
    /// Offset in the stream of the start of `buf`.
    offset: u64,
    stream: Stream,
    current: Option<Current>,
    /// Bytes at the front of `buf` that were consumed. They go when bytes are added:
    /// the last value may borrow from them, and many small values go at once.
    lent: usize,
    /// The last value, if it spanned several messages.
    flat: Vec<u8>,
    /// A definition was read and no value since.
    inside: bool,
    fatal: bool,
    /// Longest message that may come next.
    message_bytes: usize,
}

/// The value that comes next.
#[derive(Debug)]
struct Current {
    id: TypeId,
    place: Place,
    /// Offset in the stream of the end of the value.
    end: u64,
}

#[derive(Debug)]
enum Place {
    /// In the buffer behind what was consumed: bytes before the value, and its own.
    Buffer { skip: usize, length: usize },
    /// It spanned several messages.
    Flat(Vec<u8>),
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder for a new stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A decoder with other limits than the default ones.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            buf: BytesMut::new(),
            offset: 0,
            stream: Stream::new(limits),
            current: None,
            lent: 0,
            flat: Vec::new(),
            inside: false,
            fatal: false,
            message_bytes: limits.message_bytes,
        }
    }

    /// Adds bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        steps(bytes.len());
        self.settle();
        self.buf.extend_from_slice(bytes);
    }

    /// The buffer that bytes of the stream may be read into, at its end.
    pub fn buffer(&mut self) -> &mut BytesMut {
        self.settle();
        &mut self.buf
    }

    /// How many bytes the buffer must hold at least before the next message is
    /// whole, as far as is known; 1 if nothing is.
    ///
    /// At most 64 KiB more than there are, so that a length alone never makes
    /// a caller allocate.
    #[must_use]
    pub fn wanted(&mut self) -> usize {
        const STEP: usize = 64 << 10;
        self.settle();
        match message::find(&self.buf, self.message_bytes) {
            Ok(Some((prefix, length))) => (prefix + length).min(self.buf.len() + STEP),
            _ => self.buf.len() + 1,
        }
    }

    /// Allows shorter messages only, from the next one on, until it is set
    /// again: for a protocol that knows what comes next. Never more than
    /// [`Limits::message_bytes`].
    pub fn set_message_bytes(&mut self, bytes: usize) {
        self.message_bytes = bytes.min(self.limits().message_bytes);
    }

    /// The limits of this decoder.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.stream.limits()
    }

    /// The types that the stream has defined so far.
    #[must_use]
    pub fn types(&self) -> &TypeTable {
        self.stream.types()
    }

    /// Offset in the stream of the first byte that was not consumed.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset + self.lent as u64
    }

    /// Moves to the next value, unless it is there already; `false` if it needs
    /// more bytes.
    ///
    /// # Errors
    ///
    /// `Malformed` or `Limit`. An error that is not fatal has consumed the
    /// message that it lies in.
    pub fn advance(&mut self) -> Result<bool> {
        while self.current.is_none() {
            steps(1);
            if self.fatal {
                return Err(lost());
            }
            let rest = self.buf.get(self.lent..).unwrap_or_default();
            let found = message::find(rest, self.message_bytes);
            let (prefix, length) = match found {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(false),
                Err(error) => return self.note(Err(error)),
            };
            let Some(bytes) = rest.get(prefix..prefix + length) else {
                return Ok(false);
            };
            let start = self.offset() + prefix as u64;
            let outcome = match self.stream.known_value(bytes) {
                Some((id, skip)) => Ok(Message::Value { id, skip }),
                None => self.stream.message(bytes, start),
            };
            match outcome {
                Ok(Message::Definition | Message::More) => {
                    self.inside = true;
                    self.consume(prefix + length);
                }
                Ok(Message::Value { id, skip }) => {
                    self.current = Some(Current {
                        id,
                        place: Place::Buffer {
                            skip: prefix + skip,
                            length: length - skip,
                        },
                        end: start + length as u64,
                    });
                }
                Ok(Message::Flat { id, value }) => {
                    self.consume(prefix + length);
                    self.current = Some(Current {
                        id,
                        place: Place::Flat(value),
                        end: self.offset(),
                    });
                }
                Err(error) => {
                    self.consume(prefix + length);
                    return self.note(Err(error));
                }
            }
        }
        Ok(true)
    }

    #[cold]
    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            self.fatal |= error.is_fatal();
            error.at_offset(self.offset())
        })
    }

    /// Lets go of what was consumed.
    #[inline]
    fn settle(&mut self) {
        let lent = std::mem::take(&mut self.lent);
        if lent > 0 {
            self.buf.advance(lent);
            self.offset += lent as u64;
        }
    }

    fn consume(&mut self, count: usize) {
        self.lent += count;
    }

    /// The type of the value that comes next, once it is whole.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::advance`].
    pub fn peek_type(&mut self) -> Result<Option<TypeId>> {
        self.advance()?;
        Ok(self.current.as_ref().map(|current| current.id))
    }

    /// Decodes the next value; `None` if it needs more bytes.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::advance`], and `Mismatch` if the value does not fit `T`.
    /// The value is consumed then, and the stream goes on.
    pub fn decode<'a, T: Decode<'a>>(&'a mut self) -> Result<Option<T>> {
        self.next_with(|stream, id, bytes, end| stream.decode(id, bytes, end))
    }

    /// Decodes the next value into one that is there, as Go's `Decoder.Decode`
    /// does; `false` if it needs more bytes.
    ///
    /// As Go sends no zeros, what is not sent stays as it is:
    ///
    /// - fields of a struct that were not sent keep their values;
    /// - a slice that is long enough is cut to the length that was sent, and its
    ///   elements are read into; one that is too short is made anew;
    /// - the entries of a map are added to it, and each element is made anew;
    /// - what a pointer (`Option`, `Box`, `Rc`, `Arc`) leads to is read into, if
    ///   nobody else holds it;
    /// - everything else is replaced.
    ///
    /// [`Decoder::decode`] is what most programs want: it starts from zero, so
    /// that no value shines through from before.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::decode`]. What was read before the fault stays in `into`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::{Decoder, Gob, to_vec};
    ///
    /// #[derive(Gob, Debug, PartialEq)]
    /// struct Config {
    ///     host: String,
    ///     port: u16,
    /// }
    ///
    /// let mut config = Config { host: "localhost".into(), port: 80 };
    /// let mut decoder = Decoder::new();
    /// decoder.feed(&to_vec(&Config { host: String::new(), port: 8080 })?);
    /// assert!(decoder.merge(&mut config)?);
    /// assert_eq!(config, Config { host: "localhost".into(), port: 8080 });
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn merge<'a, T: Decode<'a>>(&'a mut self, into: &mut T) -> Result<bool> {
        let merged = self.next_with(|stream, id, bytes, end| stream.merge(id, bytes, end, into))?;
        Ok(merged.is_some())
    }

    fn next_with<'a, R>(
        &'a mut self,
        decode: impl FnOnce(&mut Stream, TypeId, &'a [u8], u64) -> Result<R>,
    ) -> Result<Option<R>> {
        if !self.advance()? {
            return Ok(None);
        }
        let Some(current) = self.current.take() else {
            return Ok(None);
        };
        self.inside = false;
        let bytes: &[u8] = match current.place {
            Place::Buffer { skip, length } => {
                let start = self.lent + skip;
                self.lent = start + length;
                self.buf.get(start..start + length).unwrap_or_default()
            }
            Place::Flat(value) => {
                self.flat = value;
                &self.flat
            }
        };
        decode(&mut self.stream, current.id, bytes, current.end).map(Some)
    }

    /// Decodes the next value without a local type; `None` if it needs more bytes.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::take`] and [`RawValue::to_value`].
    pub fn decode_value(&mut self) -> Result<Option<Value>> {
        match self.take()? {
            Some(raw) => raw.to_value().map(Some),
            None => Ok(None),
        }
    }

    /// Skips the next value; `false` if it needs more bytes.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::advance`].
    pub fn skip(&mut self) -> Result<bool> {
        if !self.advance()? {
            return Ok(false);
        }
        if let Some(current) = self.current.take()
            && let Place::Buffer { skip, length } = current.place
        {
            self.consume(skip + length);
        }
        self.inside = false;
        Ok(true)
    }

    /// The type and the bytes of the next value, which is left where it is; `None`
    /// if it needs more bytes.
    ///
    /// For a protocol that knows some values by their bytes: it
    /// [skips](Decoder::skip) those, and [decodes](Decoder::decode) all others.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::advance`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::{Decoder, to_vec};
    ///
    /// let mut decoder = Decoder::new();
    /// decoder.feed(&to_vec(&22_i64)?);
    /// let (_, bytes) = decoder.peek()?.expect("the stream is whole");
    /// assert_eq!(bytes, [0, 44]);
    /// assert_eq!(decoder.decode::<i64>()?, Some(22));
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    #[inline]
    pub fn peek(&mut self) -> Result<Option<(TypeId, &[u8])>> {
        self.advance()?;
        Ok(self.current.as_ref().map(|current| {
            let bytes = match &current.place {
                Place::Buffer { skip, length } => {
                    let start = self.lent + skip;
                    self.buf.get(start..start + length).unwrap_or_default()
                }
                Place::Flat(value) => value,
            };
            (current.id, bytes)
        }))
    }

    /// Takes the next value out of the stream, undecoded: it can be decoded
    /// later and elsewhere.
    ///
    /// # Errors
    ///
    /// As for [`Decoder::advance`].
    pub fn take(&mut self) -> Result<Option<RawValue>> {
        let Some((id, bytes, end)) = self.take_current()? else {
            return Ok(None);
        };
        Ok(Some(self.stream.raw(id, bytes, end)))
    }

    fn take_current(&mut self) -> Result<Option<(TypeId, ShortBytes, u64)>> {
        if !self.advance()? {
            return Ok(None);
        }
        let Some(current) = self.current.take() else {
            return Ok(None);
        };
        self.inside = false;
        let bytes = match current.place {
            Place::Buffer { skip, length } => {
                let start = self.lent + skip;
                let place = self.buf.get(start..start + length).unwrap_or_default();
                if let Some(short) = ShortBytes::inline(place) {
                    self.consume(skip + length);
                    short
                } else {
                    self.consume(skip);
                    self.settle();
                    self.offset += length as u64;
                    ShortBytes::from(self.buf.split_to(length).freeze())
                }
            }
            Place::Flat(value) => ShortBytes::from(value),
        };
        Ok(Some((current.id, bytes, current.end)))
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    ///
    /// `Truncated` if it ended inside of a message, or behind a type definition
    /// whose value is missing: Go calls the one place where a stream may end
    /// `io.EOF` and all others `io.ErrUnexpectedEOF`.
    pub fn finish(&mut self) -> Result<()> {
        if self.advance()? {
            return Ok(());
        }
        self.settle();
        if self.buf.is_empty() && !self.inside {
            return Ok(());
        }
        let end = self.offset + self.buf.len() as u64;
        let error = if self.buf.is_empty() {
            Error::truncated("the stream ends behind a type definition, before its value")
        } else {
            Error::truncated("the stream ends inside of a message")
        };
        Err(error.at_offset(end))
    }
}

#[cold]
fn lost() -> Error {
    Error::malformed("the stream was lost by an earlier error; open a new one").into_fatal()
}

/// Decodes the only or first value of a whole stream.
///
/// # Errors
///
/// As for [`Decoder::decode`]; `Truncated` if the stream ends early.
///
/// # Examples
///
/// ```
/// // As Go sends `22`.
/// assert_eq!(gobrpc_codec::from_slice::<i64>(&[0x03, 0x04, 0x00, 0x2c])?, 22);
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub fn from_slice<T: DecodeOwned>(stream: &[u8]) -> Result<T> {
    from_slice_with(stream, &Limits::default())
}

/// As [`from_slice`], within other limits than the default ones.
///
/// # Errors
///
/// As for [`from_slice`].
///
/// # Examples
///
/// ```
/// use gobrpc_codec::{Limits, from_slice_with, to_vec};
///
/// let stream = to_vec(&vec![0_u8; 2000])?;
/// let limits = Limits::default().with_message_bytes(1000);
/// let error = from_slice_with::<Vec<u8>>(&stream, &limits).unwrap_err();
/// assert!(error.to_string().contains("Limits::message_bytes"));
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub fn from_slice_with<T: DecodeOwned>(stream: &[u8], limits: &Limits) -> Result<T> {
    if *limits == Limits::default()
        && let Some(value) = Own::decode(stream)
    {
        return value;
    }
    first_value(stream, limits, |types, id, value, end| match value {
        FirstValue::Input(bytes) => types.decode(id, bytes, end),
        FirstValue::Flat(bytes) => types.decode(id, &bytes, end),
    })
}

/// As [`from_slice`], into a value that may borrow from the stream.
///
/// # Errors
///
/// As for [`from_slice`], and `Misuse` if Go defined the type of an interface
/// inside of the value, so that the value is not in one piece: decode it by a
/// [`Decoder`].
///
/// # Examples
///
/// ```
/// let stream = gobrpc_codec::to_vec(&"hello")?;
/// let text: &str = gobrpc_codec::borrow_from_slice(&stream)?;
/// assert_eq!(text, "hello");
/// # Ok::<(), gobrpc_codec::Error>(())
/// ```
pub fn borrow_from_slice<'de, T: Decode<'de>>(stream: &'de [u8]) -> Result<T> {
    if let Some(value) = Own::decode(stream) {
        return value;
    }
    first_value(
        stream,
        &Limits::default(),
        |types, id, value, end| match value {
            FirstValue::Input(bytes) => types.decode(id, bytes, end),
            FirstValue::Flat(_) => Err(Error::misuse(
                "the value is not in one piece and cannot be borrowed; use a Decoder",
            )),
        },
    )
}

enum FirstValue<'de> {
    Input(&'de [u8]),
    Flat(Vec<u8>),
}

fn first_value<'de, T>(
    bytes: &'de [u8],
    limits: &Limits,
    decode: impl FnOnce(&mut Stream, TypeId, FirstValue<'de>, u64) -> Result<T>,
) -> Result<T> {
    let mut stream = Stream::new(*limits);
    let mut rest = bytes;
    loop {
        let offset = (bytes.len() - rest.len()) as u64;
        let split =
            message::split(rest, limits.message_bytes).map_err(|error| error.at_offset(offset))?;
        let Some((message, after)) = split else {
            return Err(Error::truncated("the stream ends before its first value")
                .at_offset(bytes.len() as u64));
        };
        let end = (bytes.len() - after.len()) as u64;
        let start = end - message.len() as u64;
        match stream.message(message, start)? {
            Message::Definition | Message::More => rest = after,
            Message::Value { id, skip } => {
                let value = message.get(skip..).unwrap_or_default();
                return decode(&mut stream, id, FirstValue::Input(value), end);
            }
            Message::Flat { id, value } => {
                return decode(&mut stream, id, FirstValue::Flat(value), end);
            }
        }
    }
}
