//! [`ServerConnection`]: the server's side of a JSON-RPC connection.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use gobrpc_codec::Limits;

use super::batch::{Batch, Batches, Parts};
use super::envelope::{NoRequest, Request, number};
use super::reply::{put_error, put_reply};
use super::scan::{Fault, Scanner};
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
/// Each request is answered in its own version, and a batch of 2.0 by one array, when
/// all of it is answered. What is no request is answered by an error; a stream that is
/// not JSON ends.
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
    /// The rest of a batch, of which a part was given out.
    ready: VecDeque<IncomingRequest>,
    batches: Batches,
}

/// How a request wants to be answered.
#[derive(Debug)]
struct Pending {
    version: Version,
    id: Bytes,
    /// The batch that it came in.
    batch: Option<u64>,
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
            ready: VecDeque::new(),
            batches: Batches::default(),
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
        !self.ready.is_empty() || !self.input.trim_ascii().is_empty()
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
            if let Some(request) = self.ready.pop_front() {
                return Ok(Some(request));
            }
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
                    return Err(self.lose(number::PARSE_ERROR, &text));
                }
            };
            let message = self.input.split_to(length).freeze();
            if message.len() > self.limits.message_bytes {
                return Err(self.too_long());
            }
            let parsed = if message.trim_ascii_start().first() == Some(&b'[') {
                self.batch(&message)
            } else {
                Request::parse(&message).map(|request| {
                    let request = self.request(request, &message, None);
                    self.ready.push_back(request);
                })
            };
            match parsed {
                Ok(()) if self.ready.is_empty() => self.refused += 1,
                Ok(()) => self.refused = 0,
                // Whoever does not write JSON has no next message.
                Err(fault) if fault.number == number::PARSE_ERROR => {
                    return Err(self.lose(fault.number, &fault.text));
                }
                Err(fault) => {
                    fault.put(&mut self.output);
                    self.output.push(b'\n');
                    self.refused += 1;
                }
            }
            if self.refused > REFUSED_MAX {
                return Err(Error::invalid_argument(
                    "the peer sends what is no JSON-RPC request",
                ));
            }
        }
    }

    /// Takes the requests of a batch in (JSON-RPC 2.0, section 6).
    fn batch<'a>(&mut self, message: &'a Bytes) -> Result<(), NoRequest<'a>> {
        let Parts(parts) = serde_json::from_slice(message).map_err(NoRequest::unreadable)?;
        if parts.is_empty() {
            return Err(NoRequest::invalid("a batch of no requests"));
        }
        let mut batch = Batch::default();
        for part in parts {
            let request = match Request::parse(part.get().as_bytes()) {
                Ok(request) if request.version == Version::V2 => request,
                other => {
                    let fault = other.err().unwrap_or_else(|| {
                        NoRequest::invalid("\"jsonrpc\" is not \"2.0\" inside of a batch")
                    });
                    let mut reply = Vec::new();
                    fault.in_batch().put(&mut reply);
                    batch.push(&reply);
                    continue;
                }
            };
            batch.left += usize::from(request.id.is_some());
            let request = self.request(request, message, Some(self.batches.next()));
            self.ready.push_back(request);
        }
        if batch.left == 0 {
            batch.put(&mut self.output);
        } else {
            self.batches.open(batch);
        }
        Ok(())
    }

    /// A request as it is given out; how it wants to be answered is kept.
    fn request(
        &mut self,
        request: Request<'_>,
        message: &Bytes,
        batch: Option<u64>,
    ) -> IncomingRequest {
        let seq = self.next_seq;
        self.next_seq = seq.wrapping_add(1);
        if let Some(id) = request.id {
            let pending = Pending {
                version: request.version,
                id: Bytes::copy_from_slice(id.as_bytes()),
                batch,
            };
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
            .map(|argument| Body::from(JsonBody::within(message, argument, limits)));
        IncomingRequest {
            seq,
            service_method,
            body,
            timeout: None,
            idempotent: false,
            one_way: request.id.is_none(),
            metadata: Metadata::new(),
            streams: crate::info::StreamKind::Unary,
            credit: 0,
        }
    }

    /// Replies to a request. Replies may go out in any order; a notification has
    /// none.
    ///
    /// A response that JSON cannot express becomes an error.
    pub fn reply(&mut self, seq: u64, result: Result<Response>) {
        let Some(Pending { version, id, batch }) = self.pending.remove(&seq) else {
            return;
        };
        let Some(number) = batch else {
            put_reply(&mut self.output, &self.limits, version, &id, result);
            self.output.push(b'\n');
            return;
        };
        let Some(batch) = self.batches.get(number) else {
            return;
        };
        let mut reply = Vec::new();
        put_reply(&mut reply, &self.limits, version, &id, result);
        if batch.len().saturating_add(reply.len()) > self.limits.message_bytes {
            reply.clear();
            let text = "the replies to the batch are too long together (raise message_bytes)";
            put_error(&mut reply, version, &id, number::INTERNAL_ERROR, text);
        }
        batch.push(&reply);
        batch.left = batch.left.saturating_sub(1);
        if batch.left == 0
            && let Some(batch) = self.batches.close(number)
        {
            batch.put(&mut self.output);
        }
    }

    fn lose(&mut self, number: i64, text: &str) -> Error {
        put_error(&mut self.output, Version::V2, b"null", number, text);
        self.output.push(b'\n');
        Error::invalid_argument(text.to_owned())
    }

    fn too_long(&mut self) -> Error {
        let text = format!(
            "Invalid Request: it is longer than {} bytes (message_bytes)",
            self.limits.message_bytes
        );
        self.lose(number::INVALID_REQUEST, &text)
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
