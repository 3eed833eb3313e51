//! A stream as annotated hex: every byte with what it is.
//!
//! For finding out what a peer really sends. It shares no code with the decoder
//! and the [inspector](crate::inspect), not even that for numbers: where they
//! disagree about a stream, one of them is wrong, and tests compare them.

mod definition;
mod interface;
mod line;
mod number;
mod shape;
mod value;

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use crate::Limits;
use crate::error::Error;
use crate::steps::steps;
use line::put_line;
use number::Number;
use shape::Shape;
use value::{Frame, Todo};

/// Turns a stream of bytes into lines of text.
///
/// Each line has the offset in the stream (hexadecimal), up to nine bytes, and
/// what they are; every byte stands in one line. At a fault a line without bytes
/// says what is wrong, and all bytes from there on follow without a meaning.
///
/// It does no I/O but writing lines: bytes go in by [`Dumper::feed`]. It holds
/// one message at a time.
///
/// # Examples
///
/// ```
/// use gobrpc_codec::dump::Dumper;
///
/// let mut dumper = Dumper::new();
/// dumper.feed(&gobrpc_codec::to_vec(&22_i64)?);
/// let mut text = Vec::new();
/// dumper.write_to(&mut text)?;
/// dumper.finish(&mut text)?;
/// assert!(dumper.fault().is_none());
/// let text = String::from_utf8_lossy(&text);
/// let first = text.lines().next().unwrap_or_default();
/// assert_eq!(first, "0000  03                          message of 3 bytes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Dumper {
    limits: Limits,
    buf: Vec<u8>,
    /// Offset in the stream of the start of `buf`.
    start: u64,
    /// Index in `buf` of the next byte.
    at: usize,
    /// Index in `buf` of the end of the message, or of what is there of it.
    end: usize,
    /// True if the stream ends inside of the message.
    cut: bool,
    types: HashMap<i64, Arc<Shape>>,
    /// Bytes that definitions may still own.
    room: usize,
    frames: Vec<Frame>,
    /// Ends of the parts of interface values, outermost first.
    parts: Vec<usize>,
    /// What the next message begins with.
    todo: Todo,
    /// A definition came and no value since.
    waiting: bool,
    fault: Option<Error>,
}

/// Why the dump of a message ended early.
enum Stop {
    /// The stream is wrong.
    Fault(Error),
    /// Lines cannot be written.
    Io(io::Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Default for Dumper {
    fn default() -> Self {
        Self::new()
    }
}

impl Dumper {
    /// A dumper of a new stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A dumper with other limits than the default ones.
    ///
    /// [`Limits::dynamic_depth`] is the one for depth.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            buf: Vec::new(),
            start: 0,
            at: 0,
            end: 0,
            cut: false,
            types: shape::predefined(),
            room: limits.type_bytes,
            frames: Vec::new(),
            parts: Vec::new(),
            todo: Todo::Message,
            waiting: false,
            fault: None,
        }
    }

    /// Adds bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            steps(self.buf.len() - self.at);
            self.buf.drain(..self.at);
            self.start += self.at as u64;
            self.at = 0;
        }
        steps(bytes.len());
        self.buf.extend_from_slice(bytes);
    }

    /// What is wrong with the stream, once a line said so.
    #[must_use]
    pub fn fault(&self) -> Option<&Error> {
        self.fault.as_ref()
    }

    /// Writes the lines of all messages that are whole.
    ///
    /// # Errors
    ///
    /// Those of the writer. Faults of the stream are [`Dumper::fault`].
    pub fn write_to(&mut self, out: &mut impl Write) -> io::Result<()> {
        while self.fault.is_none() {
            steps(1);
            let length = match number::read(self.buf.get(self.at..).unwrap_or_default()) {
                Number::Cut => return Ok(()),
                Number::Bad(bytes) => {
                    self.fail(number::bad(bytes), out)?;
                    break;
                }
                Number::Known { value, bytes } => (value, bytes),
            };
            let (length, bytes) = length;
            let Some(length) = self.message_length(length, out)? else {
                break;
            };
            let there = self.buf.len() - self.at - bytes;
            if there < length {
                return Ok(());
            }
            self.cut = false;
            self.message(length, bytes, length, out)?;
        }
        self.rest(out)
    }

    /// Says that the stream has ended: writes the lines of what is left.
    ///
    /// # Errors
    ///
    /// Those of the writer. Faults of the stream are [`Dumper::fault`]; that it
    /// ended too early is one.
    pub fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.write_to(out)?;
        if self.fault.is_some() {
            return Ok(());
        }
        if self.at == self.buf.len() {
            let text = match self.todo {
                Todo::Message if !self.waiting => return Ok(()),
                Todo::Message => "the stream ends behind a type definition, before its value",
                _ => "the stream ends inside of a value",
            };
            return self.fail(Error::truncated(text), out);
        }
        if let Number::Known { value, bytes } =
            number::read(self.buf.get(self.at..).unwrap_or_default())
        {
            if let Some(length) = self.message_length(value, out)? {
                let there = self.buf.len() - self.at - bytes;
                self.cut = true;
                self.message(length, bytes, there, out)?;
            }
        }
        if self.fault.is_none() {
            self.fail(cut(), out)?;
        }
        self.rest(out)
    }

    /// Checks the length of a message; none if it is a fault.
    fn message_length(&mut self, length: u64, out: &mut impl Write) -> io::Result<Option<usize>> {
        let most = self.limits.message_bytes;
        let error = match usize::try_from(length) {
            Ok(0) => Error::malformed("an empty message"),
            Ok(length) if length <= most => return Ok(Some(length)),
            _ => {
                let what = format!("a message of {length} bytes");
                Error::limit(&what, most, "message_bytes")
            }
        };
        self.fail(error, out)?;
        Ok(None)
    }

    /// Writes the lines of a message of which `there` bytes are there.
    fn message(
        &mut self,
        length: usize,
        prefix: usize,
        there: usize,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let text = if self.cut {
            format!("message of {length} bytes, of which {there} are there")
        } else {
            format!("message of {length} bytes")
        };
        self.take(prefix, 0, &text, out)?;
        self.end = self.at + there;
        match self.body(out) {
            Ok(()) if !self.cut => Ok(()),
            Ok(()) => self.fail(cut(), out),
            Err(Stop::Fault(error)) => self.fail(error, out),
            Err(Stop::Io(error)) => Err(error),
        }
    }

    /// Writes the line of a fault at the next byte.
    fn fail(&mut self, error: Error, out: &mut impl Write) -> io::Result<()> {
        let place = self.start + self.at as u64;
        let error = error.into_fatal().at_offset(place);
        writeln!(out, "----  {}", line::printable(&error.to_string()))?;
        self.fault = Some(error);
        Ok(())
    }

    /// Writes bytes behind a fault.
    fn rest(&mut self, out: &mut impl Write) -> io::Result<()> {
        while self.fault.is_some() && self.at < self.buf.len() {
            let bytes = (self.buf.len() - self.at).min(line::PAYLOAD);
            self.take(bytes, 0, "not read", out)?;
        }
        Ok(())
    }

    /// Writes a line of this many bytes.
    fn take(
        &mut self,
        bytes: usize,
        level: usize,
        text: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        steps(1 + bytes);
        let end = self.at + bytes;
        let taken = self.buf.get(self.at..end).unwrap_or_default();
        put_line(out, self.start + self.at as u64, taken, level, text)?;
        self.at = end;
        Ok(())
    }
}

fn cut() -> Error {
    Error::truncated("the stream ends inside of a message")
}
