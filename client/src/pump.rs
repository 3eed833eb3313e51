//! [`Pump`]: sends a stream of arguments.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use gobrpc_protocol::{Delivery, Error, Outgoing, Payload, Phase, Result, flow};
use tokio::task::JoinHandle;

use crate::link::Link;
use crate::slot::{Place, Slot};

/// The task that sends a stream of arguments. It is a task of its own so that
/// items go out also while nobody looks at the replies. Dropping this stops it.
#[derive(Debug)]
pub(crate) struct Pump(JoinHandle<()>);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends what a stream gives, as fast as the peer takes it.
pub(crate) fn pump(link: Arc<Link>, slot: Arc<Slot>, outgoing: Outgoing) -> Pump {
    Pump(tokio::spawn(async move {
        if let Err(error) = send(&link, &slot, &outgoing).await {
            link.reset(&slot, error);
        }
    }))
}

/// Gives an error if the stream does, or cannot be sent.
async fn send(link: &Link, slot: &Slot, outgoing: &Outgoing) -> Result<()> {
    let Some(outbound) = &slot.outbound else {
        return Ok(());
    };
    let Some(mut payloads) = outgoing.take() else {
        return Err(Error::failed_precondition(
            "a stream of arguments is sent once only, and this one was",
        ));
    };
    while let Some(payload) = poll_fn(|cx| payloads.as_mut().poll_next(cx)).await {
        let payload = payload.map_err(|error| error.with_phase(Phase::Encode))?;
        if !poll_fn(|cx| outbound.poll_ready(cx)).await {
            // The call is over.
            return Ok(());
        }
        outbound.charge(flow::cost(&payload));
        link.item(slot, &payload).await?;
    }
    if poll_fn(|cx| outbound.poll_open(cx)).await {
        link.end(slot);
    }
    Ok(())
}

impl Link {
    /// Sends an item of a call's arguments, once there is room for it.
    async fn item(&self, slot: &Slot, payload: &Payload) -> Result<()> {
        poll_fn(|cx| {
            let mut state = self.lock();
            let Some(connection) = state.connection_of(slot) else {
                return Poll::Ready(Ok(()));
            };
            if !connection.poll_write_room(&self.options, cx.waker()) {
                return Poll::Pending;
            }
            Poll::Ready(connection.item(slot, payload))
        })
        .await?;
        self.wake_task(slot);
        Ok(())
    }

    /// Says that no more items come.
    fn end(&self, slot: &Slot) {
        if let Some(connection) = self.lock().connection_of(slot) {
            connection.end(slot);
        }
        self.wake_task(slot);
    }

    /// Gives credit back for a call's replies.
    pub(crate) fn grant(&self, slot: &Slot, bytes: u64) {
        if let Some(connection) = self.lock().connection_of(slot) {
            connection.grant(slot, bytes);
        }
        self.wake_task(slot);
    }

    /// Ends a call with an error of our own.
    fn reset(&self, slot: &Slot, error: Error) {
        let (delivery, removed) = {
            let mut state = self.lock();
            match slot.place() {
                Place::Connection { .. } => {
                    // The peer learns of it first, as what waits may be gone
                    // afterwards.
                    if let Some(connection) = state.connection_of(slot) {
                        connection.reset(slot);
                    }
                    (Delivery::Sent, None)
                }
                Place::Queue(ticket) => (Delivery::NotSent, state.queue.remove(ticket)),
                Place::Nowhere => (Delivery::NotSent, None),
            }
        };
        drop(removed);
        self.wake_task(slot);
        let error = error.with_delivery(delivery);
        slot.complete(Err(error.with_peer(Arc::clone(&self.peer))));
    }

    /// Wakes the task that the call goes by.
    fn wake_task(&self, slot: &Slot) {
        let mut state = self.lock();
        let task = match slot.place() {
            Place::Connection { number, .. } => state.take_task_at(number),
            Place::Nowhere | Place::Queue(_) => state.take_task(),
        };
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }
}
