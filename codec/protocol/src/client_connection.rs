//! [`ClientConnection`]: the client's side of a connection, without the socket.

mod incoming;
mod long;
mod outbox;
mod peer;
mod reverse;

use bytes::BytesMut;
use gobrpc_codec::{Decoder, Encode, Limits, TypeId};

use crate::body::{Body, Payload};
use crate::caller::Head;
use crate::chunks::{CHUNK_BYTES, Cut, Joined};
use crate::compression::{COMPRESS_MIN, Encoding, LZ4};
use crate::error::{Code, Delivery, Error, Phase, Result};
use crate::flow;
use crate::header::{
    HEADER_BYTES_MAX, Header, NO_CALL, PlainHeader, caps, flags, is_header, kind, reserved,
};
use crate::metadata::Metadata;
use crate::pending_calls::PendingCalls;
use crate::server_connection::CancelArgs;

pub use incoming::{Incoming, IncomingReply};

use incoming::ReplyHeader;
use outbox::Outbox;
use peer::PeerKind;

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
    outbox: Outbox,
    pending: PendingCalls<T>,
    /// The reply whose body comes next.
    header: Option<ReplyHeader>,
    /// The wire type that was found to be a header's, and whether it may be plain.
    header_type: Option<(TypeId, bool)>,
    peer: PeerKind,
    /// The call by which we asked what the peer understands.
    hello: Option<u64>,
    /// Calls that were given up before we knew how to say so.
    untold: Vec<u64>,
    /// Long arguments that go out in chunks, and long replies that come so.
    cut: Cut,
    joined: Joined<Metadata>,
    /// How the body of `header` is compressed.
    encoding: Encoding,
    /// The last call that the peer takes; the greatest number while it says nothing.
    last_taken: u64,
    /// The peer wants no further calls here.
    going_away: bool,
}

/// The number of a call on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(u64);

