//! [`ClientConnection`]: the client's side of a connection, without the socket.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use bytes::BytesMut;
use gobrpc_codec::{Decoder, Encoder, Limits, TypeId};

use crate::body::{Body, Payload};
use crate::caller::Head;
use crate::error::{Code, Delivery, Error, Phase, Result};
use crate::header::{ExtendedRequest, GoRequest, HEADER_BYTES_MAX, Header, caps, is_header};

/// The client's side of one connection: calls in, bytes out; bytes in, replies
/// out.
///
/// `T` is whatever the driver wants back with a reply, to find who waits for it.
///
/// A call that cannot be encoded leaves no trace, so that a failed call never
/// harms another one. See [`ServerConnection`](crate::ServerConnection) for an
/// example of both.
#[derive(Debug)]
pub struct ClientConnection<T> {
    decoder: Decoder,
    encoder: Encoder,
    output: Vec<u8>,
    pending: HashMap<u64, Option<T>, BuildHasherDefault<SeqHasher>>,
    next_seq: u64,
    plain_go: bool,
    /// The reply whose body comes next.
    header: Option<ReplyHeader>,
    /// The wire type that was found to be a header's.
    header_type: Option<TypeId>,
    peer_caps: u64,
    /// Bytes that went out before what `output` holds.
    taken: u64,
}

/// Numbers of calls are ours and count up, so that no peer can make them collide:
/// spreading them over the table is all that a hash has to do.
#[derive(Debug, Default)]
struct SeqHasher(u64);

