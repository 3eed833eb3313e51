//! [`Incoming`]: what the peer sent, and the headers that it comes with.

use std::sync::Arc;
use std::time::Duration;

use crate::body::Body;
use crate::client_connection::IncomingReply;
use crate::error::{Error, Result};
use crate::header::{Header, flags, kind};
use crate::info::StreamKind;
use crate::metadata::Metadata;

/// What the peer sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// A request, which is to be replied to unless it is
    /// [one-way](IncomingRequest::one_way).
    Request(IncomingRequest),
    /// The caller does not wait any more for its call of this number. There may
    /// be none; if there is, it is to be replied to nevertheless, once.
    Cancel {
        /// The number of the call.
        seq: u64,
    },
    /// An item of the arguments of a call.
    Item {
        /// The number of the call; there may be none such.
        seq: u64,
        /// The item; an error if its bytes are not gob.
        body: Result<Body>,
        /// How much of the credit it takes.
        cost: u64,
    },
    /// The caller sends no more items.
    End {
        /// The number of the call; there may be none such.
        seq: u64,
    },
    /// More may be sent of a stream of replies.
    Credit {
        /// The number of the call; there may be none such.
        seq: u64,
        /// How many bytes more.
        bytes: u64,
    },
    /// The reply to a call of the server, of the number that is its `call`. There may
    /// be none such.
    Reply(IncomingReply<u64>),
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
    /// How long the caller still waited when it sent the request; zero if not at
    /// all, `None` if it did not say.
    pub timeout: Option<Duration>,
    /// The caller says that running the call twice does what running it once
    /// does.
    pub idempotent: bool,
    /// The caller takes no reply: it is to get none, be it of success or not.
    pub one_way: bool,
    /// What came beside the argument.
    pub metadata: Metadata,
    /// Which sides are streams.
    pub streams: StreamKind,
    /// How many bytes of a stream of replies may be sent at first.
    pub credit: u64,
}

/// A header whose body comes next.
#[derive(Debug)]
pub(super) enum RequestHeader {
    Request {
        service_method: Arc<str>,
        seq: u64,
        timeout: i64,
        flags: u64,
        credit: u64,
        metadata: Metadata,
    },
    Item {
        seq: u64,
        cost: u64,
    },
    End {
        seq: u64,
    },
    Credit {
        seq: u64,
        bytes: u64,
    },
    Cancel {
        seq: u64,
    },
    Chunk {
        seq: u64,
    },
    Ping {
        reference: u64,
    },
    Pong,
    /// Of a reply to a call of the server.
    Reply(Box<ReverseReply>),
    /// Of a kind that is not known here.
    Unknown,
}

impl RequestHeader {
    /// A request of which nothing more is said.
    #[inline]
    pub(super) fn plain(service_method: Arc<str>, seq: u64) -> Self {
        Self::Request {
            service_method,
            seq,
            timeout: 0,
            flags: 0,
            credit: 0,
            metadata: Metadata::new(),
        }
    }

    /// True if it may concern a body that comes, or goes, in chunks.
    #[inline]
    pub(super) fn is_of_long(&self) -> bool {
        match self {
            Self::Request { flags, .. } => flags & flags::CHUNKED != 0,
            Self::Chunk { .. } | Self::Cancel { .. } => true,
            _ => false,
        }
    }

    /// What a header says. Go takes every header for a request, and so must we from
    /// whoever has not said that its headers may be something else.
    pub(super) fn new(
        header: &Header<'_>,
        extended: bool,
        last_method: &mut Option<Arc<str>>,
    ) -> Self {
        let kind = if extended { header.kind } else { kind::CALL };
        match kind {
            kind::CALL => {
                // Most calls of a connection are of the method before.
                let service_method = match last_method {
                    Some(last) if **last == *header.service_method => Arc::clone(last),
                    _ => Arc::from(&*header.service_method),
                };
                *last_method = Some(Arc::clone(&service_method));
                Self::Request {
                    service_method,
                    seq: header.seq,
                    timeout: header.timeout,
                    flags: if extended { header.flags } else { 0 },
                    credit: header.credit,
                    metadata: Metadata::from_wire(&header.meta),
                }
            }
            kind::ITEM => Self::Item {
                seq: header.seq,
                cost: header.credit,
            },
            kind::END => Self::End { seq: header.seq },
            kind::CREDIT => Self::Credit {
                seq: header.reference,
                bytes: header.credit,
            },
            kind::CANCEL => Self::Cancel {
                seq: header.reference,
            },
            kind::CHUNK => Self::Chunk {
                seq: header.reference,
            },
            kind::PING => Self::Ping {
                reference: header.reference,
            },
            kind::PONG => Self::Pong,
            kind::REVERSE_REPLY => Self::Reply(Box::new(ReverseReply {
                number: header.reference,
                metadata: Metadata::from_wire(&header.meta),
                error: header.clone().into_error(),
            })),
            _ => Self::Unknown,
        }
    }
}

/// The header of the reply to a call of the server.
#[derive(Debug)]
pub(super) struct ReverseReply {
    number: u64,
    metadata: Metadata,
    error: Option<Error>,
}

impl ReverseReply {
    /// The reply, with its body.
    #[cold]
    pub(super) fn with(self, body: Result<Body>) -> IncomingReply<u64> {
        IncomingReply::new(self.number, self.error, body, self.metadata)
    }
}

/// What a header's timeout says: below 0 the time was up already.
pub(crate) fn remaining(nanos: i64) -> Option<Duration> {
    match nanos {
        0 => None,
        nanos => Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))),
    }
}
