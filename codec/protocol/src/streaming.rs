//! [`Streaming`]: values that come one after the other.

mod channel;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use gobrpc_codec::{DecodeOwned, Encode};

use crate::body::Payload;
use crate::caller::{Exchange, Item};
use crate::error::{Delivery, Error, Phase, Result};
use crate::metadata::Metadata;
use crate::outgoing::Outgoing;

pub use channel::Sender;

/// Values that come one after the other: the arguments or the replies of a
/// streaming method.
///
/// It is a `futures` stream of `Result<T>`, and has [`next`](Streaming::next) for
/// those who need no more than that. After an error nothing comes. Dropping it
/// ends the call on the caller's side, and on the handler's tells the caller
/// nothing: its items are dropped.
///
/// To make one, give it a stream ([`from_stream`](Streaming::from_stream)), an
/// iterator ([`from_values`](Streaming::from_values)), or fill it from elsewhere
/// ([`channel`](Streaming::channel)). It is polled as fast as its reader reads and
/// no faster: 256 KiB of each stream are under way, then it waits.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::{Result, Streaming};
///
/// // In a handler: async fn count(&self, to: u64) -> Result<Streaming<u64>>
/// fn count(to: u64) -> Result<Streaming<u64>> {
///     Ok(Streaming::from_values(1..=to))
/// }
/// # fn main() -> Result<()> {
/// # tokio_test(async {
/// let mut numbers = count(3)?;
/// let mut sum = 0;
/// while let Some(number) = numbers.next().await {
///     sum += number?;
/// }
/// assert_eq!(sum, 6);
/// # Ok(()) })
/// # }
/// # fn tokio_test(f: impl Future<Output = Result<()>>) -> Result<()> {
/// #     let mut f = std::pin::pin!(f);
/// #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// #     loop { if let std::task::Poll::Ready(it) = f.as_mut().poll(&mut cx) { return it; } }
/// # }
/// ```
#[must_use = "dropping a stream ends its call"]
pub struct Streaming<T>(Source<T>);

enum Source<T> {
    /// From a peer.
    Peer {
        exchange: Exchange,
        decode: fn(&Item) -> Result<T>,
    },
    /// From this process.
    Local(Pin<Box<dyn Stream<Item = Result<T>> + Send>>),
    /// It was never there.
    Failed(Error),
    /// It is over.
    Over(Metadata),
}

impl<T: DecodeOwned> Streaming<T> {
    /// The items of an exchange, each decoded as it comes.
    pub fn new(exchange: Exchange) -> Self {
        Self(Source::Peer {
            exchange,
            decode: |item| {
                item.body.decode().map_err(|error| {
                    error
                        .with_phase(Phase::Decode)
                        .with_delivery(Delivery::Answered)
                })
            },
        })
    }

    /// The arguments of a call that is being handled.
    pub fn incoming(context: &crate::Context) -> Self {
        match context.incoming() {
            Some(exchange) => Self(Source::Peer {
                exchange,
                // To the caller, who sent it, this is an argument.
                decode: |item| item.body.decode_argument(),
            }),
            None => Self(Source::Failed(Error::internal(
                "the call has no stream of arguments, or somebody has taken it",
            ))),
        }
    }
}

impl<T> Streaming<T> {
    /// The items of a stream.
    pub fn from_stream(stream: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self(Source::Local(Box::pin(stream)))
    }

    /// Values that are there already, or are made as they are asked for.
    pub fn from_values<I>(values: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + Unpin + 'static,
    {
        Self::from_stream(Values(values.into_iter()))
    }

    /// The next item; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// The metadata that came with the end of the stream, once it is over; that of
    /// an error is in the error.
    #[must_use]
    pub fn trailers(&self) -> Metadata {
        match &self.0 {
            Source::Over(trailers) => trailers.clone(),
            Source::Peer { .. } | Source::Local(_) | Source::Failed(_) => Metadata::new(),
        }
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let (item, trailers) = match &mut self.0 {
            Source::Peer { exchange, decode } => match exchange.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(item)) => {
                    (Some(item.and_then(|item| decode(&item))), Metadata::new())
                }
                Poll::Ready(None) => (None, exchange.trailers()),
            },
            Source::Local(stream) => match stream.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(item) => (item, Metadata::new()),
            },
            Source::Failed(error) => (Some(Err(error.clone())), Metadata::new()),
            Source::Over(_) => return Poll::Ready(None),
        };
        if !matches!(item, Some(Ok(_))) {
            self.0 = Source::Over(trailers);
        }
        Poll::Ready(item)
    }
}

impl<T: Send + 'static> Streaming<T> {
    /// A stream that is filled from elsewhere, and who fills it. At most so many
    /// items wait in it, at least 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_protocol::{Result, Streaming};
    ///
    /// async fn watch() -> Result<Streaming<String>> {
    ///     let (mut sender, events) = Streaming::channel(16);
    ///     tokio::spawn(async move {
    ///         // It fails once nobody listens any more.
    ///         while sender.send("tick".to_owned()).await.is_ok() {}
    ///     });
    ///     Ok(events)
    /// }
    /// # let _ = watch;
    /// # mod tokio { pub fn spawn<F>(_: F) {} }
    /// ```
    pub fn channel(items: usize) -> (Sender<T>, Self) {
        let (sender, receiver) = channel::new(items);
        (sender, Self::from_stream(receiver))
    }
}

impl<T: Encode + 'static> Streaming<T> {
    /// The stream as it travels: each item is encoded as it comes.
    #[must_use]
    pub fn into_outgoing(self) -> Outgoing {
        Outgoing::new(Encoded(self))
    }
}

struct Encoded<T>(Streaming<T>);

impl<T: Encode> Stream for Encoded<T> {
    type Item = Result<Payload>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Payload>>> {
        let item = self.0.poll_item(cx);
        item.map(|item| item.map(|item| Payload::new(&item?)))
    }
}

// Nothing in it is pinned but what is boxed.
impl<T> Unpin for Streaming<T> {}

impl<T> Stream for Streaming<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.poll_item(cx)
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streaming")
    }
}

struct Values<I>(I);

impl<I: Iterator + Unpin> Stream for Values<I> {
    type Item = Result<I::Item>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
