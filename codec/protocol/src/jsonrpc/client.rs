//! [`ClientConnection`]: the client's side of a JSON-RPC connection.

use bytes::BytesMut;
use gobrpc_codec::Limits;

use super::envelope::Reply;
use super::scan::Scanner;
use super::write::{append, put_text};
use super::{JsonBody, Version};
use crate::body::{Body, Payload};
use crate::caller::Head;
use crate::client_connection::{IncomingReply, Seq, Started};
use crate::error::{Code, Delivery, Error, Phase, Result};
use crate::metadata::Metadata;
use crate::pending_calls::PendingCalls;

/// The client's side of one connection: calls in, bytes out; bytes in, replies
/// out. The twin of [`crate::ClientConnection`] for JSON-RPC, and driven in the
/// same way.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::jsonrpc::ClientConnection;
/// use gobrpc_protocol::{Head, Payload};
///
/// # fn main() -> gobrpc_protocol::Result<()> {
/// let mut client = ClientConnection::new();
/// client.call(&Head::new("Echo.String"), &Payload::new(&"hello")?, "first")?;
/// assert_eq!(
///     client.output(),
///     b"{\"method\":\"Echo.String\",\"params\":[\"hello\"],\"id\":0}\n"
/// );
/// client.input().extend_from_slice(br#"{"id":0,"result":"hello","error":null}"#);
/// let reply = client.poll_reply()?.expect("a reply");
/// assert_eq!((reply.call, reply.result?.decode::<String>()?), ("first", "hello".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ClientConnection<T> {
    version: Version,
    limits: Limits,
    input: BytesMut,
    scanner: Scanner,
    output: Vec<u8>,
    pending: PendingCalls<T>,
    /// Bytes that went out before what `output` holds.
    taken: u64,
}

impl<T> Default for ClientConnection<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> ClientConnection<T> {
    /// A new connection of version 1.0 with default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Version::V1, Limits::default())
    }

    /// A new connection. Of the limits, those of messages and of memory count.
    #[must_use]
    pub fn with_limits(version: Version, limits: Limits) -> Self {
        Self {
            version,
            limits,
            input: BytesMut::new(),
            scanner: Scanner::default(),
            output: Vec::new(),
            pending: PendingCalls::default(),
            taken: 0,
        }
    }

    /// Appends a call to the output. Of the head, the method travels alone.
    ///
    /// # Errors
    ///
    /// If JSON cannot express it, or it is too long; nothing was appended then.
    pub fn call(&mut self, head: &Head, body: &Payload, call: T) -> Result<Started> {
        let seq = self.pending.next();
        let before = self.output.len();
        let out = &mut self.output;
        out.extend_from_slice(match self.version {
            Version::V1 => b"{\"method\":",
            Version::V2 => b"{\"jsonrpc\":\"2.0\",\"method\":",
        });
        put_text(out, &head.service_method);
        out.extend_from_slice(b",\"params\":[");
        let written = append(body.prepared(), &self.limits, out);
        out.extend_from_slice(format!("],\"id\":{seq}}}\n").as_bytes());
        let length = out.len() - before;
        let fits = written.and_then(|()| {
            if length <= self.limits.message_bytes {
                return Ok(());
            }
            Err(Error::resource_exhausted(format!(
                "json: the call takes {length} bytes, more than {} (raise message_bytes)",
                self.limits.message_bytes
            )))
        });
        if let Err(error) = fits {
            out.truncate(before);
            return Err(error
                .with_phase(Phase::Encode)
                .with_delivery(Delivery::NotSent));
        }
        Ok(Started {
            seq: self.pending.wait(call),
            end: self.appended(),
        })
    }

    /// Gives up on a call: its reply will be dropped when it comes. Gives back
    /// what was given with the call, if it still waits.
    pub fn cancel(&mut self, seq: Seq) -> Option<T> {
        self.pending.give_up(seq)
    }

    /// Calls that the peer has not answered yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.pending.in_flight()
    }

    /// The buffer to append received bytes to.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Bytes to send.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// How many bytes were appended to the stream in all.
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.taken + self.output.len() as u64
    }

    /// Takes the bytes to send, and leaves `empty` to collect the next ones.
    pub fn take_output(&mut self, empty: Vec<u8>) -> Vec<u8> {
        self.taken += self.output.len() as u64;
        std::mem::replace(&mut self.output, empty)
    }

    /// The next whole reply. Replies to calls that were given up are dropped.
    ///
    /// # Errors
    ///
    /// If the stream is lost: all calls fail, and the connection is to be closed.
    pub fn poll_reply(&mut self) -> Result<Option<IncomingReply<T>>> {
        loop {
            let length = match self.scanner.scan(&self.input) {
                Ok(Some(length)) => length,
                Ok(None) => {
                    if self.input.len() > self.limits.message_bytes {
                        return Err(self.too_long());
                    }
                    if !self.scanner.is_inside() {
                        self.input.clear();
                        self.scanner.forget_space();
                    }
                    return Ok(None);
                }
                Err(fault) => return Err(Error::internal(format!("no JSON-RPC: {fault:?}"))),
            };
            let message = self.input.split_to(length).freeze();
            if message.len() > self.limits.message_bytes {
                return Err(self.too_long());
            }
            let reply = Reply::parse(&message)?;
            let Some(id) = reply.id else {
                return Err(match reply.result {
                    Err(error) => error,
                    Ok(_) => Error::internal("the peer sent a reply without an id"),
                });
            };
            let Some(call) = self.pending.answer(id) else {
                continue;
            };
            let limits = self.limits;
            let result = reply
                .result
                .map(|text| Body::from(JsonBody::within(&message, text, limits)));
            return Ok(Some(IncomingReply {
                call,
                result,
                metadata: Metadata::new(),
            }));
        }
    }

    fn too_long(&self) -> Error {
        Error::resource_exhausted(format!(
            "a reply is longer than {} bytes (raise message_bytes)",
            self.limits.message_bytes
        ))
    }

    /// Says that the peer will send nothing more.
    ///
    /// # Errors
    ///
    /// If it stopped inside of a reply.
    pub fn handle_eof(&mut self) -> Result<()> {
        if self.input.trim_ascii().is_empty() {
            return Ok(());
        }
        Err(
            Error::with_code(Code::Unavailable, "the peer closed inside of a reply")
                .with_phase(Phase::Wait)
                .with_delivery(Delivery::Sent),
        )
    }

    /// Takes all calls that still wait, with their numbers.
    pub fn take_pending(&mut self) -> Vec<(Seq, T)> {
        self.pending.take()
    }
}
