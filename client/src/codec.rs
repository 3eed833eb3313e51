//! [`Codec`]: what is spoken on a connection.

use std::collections::HashSet;

use bytes::BytesMut;
use gobrpc_protocol::client_connection::{Incoming, Seq, Started};
use gobrpc_protocol::header::caps;
#[cfg(feature = "jsonrpc")]
use gobrpc_protocol::jsonrpc;
#[cfg(feature = "msgpack")]
use gobrpc_protocol::msgpack;
use gobrpc_protocol::{ClientConnection, Head, Payload, Response, Result};

use crate::options::Options;

/// The protocol's side of a connection: gob, or another codec.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one a connection, and the common one is the larger"
)]
pub(crate) enum Codec<T> {
    Gob(ClientConnection<T>),
    #[cfg(feature = "jsonrpc")]
    Json(jsonrpc::ClientConnection<T>),
    #[cfg(feature = "msgpack")]
    Msgpack(msgpack::ClientConnection<T>),
}

/// Does the same with whichever it is.
macro_rules! each {
    ($self:ident, $connection:ident => $do:expr) => {
        match $self {
            Self::Gob($connection) => $do,
            #[cfg(feature = "jsonrpc")]
            Self::Json($connection) => $do,
            #[cfg(feature = "msgpack")]
            Self::Msgpack($connection) => $do,
        }
    };
}

impl<T> Codec<T> {
    pub(crate) fn new(options: &Options) -> Self {
        #[cfg(feature = "jsonrpc")]
        if let Some(version) = options.jsonrpc {
            let connection = jsonrpc::ClientConnection::with_limits(version, options.limits);
            return Self::Json(connection);
        }
        #[cfg(feature = "msgpack")]
        if options.msgpack {
            return Self::Msgpack(msgpack::ClientConnection::with_limits(options.limits));
        }
        let connection = ClientConnection::with_limits(options.limits);
        #[cfg(feature = "compression")]
        let connection = if options.compression {
            connection.with_compression()
        } else {
            connection
        };
        Self::Gob(if options.plain_go {
            connection.plain_go()
        } else if options.host.is_some() {
            connection.hosting()
        } else {
            connection
        })
    }

    pub(crate) fn call(&mut self, head: &Head, body: &Payload, call: T) -> Result<Started> {
        each!(self, connection => connection.call(head, body, call))
    }

    /// Sends a call whose reply nobody waits for.
    pub(crate) fn one_way(&mut self, head: &Head, body: &Payload, call: T) -> Result<Started> {
        match self {
            Self::Gob(connection) => {
                drop(call);
                connection.one_way(head, body)
            }
            #[cfg(feature = "jsonrpc")]
            Self::Json(connection) => {
                let started = connection.call(head, body, call)?;
                connection.cancel(started.seq);
                Ok(started)
            }
            #[cfg(feature = "msgpack")]
            Self::Msgpack(connection) => {
                let started = connection.call(head, body, call)?;
                connection.cancel(started.seq);
                Ok(started)
            }
        }
    }

    pub(crate) fn cancel(&mut self, seq: Seq) -> Option<T> {
        each!(self, connection => connection.cancel(seq))
    }

    pub(crate) fn in_flight(&self) -> usize {
        each!(self, connection => connection.in_flight())
    }

    pub(crate) fn appended(&self) -> u64 {
        each!(self, connection => connection.appended())
    }

    pub(crate) fn input(&mut self) -> &mut BytesMut {
        each!(self, connection => connection.input())
    }

    pub(crate) fn output_len(&self) -> usize {
        each!(self, connection => connection.output().len())
    }

    pub(crate) fn take_output(&mut self, empty: Vec<u8>) -> Vec<u8> {
        each!(self, connection => connection.take_output(empty))
    }

    pub(crate) fn wanted(&mut self) -> usize {
        match self {
            Self::Gob(connection) => connection.wanted(),
            // JSON does not tell beforehand.
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => 0,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(connection) => connection.wanted(),
        }
    }

