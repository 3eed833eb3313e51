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
use crate::caller::{Caller, Exchange, Head, Item, Request};
use crate::context::Context as CallContext;
use crate::error::{Delivery, Error, Phase, Result};
use crate::info::StreamKind;
use crate::metadata::Metadata;
use crate::streaming::Streaming;

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

    /// A call whose argument is a stream: it is sent as its items come, and as the
    /// peer takes them.
    pub fn streaming<A: Encode + 'static>(
        caller: C,
        service_method: impl Into<Cow<'static, str>>,
        args: Streaming<A>,
    ) -> Self {
        let mut call = Self::new(caller, service_method, &());
        call.head.streams = StreamKind::Client;
        call.head.outgoing = Some(args.into_outgoing());
        call
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
    /// longer, from its start on. A server of ours learns it, and stops working on
    /// the call then.
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

    /// Sends the call without waiting for its reply: it is over once its last byte
    /// was accepted by the connection. What becomes of it, the server alone knows,
    /// which logs an error; dropping the call does not cancel it then.
    ///
    /// A server of ours sends no reply at all; that of Go's is dropped. As many calls
    /// go out as the server takes: they wait for room as others do, so that a slow
    /// server is not flooded, nor our memory. A call with streams cannot be one-way,
    /// and waits for its reply.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_protocol::{Call, Caller, Result};
    ///
    /// async fn log<C: Caller>(to: C, line: &str) -> Result<()> {
    ///     Call::<(), C>::new(to, "Log.Write", &line).one_way().await
    /// }
    /// # let _ = log::<std::sync::Arc<dyn Caller>>;
    /// ```
    pub fn one_way(self) -> Call<(), C> {
        let Self {
            caller,
            mut head,
            body,
            ..
        } = self;
        head.one_way = head.streams == StreamKind::Unary;
        Call::from_parts(caller, head, body)
    }

    /// Adds to the metadata that travels beside the argument. A Go server ignores
    /// it.
    pub fn meta(mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.head.metadata.append(key, value);
        self
    }

    /// Makes the call a part of one that is being handled: it may take no longer
    /// than what is left of that one, and belongs to the same trace.
    ///
    /// Nothing else of the caller's is passed on: not its other metadata, which may
    /// be meant for us alone. A handler that is cancelled is dropped, and with it
    /// the calls that it waits for.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_protocol::{Call, Caller, Context, Result};
    ///
    /// async fn handle<C: Caller + Clone>(cx: &Context, stock: C) -> Result<u64> {
    ///     Call::new(stock, "Stock.Count", &"apples").within(cx).await
    /// }
    /// # let _ = handle::<std::sync::Arc<dyn Caller>>;
    /// ```
    pub fn within(mut self, context: &CallContext) -> Self {
        self.head.set_within(context);
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

/// A call of a method whose replies are a stream, that was not sent yet.
///
/// `.await` it, or [`start`](StreamCall::start) it: both give the stream at once,
/// before anything came, so that a caller that also sends a stream may begin with
/// that. What goes wrong comes out of the stream, first of all that the peer is
/// Go's net/rpc, which has no streams; the method is not run then.
#[must_use = "a call does nothing until it is awaited or started"]
pub struct StreamCall<T, C = Arc<dyn Caller>>(Call<T, C>);

impl<T: DecodeOwned, C: Caller> StreamCall<T, C> {
    /// A call of a method, by its full name, with its argument.
    pub fn new<A: Encode>(
        caller: C,
        service_method: impl Into<Cow<'static, str>>,
        args: &A,
    ) -> Self {
        let mut call = Call::new(caller, service_method, args);
        call.head.streams = StreamKind::Server;
        Self(call)
    }

    /// A call whose argument is a stream as well.
    pub fn streaming<A: Encode + 'static>(
        caller: C,
        service_method: impl Into<Cow<'static, str>>,
        args: Streaming<A>,
    ) -> Self {
        let mut call = Call::streaming(caller, service_method, args);
        call.head.streams = StreamKind::Both;
        Self(call)
    }

    /// Ends the call with [`Code::DeadlineExceeded`](crate::Code) if it takes
    /// longer in all, from its start to its last item.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// As [`Call::meta`].
    pub fn meta(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        Self(self.0.meta(key, value))
    }

    /// As [`Call::within`].
    pub fn within(self, context: &CallContext) -> Self {
        Self(self.0.within(context))
    }

    /// As [`Call::idempotent`]; a stream that has begun is never sent again.
    pub fn idempotent(self) -> Self {
        Self(self.0.idempotent())
    }

    /// Sends the call now, and gives the stream of its replies. Dropping that
    /// cancels the call.
    pub fn start(self) -> Streaming<T> {
        Streaming::new(self.0.start().exchange)
    }
}

impl<T: DecodeOwned, C: Caller> IntoFuture for StreamCall<T, C> {
    type Output = Result<Streaming<T>>;
    type IntoFuture = std::future::Ready<Result<Streaming<T>>>;

    fn into_future(self) -> Self::IntoFuture {
        std::future::ready(Ok(self.start()))
    }
}

impl<T, C> fmt::Debug for StreamCall<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamCall")
            .field("head", &self.0.head)
            .finish_non_exhaustive()
    }
}

/// The reply of a call that was sent. Dropping it cancels the call.
#[must_use = "dropping a reply cancels its call"]
pub struct Reply<T> {
    exchange: Exchange,
    reply: PhantomData<fn() -> T>,
}

impl<T: DecodeOwned> Reply<T> {
    /// Waits for the reply with its metadata; that of an error is in
    /// [`Error::metadata`].
    ///
    /// # Errors
    ///
    /// As those of the call.
    pub async fn with_metadata(mut self) -> Result<(T, Metadata)> {
        let item = std::future::poll_fn(|cx| self.poll_item(cx)).await?;
        Ok((decode(&item)?, item.metadata))
    }
}

impl<T> Reply<T> {
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item>> {
        Poll::Ready(ready!(self.exchange.poll_next(cx)).unwrap_or_else(|| {
            Err(Error::internal("the exchange ended without a reply")
                .with_phase(Phase::Wait)
                .with_delivery(Delivery::Sent))
        }))
    }
}

fn decode<T: DecodeOwned>(item: &Item) -> Result<T> {
    item.body.decode().map_err(|error| {
        error
            .with_phase(Phase::Decode)
            .with_delivery(Delivery::Answered)
    })
}

impl<T: DecodeOwned> Future for Reply<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let item = ready!(self.poll_item(cx))?;
        Poll::Ready(decode(&item))
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
