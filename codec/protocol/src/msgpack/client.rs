//! [`ClientConnection`]: the client's side of a connection with msgpack.

use bytes::BytesMut;
use gobrpc_codec::Limits;

use super::MsgpackBody;
use super::header::Header;
use super::scan::Scanner;
use super::write::append;
use crate::body::{Body, Payload};
use crate::caller::Head;
use crate::client_connection::{IncomingReply, Seq, Started};
use crate::error::{Code, Delivery, Error, Phase, Result};
use crate::header::HEADER_BYTES_MAX;
use crate::metadata::Metadata;
use crate::pending_calls::PendingCalls;

/// The client's side of one connection: calls in, bytes out; bytes in, replies
/// out. The twin of [`crate::ClientConnection`] for msgpack, and driven in the same
/// way. See [`ServerConnection`](super::ServerConnection) for an example of both.
#[derive(Debug)]
pub struct ClientConnection<T> {
    limits: Limits,
    input: BytesMut,
    scanner: Scanner,
    output: Vec<u8>,
    /// The reply whose body comes next: its number, and its error if it is one.
    header: Option<(u64, Option<Error>)>,
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
            pending: PendingCalls::default(),
            taken: 0,
        }
    }

    /// Appends a call to the output. Of the head, the method travels alone.
    ///
    /// # Errors
    ///
    /// If msgpack cannot express it, or it is too long; nothing was appended then.
    pub fn call(&mut self, head: &Head, body: &Payload, call: T) -> Result<Started> {
        let seq = self.pending.next();
        let before = self.output.len();
        let header = Header {
            service_method: head.service_method.as_ref().into(),
            seq,
            ..Header::default()
        };
        header.put_request(&mut self.output);
        let fits = if self.output.len() - before > HEADER_BYTES_MAX {
            Err(Error::resource_exhausted(format!(
                "msgpack: the name of the method takes more than {HEADER_BYTES_MAX} bytes"
            )))
        } else {
            append(body.prepared(), &self.limits, &mut self.output)
        };
        if let Err(error) = fits {
            self.output.truncate(before);
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

    /// How many bytes the input must hold before more can come of it, as far as is
    /// known.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.scanner.wanted()
    }

    /// The next whole reply. Replies to calls that were given up are dropped, and so
    /// are those to numbers that are not waited for, as Go does.
    ///
    /// # Errors
    ///
    /// If the stream is lost: all calls fail, and the connection is to be closed.
    pub fn poll_reply(&mut self) -> Result<Option<IncomingReply<T>>> {
        loop {
            let Some((seq, error)) = self.header.take() else {
                let Some(length) = self.scan(HEADER_BYTES_MAX, "a header")? else {
                    return Ok(None);
                };
                let message = self.input.split_to(length);
                let header = Header::parse(&message)?;
                let error = (!header.error.is_empty())
                    .then(|| Error::from_go_text(header.error.into_owned()));
                self.header = Some((header.seq, error));
                continue;
            };
            let Some(length) = self.scan(self.limits.message_bytes, "a reply")? else {
                self.header = Some((seq, error));
                return Ok(None);
            };
            let bytes = self.input.split_to(length).freeze();
            let Some(call) = self.pending.answer(seq) else {
                continue;
            };
            let limits = self.limits;
            let result = match error {
                Some(error) => Err(error),
                None => Ok(Body::from(MsgpackBody { bytes, limits })),
            };
            return Ok(Some(IncomingReply {
                call,
                result,
                metadata: Metadata::new(),
            }));
        }
    }

    fn scan(&mut self, most: usize, what: &str) -> Result<Option<usize>> {
        self.scanner
            .scan(&self.input, most)
            .map_err(|fault| fault.error(what, most))
    }

    /// Says that the peer will send nothing more.
    ///
    /// # Errors
    ///
    /// If it stopped inside of a reply.
    pub fn handle_eof(&mut self) -> Result<()> {
        if self.header.is_none() && self.input.is_empty() {
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
