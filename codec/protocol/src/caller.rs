//! [`Caller`]: what can carry out calls.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::body::{Body, Payload};
use crate::context::Context as CallContext;
use crate::error::Result;
use crate::info::StreamKind;
use crate::metadata::Metadata;
use crate::outgoing::Outgoing;
use crate::trace_context::{TRACEPARENT, TRACESTATE};

/// Starts exchanges: a connection, a pool, a balancer, or a layer around one.
///
/// An exchange is a head and a body in, and a sequence of items out. A unary call
/// is the exchange with one item. Callers are object-safe and know nothing of
/// argument types: those are above, in [`Call`](crate::Call).
pub trait Caller: Send + Sync {
    /// Starts an exchange. Never blocks and never fails: what goes wrong comes
    /// out of the exchange.
    ///
    /// Dropping the exchange cancels it.
    fn start(&self, request: Request) -> Exchange;
}

impl<C: Caller + ?Sized> Caller for Arc<C> {
    fn start(&self, request: Request) -> Exchange {
        (**self).start(request)
    }
}

impl<C: Caller + ?Sized> Caller for &C {
    fn start(&self, request: Request) -> Exchange {
        (**self).start(request)
    }
}

/// What a caller sends.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is asked for, and how.
    pub head: Head,
    /// The argument.
    pub body: Payload,
}

/// What is asked for, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Head {
    /// Service and method as they travel: `Arith.Multiply`.
    pub service_method: Cow<'static, str>,
    /// How long the call may take, from its start.
    pub timeout: Option<Duration>,
    /// When its time is up, if that is known: the earlier of both counts.
    pub deadline: Option<Instant>,
    /// Running it twice does what running it once does.
    pub idempotent: bool,
    /// The exchange is over when the call is sent, by an empty struct; what becomes
    /// of it the caller does not learn. Not for calls with streams.
    pub one_way: bool,
    /// What travels beside the argument.
    pub metadata: Metadata,
    /// Which sides of the call are streams.
    pub streams: StreamKind,
    /// The arguments, if they are a stream.
    pub outgoing: Option<Outgoing>,
}

impl Head {
    /// A head that asks for a method and nothing else.
    pub fn new(service_method: impl Into<Cow<'static, str>>) -> Self {
        Self {
            service_method: service_method.into(),
            timeout: None,
            deadline: None,
            idempotent: false,
            one_way: false,
            metadata: Metadata::new(),
            streams: StreamKind::Unary,
            outgoing: None,
        }
    }

    /// True if it says nothing but which method is asked for, as far as the server
    /// learns it.
    pub(crate) fn is_plain(&self) -> bool {
        self.timeout.is_none()
            && !self.idempotent
            && self.metadata.is_empty()
            && self.streams == StreamKind::Unary
    }

    /// The time that is left, as it travels: 0 for no bound, below 0 for none left.
    pub(crate) fn nanos_left(&self) -> i64 {
        match self.timeout {
            None => 0,
            Some(left) if left.is_zero() => -1,
            // 292 years are as good as all that is more.
            Some(left) => i64::try_from(left.as_nanos()).unwrap_or(i64::MAX),
        }
    }

    /// Makes the call a part of one that is being handled: it ends when that one
    /// does, and belongs to its trace.
    pub fn set_within(&mut self, context: &CallContext) {
        self.deadline = earlier(self.deadline, context.deadline());
        for key in [TRACEPARENT, TRACESTATE] {
            if let Some(value) = context.metadata().get(key) {
                self.metadata.set(key, value);
            }
        }
    }

    /// When the call's time is up if it starts now; `None` for never.
    #[must_use]
    pub fn deadline_from(&self, now: Instant) -> Option<Instant> {
        // What is beyond the end of time never comes.
        let own = self.timeout.and_then(|timeout| now.checked_add(timeout));
        earlier(own, self.deadline)
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// One item that the peer sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Item {
    /// The value.
    pub body: Body,
    /// What came beside it.
    pub metadata: Metadata,
}

impl Item {
    /// An item with this value.
    #[must_use]
    pub fn new(body: Body) -> Self {
        Self {
            body,
            metadata: Metadata::new(),
        }
    }

    /// Sets what came beside it.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }
}

/// An exchange under way: the items that come back.
///
/// Dropping it cancels it.
pub struct Exchange(Pin<Box<dyn Replies>>);

/// Where the items of an [`Exchange`] come from.
pub trait Replies: Send {
    /// The next item; `None` after the last one, an error ends the exchange.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>>;

    /// The metadata that came with the end of a stream, once it is over.
    fn trailers(&self) -> Metadata {
        Metadata::new()
    }
}

impl Exchange {
    /// An exchange whose items come from `replies`.
    pub fn new(replies: impl Replies + 'static) -> Self {
        Self(Box::pin(replies))
    }

    /// An exchange that is over: one item, or an error.
    #[must_use]
    pub fn ready(result: Result<Item>) -> Self {
        struct Ready(Option<Result<Item>>);
        impl Replies for Ready {
            fn poll_next(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Item>>> {
                Poll::Ready(self.0.take())
            }
        }
        Self::new(Ready(Some(result)))
    }

    /// The next item; `None` after the last one.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>> {
        self.0.as_mut().poll_next(cx)
    }

    /// The metadata that came with the end of a stream, once it is over.
    #[must_use]
    pub fn trailers(&self) -> Metadata {
        self.0.trailers()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange")
    }
}
