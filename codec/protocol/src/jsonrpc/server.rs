//! [`ServerConnection`]: the server's side of a JSON-RPC connection.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use gobrpc_codec::Limits;

use super::envelope::{self, NoRequest, Request, number};
use super::scan::{Fault, Scanner};
use super::write::{append, put_text};
use super::{JsonBody, Version};
use crate::body::Body;
use crate::error::{Code, Error, Result};
use crate::metadata::Metadata;
use crate::server_connection::IncomingRequest;
use crate::service::Response;

/// The server's side of one connection: bytes in, requests out; replies in, bytes
/// out. The twin of [`crate::ServerConnection`] for JSON-RPC, and driven in the
/// same way.
///
/// Each request is answered in its own version. What is no request is answered by
/// an error; a stream that is not JSON ends.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::Response;
/// use gobrpc_protocol::jsonrpc::ServerConnection;
///
/// # fn main() -> gobrpc_protocol::Result<()> {
/// let mut server = ServerConnection::new();
/// server
///     .input()
///     .extend_from_slice(br#"{"method":"Echo.String","params":["hello"],"id":"a"}"#);
/// let request = server.poll_request()?.expect("a request");
/// let text: String = request.body?.decode()?;
/// server.reply(request.seq, Response::unary(&text));
/// assert_eq!(server.output(), b"{\"id\":\"a\",\"result\":\"hello\",\"error\":null}\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ServerConnection {
    limits: Limits,
    input: BytesMut,
    scanner: Scanner,
    output: Vec<u8>,
    pending: HashMap<u64, Pending>,
    next_seq: u64,
    /// Messages since the last request that were none.
    refused: usize,
    last_method: Option<Arc<str>>,
}

/// How a request wants to be answered.
#[derive(Debug)]
struct Pending {
    version: Version,
    /// `None` for a notification.
    id: Option<Bytes>,
}

