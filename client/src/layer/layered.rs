//! [`Layered`]: a caller with layers around it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use gobrpc_protocol::caller::Replies;
use gobrpc_protocol::chain::{Chain, Handoff, Step};
use gobrpc_protocol::codec::Encode;
use gobrpc_protocol::{
    Call, Caller, Delivery, Error, Exchange, Item, Metadata, Phase, Request, Result,
};
use tokio::runtime::Handle as Runtime;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Answer, Layer, Layers, Next};

/// A caller with layers around it: a balanced client, a mock, a client of one server.
///
/// # Examples
///
/// ```
/// use gobrpc_client::Client;
/// use gobrpc_client::layer::{Layered, Next};
/// use gobrpc_client::protocol::Request;
///
/// # async fn example() -> gobrpc_client::Result<()> {
/// let client = Client::connect("127.0.0.1:1234");
/// let client = Layered::new(client).with_layer(|request: Request, next: Next| async move {
///     println!("calling {}", request.head.service_method);
///     next.run(request).await
/// });
/// let product: i64 = client.call("Arith.Multiply", &(6_i64, 7_i64)).await?;
/// # Ok(())
/// # }
/// ```
pub struct Layered<C> {
    caller: Arc<C>,
    layers: Layers,
}

impl<C: Caller + 'static> Layered<C> {
    /// A caller without layers.
    #[must_use]
    pub fn new(caller: C) -> Self {
        Self {
            caller: Arc::new(caller),
            layers: Layers::default(),
        }
    }

    /// Adds a layer, inside of those that are there.
    #[must_use]
    pub fn with_layer(mut self, layer: impl Layer) -> Self {
        Arc::make_mut(&mut self.layers).push(Arc::new(layer));
        self
    }

    /// A call of a method by its full name; see [`Client::call`](crate::Client::call).
    pub fn call<T, A: Encode>(
        &self,
        service_method: impl Into<Cow<'static, str>>,
        args: &A,
    ) -> Call<T, Self> {
        Call::new(self.clone(), service_method, args)
    }

    /// What is called through the layers.
    #[must_use]
    pub fn inner(&self) -> &C {
        &self.caller
    }
}

impl<C: Caller + 'static> Caller for Layered<C> {
    fn start(&self, request: Request) -> Exchange {
        let caller = Arc::clone(&self.caller) as Arc<dyn Caller>;
        start(&self.layers, caller, request)
    }
}

impl<C> Clone for Layered<C> {
    fn clone(&self) -> Self {
        Self {
            caller: Arc::clone(&self.caller),
            layers: Arc::clone(&self.layers),
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for Layered<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layered")
            .field("caller", &self.caller)
            .field("layers", &self.layers.len())
            .finish()
    }
}

/// Starts a call through layers, and has them send it if they need not wait before.
pub(crate) fn start(layers: &Layers, caller: Arc<dyn Caller>, mut request: Request) -> Exchange {
    let mut timer = None;
    if request.head.timeout.is_some() || request.head.deadline.is_some() {
        let now = Instant::now().into_std();
        // What layers take is a part of the call's time, and so are attempts.
        request.head.deadline = request.head.deadline_from(now);
        if let Some(deadline) = request.head.deadline {
            // A timer needs the runtime, and panics without it.
            if let Err(source) = Runtime::try_current() {
                let error = Error::failed_precondition("no tokio runtime: call from inside of one");
                let error = error.with_source(source).with_phase(Phase::Queue);
                return Exchange::ready(Err(error));
            }
            timer = Some(Box::pin(sleep_until(Instant::from_std(deadline))));
        }
    }
    let handoff = Handoff::default();
    let sent = Arc::new(AtomicBool::new(false));
    let next = Next {
        layers: Arc::clone(layers),
        at: 0,
        caller,
        items: request.head.streams.replies().then(|| handoff.clone()),
        sent: Arc::clone(&sent),
    };
    let mut chain = Chain::new(Box::pin(next.run(request)), handoff);
    chain.start();
    Exchange::new(Layering {
        chain: Some(chain),
        timer,
        sent,
        trailers: Metadata::new(),
    })
}

/// A call under way through layers.
struct Layering {
    /// None once it is over.
    chain: Option<Chain<Item, Answer>>,
    timer: Option<Pin<Box<Sleep>>>,
    /// The call went further than the layers.
    sent: Arc<AtomicBool>,
    trailers: Metadata,
}

impl Replies for Layering {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>> {
        let this = &mut *self;
        let Some(chain) = &mut this.chain else {
            return Poll::Ready(None);
        };
        match chain.poll_step(cx) {
            Poll::Ready(Step::Item(item)) => return Poll::Ready(Some(Ok(item))),
            Poll::Ready(Step::Over(result)) => {
                this.chain = None;
                return Poll::Ready(match result {
                    Ok(Answer {
                        body: Some(body),
                        metadata,
                    }) => Some(Ok(Item::new(body).with_metadata(metadata))),
                    Ok(Answer {
                        body: None,
                        metadata,
                    }) => {
                        this.trailers = metadata;
                        None
                    }
                    Err(error) => Some(Err(error)),
                });
            }
            Poll::Pending => {}
        }
        if let Some(timer) = &mut this.timer
            && timer.as_mut().poll(cx).is_ready()
        {
            // A call inside has its own timer, which came first: a layer waits.
            this.chain = None;
            let (phase, delivery) = if this.sent.load(Ordering::Relaxed) {
                (Phase::Wait, Delivery::Sent)
            } else {
                (Phase::Queue, Delivery::NotSent)
            };
            let error = Error::deadline_exceeded("the call's time is up in its layers")
                .with_phase(phase)
                .with_delivery(delivery);
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Pending
    }

    fn trailers(&self) -> Metadata {
        self.trailers.clone()
    }
}
