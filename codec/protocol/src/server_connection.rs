//! [`ServerConnection`]: the server's side of a connection, without the socket.

mod incoming;
mod long;
mod outbox;
mod reverse;

use std::sync::Arc;

use bytes::BytesMut;
use gobrpc_codec::{Decoder, ErrorKind, Gob, Limits, TypeId};

use crate::body::{Body, Payload};
use crate::chunks::{Cut, Joined};
use crate::compression::{COMPRESS_MIN, Encoding, LZ4};
use crate::error::{Code, Error, Result};
use crate::flow;
use crate::header::{
    HEADER_BYTES_MAX, Header, NO_CALL, PlainHeader, caps, flags, is_extended, is_header, kind,
    reserved,
};
use crate::info::StreamKind;
use crate::method::RESERVED_PREFIX;
use crate::service::Response;

pub use incoming::{Incoming, IncomingRequest};

pub(crate) use incoming::remaining;

use incoming::RequestHeader;
use outbox::Outbox;

/// The server's side of one connection: bytes in, requests out; replies in,
/// bytes out.
///
/// The order of calls: read into [`input`](Self::input), take what came by
/// [`poll`](Self::poll) until it gives `None`, [`reply`](Self::reply) to each
/// request once and in any order, write what [`output`](Self::output) holds.
/// Pings and the methods of [`reserved`] it answers itself.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::{ServerConnection, ClientConnection, Head, Payload, Response};
///
/// let mut client = ClientConnection::new();
/// let mut server = ServerConnection::new();
/// client.call(&Head::new("Echo.String"), &Payload::new(&"hello")?, "my call")?;
///
/// server.input().extend_from_slice(client.output());
/// let request = server.poll_request()?.expect("a whole request");
/// assert_eq!(&*request.service_method, "Echo.String");
/// let text: String = request.body?.decode()?;
/// server.reply(request.seq, &request.service_method, Response::unary(&text));
///
/// client.input().extend_from_slice(server.output());
/// let reply = client.poll_reply()?.expect("a whole reply");
/// assert_eq!(reply.call, "my call");
/// assert_eq!(reply.result?.decode::<String>()?, "hello");
/// # Ok::<(), gobrpc_protocol::Error>(())
/// ```
#[derive(Debug)]
pub struct ServerConnection {
    decoder: Decoder,
    outbox: Outbox,
    /// The header whose body comes next.
    header: Option<RequestHeader>,
    /// The wire type that was found to be a header's, and whether it may be plain.
    header_type: Option<(TypeId, bool)>,
    last_method: Option<Arc<str>>,
    /// Long replies that go out in chunks, and long arguments that come so.
    cut: Cut,
    joined: Joined<RequestHeader>,
    /// How the body of `header` is compressed.
    encoding: Encoding,
    /// The body of `header`, if it is here and no longer in the decoder.
    whole: Option<Box<Result<Body>>>,
    /// The peer's headers are those of the extension.
    extended: bool,
    /// What the peer says that it understands.
    peer_caps: u64,
    /// The greatest number of a call that came.
    last_seq: u64,
    farewell: Farewell,
}

/// How far the peer is told to make its calls elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Farewell {
    None,
    /// It was asked to; calls that were under way are taken.
    Asked,
    /// It has heard it, and what comes now is refused.
    Final,
}

/// The argument of [`reserved::CANCEL`].
#[derive(Debug, Clone, Copy, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "svc")]
pub(crate) struct CancelArgs {
    pub(crate) seq: u64,
}

impl Default for ServerConnection {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerConnection {
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
            header: None,
            header_type: None,
            last_method: None,
            cut: Cut::new(limits),
            joined: Joined::new(limits),
            encoding: Encoding::None,
            whole: None,
            extended: false,
            peer_caps: 0,
            last_seq: 0,
            farewell: Farewell::None,
        }
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

