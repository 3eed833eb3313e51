//! [`Codec`]: what is spoken on a connection.

use bytes::BytesMut;
use gobrpc_protocol::client_connection::{IncomingReply, Seq, Started};
#[cfg(feature = "jsonrpc")]
use gobrpc_protocol::jsonrpc;
use gobrpc_protocol::{ClientConnection, Head, Payload, Result};

use crate::options::Options;

/// The protocol's side of a connection: gob, or JSON.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one a connection, and the common one is the larger"
)]
pub(crate) enum Codec<T> {
    Gob(ClientConnection<T>),
    #[cfg(feature = "jsonrpc")]
    Json(jsonrpc::ClientConnection<T>),
}

/// Does the same with whichever it is.
macro_rules! each {
    ($self:ident, $connection:ident => $do:expr) => {
        match $self {
            Self::Gob($connection) => $do,
            #[cfg(feature = "jsonrpc")]
            Self::Json($connection) => $do,
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
        let connection = ClientConnection::with_limits(options.limits);
        Self::Gob(if options.plain_go {
            connection.plain_go()
        } else {
            connection
        })
    }

    pub(crate) fn call(&mut self, head: &Head, body: &Payload, call: T) -> Result<Started> {
        each!(self, connection => connection.call(head, body, call))
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
        }
    }

    pub(crate) fn poll_reply(&mut self) -> Result<Option<IncomingReply<T>>> {
        each!(self, connection => connection.poll_reply())
    }

    pub(crate) fn handle_eof(&mut self) -> Result<()> {
        each!(self, connection => connection.handle_eof())
    }

    pub(crate) fn take_pending(&mut self) -> Vec<(Seq, T)> {
        each!(self, connection => connection.take_pending())
    }
}
