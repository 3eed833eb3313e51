//! [`ClientConnection`]: the client's side of a connection, without the socket.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use bytes::BytesMut;
use gobrpc_codec::{Decoder, Encoder, Limits, TypeId};

use crate::body::{Body, Payload};
use crate::caller::Head;
use crate::details::ErrorDetails;
use crate::error::{Code, Delivery, Error, Phase, Result};
use crate::flow;
use crate::header::{
    self, ExtendedRequest, GoRequest, HEADER_BYTES_MAX, Header, NO_CALL, caps, flags, is_header,
    kind, reserved,
};
use crate::metadata::Metadata;
use crate::server_connection::CancelArgs;

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
    pending: HashMap<u64, Pending<T>, BuildHasherDefault<SeqHasher>>,
    /// How many of them are our own questions.
    internal: usize,
    next_seq: u64,
    plain_go: bool,
    /// The reply whose body comes next.
    header: Option<ReplyHeader>,
    /// The wire type that was found to be a header's.
    header_type: Option<TypeId>,
    peer: PeerKind,
    /// The call by which we asked what the peer understands.
    hello: Option<u64>,
    /// Calls that were given up before we knew how to say so.
    untold: Vec<u64>,
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

/// A call that the peer has not answered.
#[derive(Debug)]
enum Pending<T> {
    /// Somebody waits for it.
    Waiting(T),
    /// Nobody waits any more.
    GivenUp,
    /// The connection itself asked, and nobody waits.
    Internal,
}

impl<T> Pending<T> {
    fn call(self) -> Option<T> {
        match self {
            Self::Waiting(call) => Some(call),
            Self::GivenUp | Self::Internal => None,
        }
    }
}

/// What is known of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeerKind {
    /// It has not answered yet.
    Unknown,
    /// One of ours, with these caps.
    Ours(u64),
    /// It has no caps: Go, or the fork of it that takes [`reserved::CANCEL`].
    Plain,
    /// Go; it was asked.
    Go,
    /// That fork.
    Fork,
}

/// A header whose body comes next.
#[derive(Debug)]
enum ReplyHeader {
    Reply {
        seq: u64,
        error: Option<Error>,
        metadata: Metadata,
    },
    Item {
        seq: u64,
        cost: u64,
    },
    Credit {
        seq: u64,
        bytes: u64,
    },
    Ping {
        reference: u64,
    },
    /// Of a kind that needs nothing, or is not known here.
    Other,
}

/// The number of a call on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(u64);

impl Seq {
    #[cfg(feature = "jsonrpc")]
    pub(crate) const fn new(seq: u64) -> Self {
        Self(seq)
    }

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

/// What the peer sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming<T> {
    /// The reply to a call, which ends it.
    Reply(IncomingReply<T>),
    /// An item of the replies of a call.
    Item {
        /// The call; somebody waits for it.
        seq: Seq,
        /// The item; an error if its bytes are not gob.
        body: Result<Body>,
        /// How much of the credit it takes.
        cost: u64,
    },
    /// More may be sent of a stream of arguments.
    Credit {
        /// The call; somebody waits for it.
        seq: Seq,
        /// How many bytes more.
        bytes: u64,
    },
}

