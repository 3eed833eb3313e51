//! Decoding out of bytes that the caller holds.

use super::{Decoder, Message};
use crate::decode::Decode;
use crate::error::Result;
use crate::message;
use crate::steps::steps;

impl Decoder {
    /// Decodes the next value out of bytes that the caller holds, which come next in
    /// the stream; `None` if it needs more of them.
    ///
    /// What is used is cut off the front of `input`. Messages that are whole are not
    /// copied, and the value may borrow from them. The start of one that is not whole
    /// is kept, as by [`Decoder::feed`].
    ///
    /// # Errors
    ///
    /// As for [`Decoder::decode`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_codec::{Decoder, to_vec};
    ///
    /// let stream = [to_vec(&"hello")?, to_vec(&"world")?].concat();
    /// let (mut first, mut second) = stream.split_at(12);
    /// let mut decoder = Decoder::new();
    /// assert_eq!(decoder.decode_from(&mut first)?, Some("hello"));
    /// assert_eq!(decoder.decode_from::<&str>(&mut first)?, None);
    /// assert_eq!(decoder.decode_from(&mut second)?, Some("world"));
    /// # Ok::<(), gobrpc_codec::Error>(())
    /// ```
    pub fn decode_from<'a, 'i: 'a, T: Decode<'a>>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<T>> {
        loop {
            if self.fatal || self.holds_bytes() {
                self.complete(input);
                if self.advance()? {
                    return self.decode();
                }
                if self.holds_bytes() && input.is_empty() {
                    return Ok(None);
                }
                continue;
            }
            steps(1);
            let split = match message::split(input, self.message_bytes) {
                Ok(split) => split,
                Err(error) => return self.note(Err(error)),
            };
            let Some((message, rest)) = split else {
                self.feed(std::mem::take(input));
                return Ok(None);
            };
            self.settle();
            self.offset += (input.len() - rest.len()) as u64;
            *input = rest;
            let end = self.offset;
            if let Some((id, skip)) = self.stream.known_value(message) {
                self.inside = false;
                let value = message.get(skip..).unwrap_or_default();
                return self.stream.decode(id, value, end).map(Some);
            }
            match self.stream.message(message, end - message.len() as u64) {
                Ok(Message::Definition | Message::More) => self.inside = true,
                Ok(Message::Value { id, skip }) => {
                    self.inside = false;
                    let value = message.get(skip..).unwrap_or_default();
                    return self.stream.decode(id, value, end).map(Some);
                }
                Ok(Message::Flat { id, value }) => {
                    self.inside = false;
                    self.flat = value;
                    return self.stream.decode(id, &self.flat, end).map(Some);
                }
                Err(error) => return self.note(Err(error)),
            }
        }
    }

    /// Bytes that were fed and not consumed come before all others, and so does a value
    /// that was looked at.
    fn holds_bytes(&self) -> bool {
        self.current.is_some() || self.lent < self.buf.len()
    }

    /// Feeds what the first message in the buffer lacks, as far as is known.
    fn complete(&mut self, input: &mut &[u8]) {
        if self.fatal || self.current.is_some() {
            return;
        }
        let lacks = self.wanted().saturating_sub(self.buf.len());
        let (now, rest) = input.split_at(lacks.min(input.len()));
        self.feed(now);
        *input = rest;
    }
}
