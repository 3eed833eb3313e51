//! Long bodies in pieces: cut on their way out, joined as they come in.
//!
//! A body of more than [`CHUNK_BYTES`] goes to peers that know it as a gob stream of
//! its own, with its own types, which is cut into frames. Others go out between them:
//! a short reply need not wait for a long one that began before it. As the stream is
//! its own, it may also be broken off without a harm to the connection's types.

use std::borrow::Cow;
use std::collections::VecDeque;

use bytes::BytesMut;
use gobrpc_codec::{Decoder, Encoder, Limits};

use crate::body::{Body, Payload};
use crate::compression::{self, BLOCK_MAX, COMPRESS_MIN, LZ4};
use crate::error::{Error, Result};
use crate::header::{Header, NO_CALL, kind};

/// The longest chunk, and the longest body that goes out in one piece (64 KiB): what
/// others wait for at the most, and what costs a frame of 20 bytes, is little.
pub const CHUNK_BYTES: usize = 64 << 10;

/// Most bodies of which chunks are under way at a time, each way. A receiver keeps so
/// many, each within its limit of a message; a sender lets others wait.
pub const CHUNKED_MAX: usize = 4;

/// Bodies on their way out in chunks.
#[derive(Debug)]
pub(crate) struct Cut {
    limits: Limits,
    bodies: VecDeque<Long>,
}

#[derive(Debug)]
struct Long {
    seq: u64,
    stream: Vec<u8>,
    at: usize,
}

impl Cut {
    pub(crate) fn new(limits: Limits) -> Self {
        let bodies = VecDeque::new();
        Self { limits, bodies }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// True if a further body need not wait.
    pub(crate) fn has_room(&self) -> bool {
        self.bodies.len() < CHUNKED_MAX
    }

    /// The body as a stream of its own.
    pub(crate) fn stream(&self, payload: &Payload) -> gobrpc_codec::Result<Vec<u8>> {
        let mut stream = Vec::new();
        Encoder::with_limits(self.limits).append(payload.prepared(), &mut stream)?;
        Ok(stream)
    }

    /// The body as a block, if that saves enough. What cannot be encoded at all is said
    /// where it is sent as it is.
    #[cold]
    pub(crate) fn packed(&self, payload: &Payload) -> Option<Vec<u8>> {
        if !(COMPRESS_MIN..=BLOCK_MAX).contains(&payload.len()) {
            return None;
        }
        compression::packed(&self.stream(payload).ok()?)
    }

    pub(crate) fn push(&mut self, seq: u64, stream: Vec<u8>) {
        let at = 0;
        self.bodies.push_back(Long { seq, stream, at });
    }

    /// Breaks a body off. True if there was one.
    pub(crate) fn remove(&mut self, seq: u64) -> bool {
        // As for most calls.
        if self.bodies.is_empty() {
            return false;
        }
        let before = self.bodies.len();
        self.bodies.retain(|body| body.seq != seq);
        self.bodies.len() < before
    }

    /// Takes all out; gives their numbers.
    pub(crate) fn take(&mut self) -> Vec<u64> {
        self.bodies.drain(..).map(|body| body.seq).collect()
    }

    /// Bytes of those that wait for others.
    pub(crate) fn waiting_bytes(&self) -> usize {
        if self.bodies.len() <= CHUNKED_MAX {
            return 0;
        }
        let waiting = self.bodies.iter().skip(CHUNKED_MAX);
        waiting.map(|body| body.stream.len()).sum()
    }

    /// Gives the next chunk to `send`; bodies take turns. Gives whose last it was.
    pub(crate) fn next(&mut self, send: impl FnOnce(u64, &[u8])) -> Option<u64> {
        let mut body = self.bodies.pop_front()?;
        let rest = body.stream.get(body.at..).unwrap_or_default();
        let bytes = rest.get(..CHUNK_BYTES).unwrap_or(rest);
        let is_last = bytes.len() == rest.len();
        let seq = body.seq;
        send(seq, bytes);
        if is_last {
            return Some(seq);
        }
        body.at += CHUNK_BYTES;
        // Behind those that take turns with it, before those that wait.
        let turn = self.bodies.len().min(CHUNKED_MAX - 1);
        self.bodies.insert(turn, body);
        None
    }
}

/// The frame of a chunk: its header, and its bytes, compressed if `packs` says so and it
/// saves enough.
pub(crate) fn frame(seq: u64, bytes: &[u8], packs: bool) -> (Header<'static>, Cow<'_, [u8]>) {
    let mut header = Header {
        seq: NO_CALL,
        kind: kind::CHUNK,
        reference: seq,
        ..Header::default()
    };
    match packs.then(|| compression::packed(bytes)).flatten() {
        Some(block) => {
            header.encoding = LZ4.into();
            (header, Cow::Owned(block))
        }
        None => (header, Cow::Borrowed(bytes)),
    }
}

/// Bodies that come in chunks, each with the header `H` that it began with.
#[derive(Debug)]
pub(crate) struct Joined<H> {
    limits: Limits,
    bodies: Vec<Partial<H>>,
}

#[derive(Debug)]
struct Partial<H> {
    seq: u64,
    total: u64,
    received: u64,
    /// None if nobody wants it.
    stream: Option<BytesMut>,
    header: H,
}

impl<H> Joined<H> {
    pub(crate) fn new(limits: Limits) -> Self {
        let bodies = Vec::new();
        Self { limits, bodies }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.bodies.len()
    }

    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.bodies.iter().any(|body| body.seq == seq)
    }

