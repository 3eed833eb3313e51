//! [`ServerConnection`]: the server's side of a connection, without the socket.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use gobrpc_codec::{Decoder, Encoder, ErrorKind, Gob, Limits, TypeId};

use crate::body::{Body, Payload};
use crate::error::{Code, Error, Result};
use crate::flow;
use crate::header::{
    ExtendedResponse, GoResponse, HEADER_BYTES_MAX, Header, NO_CALL, caps, flags, is_extended,
    is_header, kind, reserved,
};
use crate::info::StreamKind;
use crate::metadata::Metadata;
use crate::method::RESERVED_PREFIX;
use crate::service::Response;

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
    encoder: Encoder,
    output: Vec<u8>,
    /// The header whose body comes next.
    header: Option<PendingHeader>,
    /// The wire type that was found to be a header's.
    header_type: Option<TypeId>,
    last_method: Option<Arc<str>>,
    /// The peer's headers are those of the extension.
    extended: bool,
    /// The peer knows that ours may be, too.
    greeted: bool,
}

#[derive(Debug)]
enum PendingHeader {
    Request {
        service_method: Arc<str>,
        seq: u64,
        timeout: i64,
        flags: u64,
        credit: u64,
        metadata: Metadata,
    },
    Item {
        seq: u64,
        cost: u64,
    },
    End {
        seq: u64,
    },
    Credit {
        seq: u64,
        bytes: u64,
    },
    Cancel {
        seq: u64,
    },
    Ping {
        reference: u64,
    },
    /// Of a kind that is not known here.
    Unknown,
}

/// What the peer sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// A request, which is to be replied to.
    Request(IncomingRequest),
    /// The caller does not wait any more for its call of this number. There may
    /// be none; if there is, it is to be replied to nevertheless, once.
    Cancel {
        /// The number of the call.
        seq: u64,
    },
    /// An item of the arguments of a call.
    Item {
        /// The number of the call; there may be none such.
        seq: u64,
        /// The item; an error if its bytes are not gob.
        body: Result<Body>,
        /// How much of the credit it takes.
        cost: u64,
    },
    /// The caller sends no more items.
    End {
        /// The number of the call; there may be none such.
        seq: u64,
    },
    /// More may be sent of a stream of replies.
    Credit {
        /// The number of the call; there may be none such.
        seq: u64,
        /// How many bytes more.
        bytes: u64,
    },
}

/// A request that is whole.
#[derive(Debug)]
#[non_exhaustive]
pub struct IncomingRequest {
    /// The number that the peer gave it; a peer may give one twice.
    pub seq: u64,
    /// Service and method as they came.
    pub service_method: Arc<str>,
    /// The argument; an error if its bytes are not gob, which is to be replied.
    pub body: Result<Body>,
    /// How long the caller still waited when it sent the request; zero if not at
    /// all, `None` if it did not say.
    pub timeout: Option<Duration>,
    /// The caller says that running the call twice does what running it once
    /// does.
    pub idempotent: bool,
    /// What came beside the argument.
    pub metadata: Metadata,
    /// Which sides are streams.
    pub streams: StreamKind,
    /// How many bytes of a stream of replies may be sent at first.
    pub credit: u64,
}

/// The argument of [`reserved::CANCEL`].
#[derive(Debug, Clone, Copy, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "svc")]
pub(crate) struct CancelArgs {
    pub(crate) seq: u64,
}

