//! [`Call`] and [`Reply`]: typed calls over a [`Caller`].

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gobrpc_codec::{DecodeOwned, Encode};

use crate::body::Payload;
use crate::caller::{Caller, Exchange, Head, Request};
use crate::error::{Delivery, Error, Phase, Result};

/// A call that was not sent yet: set what it needs, then `.await` it or
/// [`start`](Call::start) it.
///
/// The argument is encoded already, so that it need not live on.
#[must_use = "a call does nothing until it is awaited or started"]
pub struct Call<T, C = Arc<dyn Caller>> {
    caller: C,
    head: Head,
    body: Result<Payload>,
    reply: PhantomData<fn() -> T>,
}

impl<T, C: Caller> Call<T, C> {
    /// A call of a method, by its full name, with its argument.
    ///
    /// An argument that cannot be encoded is reported when the call is awaited.
    pub fn new<A: Encode>(
        caller: C,
        service_method: impl Into<Cow<'static, str>>,
        args: &A,
    ) -> Self {
        let body = Payload::new(args).map_err(|error| error.with_phase(Phase::Encode));
        Self::from_parts(caller, Head::new(service_method), body)
    }

    /// A call of which head and body exist already.
    pub fn from_parts(caller: C, head: Head, body: Result<Payload>) -> Self {
        Self {
            caller,
            head,
            body,
            reply: PhantomData,
        }
    }

    /// Fails the call with [`Code::DeadlineExceeded`](crate::Code) if it takes
    /// longer, from its start on.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.head.timeout = Some(timeout);
        self
    }

    /// Says that running the call twice does what running it once does, so that
    /// it may be sent again.
    pub fn idempotent(mut self) -> Self {
        self.head.idempotent = true;
        self
    }

    /// Sends the call now; await the reply later. Dropping the reply cancels the
    /// call.
    pub fn start(self) -> Reply<T> {
        let exchange = match self.body {
            Ok(body) => self.caller.start(Request {
                head: self.head,
                body,
            }),
            Err(error) => Exchange::ready(Err(error)),
        };
        Reply {
            exchange,
            reply: PhantomData,
        }
    }
}

impl<T: DecodeOwned, C: Caller> IntoFuture for Call<T, C> {
    type Output = Result<T>;
    type IntoFuture = Reply<T>;

    fn into_future(self) -> Reply<T> {
        self.start()
    }
}

impl<T, C> fmt::Debug for Call<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

/// The reply of a call that was sent. Dropping it cancels the call.
#[must_use = "dropping a reply cancels its call"]
pub struct Reply<T> {
    exchange: Exchange,
    reply: PhantomData<fn() -> T>,
}

impl<T: DecodeOwned> Future for Reply<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let item = ready!(self.exchange.poll_next(cx)).unwrap_or_else(|| {
            Err(Error::internal("the exchange ended without a reply")
                .with_phase(Phase::Wait)
                .with_delivery(Delivery::Sent))
        })?;
        Poll::Ready(item.body.decode().map_err(|error| {
            error
                .with_phase(Phase::Decode)
                .with_delivery(Delivery::Answered)
        }))
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