/// A reply that is whole.
#[derive(Debug)]
#[non_exhaustive]
pub struct IncomingReply<T> {
    /// What was given with the call.
    pub call: T,
    /// The reply's body, or the error that the peer answered.
    pub result: Result<Body>,
    /// What came beside the body; that of an error is in the error.
    pub metadata: Metadata,
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
            internal: 0,
            next_seq: 0,
            plain_go: false,
            header: None,
            header_type: None,
            peer: PeerKind::Unknown,
            hello: None,
            untold: Vec::new(),
            taken: 0,
        }
    }

    /// Sends headers exactly as Go's client does, without the extension.
    #[must_use]
    pub fn plain_go(mut self) -> Self {
        self.plain_go = true;
        self
    }

    /// True if it sends headers as Go's client does.
    #[must_use]
    pub fn is_plain_go(&self) -> bool {
        self.plain_go
    }

    /// Appends a call to the output. Of the head's times only
    /// [`timeout`](Head::timeout) counts, as what is left now.
    ///
    /// One with streams is for peers with [`caps::STREAMS`] only: Go would run a
    /// method that is not meant. The items of its arguments are sent by
    /// [`item`](Self::item).
    ///
    /// # Errors
    ///
    /// If it cannot be encoded or is too long; nothing was appended then.
    pub fn call(&mut self, head: &Head, body: &Payload, call: T) -> Result<Started> {
        let mut header = Header {
            service_method: head.service_method.as_ref().into(),
            seq: self.next_seq,
            ..Header::default()
        };
        if !self.plain_go {
            if let Some(timeout) = head.timeout {
                // 0 would be no bound. 292 years are as good as all that is more.
                header.timeout = i64::try_from(timeout.as_nanos()).unwrap_or(i64::MAX);
                if header.timeout == 0 {
                    header.timeout = -1;
                }
            }
            if head.idempotent {
                header.flags |= flags::IDEMPOTENT;
            }
            if head.streams.arguments() {
                header.flags |= flags::STREAM_IN;
            }
            if head.streams.replies() {
                header.flags |= flags::STREAM_OUT;
                header.credit = flow::INITIAL_CREDIT;
            }
            header.meta = head.metadata.to_wire();
        }
        self.request(header, |encoder, output| {
            encoder.append(body.prepared(), output)
        })?;
        let seq = self.next_seq;
        self.next_seq = seq.wrapping_add(1);
        self.pending.insert(seq, Pending::Waiting(call));
        Ok(Started {
            seq: Seq(seq),
            end: self.appended(),
        })
    }

    /// Sends an item of a stream of arguments, unless the call is over.
    ///
    /// # Errors
    ///
    /// If it is too long; nothing was appended then.
    pub fn item(&mut self, seq: Seq, payload: &Payload) -> Result<()> {
        if self.call_of(seq).is_none() {
            return Ok(());
        }
        let header = Header {
            seq: seq.0,
            kind: kind::ITEM,
            credit: flow::cost(payload),
            ..Header::default()
        };
        self.request(header, |encoder, output| {
            encoder.append(payload.prepared(), output)
        })
    }

    /// Says that no more items come.
    pub fn end(&mut self, seq: Seq) {
        if self.call_of(seq).is_some() {
            self.control(Header {
                seq: seq.0,
                kind: kind::END,
                ..Header::default()
            });
        }
    }

    /// Gives credit back to the peer for a stream of replies.
    pub fn grant(&mut self, seq: Seq, bytes: u64) {
        if self.call_of(seq).is_some() {
            self.control(Header {
                seq: NO_CALL,
                kind: kind::CREDIT,
                reference: seq.0,
                credit: bytes,
                ..Header::default()
            });
        }
    }

    /// What was given with a call, if somebody waits for it.
    #[must_use]
    pub fn call_of(&self, seq: Seq) -> Option<&T> {
        match self.pending.get(&seq.0)? {
            Pending::Waiting(call) => Some(call),
            Pending::GivenUp | Pending::Internal => None,
        }
    }

    /// Appends a header and a body, or nothing.
    fn request(
        &mut self,
        mut header: Header<'_>,
        body: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> gobrpc_codec::Result<()>,
    ) -> Result<()> {
        let checkpoint = self.encoder.checkpoint(&self.output);
        let failed = |error: Error| {
            Err(error
                .with_phase(Phase::Encode)
                .with_delivery(Delivery::NotSent))
        };
        self.encoder.set_message_bytes(HEADER_BYTES_MAX);
        let written = if self.plain_go {
            self.encoder.encode(&GoRequest(&header), &mut self.output)
        } else {
            if header.seq == 0 {
                header.caps = caps::OURS;
            }
            self.encoder
                .encode(&ExtendedRequest(&header), &mut self.output)
        };
        self.encoder.set_message_bytes(usize::MAX);
        if let Err(error) = written {
            self.encoder.rollback(checkpoint, &mut self.output);
            // Limits below that of a header are the user's, and named by their knob.
            return failed(match self.decoder.limits().message_bytes {
                own if own < HEADER_BYTES_MAX => error.into(),
                _ => header::too_long(),
            });
        }
        if let Err(error) = body(&mut self.encoder, &mut self.output) {
            self.encoder.rollback(checkpoint, &mut self.output);
            return failed(error.into());
        }
        Ok(())
    }

    /// Gives up on a call: its reply will be dropped when it comes. Gives back
    /// what was given with the call, if it still waits.
    ///
    /// The peer is told so, if it understands that; while that is not known, it
    /// is asked. The call stays in [`in_flight`](Self::in_flight) until it is
    /// answered, since the peer may still work on it.
    pub fn cancel(&mut self, seq: Seq) -> Option<T> {
        let pending = self.pending.get_mut(&seq.0)?;
        if !matches!(pending, Pending::Waiting(_)) {
            return None;
        }
        let call = std::mem::replace(pending, Pending::GivenUp).call();
        self.tell(seq.0);
        call
    }

    /// Tells the peer that a call was given up.
    fn tell(&mut self, seq: u64) {
        if self.plain_go {
            return;
        }
        match self.peer {
            PeerKind::Go => {}
            PeerKind::Ours(_) => self.control(Header {
                seq: NO_CALL,
                kind: kind::CANCEL,
                reference: seq,
                ..Header::default()
            }),
            PeerKind::Fork => {
                let header = Header {
                    service_method: reserved::CANCEL.into(),
                    seq: self.next_seq,
                    ..Header::default()
                };
                let args = CancelArgs { seq };
                let sent = self.request(header, |encoder, output| encoder.encode(&args, output));
                if sent.is_ok() {
                    self.ask();
                }
            }
            PeerKind::Unknown | PeerKind::Plain => {
                self.untold.push(seq);
                self.hello();
            }
        }
    }

    /// Asks the peer what it understands, if that is not known and it was not
    /// asked yet: a call of [`reserved::HELLO`], which fails at a Go server and
    /// harms nothing. The answer shows in [`peer_caps`](Self::peer_caps).
    pub fn hello(&mut self) {
        let known = !matches!(self.peer, PeerKind::Unknown | PeerKind::Plain);
        if known || self.hello.is_some() || self.plain_go {
            return;
        }
        let header = Header {
            service_method: reserved::HELLO.into(),
            seq: self.next_seq,
            ..Header::default()
        };
        let sent = self.request(header, |encoder, output| encoder.encode(&(), output));
        if sent.is_ok() {
            self.hello = Some(self.next_seq);
            self.ask();
        }
    }

    /// Appends what makes any peer answer: a [`kind::PING`] to one of ours, else a
    /// call of [`reserved::HELLO`], at which a Go server fails and so proves that it
    /// lives. The answer to either is not given out.
    pub fn ping(&mut self) {
        if matches!(self.peer, PeerKind::Ours(_)) {
            self.control(Header {
                seq: NO_CALL,
                kind: kind::PING,
                ..Header::default()
            });
            return;
        }
        let header = Header {
            service_method: reserved::HELLO.into(),
            seq: self.next_seq,
            ..Header::default()
        };
        let sent = self.request(header, |encoder, output| encoder.encode(&(), output));
        if sent.is_ok() {
            self.ask();
        }
    }

    /// Notes that a call of our own was appended.
    fn ask(&mut self) {
        self.pending.insert(self.next_seq, Pending::Internal);
        self.internal += 1;
        self.next_seq = self.next_seq.wrapping_add(1);
    }

    /// Appends a frame without a body of its own; only to a peer with caps. A few
    /// bytes of known types are always within the limits.
    fn control(&mut self, header: Header<'_>) {
        let _ = self.request(header, |encoder, output| encoder.encode(&false, output));
    }

    /// Notes what a reply tells of the peer, and says what had to wait for it.
    fn learn(&mut self, seq: u64, caps: u64, error: Option<&Error>) {
        let hello = self.hello == Some(seq);
        if matches!(self.peer, PeerKind::Unknown | PeerKind::Plain) {
            self.peer = match error {
                _ if caps != 0 => PeerKind::Ours(caps),
                // Who has such a service lacks the method alone.
                Some(error) if hello && error.message().starts_with("rpc: can't find method") => {
                    PeerKind::Fork
                }
                _ if hello => PeerKind::Go,
                _ => PeerKind::Plain,
            };
            if self.peer != PeerKind::Plain {
                for seq in std::mem::take(&mut self.untold) {
                    if self.pending.contains_key(&seq) {
                        self.tell(seq);
                    }
                }
            }
        }
    }

    /// Calls that the peer has not answered yet, without those that the
    /// connection itself makes.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.pending.len() - self.internal
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

    /// How many bytes the connection has sent when all that was appended has gone
    /// out.
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.taken + self.output.len() as u64
    }

    /// Takes the bytes to send, and leaves `empty` to collect the next ones.
    pub fn take_output(&mut self, empty: Vec<u8>) -> Vec<u8> {
        self.taken += self.output.len() as u64;
        std::mem::replace(&mut self.output, empty)
    }

    /// What the peer said that it understands: [`caps`]. 0 until its first reply,
    /// and for Go.
    #[must_use]
    pub fn peer_caps(&self) -> u64 {
        match self.peer {
            PeerKind::Ours(caps) => caps,
            _ => 0,
        }
    }

    /// True once the peer has answered, so that [`peer_caps`](Self::peer_caps) is
    /// its last word.
    #[must_use]
    pub fn is_peer_known(&self) -> bool {
        self.peer != PeerKind::Unknown
    }

    /// The next whole reply. What else comes before it is passed over, so this is
    /// for those who have no streams.
    ///
    /// # Errors
    ///
    /// As for [`poll`](Self::poll).
    pub fn poll_reply(&mut self) -> Result<Option<IncomingReply<T>>> {
        loop {
            match self.poll()? {
                Some(Incoming::Reply(reply)) => return Ok(Some(reply)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next thing that came whole. Replies to calls that were given up are dropped, and
    /// so are those to numbers that are not waited for, as Go does.
    ///
    /// # Errors
    ///
    /// If the stream is lost: the connection is to be closed, and all calls that
    /// wait are to fail by [`take_pending`](Self::take_pending). The error's
    /// delivery is [`Delivery::Sent`], which is the driver's to correct for calls
    /// that it had not written yet.
    pub fn poll(&mut self) -> Result<Option<Incoming<T>>> {
        self.poll_inner().map_err(|error| {
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

    fn poll_inner(&mut self) -> Result<Option<Incoming<T>>> {
        loop {
            let Some(header) = self.header.take() else {
                if !self.poll_header()? {
                    return Ok(None);
                }
                continue;
            };
            // A fault in a body is that call's alone: messages are delimited, so
            // that the next one is found.
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
            match header {
                ReplyHeader::Reply {
                    seq,
                    error,
                    metadata,
                } => {
                    let call = match self.pending.remove(&seq) {
                        Some(Pending::Waiting(call)) => call,
                        Some(Pending::Internal) => {
                            self.internal -= 1;
                            continue;
                        }
                        Some(Pending::GivenUp) | None => continue,
                    };
                    let (result, metadata) = match error {
                        None => (body, metadata),
                        Some(error) => {
                            let error = with_details(error, body.ok()).with_metadata(metadata);
                            (Err(error), Metadata::new())
                        }
                    };
                    return Ok(Some(Incoming::Reply(IncomingReply {
                        call,
                        result,
                        metadata,
                    })));
                }
                ReplyHeader::Item { seq, cost } => {
                    let seq = Seq(seq);
                    if self.call_of(seq).is_some() {
                        return Ok(Some(Incoming::Item { seq, body, cost }));
                    }
                }
                ReplyHeader::Credit { seq, bytes } => {
                    let seq = Seq(seq);
                    if self.call_of(seq).is_some() {
                        return Ok(Some(Incoming::Credit { seq, bytes }));
                    }
                }
                ReplyHeader::Ping { reference } => self.control(Header {
                    seq: NO_CALL,
                    kind: kind::PONG,
                    reference,
                    ..Header::default()
                }),
                ReplyHeader::Other => {}
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
        let (seq, caps) = (header.seq, header.caps);
        // A peer that has not shown its caps has calls and replies alone.
        let kind = match self.peer {
            PeerKind::Ours(_) => header.kind,
            _ if caps != 0 => header.kind,
            _ => kind::CALL,
        };
        let incoming = match kind {
            kind::CALL => ReplyHeader::Reply {
                seq,
                metadata: Metadata::from_wire(&header.meta),
                error: error_of(header),
            },
            kind::ITEM => ReplyHeader::Item {
                seq,
                cost: header.credit,
            },
            kind::CREDIT => ReplyHeader::Credit {
                seq: header.reference,
                bytes: header.credit,
            },
            kind::PING => ReplyHeader::Ping {
                reference: header.reference,
            },
            _ => ReplyHeader::Other,
        };
        self.decoder.set_message_bytes(usize::MAX);
        if matches!(self.peer, PeerKind::Unknown | PeerKind::Plain) {
            let error = match &incoming {
                ReplyHeader::Reply { error, .. } => error.as_ref(),
                _ => None,
            };
            self.learn(seq, caps, error);
        }
        self.header = Some(incoming);
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
        self.internal = 0;
        self.pending
            .drain()
            .filter_map(|(seq, pending)| Some((Seq(seq), pending.call()?)))
            .collect()
    }
}

fn lost(message: String) -> Error {
    Error::unavailable(message)
        .with_phase(Phase::Wait)
        .with_delivery(Delivery::Sent)
}

/// The error of a reply, if it is one.
fn error_of(header: Header<'_>) -> Option<Error> {
    if header.error.is_empty() {
        return None;
    }
    let text = header.error.into_owned();
    let error = match header.code {
        0 => Error::from_go_text(text),
        code => Error::with_code(Code::from_number(code), text).with_delivery(Delivery::Answered),
    };
    Some(if header.flags & flags::NOT_PROCESSED != 0 {
        error
            .with_delivery(Delivery::Refused)
            .with_phase(Phase::Queue)
            .not_processed()
    } else {
        error
    })
}

/// The error with the details that are its body; Go sends none.
fn with_details(error: Error, body: Option<Body>) -> Error {
    // An empty struct is one byte.
    match body.filter(|body| body.bytes().len() > 1) {
        Some(body) => match body.decode::<ErrorDetails>() {
            Ok(details) => error.with_details(details),
            Err(_) => error,
        },
        None => error,
    }
}