    /// Checks the length that a body says to have: before any of it is kept.
    ///
    /// # Errors
    ///
    /// If it is longer than the limits allow. Its value has a limit of its own.
    pub(crate) fn check(&self, total: u64) -> Result<u64> {
        let max = self
            .limits
            .message_bytes
            .saturating_add(self.limits.type_bytes);
        if total > max as u64 {
            return Err(Error::resource_exhausted(format!(
                "a body of {total} bytes is longer than {max} (raise message_bytes)"
            )));
        }
        if total == 0 {
            return Err(Error::invalid_argument("gob: a body of no bytes"));
        }
        Ok(total)
    }

    /// Begins a body of so many bytes, to be kept or to be counted alone.
    pub(crate) fn begin(&mut self, seq: u64, total: u64, keep: bool, header: H) {
        self.bodies.push(Partial {
            seq,
            total,
            received: 0,
            stream: keep.then(BytesMut::new),
            header,
        });
    }

    /// Takes a body out that is not whole.
    pub(crate) fn remove(&mut self, seq: u64) -> Option<H> {
        let at = self.bodies.iter().position(|body| body.seq == seq)?;
        Some(self.bodies.swap_remove(at).header)
    }

    /// Says that nobody wants a body any more: it is counted alone.
    pub(crate) fn discard(&mut self, seq: u64) {
        if let Some(body) = self.bodies.iter_mut().find(|body| body.seq == seq) {
            body.stream = None;
        }
    }

    /// Adds a chunk. Gives the header of a body that is whole by it, and the body.
    /// Chunks of what is not known are dropped: it was broken off.
    ///
    /// # Errors
    ///
    /// If the peer breaks the rules; nothing that it sends can be trusted then.
    pub(crate) fn add(&mut self, seq: u64, chunk: &[u8]) -> Result<Option<(H, Result<Body>)>> {
        let begun = |body: &&Partial<H>| body.received > 0;
        let under_way = self.bodies.iter().filter(begun).count();
        let Some(at) = self.bodies.iter().position(|body| body.seq == seq) else {
            return Ok(None);
        };
        let Some(body) = self.bodies.get_mut(at) else {
            return Ok(None);
        };
        if body.received == 0 && under_way >= CHUNKED_MAX {
            return Err(Error::resource_exhausted(format!(
                "the peer sends chunks of more than {CHUNKED_MAX} bodies at a time"
            )));
        }
        body.received = body.received.saturating_add(chunk.len() as u64);
        if chunk.is_empty() || body.received > body.total {
            return Err(Error::invalid_argument(
                "the peer sent another chunk than it said",
            ));
        }
        if let Some(stream) = &mut body.stream {
            stream.extend_from_slice(chunk);
        }
        if body.received < body.total {
            return Ok(None);
        }
        let body = self.bodies.swap_remove(at);
        let stream = body.stream.unwrap_or_default();
        Ok(Some((body.header, from_stream(stream, self.limits))))
    }
}

/// The one value of a stream of its own.
pub(crate) fn from_stream(stream: BytesMut, limits: Limits) -> Result<Body> {
    let mut decoder = Decoder::with_limits(limits);
    *decoder.buffer() = stream;
    let raw = decoder.take()?;
    match raw {
        Some(raw) if decoder.buffer().is_empty() => Ok(Body::from(raw)),
        _ => Err(Error::invalid_argument(
            "gob: the stream of a body holds no single value",
        )),
    }
}
