//! Calls that the server makes to services that the client hosts.

use std::sync::Arc;

use super::{ClientConnection, Incoming, ReplyHeader};
use crate::body::Body;
use crate::error::{Error, Result};
use crate::header::{Header, NO_CALL, caps, flags, kind};
use crate::info::StreamKind;
use crate::metadata::Metadata;
use crate::server_connection::{IncomingRequest, remaining};
use crate::service::Response;

/// The header of a call that the server makes.
#[derive(Debug)]
pub(super) struct ReverseCall {
    service_method: Arc<str>,
    number: u64,
    timeout: i64,
    idempotent: bool,
    metadata: Metadata,
}

impl ReverseCall {
    pub(super) fn new(header: &Header<'_>) -> Self {
        Self {
            service_method: Arc::from(&*header.service_method),
            number: header.reference,
            timeout: header.timeout,
            idempotent: header.flags & flags::IDEMPOTENT != 0,
            metadata: Metadata::from_wire(&header.meta),
        }
    }
}

impl<T> ClientConnection<T> {
    /// Takes calls of the server, too: [`Incoming::Call`], each of which is to be
    /// answered once by [`reply`](Self::reply). The server learns it by the first call.
    #[must_use]
    pub fn hosting(mut self) -> Self {
        self.outbox.caps |= caps::REVERSE_CALLS;
        self
    }

    /// Replies to a call of the server, by the number that it has. A response that
    /// cannot be sent becomes an error reply, so that the server does not wait for
    /// ever.
    pub fn reply(&mut self, number: u64, result: Result<Response>) {
        let header = Header {
            seq: NO_CALL,
            kind: kind::REVERSE_REPLY,
            reference: number,
            ..Header::default()
        };
        let failed = match &result {
            Ok(response) => {
                let mut header = header.clone();
                header.meta = response.metadata().to_wire();
                let payload = response.payload().prepared();
                let sent = self
                    .outbox
                    .frame(header, |encoder, output| encoder.append(payload, output));
                match sent {
                    Ok(()) => return,
                    // What it says of this side's sending is not for the server.
                    Err(error) => Error::with_code(error.code(), error.message().to_owned()),
                }
            }
            Err(error) => error.for_caller(),
        };
        if self.reply_error(&header, &failed).is_err() {
            // Its details or its metadata are too long: the text always fits.
            let plain = failed.with_metadata(Metadata::new()).without_details();
            let _ = self.reply_error(&header, &plain);
        }
    }

    fn reply_error(&mut self, header: &Header<'_>, error: &Error) -> Result<()> {
        let mut header = header.clone();
        header.set_error(error);
        self.outbox
            .frame(header, |encoder, output| match error.details() {
                Some(details) => encoder.encode(details, output),
                None => encoder.encode(&(), output),
            })
    }

    /// What a frame of the server's calls is; nothing if none are hosted here, since
    /// the server was not told that there are.
    #[cold]
    pub(super) fn reverse(&self, header: ReplyHeader, body: Result<Body>) -> Option<Incoming<T>> {
        if self.outbox.caps & caps::REVERSE_CALLS == 0 {
            return None;
        }
        match header {
            ReplyHeader::Call(call) => Some(Incoming::Call(IncomingRequest {
                seq: call.number,
                service_method: call.service_method,
                body,
                timeout: remaining(call.timeout),
                idempotent: call.idempotent,
                one_way: false,
                metadata: call.metadata,
                streams: StreamKind::Unary,
                credit: 0,
            })),
            ReplyHeader::Cancel { number } => Some(Incoming::Cancel { seq: number }),
            _ => None,
        }
    }
}
