//! [`Context`]: what a handler may know of its call.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::identity::Identity;

/// What a handler may know of its call.
///
/// A method of a service asks for it by a parameter `cx: &Context`.
#[derive(Clone)]
pub struct Context {
    peer: Arc<Peer>,
    service_method: Arc<str>,
    seq: u64,
    received: Option<Instant>,
}

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its address as text, such as `127.0.0.1:51234` or `unix`.
    pub address: String,
    identity: Option<Identity>,
}

impl Peer {
    /// A peer with this address.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            identity: None,
        }
    }

    /// The same peer, which has proved who it is.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Who the peer has proved to be; `None` without mutual TLS.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }
}

impl Context {
    /// The context of a call.
    #[must_use]
    pub fn new(peer: Arc<Peer>, service_method: Arc<str>, seq: u64) -> Self {
        Self {
            peer,
            service_method,
            seq,
            received: None,
        }
    }

    /// The context of a call inside of this process.
    #[must_use]
    pub fn local(service_method: &str) -> Self {
        Self::new(
            Arc::new(Peer::new("in-process")),
            Arc::from(service_method),
            0,
        )
    }

    /// Sets when the call was received.
    #[must_use]
    pub fn with_received(mut self, now: Instant) -> Self {
        self.received = Some(now);
        self
    }

    /// Who calls.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Service and method as they came: `Arith.Multiply`.
    #[must_use]
    pub fn service_method(&self) -> &str {
        &self.service_method
    }

    /// The same, shared.
    #[must_use]
    pub fn shared_service_method(&self) -> &Arc<str> {
        &self.service_method
    }

    /// The number that the peer gave the call; peers may give one twice.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// When the call was received, if the driver says so.
    #[must_use]
    pub fn received(&self) -> Option<Instant> {
        self.received
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("peer", &self.peer.address)
            .field("service_method", &self.service_method)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}