    pub(crate) fn poll(&mut self) -> Result<Option<Incoming<T>>> {
        match self {
            Self::Gob(connection) => connection.poll(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(connection) => Ok(connection.poll_reply()?.map(Incoming::Reply)),
            #[cfg(feature = "msgpack")]
            Self::Msgpack(connection) => Ok(connection.poll_reply()?.map(Incoming::Reply)),
        }
    }

    /// Whether the peer has streams; `None` if that is not known, and then it is
    /// asked.
    pub(crate) fn has_streams(&mut self) -> Option<bool> {
        match self {
            Self::Gob(connection) if connection.is_plain_go() => Some(false),
            Self::Gob(connection) if connection.is_peer_known() => {
                Some(connection.peer_caps() & caps::STREAMS != 0)
            }
            Self::Gob(connection) => {
                connection.hello();
                None
            }
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => Some(false),
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => Some(false),
        }
    }

    /// Makes the peer answer. Other codecs have nothing
    /// harmless that would.
    pub(crate) fn ping(&mut self) {
        if let Some(connection) = self.gob_mut() {
            connection.ping();
        }
    }

    /// False if [`ping`](Self::ping) does nothing.
    pub(crate) fn pings(&self) -> bool {
        self.gob().is_some()
    }

    /// Appends the next chunk of long arguments to the output; gives the call whose
    /// last it was.
    pub(crate) fn fill(&mut self) -> Option<Started> {
        self.gob_mut()?.fill()
    }

    /// Takes the calls out whose arguments are not appended whole.
    pub(crate) fn take_cut(&mut self) -> HashSet<Seq> {
        self.gob_mut()
            .map_or_else(HashSet::new, ClientConnection::take_cut)
    }

    /// True if [`fill`](Self::fill) has something to append.
    pub(crate) fn has_chunks(&self) -> bool {
        self.gob().is_some_and(ClientConnection::has_chunks)
    }

    /// True if the peer wants no further calls on this connection.
    pub(crate) fn is_going_away(&self) -> bool {
        self.gob().is_some_and(ClientConnection::is_going_away)
    }

    /// Takes out the calls that the peer has said that it does not take.
    pub(crate) fn take_refused(&mut self) -> Vec<(Seq, T)> {
        self.gob_mut()
            .map_or_else(Vec::new, ClientConnection::take_refused)
    }

    /// What was given with a call, if somebody waits for it; of those with streams.
    pub(crate) fn call_of(&self, seq: Seq) -> Option<&T> {
        self.gob()?.call_of(seq)
    }

    /// Sends an item of a stream of arguments.
    pub(crate) fn item(&mut self, seq: Seq, payload: &Payload) -> Result<()> {
        match self.gob_mut() {
            Some(connection) => connection.item(seq, payload),
            None => Ok(()),
        }
    }

    /// Says that no more items come.
    pub(crate) fn end(&mut self, seq: Seq) {
        if let Some(connection) = self.gob_mut() {
            connection.end(seq);
        }
    }

    /// Gives credit back for a stream of replies.
    pub(crate) fn grant(&mut self, seq: Seq, bytes: u64) {
        if let Some(connection) = self.gob_mut() {
            connection.grant(seq, bytes);
        }
    }

    /// Replies to a call of the server.
    pub(crate) fn reply(&mut self, number: u64, result: Result<Response>) {
        if let Some(connection) = self.gob_mut() {
            connection.reply(number, result);
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "it has more with a feature")]
    fn gob(&self) -> Option<&ClientConnection<T>> {
        match self {
            Self::Gob(connection) => Some(connection),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => None,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => None,
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "it has more with a feature")]
    fn gob_mut(&mut self) -> Option<&mut ClientConnection<T>> {
        match self {
            Self::Gob(connection) => Some(connection),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => None,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => None,
        }
    }

    pub(crate) fn handle_eof(&mut self) -> Result<()> {
        each!(self, connection => connection.handle_eof())
    }

    pub(crate) fn take_pending(&mut self) -> Vec<(Seq, T)> {
        each!(self, connection => connection.take_pending())
    }
}