    /// Bytes to send; the driver takes them out.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.outbox.output
    }

    /// The next whole request. What else comes before it is passed over, so this
    /// is for those who handle one request at a time.
    ///
    /// # Errors
    ///
    /// As for [`poll`](Self::poll).
    pub fn poll_request(&mut self) -> Result<Option<IncomingRequest>> {
        loop {
            match self.poll()? {
                Some(Incoming::Request(request)) => return Ok(Some(request)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next thing that came whole.
    ///
    /// # Errors
    ///
    /// If the stream is lost, or a header is none: then there is nothing to
    /// reply to, and the connection is to be closed, as Go does.
    pub fn poll(&mut self) -> Result<Option<Incoming>> {
        loop {
            let Some(header) = self.header.take() else {
                if !self.poll_header()? {
                    return Ok(None);
                }
                continue;
            };
            let body = if let Some(whole) = self.whole.take() {
                *whole
            } else {
                let body = match self.decoder.take() {
                    Ok(None) => {
                        self.header = Some(header);
                        return Ok(None);
                    }
                    Ok(Some(raw)) if self.encoding.is_none() => Ok(Body::from(raw)),
                    Ok(Some(raw)) => self.unpack(raw, &header),
                    Err(error) if error.is_fatal() => return Err(error.into()),
                    Err(error) => {
                        self.encoding = Encoding::None;
                        Err(Error::of_part("the argument", error))
                    }
                };
                if header.is_of_long() {
                    self.take_long(header, body)?;
                    continue;
                }
                body
            };
            match header {
                RequestHeader::Request {
                    service_method,
                    seq,
                    timeout,
                    flags,
                    credit,
                    metadata,
                } => {
                    // A stream says by its end that it is over.
                    let streams = flags::STREAM_IN | flags::STREAM_OUT;
                    let one_way = flags & flags::ONE_WAY != 0 && flags & streams == 0;
                    let reserved = service_method.starts_with(RESERVED_PREFIX);
                    // One that came in chunks was taken by its beginning.
                    let late = self.farewell == Farewell::Final && flags & flags::CHUNKED == 0;
                    if one_way && (reserved || late) {
                        // There is nothing to say, and nobody to say it to.
                        continue;
                    }
                    if late {
                        let error = Error::unavailable("the server goes away: call elsewhere");
                        self.reply(seq, &service_method, Err(error.not_processed()));
                        continue;
                    }
                    self.last_seq = self.last_seq.max(seq);
                    if reserved {
                        match self.handle_reserved(seq, &service_method, body) {
                            Some(incoming) => return Ok(Some(incoming)),
                            None => continue,
                        }
                    }
                    return Ok(Some(Incoming::Request(IncomingRequest {
                        seq,
                        service_method,
                        body,
                        timeout: remaining(timeout),
                        idempotent: flags & flags::IDEMPOTENT != 0,
                        one_way,
                        metadata,
                        streams: StreamKind::new(
                            flags & flags::STREAM_IN != 0,
                            flags & flags::STREAM_OUT != 0,
                        ),
                        credit,
                    })));
                }
                RequestHeader::Item { seq, cost } => {
                    return Ok(Some(Incoming::Item { seq, body, cost }));
                }
                RequestHeader::End { seq } => return Ok(Some(Incoming::End { seq })),
                RequestHeader::Credit { seq, bytes } => {
                    return Ok(Some(Incoming::Credit { seq, bytes }));
                }
                RequestHeader::Cancel { seq } => return Ok(Some(Incoming::Cancel { seq })),
                RequestHeader::Ping { reference } => self.pong(reference),
                RequestHeader::Pong => self.part(),
                RequestHeader::Reply(reply) => return Ok(Some(Incoming::Reply(reply.with(body)))),
                // Chunks were taken before.
                RequestHeader::Chunk { .. } | RequestHeader::Unknown => {}
            }
        }
    }

    fn poll_header(&mut self) -> Result<bool> {
        self.decoder.set_message_bytes(HEADER_BYTES_MAX);
        let Some((id, value)) = self.decoder.peek()? else {
            return Ok(false);
        };
        if self.header_type == Some((id, true))
            && let Some(plain) = PlainHeader::read(value)
            && let Some(last) = &self.last_method
            && last.as_bytes() == plain.service_method
        {
            self.header = Some(RequestHeader::plain(Arc::clone(last), plain.seq));
            self.decoder.set_message_bytes(usize::MAX);
            return self.decoder.skip().map_err(Error::from);
        }
        if self.header_type.map(|(known, _)| known) != Some(id) {
            match self.decoder.types().get(id.get()) {
                Some(wire) if is_header(&wire.kind) => {
                    self.extended = is_extended(&wire.kind);
                    self.header_type = Some((id, PlainHeader::fits(&wire.kind)));
                }
                _ => {
                    return Err(Error::invalid_argument(
                        "the peer sent no net/rpc request header",
                    ));
                }
            }
        }
        let header: Option<Header<'_>> = self.decoder.decode()?;
        let Some(header) = header else {
            return Ok(false);
        };
        if self.extended && !header.encoding.is_empty() {
            self.encoding = Encoding::of(&header.encoding);
        }
        self.header = Some(RequestHeader::new(
            &header,
            self.extended,
            &mut self.last_method,
        ));
        self.peer_caps |= header.caps;
        self.decoder.set_message_bytes(usize::MAX);
        Ok(true)
    }

    /// Answers what the connection itself is asked.
    fn handle_reserved(
        &mut self,
        seq: u64,
        service_method: &str,
        body: Result<Body>,
    ) -> Option<Incoming> {
        match service_method {
            reserved::HELLO => {
                self.reply(seq, service_method, Response::unary(&()));
                None
            }
            reserved::CANCEL => {
                let args = body.and_then(|body| body.decode_argument::<CancelArgs>());
                let told = args.as_ref().map_err(Error::clone).map(|_| true);
                let told = told.and_then(|told| Response::unary(&told));
                self.reply(seq, service_method, told);
                args.ok().map(|args| Incoming::Cancel { seq: args.seq })
            }
            _ => {
                let error = crate::method::no_method(service_method);
                self.reply(seq, service_method, Err(error));
                None
            }
        }
    }

    fn pong(&mut self, reference: u64) {
        self.outbox.control(Header {
            seq: NO_CALL,
            kind: kind::PONG,
            reference,
            ..Header::default()
        });
    }

    /// Asks the peer to make no further calls on this connection. False if it does
    /// not understand that, as Go's do not; then it is to be served until it is
    /// quiet.
    ///
    /// As HTTP/2 has it (RFC 9113, 6.8), in two steps: calls that were under way are
    /// taken, and a ping tells when the last of them has come. Those that still come
    /// behind its answer are refused as not processed.
    pub fn go_away(&mut self) -> bool {
        if self.peer_caps & caps::GO_AWAY == 0 {
            return false;
        }
        if self.farewell == Farewell::None {
            self.farewell = Farewell::Asked;
            self.say_go_away(u64::MAX);
            self.outbox.control(Header {
                seq: NO_CALL,
                kind: kind::PING,
                ..Header::default()
            });
        }
        true
    }

    /// True once the peer is known to make no further calls: when those that came
    /// are answered, the connection is over.
    #[must_use]
    pub fn is_parted(&self) -> bool {
        self.farewell == Farewell::Final
    }

    /// The peer has heard that it is to go elsewhere.
    fn part(&mut self) {
        if self.farewell == Farewell::Asked {
            self.farewell = Farewell::Final;
            self.say_go_away(self.last_seq);
        }
    }

    fn say_go_away(&mut self, last: u64) {
        self.outbox.control(Header {
            seq: NO_CALL,
            kind: kind::GO_AWAY,
            reference: last,
            ..Header::default()
        });
    }

    /// Gives credit back to the caller of a call whose arguments are a stream.
    pub fn grant(&mut self, seq: u64, bytes: u64) {
        self.outbox.control(Header {
            seq: NO_CALL,
            kind: kind::CREDIT,
            reference: seq,
            credit: bytes,
            ..Header::default()
        });
    }

    /// Sends an item of a stream of replies. Its reply is to come after the last.
    ///
    /// # Errors
    ///
    /// If it is too long; nothing was appended then.
    pub fn item(&mut self, seq: u64, payload: &Payload) -> Result<()> {
        let mut header = Header {
            seq,
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

    /// True if the peer has shown that it understands more than Go does.
    #[must_use]
    pub fn is_extended(&self) -> bool {
        self.extended
    }

    /// True between a header and its body, or inside of a message: the peer
    /// cannot stop here without losing a request.
    #[must_use]
    pub fn is_inside_request(&mut self) -> bool {
        self.header.is_some() || self.is_joining() || !self.decoder.buffer().is_empty()
    }

    /// Replies to a request. Replies may go out in any order.
    ///
    /// A response that cannot be sent becomes an error reply, so that the caller
    /// does not wait for ever.
    pub fn reply(&mut self, seq: u64, service_method: &str, mut result: Result<Response>) {
        if let Ok(response) = &result
            && response.payload().len() >= COMPRESS_MIN
        {
            match self.reply_long(seq, service_method, response) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => result = Err(error),
            }
        }
        self.outbox
            .reply(seq, service_method, result, self.extended);
    }

    /// Says that the peer will send nothing more.
    ///
    /// # Errors
    ///
    /// If it stopped inside of a request.
    pub fn handle_eof(&mut self) -> Result<()> {
        if self.header.is_some() {
            return Err(Error::with_code(
                Code::Cancelled,
                "the peer closed between a header and its body",
            ));
        }
        self.decoder.finish().map_err(|error| match error.kind() {
            ErrorKind::Truncated => {
                Error::with_code(Code::Cancelled, format!("the peer closed: {error}"))
            }
            _ => error.into(),
        })
    }
}
