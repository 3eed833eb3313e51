//! [`Outcome`]: what somebody makes of a stream.

use gobrpc_codec::{Decoder, Error};

use crate::peer::Peer;
use crate::text::text;

/// The values of a stream up to the first error, and the error; or all values that
/// decode, and the last one's error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) lines: Vec<String>,
    pub(crate) error: Option<String>,
}

/// The line of a value that Go can only skip.
pub(crate) const SKIPPED: &str = "?";

impl Outcome {
    pub(crate) fn ours(stream: &[u8]) -> Self {
        let mut decoder = Decoder::new();
        decoder.feed(stream);
        let mut lines = Vec::new();
        let error = loop {
            match decoder.decode_value() {
                Ok(Some(value)) => lines.push(text(&value)),
                Ok(None) => break decoder.finish().err(),
                Err(error) => break Some(error),
            }
        };
        Self {
            lines,
            error: error.map(|error| error.to_string()),
        }
    }

    /// The same, but going on behind values that fail.
    pub(crate) fn ours_all(stream: &[u8]) -> Self {
        let mut decoder = Decoder::new();
        decoder.feed(stream);
        let (mut lines, mut error) = (Vec::new(), None);
        while let Some(value) = decoder.decode_value().transpose() {
            error = value.map(|value| lines.push(text(&value))).err();
            assert!(!error.as_ref().is_some_and(Error::is_fatal), "{error:?}");
        }
        Self {
            lines,
            error: error.map(|error| error.to_string()),
        }
    }

    /// What Go makes of it, going on behind values that fail.
    pub(crate) fn of_go_all(peer: &mut Peer, stream: &[u8]) -> Result<Self, String> {
        let request = [b"a", stream].concat();
        peer.ask(&request).map(Self::of_parts)
    }

    /// What Go makes of it, or how it died.
    pub(crate) fn of_go(peer: &mut Peer, stream: &[u8]) -> Result<Self, String> {
        let request = [b"r", stream].concat();
        peer.ask(&request).map(Self::of_parts)
    }

    pub(crate) fn of_parts(mut parts: Vec<Vec<u8>>) -> Self {
        let text = |part: Vec<u8>| String::from_utf8_lossy(&part).into_owned();
        let error = parts.pop().map(text).unwrap();
        Self {
            lines: parts.into_iter().map(text).collect(),
            error: (!error.is_empty()).then_some(error),
        }
    }
}
