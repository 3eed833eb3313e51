//! [`Incoming`]: what the peer sent, and the headers that it comes with.

use super::Seq;
use super::reverse::ReverseCall;
use crate::body::Body;
use crate::details::ErrorDetails;
use crate::error::{Error, Result};
use crate::header::{Header, flags, kind};
use crate::metadata::Metadata;
use crate::server_connection::IncomingRequest;

/// What the peer sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming<T> {
    /// The reply to a call, which ends it.
    Reply(IncomingReply<T>),
    /// An item of the replies of a call.
    Item {
        /// The call; somebody waits for it.
        seq: Seq,
        /// The item; an error if its bytes are not gob.
        body: Result<Body>,
        /// How much of the credit it takes.
        cost: u64,
    },
    /// More may be sent of a stream of arguments.
    Credit {
        /// The call; somebody waits for it.
        seq: Seq,
        /// How many bytes more.
        bytes: u64,
    },
    /// The peer wants no further calls on this connection; those under way go on.
    /// See [`ClientConnection::take_refused`](super::ClientConnection::take_refused).
    GoAway,
    /// A call to a service that the client hosts; its number is
    /// [`seq`](IncomingRequest::seq). Only if the connection is
    /// [hosting](super::ClientConnection::hosting).
    Call(IncomingRequest),
    /// The server does not wait any more for its call of this number. There may be
    /// none; if there is, it is to be replied to nevertheless, once.
    Cancel {
        /// The number of the call.
        seq: u64,
    },
}

/// A reply that is whole.
#[derive(Debug)]
#[non_exhaustive]
pub struct IncomingReply<T> {
    /// What was given with the call.
    pub call: T,
    /// The reply's body, or the error that the peer answered.
    pub result: Result<Body>,
    /// What came beside the body; that of an error is in the error.
    pub metadata: Metadata,
}

impl<T> IncomingReply<T> {
    pub(crate) fn new(
        call: T,
        error: Option<Error>,
        body: Result<Body>,
        metadata: Metadata,
    ) -> Self {
        let (result, metadata) = match error {
            None => (body, metadata),
            Some(error) => {
                let error = with_details(error, body.ok()).with_metadata(metadata);
                (Err(error), Metadata::new())
            }
        };
        Self {
            call,
            result,
            metadata,
        }
    }
}

/// A header whose body comes next.
#[derive(Debug)]
pub(super) enum ReplyHeader {
    Reply {
        seq: u64,
        error: Option<Error>,
        metadata: Metadata,
    },
    /// Of a reply whose value comes in chunks.
    LongReply {
        seq: u64,
        metadata: Metadata,
    },
    Chunk {
        seq: u64,
    },
    Item {
        seq: u64,
        cost: u64,
    },
    Credit {
        seq: u64,
        bytes: u64,
    },
    Ping {
        reference: u64,
    },
    GoAway {
        last: u64,
    },
    /// Of a call that the server makes.
    Call(Box<ReverseCall>),
    /// The server gives up on one.
    Cancel {
        number: u64,
    },
    /// Of a kind that needs nothing, or is not known here.
    Other,
}

impl ReplyHeader {
    /// The header of a reply with a value, of which nothing more is said.
    #[inline]
    pub(super) fn plain(seq: u64) -> Self {
        Self::Reply {
            seq,
            error: None,
            metadata: Metadata::new(),
        }
    }

    /// What a header says. That of a peer that has not shown its caps has calls and
    /// replies alone.
    pub(super) fn new(header: Header<'_>, extended: bool) -> Self {
        let kind = if extended { header.kind } else { kind::CALL };
        match kind {
            kind::CALL if extended && header.flags & flags::CHUNKED != 0 => Self::LongReply {
                seq: header.seq,
                metadata: Metadata::from_wire(&header.meta),
            },
            kind::CALL => Self::Reply {
                seq: header.seq,
                metadata: Metadata::from_wire(&header.meta),
                error: header.into_error(),
            },
            kind::CHUNK => Self::Chunk {
                seq: header.reference,
            },
            kind::ITEM => Self::Item {
                seq: header.seq,
                cost: header.credit,
            },
            kind::CREDIT => Self::Credit {
                seq: header.reference,
                bytes: header.credit,
            },
            kind::PING => Self::Ping {
                reference: header.reference,
            },
            kind::GO_AWAY => Self::GoAway {
                last: header.reference,
            },
            kind::REVERSE_CALL => Self::Call(Box::new(ReverseCall::new(&header))),
            kind::CANCEL => Self::Cancel {
                number: header.reference,
            },
            _ => Self::Other,
        }
    }

    /// The error, if it is the header of an error reply.
    pub(super) fn error(&self) -> Option<&Error> {
        match self {
            Self::Reply { error, .. } => error.as_ref(),
            _ => None,
        }
    }
}

/// The error with the details that are its body; Go sends none.
fn with_details(error: Error, body: Option<Body>) -> Error {
    // An empty struct is one byte.
    match body.filter(|body| body.bytes().len() > 1) {
        Some(body) => match body.decode::<ErrorDetails>() {
            Ok(details) => error.with_details(details),
            Err(_) => error,
        },
        None => error,
    }
}
