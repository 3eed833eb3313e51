//! [`Codec`]: what is spoken on a connection.

use bytes::BytesMut;
#[cfg(any(feature = "jsonrpc", feature = "msgpack"))]
use gobrpc_protocol::codec::Limits;
#[cfg(feature = "jsonrpc")]
use gobrpc_protocol::jsonrpc;
#[cfg(feature = "msgpack")]
use gobrpc_protocol::msgpack;
use gobrpc_protocol::server_connection::Incoming;
use gobrpc_protocol::{Head, Payload, Response, Result, ServerConnection};

use crate::config::ServerConfig;

/// The protocol's side of a connection: gob, or another codec.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one a connection, and the common one is the larger"
)]
pub(crate) enum Codec {
    Gob(ServerConnection),
    #[cfg(feature = "jsonrpc")]
    Json(jsonrpc::ServerConnection),
    #[cfg(feature = "msgpack")]
    Msgpack(msgpack::ServerConnection),
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

impl Codec {
    /// Gob, of which some bytes were read already.
    pub(crate) fn gob(config: &ServerConfig, input: BytesMut) -> Self {
        let mut connection = ServerConnection::with_limits(config.limits);
        #[cfg(feature = "compression")]
        if config.compression {
            connection = connection.with_compression();
        }
        *connection.input() = input;
        Self::Gob(connection)
    }

    /// JSON-RPC, of which some bytes were read already.
    #[cfg(feature = "jsonrpc")]
    pub(crate) fn json(limits: Limits, input: BytesMut) -> Self {
        let mut connection = jsonrpc::ServerConnection::with_limits(limits);
        *connection.input() = input;
        Self::Json(connection)
    }

    /// Msgpack, of which some bytes were read already.
    #[cfg(feature = "msgpack")]
    pub(crate) fn msgpack(limits: Limits, input: BytesMut) -> Self {
        let mut connection = msgpack::ServerConnection::with_limits(limits);
        *connection.input() = input;
        Self::Msgpack(connection)
    }

    pub(crate) fn input(&mut self) -> &mut BytesMut {
        each!(self, connection => connection.input())
    }

    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        each!(self, connection => connection.output())
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

    pub(crate) fn poll(&mut self) -> Result<Option<Incoming>> {
        match self {
            Self::Gob(connection) => connection.poll(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(connection) => Ok(connection.poll_request()?.map(Incoming::Request)),
            #[cfg(feature = "msgpack")]
            Self::Msgpack(connection) => Ok(connection.poll_request()?.map(Incoming::Request)),
        }
    }

    /// True if the peer may send more than requests.
    pub(crate) fn is_extended(&self) -> bool {
        match self {
            Self::Gob(connection) => connection.is_extended(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => false,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => false,
        }
    }

    pub(crate) fn is_inside_request(&mut self) -> bool {
        each!(self, connection => connection.is_inside_request())
    }

    pub(crate) fn reply(&mut self, seq: u64, name: &str, result: Result<Response>) {
        match self {
            Self::Gob(connection) => connection.reply(seq, name, result),
            #[cfg(feature = "jsonrpc")]
            Self::Json(connection) => connection.reply(seq, result),
            #[cfg(feature = "msgpack")]
            Self::Msgpack(connection) => connection.reply(seq, name, result),
        }
    }

    /// Sends an item of a stream of replies; only to peers that have streams.
    pub(crate) fn item(&mut self, seq: u64, payload: &Payload) -> Result<()> {
        match self {
            Self::Gob(connection) => connection.item(seq, payload),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => Ok(()),
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => Ok(()),
        }
    }

    /// Gives credit back for a stream of arguments.
    pub(crate) fn grant(&mut self, seq: u64, bytes: u64) {
        match self {
            Self::Gob(connection) => connection.grant(seq, bytes),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => {}
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => {}
        }
    }

    /// True if the peer hosts services.
    #[inline]
    pub(crate) fn is_peer_hosting(&self) -> bool {
        match self {
            Self::Gob(connection) => connection.is_peer_hosting(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => false,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => false,
        }
    }

    /// Calls a service that the peer hosts.
    pub(crate) fn call_peer(&mut self, number: u64, head: &Head, body: &Payload) -> Result<()> {
        match self {
            Self::Gob(connection) => connection.call(number, head, body),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => Ok(()),
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => Ok(()),
        }
    }

    /// Gives up on such a call.
    pub(crate) fn cancel_peer_call(&mut self, number: u64) {
        match self {
            Self::Gob(connection) => connection.cancel_call(number),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => {}
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => {}
        }
    }

    /// Appends the next chunk of long replies to the output.
    pub(crate) fn fill(&mut self) {
        match self {
            Self::Gob(connection) => connection.fill(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => {}
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => {}
        }
    }

    /// True if [`fill`](Self::fill) has something to append.
    pub(crate) fn has_chunks(&self) -> bool {
        match self {
            Self::Gob(connection) => connection.has_chunks(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => false,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => false,
        }
    }

    /// Bytes of long replies that wait for others to be sent.
    pub(crate) fn waiting_bytes(&self) -> usize {
        match self {
            Self::Gob(connection) => connection.waiting_bytes(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => 0,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => 0,
        }
    }

    /// True if an argument has come in part.
    pub(crate) fn is_joining(&self) -> bool {
        match self {
            Self::Gob(connection) => connection.is_joining(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => false,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => false,
        }
    }

    /// Asks the peer to make its calls elsewhere; false if it does not understand
    /// that.
    pub(crate) fn go_away(&mut self) -> bool {
        match self {
            Self::Gob(connection) => connection.go_away(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => false,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => false,
        }
    }

    /// True once the peer is known to make no further calls.
    pub(crate) fn is_parted(&self) -> bool {
        match self {
            Self::Gob(connection) => connection.is_parted(),
            #[cfg(feature = "jsonrpc")]
            Self::Json(_) => false,
            #[cfg(feature = "msgpack")]
            Self::Msgpack(_) => false,
        }
    }

    pub(crate) fn handle_eof(&mut self) -> Result<()> {
        each!(self, connection => connection.handle_eof())
    }
}
