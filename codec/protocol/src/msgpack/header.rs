//! [`Header`]: net/rpc's headers in msgpack.

use std::borrow::Cow;

use super::token::Token;
use super::write::{put_map_length, put_raw, put_uint};
use crate::error::{Error, Result};

/// A header of either direction, by the names of Go's `rpc.Request` and
/// `rpc.Response`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) service_method: Cow<'a, str>,
    pub(super) seq: u64,
    /// Empty for none; never in a request.
    pub(super) error: Cow<'a, str>,
}

const NAMES: [&str; 3] = ["ServiceMethod", "Seq", "Error"];

impl<'a> Header<'a> {
    /// Reads a header that is whole: a map, or the fields as an array, as go-msgpack
    /// has it with `StructToArray`.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub(super) fn parse(mut input: &'a [u8]) -> Result<Self> {
        let mut header = Self::default();
        let rest = &mut input;
        match Token::take(rest) {
            Some(Token::Map(entries)) => {
                for _ in 0..entries {
                    let name = Token::take(rest).ok_or_else(no_header)?;
                    let place = match name {
                        Token::Raw(name) | Token::Bin(name) => {
                            NAMES.iter().position(|known| known.as_bytes() == name)
                        }
                        // A name that has parts is none, and would be out of step.
                        _ => return Err(no_header()),
                    };
                    header.set(place, rest)?;
                }
            }
            Some(Token::Array(fields)) => {
                for place in 0..fields {
                    header.set(usize::try_from(place).ok(), rest)?;
                }
            }
            _ => return Err(no_header()),
        }
        Ok(header)
    }

    /// Reads the field at a place, or passes over one that is not known.
    fn set(&mut self, place: Option<usize>, input: &mut &'a [u8]) -> Result<()> {
        let token = Token::take(input).ok_or_else(no_header)?;
        match (place, token) {
            (Some(0..=2), Token::Nil) => {}
            (Some(0), Token::Raw(text) | Token::Bin(text)) => {
                self.service_method = String::from_utf8_lossy(text);
            }
            (Some(1), Token::Int(seq)) => {
                self.seq = u64::try_from(seq).map_err(|_| no_header())?;
            }
            (Some(1), Token::Uint(seq)) => self.seq = seq,
            (Some(2), Token::Raw(text) | Token::Bin(text)) => {
                self.error = String::from_utf8_lossy(text);
            }
            // An unknown field may have parts.
            (_, token) if !matches!(place, Some(0..=2)) => skip_parts(token, input)?,
            _ => return Err(no_header()),
        }
        Ok(())
    }

    /// Appends the header of a call.
    pub(super) fn put_request(&self, out: &mut Vec<u8>) {
        put_map_length(out, 2);
        self.put_common(out);
    }

    /// Appends the header of a reply.
    pub(super) fn put_response(&self, out: &mut Vec<u8>) {
        put_map_length(out, 3);
        self.put_common(out);
        put_raw(out, b"Error");
        put_raw(out, self.error.as_bytes());
    }

    fn put_common(&self, out: &mut Vec<u8>) {
        put_raw(out, b"ServiceMethod");
        put_raw(out, self.service_method.as_bytes());
        put_raw(out, b"Seq");
        put_uint(out, self.seq);
    }
}

/// Passes over what belongs to an item that was taken.
pub(super) fn skip_parts(token: Token<'_>, input: &mut &[u8]) -> Result<()> {
    let mut left = match token {
        Token::Array(items) => u64::from(items),
        Token::Map(entries) => 2 * u64::from(entries),
        _ => 0,
    };
    while left > 0 {
        left -= 1;
        let token = Token::take(input)
            .ok_or_else(|| Error::invalid_argument("msgpack: the value is cut off"))?;
        left = left.saturating_add(match token {
            Token::Array(items) => u64::from(items),
            Token::Map(entries) => 2 * u64::from(entries),
            _ => 0,
        });
    }
    Ok(())
}

fn no_header() -> Error {
    Error::invalid_argument("the peer sent no net/rpc header in msgpack")
}

#[cfg(test)]
mod tests {
    use super::super::write::put_array_length;
    use super::*;

    #[test]
    fn headers_are_maps_or_arrays() {
        let header = Header {
            service_method: "Arith.Multiply".into(),
            seq: 300,
            error: "no".into(),
        };
        let mut bytes = Vec::new();
        header.put_response(&mut bytes);
        assert_eq!(Header::parse(&bytes).unwrap(), header);
        let mut array = Vec::new();
        put_array_length(&mut array, 4);
        put_raw(&mut array, b"Arith.Multiply");
        put_uint(&mut array, 300);
        put_raw(&mut array, b"no");
        put_raw(&mut array, b"and more");
        assert_eq!(Header::parse(&array).unwrap(), header);
        // What a later version may have is passed over, with all its parts.
        let later = b"\x83\xa5Later\x82\xa1a\x92\x01\x02\xa1b\x90\xa3Seq\x07\xa5Error\xc0";
        assert_eq!(Header::parse(later).unwrap().seq, 7);
        for wrong in [
            &b"\xc0"[..],
            b"\x81\xa3Seq\xff",
            b"\x81\xa3Seq\xa1x",
            b"\x81\x90\x01",
            b"\x81\xa3Seq",
            b"\x81\xadServiceMethod\x01",
        ] {
            assert!(Header::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
