//! [`PendingReply`]: one call under way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use gobrpc_protocol::caller::{Item, Replies};
use gobrpc_protocol::{Delivery, Error, Metadata, Phase, Result};
use tokio::time::Sleep;

use crate::link::Link;
use crate::pump::Pump;
use crate::slot::{Abandoned, Place, Slot};

/// The reply of one call: it comes, or time runs out, or it is dropped.
pub(crate) struct PendingReply {
    link: Arc<Link>,
    slot: Arc<Slot>,
    timer: Option<Pin<Box<Sleep>>>,
    /// What sends the stream of arguments; it ends with the call.
    pump: Option<Pump>,
    trailers: Metadata,
    done: bool,
}

impl PendingReply {
    pub(crate) fn new(
        link: Arc<Link>,
        slot: Arc<Slot>,
        timer: Option<Pin<Box<Sleep>>>,
        pump: Option<Pump>,
    ) -> Self {
        Self {
            link,
            slot,
            timer,
            pump,
            trailers: Metadata::new(),
            done: false,
        }
    }

    fn time_out(&self) -> Result<Item> {
        let (phase, delivery) = match self.link.cancel(&self.slot) {
            Abandoned::Done(result) => return result,
            // It is in the buffer at least, and goes out whatever we do.
            Abandoned::At(Place::Connection { .. }) => (Phase::Wait, Delivery::Sent),
            Abandoned::At(_) => (Phase::Queue, Delivery::NotSent),
        };
        Err(Error::deadline_exceeded("the call's time is up")
            .with_peer(Arc::clone(&self.link.peer))
            .with_phase(phase)
            .with_delivery(delivery))
    }
}

impl Replies for PendingReply {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>> {
        if self.done {
            return Poll::Ready(None);
        }
        if let Poll::Ready(item) = self.poll_item(cx) {
            return Poll::Ready(item);
        }
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(cx).is_ready()
        {
            self.done = true;
            return Poll::Ready(Some(self.time_out()));
        }
        Poll::Pending
    }

    fn trailers(&self) -> Metadata {
        self.trailers.clone()
    }
}

impl PendingReply {
    /// The next item, or the end: the reply of a call, for a stream what comes
    /// behind its last item.
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>> {
        if let Some(inbound) = &self.slot.inbound {
            let (item, grant) = ready!(inbound.poll_next(cx));
            if let Some(grant) = grant {
                self.link.grant(&self.slot, grant);
            }
            match item {
                Some(Ok(body)) => return Poll::Ready(Some(Ok(Item::new(body)))),
                Some(Err(error)) => {
                    self.done = true;
                    self.link.cancel(&self.slot);
                    let error = error
                        .with_phase(Phase::Wait)
                        .with_delivery(Delivery::Answered)
                        .with_peer(Arc::clone(&self.link.peer));
                    return Poll::Ready(Some(Err(error)));
                }
                None => {}
            }
        }
        let result = ready!(self.slot.poll(cx));
        self.done = true;
        self.pump = None;
        Poll::Ready(match result {
            Ok(item) if self.slot.inbound.is_some() => {
                self.trailers = item.metadata;
                None
            }
            result => Some(result),
        })
    }
}

impl Drop for PendingReply {
    fn drop(&mut self) {
        if !self.done {
            self.link.cancel(&self.slot);
        }
    }
}
