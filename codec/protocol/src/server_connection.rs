//! [`ServerConnection`]: the server's side of a connection, without the socket.

use std::sync::Arc;

use bytes::BytesMut;
use gobrpc_codec::{Decoder, Encoder, ErrorKind, Limits, TypeId};

use crate::body::Body;
use crate::error::{Code, Error, Result};
use crate::header::{
    ExtendedResponse, GoResponse, HEADER_BYTES_MAX, Header, caps, is_extended, is_header,
};
use crate::service::Response;

/// The server's side of one connection: bytes in, requests out; replies in,
/// bytes out.
///
/// The order of calls: read into [`input`](Self::input), take requests by
/// [`poll_request`](Self::poll_request) until it gives `None`,
/// [`reply`](Self::reply) to each in any order, write what
/// [`output`](Self::output) holds.
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
struct PendingHeader {
    service_method: Arc<str>,
    seq: u64,
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

    /// The next whole request.
    ///
    /// # Errors
    ///
    /// If the stream is lost, or a header is none: then there is nothing to
    /// reply to, and the connection is to be closed, as Go does.
    pub fn poll_request(&mut self) -> Result<Option<IncomingRequest>> {
        loop {
            match self.header.take() {
                None => {
                    if !self.poll_header()? {
                        return Ok(None);
                    }
                }
                Some(header) => {
                    let body = match self.decoder.take() {
                        Ok(None) => {
                            self.header = Some(header);
                            return Ok(None);
                        }
                        Ok(Some(raw)) => Ok(Body::from(raw)),
                        Err(error) if error.is_fatal() => return Err(error.into()),
                        Err(error) => Err(error.into()),
                    };
                    return Ok(Some(IncomingRequest {
                        seq: header.seq,
                        service_method: header.service_method,
                        body,
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
        // Most calls of a connection are of the method before.
        let service_method = match &self.last_method {
            Some(last) if **last == *header.service_method => Arc::clone(last),
            _ => Arc::from(&*header.service_method),
        };
        self.last_method = Some(Arc::clone(&service_method));
        self.header = Some(PendingHeader {
            service_method,
            seq: header.seq,
        });
        self.decoder.set_message_bytes(usize::MAX);
        Ok(true)
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
        // An error reply is small, and its types can always be encoded. Should
        // the name be too long for a message, the peer gets the reply without.
        if self.send(seq, service_method, Some(&failed), None).is_err() {
            let _ = self.send(seq, "", Some(&failed), None);
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
        let written = if self.extended {
            if let Some(error) = &told {
                header.code = u64::from(error.code().number());
            }
            if !self.greeted {
                header.caps = caps::EXTENDED;
            }
            self.encoder
                .encode(&ExtendedResponse(&header), &mut self.output)
        } else {
            self.encoder.encode(&GoResponse(&header), &mut self.output)
        };
        let written = written.and_then(|()| match response {
            Some(response) => self
                .encoder
                .append(response.payload().prepared(), &mut self.output),
            // Go sends struct{}{} with an error (`server.go`, `invalidRequest`).
            None => self.encoder.encode(&(), &mut self.output),
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
