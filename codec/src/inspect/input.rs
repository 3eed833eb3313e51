//! [`Input`]: the bytes of a stream that were not read yet.

use std::io::{self, Read};
use std::ops::Range;

use crate::error::{Error, Result};
use crate::message;
use crate::steps::steps;
use crate::wire::read_uint;

/// Bytes of the stream, and the message that is being read.
///
/// Places are indexes of the buffer: they hold until the end of the message.
#[derive(Debug, Default)]
pub(super) struct Input {
    buf: Vec<u8>,
    /// Offset in the stream of the start of `buf`.
    start: u64,
    /// Place of the next byte.
    at: usize,
    /// Place of the end of the message, inside of one.
    end: Option<usize>,
}

impl Input {
    /// Most bytes that are read at a time.
    const CHUNK: usize = 64 << 10;

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.forget();
        steps(bytes.len());
        self.buf.extend_from_slice(bytes);
    }

    pub(super) fn fill_from(&mut self, reader: &mut impl Read) -> io::Result<usize> {
        self.forget();
        let old = self.buf.len();
        self.buf.resize(old + Self::CHUNK, 0);
        let room = self.buf.get_mut(old..).unwrap_or_default();
        let read = loop {
            match reader.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buf
            .truncate(old + read.as_ref().map_or(0, |count| *count));
        read
    }

    /// Drops what was read, between messages: what stays is a part of one
    /// message, so that no byte is moved often.
    fn forget(&mut self) {
        if self.end.is_none() && self.at > 0 {
            steps(self.buf.len() - self.at);
            self.buf.drain(..self.at);
            self.start += self.at as u64;
            self.at = 0;
        }
    }

    /// Moves behind the length of the next message, if all of it is there.
    pub(super) fn begin_message(&mut self, longest: usize) -> Result<Option<usize>> {
        let rest = self.buf.get(self.at..).unwrap_or_default();
        let Some((prefix, length)) = message::find(rest, longest)? else {
            return Ok(None);
        };
        if length == 0 {
            // Go reports it as io.EOF, as if the peer had closed cleanly.
            return Err(Error::malformed("an empty message"));
        }
        if rest.len() - prefix < length {
            return Ok(None);
        }
        self.at += prefix;
        self.end = Some(self.at + length);
        Ok(Some(length))
    }

    pub(super) fn end_message(&mut self) {
        self.end = None;
    }

    /// Offset in the stream of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Offset in the stream of the end of what is there.
    pub(super) fn end_offset(&self) -> u64 {
        self.start + self.buf.len() as u64
    }

    /// True if all bytes were read.
    pub(super) fn is_drained(&self) -> bool {
        self.at >= self.buf.len()
    }

    /// Place of the next byte.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// How many bytes are left in the message.
    pub(super) fn left(&self) -> usize {
        self.end.unwrap_or(self.at).saturating_sub(self.at)
    }

    pub(super) fn bytes(&self, place: Range<usize>) -> &[u8] {
        self.buf.get(place).unwrap_or_default()
    }

    /// The place `length` bytes from here, in the message.
    pub(super) fn place_behind(&self, length: u64) -> Result<usize> {
        let left = self.left();
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(self.at + length),
            _ => Err(Error::malformed(format!(
                "a length of {length} where {left} bytes are left"
            ))),
        }
    }

    pub(super) fn uint(&mut self) -> Result<u64> {
        let end = self.end.unwrap_or(self.at);
        let mut rest = self.buf.get(self.at..end).unwrap_or_default();
        match read_uint(&mut rest)? {
            Some(number) => {
                self.at = end - rest.len();
                Ok(number)
            }
            None => Err(early_end()),
        }
    }

    pub(super) fn int(&mut self) -> Result<i64> {
        let folded = self.uint()?;
        Ok((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    pub(super) fn float(&mut self) -> Result<f64> {
        Ok(f64::from_bits(self.uint()?.swap_bytes()))
    }

    /// Takes this many bytes.
    pub(super) fn take(&mut self, length: u64) -> Result<Range<usize>> {
        let end = self.place_behind(length)?;
        let place = self.at..end;
        self.at = end;
        Ok(place)
    }

    /// Takes a length and that many bytes.
    pub(super) fn payload(&mut self) -> Result<Range<usize>> {
        let length = self.uint()?;
        self.take(length)
    }

    /// Takes a count of items: each takes a byte or more, here or in the further
    /// messages of a value that comes in pieces, of `most` bytes in all.
    pub(super) fn count(&mut self, most: usize) -> Result<u64> {
        let count = self.uint()?;
        let left = self.left();
        if count > most as u64 {
            return Err(Error::malformed(format!(
                "a count of {count} where {left} bytes are left"
            )));
        }
        Ok(count)
    }

    /// Checks that the message goes on.
    pub(super) fn expect_more(&self) -> Result<()> {
        if self.left() == 0 {
            return Err(early_end());
        }
        Ok(())
    }
}

#[cold]
fn early_end() -> Error {
    Error::malformed("the value goes on past the end of its message")
}
