//! [`PendingReply`]: one call under way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gobrpc_protocol::caller::{Item, Replies};
use gobrpc_protocol::{Delivery, Error, Phase, Result};
use tokio::time::Sleep;

use crate::link::Link;
use crate::slot::{Abandoned, Place, Slot};

/// The reply of one call: it comes, or time runs out, or it is dropped.
pub(crate) struct PendingReply {
    link: Arc<Link>,
    slot: Arc<Slot>,
    timer: Option<Pin<Box<Sleep>>>,
    done: bool,
}

impl PendingReply {
    pub(crate) fn new(link: Arc<Link>, slot: Arc<Slot>, timer: Option<Pin<Box<Sleep>>>) -> Self {
        Self {
            link,
            slot,
            timer,
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
        if let Poll::Ready(result) = self.slot.poll(cx) {
            self.done = true;
            return Poll::Ready(Some(result));
        }
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(cx).is_ready()
        {
            self.done = true;
            return Poll::Ready(Some(self.time_out()));
        }
        Poll::Pending
    }
}

impl Drop for PendingReply {
    fn drop(&mut self) {
        if !self.done {
            self.link.cancel(&self.slot);
        }
    }
}