impl Hasher for SeqHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }
    fn write_u64(&mut self, seq: u64) {
        // Fibonacci hashing: 2^64 divided by the golden ratio.
        self.0 = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[derive(Debug)]
struct ReplyHeader {
    seq: u64,
    error: Option<Error>,
}

/// The number of a call on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(u64);

impl Seq {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A call that was appended to the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// Its number.
    pub seq: Seq,
    /// How many bytes the connection has sent when this call's last byte has
    /// gone out.
    pub end: u64,
}

/// A reply that is whole.
#[derive(Debug)]
#[non_exhaustive]
pub struct IncomingReply<T> {
    /// What was given with the call.
    pub call: T,
    /// The reply's body, or the error that the peer answered.
    pub result: Result<Body>,
}

impl<T> Default for ClientConnection<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> ClientConnection<T> {
    /// A new connection with default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A new connection. The limits hold for each body, in and out.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            decoder: Decoder::with_limits(limits),
            encoder: Encoder::with_limits(limits),
            output: Vec::new(),
            pending: HashMap::default(),
            next_seq: 0,
            plain_go: false,
            header: None,
            header_type: None,
            peer_caps: 0,
            taken: 0,
        }
    }

    /// Sends headers exactly as Go's client does, without the extension.
    #[must_use]
    pub fn plain_go(mut self) -> Self {
        self.plain_go = true;
        self
    }

    /// Appends a call to the output.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded or is too long; nothing was appended then.
    pub fn call(&mut self, head: &Head, body: &Payload, call: T) -> Result<Started> {
        let seq = self.next_seq;
        let mut header = Header {
            service_method: head.service_method.as_ref().into(),
            seq,
            ..Header::default()
        };
        let checkpoint = self.encoder.checkpoint(&self.output);
        let written = if self.plain_go {
            self.encoder.encode(&GoRequest(&header), &mut self.output)
        } else {
            if seq == 0 {
                header.caps = caps::EXTENDED;
            }
            self.encoder
                .encode(&ExtendedRequest(&header), &mut self.output)
        };
        let written = written.and_then(|()| self.encoder.append(body.prepared(), &mut self.output));
        if let Err(error) = written {
            self.encoder.rollback(checkpoint, &mut self.output);
            return Err(Error::from(error)
                .with_phase(Phase::Encode)
                .with_delivery(Delivery::NotSent));
        }
        self.next_seq = seq.wrapping_add(1);
        self.pending.insert(seq, Some(call));
        Ok(Started {
            seq: Seq(seq),
            end: self.taken + self.output.len() as u64,
        })
    }

    /// Gives up on a call: its reply will be dropped when it comes. Gives back
    /// what was given with the call, if it still waits.
    ///
    /// The call stays in [`in_flight`](Self::in_flight) until then, since the
    /// peer still works on it.
    pub fn cancel(&mut self, seq: Seq) -> Option<T> {
        self.pending.get_mut(&seq.0)?.take()
    }

    /// Calls that the peer has not answered yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// The buffer to append received bytes to.
    pub fn input(&mut self) -> &mut BytesMut {
        self.decoder.buffer()
    }

    /// How many bytes the input must hold before more can come of it, as far as
    /// is known.
    pub fn wanted(&mut self) -> usize {
        self.decoder.wanted()
    }

    /// Bytes to send, for looking at; the driver takes them out by
    /// [`take_output`](Self::take_output).
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Takes the bytes to send, and leaves `empty` to collect the next ones.
    pub fn take_output(&mut self, empty: Vec<u8>) -> Vec<u8> {
        self.taken += self.output.len() as u64;
        std::mem::replace(&mut self.output, empty)
    }

    /// What the peer said that it understands; 0 until its first reply, and for
    /// Go.
    #[must_use]
    pub fn peer_caps(&self) -> u64 {
        self.peer_caps
    }

    /// The next whole reply. Replies to calls that were given up are dropped, and
    /// so are those to numbers that are not waited for, as Go does.
    ///
    /// # Errors
    ///
    /// If the stream is lost: the connection is to be closed, and all calls that
    /// wait are to fail by [`take_pending`](Self::take_pending). The error's
    /// delivery is [`Delivery::Sent`], which is the driver's to correct for calls
    /// that it had not written yet.
    pub fn poll_reply(&mut self) -> Result<Option<IncomingReply<T>>> {
        self.poll_reply_inner().map_err(|error| {
            // Bytes that are wrong are no argument here: they are the peer's fault.
            let code = match error.code() {
                Code::InvalidArgument => Code::Internal,
                code => code,
            };
            Error::with_code(code, error.message().to_owned())
                .with_phase(Phase::Decode)
                .with_delivery(Delivery::Sent)
                .with_source(error)
        })
    }

    fn poll_reply_inner(&mut self) -> Result<Option<IncomingReply<T>>> {
        loop {
            match self.header.take() {
                None => {
                    if !self.poll_header()? {
                        return Ok(None);
                    }
                }
                Some(header) => {
                    // A fault in a body is that call's alone: messages are
                    // delimited, so that the next one is found.
                    let body = match self.decoder.take() {
                        Ok(None) => {
                            self.header = Some(header);
                            return Ok(None);
                        }
                        Ok(Some(raw)) => Ok(Body::from(raw)),
                        Err(error) if error.is_fatal() => return Err(error.into()),
                        Err(error) => Err(Error::from(error)
                            .with_phase(Phase::Decode)
                            .with_delivery(Delivery::Answered)),
                    };
                    let Some(call) = self.pending.remove(&header.seq).flatten() else {
                        continue;
                    };
                    return Ok(Some(IncomingReply {
                        call,
                        result: match header.error {
                            Some(error) => Err(error),
                            None => body,
                        },
                    }));
                }
            }
        }
    }

    fn poll_header(&mut self) -> Result<bool> {
        self.decoder.set_message_bytes(HEADER_BYTES_MAX);
        let Some(id) = self.decoder.peek_type()? else {
            return Ok(false);
        };
        if self.header_type != Some(id) {
            match self.decoder.types().get(id.get()) {
                Some(wire) if is_header(&wire.kind) => self.header_type = Some(id),
                _ => {
                    return Err(Error::with_code(
                        Code::Internal,
                        "the peer sent no net/rpc response header",
                    ));
                }
            }
        }
        let header: Option<Header<'_>> = self.decoder.decode()?;
        let Some(header) = header else {
            return Ok(false);
        };
        let error = if header.error.is_empty() {
            None
        } else {
            let text = header.error.into_owned();
            Some(match header.code {
                0 => Error::from_go_text(text),
                code => Error::with_code(Code::from_number(code), text)
                    .with_delivery(Delivery::Answered),
            })
        };
        self.peer_caps |= header.caps;
        self.header = Some(ReplyHeader {
            seq: header.seq,
            error,
        });
        self.decoder.set_message_bytes(usize::MAX);
        Ok(true)
    }

    /// Says that the peer will send nothing more.
    ///
    /// # Errors
    ///
    /// If it stopped inside of a reply.
    pub fn handle_eof(&mut self) -> Result<()> {
        if self.header.is_some() {
            return Err(lost(
                "the peer closed between a header and its body".to_owned(),
            ));
        }
        self.decoder
            .finish()
            .map_err(|error| lost(format!("the peer closed: {error}")))
    }

    /// Takes all calls that still wait, with their numbers.
    pub fn take_pending(&mut self) -> Vec<(Seq, T)> {
        self.pending
            .drain()
            .filter_map(|(seq, call)| Some((Seq(seq), call?)))
            .collect()
    }
}

fn lost(message: String) -> Error {
    Error::unavailable(message)
        .with_phase(Phase::Wait)
        .with_delivery(Delivery::Sent)
}