/// Longest text of an error that is sent: it has to fit a header.
const ERROR_BYTES_MAX: usize = HEADER_BYTES_MAX / 2;

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
            encoder: Encoder::with_limits(limits),
            output: Vec::new(),
            header: None,
            header_type: None,
            last_method: None,
            extended: false,
            greeted: false,
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
        &mut self.output
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
            let body = match self.decoder.take() {
                Ok(None) => {
                    self.header = Some(header);
                    return Ok(None);
                }
                Ok(Some(raw)) => Ok(Body::from(raw)),
                Err(error) if error.is_fatal() => return Err(error.into()),
                Err(error) => Err(Error::of_part("the argument", error)),
            };
            match header {
                PendingHeader::Request {
                    service_method,
                    seq,
                    timeout,
                    flags,
                    credit,
                    metadata,
                } => {
                    if service_method.starts_with(RESERVED_PREFIX) {
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
                        metadata,
                        streams: StreamKind::new(
                            flags & flags::STREAM_IN != 0,
                            flags & flags::STREAM_OUT != 0,
                        ),
                        credit,
                    })));
                }
                PendingHeader::Item { seq, cost } => {
                    return Ok(Some(Incoming::Item { seq, body, cost }));
                }
                PendingHeader::End { seq } => return Ok(Some(Incoming::End { seq })),
                PendingHeader::Credit { seq, bytes } => {
                    return Ok(Some(Incoming::Credit { seq, bytes }));
                }
                PendingHeader::Cancel { seq } => return Ok(Some(Incoming::Cancel { seq })),
                PendingHeader::Ping { reference } => self.pong(reference),
                PendingHeader::Unknown => {}
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
                Some(wire) if is_header(&wire.kind) => self.extended = is_extended(&wire.kind),
                _ => {
                    return Err(Error::invalid_argument(
                        "the peer sent no net/rpc request header",
                    ));
                }
            }
            self.header_type = Some(id);
        }
        let header: Option<Header<'_>> = self.decoder.decode()?;
        let Some(header) = header else {
            return Ok(false);
        };
        // Go takes every header for a request, and so must we from whoever has
        // not said that its headers may be something else.
        let kind = if self.extended {
            header.kind
        } else {
            kind::CALL
        };
        self.header = Some(match kind {
            kind::CALL => {
                // Most calls of a connection are of the method before.
                let service_method = match &self.last_method {
                    Some(last) if **last == *header.service_method => Arc::clone(last),
                    _ => Arc::from(&*header.service_method),
                };
                self.last_method = Some(Arc::clone(&service_method));
                PendingHeader::Request {
                    service_method,
                    seq: header.seq,
                    timeout: header.timeout,
                    flags: if self.extended { header.flags } else { 0 },
                    credit: header.credit,
                    metadata: Metadata::from_wire(&header.meta),
                }
            }
            kind::ITEM => PendingHeader::Item {
                seq: header.seq,
                cost: header.credit,
            },
            kind::END => PendingHeader::End { seq: header.seq },
            kind::CREDIT => PendingHeader::Credit {
                seq: header.reference,
                bytes: header.credit,
            },
            kind::CANCEL => PendingHeader::Cancel {
                seq: header.reference,
            },
            kind::PING => PendingHeader::Ping {
                reference: header.reference,
            },
            _ => PendingHeader::Unknown,
        });
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
        self.control(Header {
            seq: NO_CALL,
            kind: kind::PONG,
            reference,
            ..Header::default()
        });
    }

    /// Gives credit back to the caller of a call whose arguments are a stream.
    pub fn grant(&mut self, seq: u64, bytes: u64) {
        self.control(Header {
            seq: NO_CALL,
            kind: kind::CREDIT,
            reference: seq,
            credit: bytes,
            ..Header::default()
        });
    }

    /// Appends a frame without a body of its own; only to a peer with caps. A few
    /// bytes of known types are always within the limits.
    fn control(&mut self, header: Header<'_>) {
        let _ = self.frame(header, |encoder, output| encoder.encode(&false, output));
    }

    /// Sends an item of a stream of replies. Its reply is to come after the last.
    ///
    /// # Errors
    ///
    /// If it is too long; nothing was appended then.
    pub fn item(&mut self, seq: u64, payload: &Payload) -> Result<()> {
        let header = Header {
            seq,
            kind: kind::ITEM,
            credit: flow::cost(payload),
            ..Header::default()
        };
        Ok(self.frame(header, |encoder, output| {
            encoder.append(payload.prepared(), output)
        })?)
    }

    fn frame(
        &mut self,
        mut header: Header<'_>,
        body: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> gobrpc_codec::Result<()>,
    ) -> gobrpc_codec::Result<()> {
        let checkpoint = self.encoder.checkpoint(&self.output);
        if !self.greeted {
            header.caps = caps::OURS;
        }
        let written = self
            .encoder
            .encode(&ExtendedResponse(&header), &mut self.output)
            .and_then(|()| body(&mut self.encoder, &mut self.output));
        match written {
            Ok(()) => self.greeted = true,
            Err(_) => self.encoder.rollback(checkpoint, &mut self.output),
        }
        written
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
        self.header.is_some() || !self.decoder.buffer().is_empty()
    }

    /// Replies to a request. Replies may go out in any order.
    ///
    /// A response that cannot be sent becomes an error reply, so that the caller
    /// does not wait for ever.
    pub fn reply(&mut self, seq: u64, service_method: &str, result: Result<Response>) {
        let failed = match result {
            Ok(response) => match self.send(seq, service_method, None, Some(&response)) {
                Ok(()) => return,
                Err(error) => Error::from(error),
            },
            Err(error) => error,
        };
        if self.send(seq, service_method, Some(&failed), None).is_ok() {
            return;
        }
        // Its details, its metadata or the name are too long: the peer gets the
        // text alone, which always fits.
        let plain = failed
            .for_caller()
            .with_metadata(Metadata::new())
            .without_details();
        if self.send(seq, service_method, Some(&plain), None).is_err() {
            let _ = self.send(seq, "", Some(&plain), None);
        }
    }

    fn send(
        &mut self,
        seq: u64,
        service_method: &str,
        error: Option<&Error>,
        response: Option<&Response>,
    ) -> gobrpc_codec::Result<()> {
        let told = error.map(Error::for_caller);
        let mut header = Header {
            service_method: service_method.into(),
            seq,
            ..Header::default()
        };
        if let Some(error) = &told {
            header.error = error.message().into();
        }
        let checkpoint = self.encoder.checkpoint(&self.output);
        let mut details = None;
        let written = if self.extended {
            // Go's client has no such bound, and its server sends longer texts.
            self.encoder.set_message_bytes(HEADER_BYTES_MAX);
            if let Some(error) = &told {
                header.error = clipped(error.message()).into();
                header.code = u64::from(error.code().number());
                header.meta = error.metadata().to_wire();
                if error.is_not_processed() {
                    header.flags = flags::NOT_PROCESSED;
                }
                details = error.details();
            }
            if let Some(response) = response {
                header.meta = response.metadata().to_wire();
            }
            if !self.greeted {
                header.caps = caps::OURS;
            }
            self.encoder
                .encode(&ExtendedResponse(&header), &mut self.output)
        } else {
            self.encoder.encode(&GoResponse(&header), &mut self.output)
        };
        self.encoder.set_message_bytes(usize::MAX);
        let written = written.and_then(|()| match (response, details) {
            (Some(response), _) => self
                .encoder
                .append(response.payload().prepared(), &mut self.output),
            (None, Some(details)) => self.encoder.encode(details, &mut self.output),
            // Go sends struct{}{} with an error (`server.go`, `invalidRequest`).
            (None, None) => self.encoder.encode(&(), &mut self.output),
        });
        match written {
            Ok(()) => {
                self.greeted |= self.extended;
                Ok(())
            }
            Err(error) => {
                self.encoder.rollback(checkpoint, &mut self.output);
                Err(error)
            }
        }
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

/// What a header's timeout says: below 0 the time was up already.
fn remaining(nanos: i64) -> Option<Duration> {
    match nanos {
        0 => None,
        nanos => Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))),
    }
}

/// The beginning of a text that would not fit a header.
fn clipped(text: &str) -> &str {
    if text.len() <= ERROR_BYTES_MAX {
        return text;
    }
    let mut end = ERROR_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