impl Seq {
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
    /// gone out; the greatest number while that is not known, since the argument goes
    /// out in chunks: [`ClientConnection::fill`].
    pub end: u64,
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
            outbox: Outbox::new(limits),
            pending: PendingCalls::default(),
            header: None,
            header_type: None,
            peer: PeerKind::Unknown,
            hello: None,
            untold: Vec::new(),
            cut: Cut::new(limits),
            joined: Joined::new(limits),
            encoding: Encoding::None,
            last_taken: u64::MAX,
            going_away: false,
        }
    }

    /// Sends headers exactly as Go's client does, without the extension.
    #[must_use]
    pub fn plain_go(mut self) -> Self {
        self.outbox.plain_go = true;
        self
    }

    /// True if it sends headers as Go's client does.
    #[must_use]
    pub fn is_plain_go(&self) -> bool {
        self.outbox.plain_go
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
        // Items would come before an argument that is not whole.
        if body.len() > CHUNK_BYTES
            && !head.streams.arguments()
            && self.peer_caps() & caps::CHUNKS != 0
            && self.cut.has_room()
        {
            return self.call_in_chunks(head, body, call);
        }
        self.append_call(head, body, 0)?;
        Ok(Started {
            seq: self.pending.wait(call),
            end: self.appended(),
        })
    }

    /// Appends a call of which nobody waits for the reply. A peer with
    /// [`caps::ONE_WAY`] sends none; that of another, or of one that has not said
    /// yet what it understands, is dropped.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub fn one_way(&mut self, head: &Head, body: &Payload) -> Result<Started> {
        let unanswered = self.peer_caps() & caps::ONE_WAY != 0;
        let seq = if unanswered {
            self.append_call(head, body, flags::ONE_WAY)?;
            self.pending.skip()
        } else {
            self.append_call(head, body, 0)?;
            self.pending.ignore()
        };
        Ok(Started {
            seq,
            end: self.appended(),
        })
    }

    /// Appends a call with these flags and those that its head asks for.
    fn append_call(&mut self, head: &Head, body: &Payload, flags: u64) -> Result<()> {
        if body.len() >= COMPRESS_MIN
            && let Some(block) = self.packed(body)
        {
            let mut header = self.header_of(head, flags);
            header.encoding = LZ4.into();
            return self
                .outbox
                .frame(header, |encoder, output| encoder.encode(&block, output));
        }
        let plain = self.outbox.plain_go || (head.is_plain() && flags == 0);
        if plain
            && self
                .outbox
                .plain(&head.service_method, self.pending.next(), body)
        {
            return Ok(());
        }
        let header = self.header_of(head, flags);
        self.outbox.frame(header, |encoder, output| {
            encoder.append(body.prepared(), output)
        })
    }

    /// The header of the next call.
    fn header_of<'h>(&self, head: &'h Head, flags: u64) -> Header<'h> {
        let mut header = Header {
            service_method: head.service_method.as_ref().into(),
            seq: self.pending.next(),
            flags,
            ..Header::default()
        };
        if !self.outbox.plain_go {
            header.timeout = head.nanos_left();
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
        header
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
        let mut header = Header {
            seq: seq.0,
            kind: kind::ITEM,
            credit: flow::cost(payload),
            ..Header::default()
        };
        if payload.len() >= COMPRESS_MIN
            && let Some(block) = self.packed(payload)
        {
            header.encoding = LZ4.into();
            return self
                .outbox
                .frame(header, |encoder, output| encoder.encode(&block, output));
        }
        self.outbox.frame(header, |encoder, output| {
            encoder.append(payload.prepared(), output)
        })
    }

    /// Says that no more items come.
    pub fn end(&mut self, seq: Seq) {
        if self.call_of(seq).is_some() {
            self.outbox.control(Header {
                seq: seq.0,
                kind: kind::END,
                ..Header::default()
            });
        }
    }

    /// Gives credit back to the peer for a stream of replies.
    pub fn grant(&mut self, seq: Seq, bytes: u64) {
        if self.call_of(seq).is_some() {
            self.outbox.control(Header {
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
        self.pending.get(seq)
    }

    /// Gives up on a call: its reply will be dropped when it comes. Gives back
    /// what was given with the call, if it still waits.
    ///
    /// The peer is told so, if it understands that; while that is not known, it
    /// is asked. The call stays in [`in_flight`](Self::in_flight) until it is
    /// answered, since the peer may still work on it.
    pub fn cancel(&mut self, seq: Seq) -> Option<T> {
        let call = self.pending.give_up(seq)?;
        self.discard_chunks(seq.0);
        self.tell(seq.0);
        Some(call)
    }

    /// Tells the peer that a call was given up.
    fn tell(&mut self, seq: u64) {
        if self.outbox.plain_go {
            return;
        }
        match self.peer {
            PeerKind::Go => {}
            PeerKind::Ours(_) => self.outbox.control(Header {
                seq: NO_CALL,
                kind: kind::CANCEL,
                reference: seq,
                ..Header::default()
            }),
            PeerKind::Fork => {
                self.ask(reserved::CANCEL, &CancelArgs { seq });
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
        if !self.peer.is_open() || self.hello.is_some() || self.outbox.plain_go {
            return;
        }
        self.hello = self.ask(reserved::HELLO, &());
    }

    /// Appends what makes any peer answer: a [`kind::PING`] to one of ours, else a
    /// call of [`reserved::HELLO`], at which a Go server fails and so proves that it
    /// lives. The answer to either is not given out.
    pub fn ping(&mut self) {
        if matches!(self.peer, PeerKind::Ours(_)) {
            self.outbox.control(Header {
                seq: NO_CALL,
                kind: kind::PING,
                ..Header::default()
            });
        } else {
            self.ask(reserved::HELLO, &());
        }
    }

    /// Appends a call of our own, whose answer nobody waits for; gives its number. A
    /// few bytes of known types are always within the limits, unless those are below
    /// that of a header.
    fn ask<A: Encode>(&mut self, method: &'static str, args: &A) -> Option<u64> {
        let header = Header {
            service_method: method.into(),
            seq: self.pending.next(),
            ..Header::default()
        };
        self.outbox
            .frame(header, |encoder, output| encoder.encode(args, output))
            .ok()?;
        Some(self.pending.ask())
    }

    /// Notes what a reply tells of the peer, and says what had to wait for it.
    fn learn(&mut self, seq: u64, caps: u64, error: Option<&Error>) {
        self.peer = PeerKind::learned(caps, self.hello == Some(seq), error);
        if self.peer != PeerKind::Plain {
            for seq in std::mem::take(&mut self.untold) {
                if self.pending.contains(seq) {
                    self.tell(seq);
                }
            }
        }
    }

    /// Calls that the peer has not answered yet, without those that the
    /// connection itself makes.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.pending.in_flight()
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
        self.outbox.output()
    }

    /// How many bytes the connection has sent when all that was appended has gone
    /// out.
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.outbox.appended()
    }

    /// Takes the bytes to send, and leaves `empty` to collect the next ones.
    pub fn take_output(&mut self, empty: Vec<u8>) -> Vec<u8> {
        self.outbox.take(empty)
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

    /// True if the peer wants no further calls on this connection.
    #[must_use]
    pub fn is_going_away(&self) -> bool {
        self.going_away
    }

    /// Takes out the calls that the peer has said that it does not take: they did
    /// not run, and may be made elsewhere, be they idempotent or not.
    pub fn take_refused(&mut self) -> Vec<(Seq, T)> {
        if self.last_taken == u64::MAX {
            return Vec::new();
        }
        self.pending.give_up_after(self.last_taken)
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
                Ok(Some(raw)) if self.encoding.is_none() => Ok(Body::from(raw)),
                Ok(Some(raw)) => self.unpack(raw, &header).map_err(answered),
                Err(error) if error.is_fatal() => return Err(error.into()),
                Err(error) => {
                    self.encoding = Encoding::None;
                    Err(answered(error.into()))
                }
            };
            match header {
                ReplyHeader::Reply {
                    seq,
                    error,
                    metadata,
                } => {
                    self.forget_chunks(seq);
                    if let Some(call) = self.pending.answer(seq) {
                        let reply = IncomingReply::new(call, error, body, metadata);
                        return Ok(Some(Incoming::Reply(reply)));
                    }
                }
                ReplyHeader::LongReply { seq, metadata } => {
                    if let Some(reply) = self.begin_reply(seq, metadata, &body) {
                        return Ok(Some(Incoming::Reply(reply)));
                    }
                }
                ReplyHeader::Chunk { seq } => {
                    if let Some(reply) = self.join(seq, &body?)? {
                        return Ok(Some(Incoming::Reply(reply)));
                    }
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
                ReplyHeader::Ping { reference } => self.outbox.pong(reference),
                ReplyHeader::GoAway { last } => {
                    self.going_away = true;
                    // What was taken once cannot become untaken, nor the reverse.
                    self.last_taken = self.last_taken.min(last);
                    return Ok(Some(Incoming::GoAway));
                }
                header @ (ReplyHeader::Call(_) | ReplyHeader::Cancel { .. }) => {
                    if let Some(incoming) = self.reverse(header, body) {
                        return Ok(Some(incoming));
                    }
                }
                ReplyHeader::Other => {}
            }
        }
    }

    fn poll_header(&mut self) -> Result<bool> {
        self.decoder.set_message_bytes(HEADER_BYTES_MAX);
        let Some((id, value)) = self.decoder.peek()? else {
            return Ok(false);
        };
        if self.header_type == Some((id, true))
            && self.peer != PeerKind::Unknown
            && let Some(PlainHeader { seq, .. }) = PlainHeader::read(value)
            && self.hello != Some(seq)
        {
            self.header = Some(ReplyHeader::plain(seq));
            self.decoder.set_message_bytes(usize::MAX);
            return Ok(self.decoder.skip()?);
        }
        if self.header_type.map(|(known, _)| known) != Some(id) {
            match self.decoder.types().get(id.get()) {
                Some(wire) if is_header(&wire.kind) => {
                    self.header_type = Some((id, PlainHeader::fits(&wire.kind)));
                }
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
        let extended = caps != 0 || matches!(self.peer, PeerKind::Ours(_));
        if extended && !header.encoding.is_empty() {
            self.encoding = Encoding::of(&header.encoding);
        }
        let incoming = ReplyHeader::new(header, extended);
        self.decoder.set_message_bytes(usize::MAX);
        if self.peer.is_open() {
            self.learn(seq, caps, incoming.error());
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
        self.pending.take()
    }
}

/// A fault in what the peer has answered.
fn answered(error: Error) -> Error {
    error
        .with_phase(Phase::Decode)
        .with_delivery(Delivery::Answered)
}

fn lost(message: String) -> Error {
    Error::unavailable(message)
        .with_phase(Phase::Wait)
        .with_delivery(Delivery::Sent)
}
