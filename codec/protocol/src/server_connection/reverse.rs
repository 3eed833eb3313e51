//! Calls that the server makes to services that the client hosts.

use super::ServerConnection;
use crate::body::Payload;
use crate::caller::Head;
use crate::error::{Delivery, Phase, Result};
use crate::header::{Header, NO_CALL, caps, flags, kind};

impl ServerConnection {
    /// True if the client hosts services, and takes calls to them.
    #[must_use]
    #[inline]
    pub fn is_peer_hosting(&self) -> bool {
        self.peer_caps & caps::REVERSE_CALLS != 0
    }

    /// Calls a service that the client hosts; only if it [does](Self::is_peer_hosting).
    /// Its reply is [`Incoming::Reply`](super::Incoming::Reply) with this number, which
    /// is to be that of no other call that has no reply yet.
    ///
    /// Of the head's times only [`timeout`](Head::timeout) counts, as what is left now.
    /// Streams it cannot have.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded or is too long; nothing was appended then.
    pub fn call(&mut self, number: u64, head: &Head, body: &Payload) -> Result<()> {
        let header = Header {
            service_method: head.service_method.as_ref().into(),
            seq: NO_CALL,
            kind: kind::REVERSE_CALL,
            reference: number,
            flags: if head.idempotent {
                flags::IDEMPOTENT
            } else {
                0
            },
            timeout: head.nanos_left(),
            meta: head.metadata.to_wire(),
            ..Header::default()
        };
        self.outbox
            .frame(header, |encoder, output| {
                encoder.append(body.prepared(), output)
            })
            .map_err(|error| {
                error
                    .with_phase(Phase::Encode)
                    .with_delivery(Delivery::NotSent)
            })
    }

    /// Gives up on a call of its own. The client answers it nevertheless.
    pub fn cancel_call(&mut self, number: u64) {
        self.outbox.control(Header {
            seq: NO_CALL,
            kind: kind::CANCEL,
            reference: number,
            ..Header::default()
        });
    }
}
