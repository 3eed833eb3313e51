//! [`Context`]: what a handler may know of its call.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::call_state::{CallState, Cancel, Cancelled};
use crate::error::{Error, Result};
use crate::extensions::Extensions;
use crate::metadata::{Metadata, PREVIOUS_ATTEMPTS};
use crate::peer_caller::PeerCaller;
use crate::trace_context::TraceContext;

use crate::identity::Identity;

/// What a handler may know of its call.
///
/// A method of a service asks for it by a parameter `cx: &Context`. A copy is the
/// same call.
///
/// - [`metadata`](Context::metadata) is what the caller sent beside the argument,
///   and [`reply_metadata`](Context::reply_metadata) adds to what goes back.
/// - [`deadline`](Context::deadline) is when the caller stops waiting. A call that
///   the handler makes takes it over by
///   [`Call::within`](crate::Call::within).
/// - [`cancelled`](Context::cancelled) tells that nobody waits any more. An async
///   handler need not look: it is dropped at its next `.await`.
#[derive(Clone)]
pub struct Context {
    peer: Arc<Peer>,
    service_method: Arc<str>,
    seq: u64,
    received: Option<Instant>,
    deadline: Option<Instant>,
    idempotent: bool,
    one_way: bool,
    metadata: Metadata,
    extensions: Extensions,
    state: Arc<CallState>,
}

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its address as text, such as `127.0.0.1:51234` or `unix`.
    pub address: String,
    identity: Option<Identity>,
    /// Calls the services that it hosts.
    caller: Option<PeerCaller>,
}

impl Peer {
    /// A peer with this address.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            identity: None,
            caller: None,
        }
    }

    /// The same peer, which has proved who it is.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The same peer, whose services can be called by this.
    #[must_use]
    pub fn with_caller(mut self, caller: PeerCaller) -> Self {
        self.caller = Some(caller);
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
        Self::with_state(peer, service_method, seq, Arc::default())
    }

    /// The context of a call whose state the driver keeps, too.
    #[must_use]
    pub fn with_state(
        peer: Arc<Peer>,
        service_method: Arc<str>,
        seq: u64,
        state: Arc<CallState>,
    ) -> Self {
        Self {
            peer,
            service_method,
            seq,
            received: None,
            deadline: None,
            idempotent: false,
            one_way: false,
            metadata: Metadata::new(),
            extensions: Extensions::default(),
            state,
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

    /// Sets when the caller stops waiting.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets whether the caller takes no reply.
    #[must_use]
    pub fn with_one_way(mut self, one_way: bool) -> Self {
        self.one_way = one_way;
        self
    }

    /// Sets what the caller sent beside the argument.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets whether the caller says that the call may run twice.
    #[must_use]
    pub fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// Who calls.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Calls services that the peer hosts, over the connection that the call came by;
    /// also when the call is over, for as long as the connection lives. To a client, the
    /// peer is its server.
    ///
    /// # Errors
    ///
    /// `Unimplemented` if the peer hosts none: it is Go's, or speaks another codec than
    /// gob, or is a client that was not told to.
    pub fn peer_caller(&self) -> Result<PeerCaller> {
        self.peer.caller.clone().ok_or_else(|| {
            Error::unimplemented(
                "the caller hosts no services: it is a plain net/rpc client, or one of gobrpc \
                 that was not given any (ClientBuilder::host)",
            )
        })
    }

    /// Service and method as they came: `Arith.Multiply`.
    #[must_use]
    pub fn service_method(&self) -> &str {
        &self.service_method
    }

    /// The service alone: `Arith`.
    #[must_use]
    pub fn service(&self) -> &str {
        crate::method::split(&self.service_method).map_or("", |(service, _)| service)
    }

    /// The method alone: `Multiply`.
    #[must_use]
    pub fn method(&self) -> &str {
        crate::method::split(&self.service_method).map_or("", |(_, method)| method)
    }

    /// Service and method, shared.
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

    /// When the caller stops waiting, if it said so or the server has a bound: the
    /// handler is cancelled then.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How long the call may still take, seen from `now`; zero if its time is up.
    #[must_use]
    pub fn remaining(&self, now: Instant) -> Option<Duration> {
        Some(self.deadline?.saturating_duration_since(now))
    }

    /// True if the caller says that running the call twice does what running it
    /// once does.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// How often the caller says that it has sent this call before: to other servers,
    /// or to this one.
    #[must_use]
    pub fn previous_attempts(&self) -> u32 {
        let text = self.metadata.get_str(PREVIOUS_ATTEMPTS);
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// True if the caller takes no reply: what the handler answers is for nobody, and
    /// its error is logged. Never from Go.
    #[must_use]
    pub fn is_one_way(&self) -> bool {
        self.one_way
    }

    /// What the caller sent beside the argument; nothing from Go.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The same, for layers.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// Adds to the metadata that goes back with the reply, be it a value or an
    /// error. Go's clients do not see it.
    pub fn reply_metadata(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.state.add_reply_metadata(key.as_ref(), value.as_ref());
    }

    /// The trace that the caller says the call belongs to.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        TraceContext::of(&self.metadata)
    }

    /// What layers have found out, by type.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The same, for layers.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// The arguments, if they are a stream; the first who asks has it.
    #[must_use]
    pub fn incoming(&self) -> Option<crate::Exchange> {
        self.state.incoming()
    }

    /// Waits until nobody waits for the reply any more, and says why.
    ///
    /// For work that the handler has given to others: the handler itself is
    /// dropped at its next `.await`. A blocking method asks
    /// [`Context::cancellation`] now and then.
    pub fn cancelled(&self) -> Cancelled {
        self.state.cancelled()
    }

    /// Why the call was cancelled, if it was.
    #[must_use]
    pub fn cancellation(&self) -> Option<Cancel> {
        self.state.cancellation()
    }

    /// What the driver of the connection shares with the handler.
    #[must_use]
    pub fn state(&self) -> &Arc<CallState> {
        &self.state
    }
}

/// Without the values of metadata, which may be secret.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("peer", &self.peer.address)
            .field("service_method", &self.service_method)
            .field("seq", &self.seq)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