/// Most messages in a row that are no requests. Their answers are not bounded by
/// those of handlers.
const REFUSED_MAX: usize = 64;

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
            pending: HashMap::new(),
            next_seq: 0,
            refused: 0,
            last_method: None,
        }
    }

    /// The buffer to append received bytes to.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Bytes to send; the driver takes them out.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// True inside of a message: the peer cannot stop here without losing a
    /// request.
    #[must_use]
    pub fn is_inside_request(&self) -> bool {
        !self.input.trim_ascii().is_empty()
    }

    /// The next whole request. Its argument is decoded by
    /// [`Body::decode`], which may fail, and which is to be replied then.
    ///
    /// # Errors
    ///
    /// If the stream is lost. The output holds an answer that says so; then the
    /// connection is to be closed.
    pub fn poll_request(&mut self) -> Result<Option<IncomingRequest>> {
        loop {
            let length = match self.scanner.scan(&self.input) {
                Ok(Some(length)) => length,
                Ok(None) if self.input.len() > self.limits.message_bytes => {
                    return Err(self.too_long());
                }
                Ok(None) => {
                    if !self.scanner.is_inside() {
                        self.input.clear();
                        self.scanner.forget_space();
                    }
                    return Ok(None);
                }
                Err(fault) => {
                    let text = match fault {
                        Fault::NoMessage => "Parse error: no JSON object".to_owned(),
                        Fault::Mismatch => "Parse error: brackets do not match".to_owned(),
                        Fault::TooDeep => format!(
                            "Parse error: JSON nested deeper than {} levels",
                            super::DEPTH_MAX
                        ),
                    };
                    return Err(self.lose(number::PARSE_ERROR, text));
                }
            };
            let message = self.input.split_to(length).freeze();
            if message.len() > self.limits.message_bytes {
                return Err(self.too_long());
            }
            let request = match Request::parse(&message) {
                Ok(request) => request,
                // Whoever does not write JSON has no next message.
                Err(fault) if fault.number == number::PARSE_ERROR => {
                    return Err(self.lose(fault.number, fault.text));
                }
                Err(fault) => {
                    self.refuse(&fault);
                    self.refused += 1;
                    if self.refused > REFUSED_MAX {
                        return Err(Error::invalid_argument(
                            "the peer sends what is no JSON-RPC request",
                        ));
                    }
                    continue;
                }
            };
            self.refused = 0;
            let seq = self.next_seq;
            self.next_seq = seq.wrapping_add(1);
            let pending = Pending {
                version: request.version,
                id: request.id.map(|id| Bytes::copy_from_slice(id.as_bytes())),
            };
            let one_way = pending.id.is_none();
            if !one_way {
                self.pending.insert(seq, pending);
            }
            let service_method = match &self.last_method {
                Some(last) if **last == *request.method => Arc::clone(last),
                _ => Arc::from(&*request.method),
            };
            self.last_method = Some(Arc::clone(&service_method));
            let limits = self.limits;
            let body = request
                .argument
                .map(|argument| Body::from(JsonBody::within(&message, argument, limits)));
            return Ok(Some(IncomingRequest {
                seq,
                service_method,
                body,
                timeout: None,
                idempotent: false,
                one_way,
                metadata: Metadata::new(),
                streams: crate::info::StreamKind::Unary,
                credit: 0,
            }));
        }
    }

    /// Replies to a request. Replies may go out in any order; a notification has
    /// none.
    ///
    /// A response that JSON cannot express becomes an error.
    pub fn reply(&mut self, seq: u64, result: Result<Response>) {
        let Some(Pending {
            version,
            id: Some(id),
        }) = self.pending.remove(&seq)
        else {
            return;
        };
        let before = self.output.len();
        let failed = match result {
            Ok(response) => {
                self.output.extend_from_slice(match version {
                    Version::V1 => b"{\"id\":",
                    Version::V2 => b"{\"jsonrpc\":\"2.0\",\"id\":",
                });
                self.output.extend_from_slice(&id);
                self.output.extend_from_slice(b",\"result\":");
                let prepared = response.payload().prepared();
                match append(prepared, &self.limits, &mut self.output) {
                    Ok(()) => {
                        self.output.extend_from_slice(match version {
                            Version::V1 => b",\"error\":null}\n",
                            Version::V2 => b"}\n",
                        });
                        return;
                    }
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        self.output.truncate(before);
        let told = failed.for_caller();
        self.put_error(version, &id, envelope::number_of(&told), told.message());
    }

    fn put_error(&mut self, version: Version, id: &[u8], number: i64, text: &str) {
        let out = &mut self.output;
        match version {
            Version::V1 => {
                out.extend_from_slice(b"{\"id\":");
                out.extend_from_slice(id);
                out.extend_from_slice(b",\"result\":null,\"error\":");
                put_text(out, text);
                out.extend_from_slice(b"}\n");
            }
            Version::V2 => {
                out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
                out.extend_from_slice(id);
                out.extend_from_slice(b",\"error\":{\"code\":");
                out.extend_from_slice(number.to_string().as_bytes());
                out.extend_from_slice(b",\"message\":");
                put_text(out, text);
                out.extend_from_slice(b"}}\n");
            }
        }
    }

    fn refuse(&mut self, fault: &NoRequest<'_>) {
        let id = fault.id.unwrap_or("null");
        self.put_error(fault.version, id.as_bytes(), fault.number, &fault.text);
    }

    fn lose(&mut self, number: i64, text: String) -> Error {
        self.put_error(Version::V2, b"null", number, &text);
        Error::invalid_argument(text)
    }

    fn too_long(&mut self) -> Error {
        let text = format!(
            "Invalid Request: it is longer than {} bytes (message_bytes)",
            self.limits.message_bytes
        );
        self.lose(number::INVALID_REQUEST, text)
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
                "the peer closed inside of a JSON message",
            ));
        }
        Ok(())
    }
}
