//! [`ServerConnection`]: the server's side of a connection with msgpack.

use std::sync::Arc;

use bytes::BytesMut;
use gobrpc_codec::Limits;

use super::MsgpackBody;
use super::header::Header;
use super::scan::{Fault, Scanner};
use super::write::{append, put_map_length};
use crate::error::{Code, Error, Result};
use crate::header::HEADER_BYTES_MAX;
use crate::metadata::Metadata;
use crate::server_connection::IncomingRequest;
use crate::service::Response;

/// The server's side of one connection: bytes in, requests out; replies in, bytes
/// out. The twin of [`crate::ServerConnection`] for msgpack, and driven in the same
/// way.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::msgpack::{ClientConnection, ServerConnection};
/// use gobrpc_protocol::{Head, Payload, Response};
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
/// assert_eq!(reply.result?.decode::<String>()?, "hello");
/// # Ok::<(), gobrpc_protocol::Error>(())
/// ```
#[derive(Debug)]
pub struct ServerConnection {
    limits: Limits,
    input: BytesMut,
    scanner: Scanner,
    output: Vec<u8>,
    /// The header whose body comes next.
    header: Option<(Arc<str>, u64)>,
    last_method: Option<Arc<str>>,
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

    /// A new connection. Of the limits, those of messages and of memory count.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            input: BytesMut::new(),
            scanner: Scanner::default(),
            output: Vec::new(),
            header: None,
            last_method: None,
        }
    }

    /// The buffer to append received bytes to.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// How many bytes the input must hold before more can come of it, as far as is
    /// known.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.scanner.wanted()
    }

    /// Bytes to send; the driver takes them out.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// True between a header and its body, or inside of either: the peer cannot stop
    /// here without losing a request.
    #[must_use]
    pub fn is_inside_request(&self) -> bool {
        self.header.is_some() || !self.input.is_empty()
    }

    /// The next whole request. Its argument is decoded by [`Body::decode`](crate::Body::decode), which may
    /// fail, and which is to be replied then.
    ///
    /// # Errors
    ///
    /// If the stream is lost: then there is nothing to reply to, and the connection is
    /// to be closed, as Go does.
    pub fn poll_request(&mut self) -> Result<Option<IncomingRequest>> {
        loop {
            let Some((service_method, seq)) = self.header.take() else {
                let Some(length) = self.scan(HEADER_BYTES_MAX, "a header")? else {
                    return Ok(None);
                };
                let message = self.input.split_to(length);
                let header = Header::parse(&message)?;
                let service_method = match &self.last_method {
                    Some(last) if **last == *header.service_method => Arc::clone(last),
                    _ => Arc::from(&*header.service_method),
                };
                self.last_method = Some(Arc::clone(&service_method));
                self.header = Some((service_method, header.seq));
                continue;
            };
            let Some(length) = self.scan(self.limits.message_bytes, "an argument")? else {
                self.header = Some((service_method, seq));
                return Ok(None);
            };
            let body = MsgpackBody {
                bytes: self.input.split_to(length).freeze(),
                limits: self.limits,
            };
            return Ok(Some(IncomingRequest {
                seq,
                service_method,
                body: Ok(body.into()),
                timeout: None,
                idempotent: false,
                metadata: Metadata::new(),
                streams: crate::info::StreamKind::Unary,
                credit: 0,
                one_way: false,
            }));
        }
    }

    fn scan(&mut self, most: usize, what: &str) -> Result<Option<usize>> {
        self.scanner
            .scan(&self.input, most)
            .map_err(|fault| fault.error(what, most))
    }

    /// Replies to a request. Replies may go out in any order.
    ///
    /// A response that msgpack cannot express becomes an error.
    pub fn reply(&mut self, seq: u64, service_method: &str, result: Result<Response>) {
        let before = self.output.len();
        let mut header = Header {
            service_method: service_method.into(),
            seq,
            ..Header::default()
        };
        let failed = match result {
            Ok(response) => {
                header.put_response(&mut self.output);
                let prepared = response.payload().prepared();
                match append(prepared, &self.limits, &mut self.output) {
                    Ok(()) => return,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        self.output.truncate(before);
        let told = failed.for_caller();
        header.error = told.message().into();
        header.put_response(&mut self.output);
        // Go sends struct{}{} with an error (`server.go`, `invalidRequest`).
        put_map_length(&mut self.output, 0);
    }

    /// Says that the peer will send nothing more.
    ///
    /// # Errors
    ///
    /// If it stopped inside of a request.
    pub fn handle_eof(&mut self) -> Result<()> {
        if self.is_inside_request() {
            return Err(Error::with_code(
                Code::Cancelled,
                "the peer closed inside of a request",
            ));
        }
        Ok(())
    }
}

impl Fault {
    /// The error of a stream that has no next value.
    #[cold]
    pub(super) fn error(&self, what: &str, most: usize) -> Error {
        match self {
            Self::Reserved => {
                Error::invalid_argument("msgpack: the byte 0xc1, which begins no value")
            }
            Self::TooDeep => Error::resource_exhausted(format!(
                "msgpack: {what} nests deeper than {} levels",
                super::DEPTH_MAX
            )),
            Self::TooLong => Error::resource_exhausted(format!(
                "msgpack: {what} is longer than {most} bytes (raise message_bytes)"
            )),
        }
    }
}
