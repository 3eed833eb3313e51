//! Layer 2: messages, which are delimited by their lengths (spec 2).

use crate::error::{Error, Result};
use crate::wire::{put_uint, read_uint, uint_bytes};

/// Finds the first message in `input`: the length of its prefix and its own.
///
/// `None` if the prefix is not whole yet.
#[inline]
pub(crate) fn find(input: &[u8], longest: usize) -> Result<Option<(usize, usize)>> {
    let mut rest = input;
    let Some(length) = read_uint(&mut rest).map_err(Error::into_fatal)? else {
        return Ok(None);
    };
    let prefix = input.len() - rest.len();
    match usize::try_from(length) {
        Ok(length) if length <= longest => Ok(Some((prefix, length))),
        _ => Err(too_long(length, longest)),
    }
}

#[cold]
fn too_long(length: u64, longest: usize) -> Error {
    Error::limit(
        &format!("a message of {length} bytes"),
        longest,
        "message_bytes",
    )
    .into_fatal()
}

/// Splits the first message off `input`, without its prefix: it, and what comes behind.
///
/// `None` if it is not whole yet.
#[inline]
pub(crate) fn split(input: &[u8], longest: usize) -> Result<Option<(&[u8], &[u8])>> {
    let found = find(input, longest)?;
    Ok(found.and_then(|(prefix, length)| input.get(prefix..)?.split_at_checked(length)))
}

/// Room for the length prefix of a message that is written before its length is
/// known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    start: usize,
    room: usize,
}

impl Prefix {
    /// Leaves room for the prefix of a message of about `guess` bytes.
    #[inline]
    pub(crate) fn reserve(buf: &mut Vec<u8>, guess: usize) -> Self {
        let start = buf.len();
        put_uint(buf, guess as u64);
        Self {
            start,
            room: buf.len() - start,
        }
    }

    /// Writes the length of all that was appended since; moves it where the
    /// guess was wrong. Gives the length.
    #[inline]
    pub(crate) fn fill(self, buf: &mut Vec<u8>) -> usize {
        let body = self.start + self.room;
        let length = buf.len() - body;
        if self.room == 1 && length < 0x80 {
            if let Some(place) = buf.get_mut(self.start) {
                *place = length as u8;
            }
            return length;
        }
        self.fill_long(length, buf)
    }

    fn fill_long(self, length: usize, buf: &mut Vec<u8>) -> usize {
        let body = self.start + self.room;
        let (prefix, count) = uint_bytes(length as u64);
        let prefix = prefix.get(..count).unwrap_or_default();
        match buf.get_mut(self.start..body) {
            Some(place) if place.len() == prefix.len() => place.copy_from_slice(prefix),
            _ => {
                buf.splice(self.start..body, prefix.iter().copied());
            }
        }
        length
    }
}
