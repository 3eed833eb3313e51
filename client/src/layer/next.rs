//! [`Next`]: what is inside of a layer.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gobrpc_protocol::chain::Handoff;
use gobrpc_protocol::{Caller, Delivery, Error, Exchange, Item, Phase, Request, Result};

use super::{Answer, Layers};

/// What is inside of a layer: further ones, and the way to the server.
///
/// A copy calls the same.
#[derive(Clone)]
#[must_use = "a call whose `next` does not run must be answered by the layer"]
pub struct Next {
    pub(super) layers: Layers,
    /// The layer whose turn it is.
    pub(super) at: usize,
    pub(super) caller: Arc<dyn Caller>,
    /// Where the replies go, if they are a stream.
    pub(super) items: Option<Handoff<Item>>,
    /// The call went further than the layers.
    pub(super) sent: Arc<AtomicBool>,
}

impl Next {
    /// Carries out the call by what is inside.
    ///
    /// Of a stream of replies it ends when the stream has ended, be it because of an
    /// error. Dropping it cancels the call.
    ///
    /// # Errors
    ///
    /// Those of the layers inside, of the call, and of the server;
    /// `FailedPrecondition` if items of a stream went to the caller already.
    pub async fn run(mut self, request: Request) -> Result<Answer> {
        let Some(layer) = self.layers.get(self.at) else {
            return self.send(request).await;
        };
        let layer = Arc::clone(layer);
        self.at += 1;
        layer.start(request, self).await
    }

    /// True if the call may be sent again after it failed with this error: it cannot
    /// have run, or running it twice does no harm, and what it sends and gave to the
    /// caller allows it.
    ///
    /// Whether it is likely to help, how often and how soon is the layer's to decide.
    #[must_use]
    pub fn may_repeat(&self, request: &Request, error: &Error) -> bool {
        let safe = error.delivery().cannot_have_run()
            || (request.head.idempotent && error.delivery() != Delivery::Answered);
        safe && self.is_fresh(request)
    }

    /// True if what the call sends can be sent once more, and the caller has seen
    /// nothing of its replies.
    pub(super) fn is_fresh(&self, request: &Request) -> bool {
        let begun = self.items.as_ref().is_some_and(Handoff::has_begun);
        !begun && !request.head.streams.arguments()
    }

    /// Sends the call.
    async fn send(self, request: Request) -> Result<Answer> {
        self.sent.store(true, Ordering::Relaxed);
        let Some(items) = self.items else {
            let mut exchange = self.caller.start(request);
            let item = next_item(&mut exchange).await.unwrap_or_else(|| {
                Err(Error::internal("the exchange ended without a reply")
                    .with_phase(Phase::Wait)
                    .with_delivery(Delivery::Sent))
            })?;
            return Ok(Answer {
                body: Some(item.body),
                metadata: item.metadata,
            });
        };
        if items.has_begun() {
            return Err(Error::failed_precondition(
                "a stream of which items went to the caller is not called again",
            )
            .with_phase(Phase::Queue));
        }
        let mut exchange = self.caller.start(request);
        while let Some(item) = next_item(&mut exchange).await {
            items.put(item?).await;
        }
        Ok(Answer::end(exchange.trailers()))
    }
}

async fn next_item(exchange: &mut Exchange) -> Option<Result<Item>> {
    poll_fn(|cx| exchange.poll_next(cx)).await
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("layers", &(self.layers.len() - self.at))
            .finish_non_exhaustive()
    }
}
