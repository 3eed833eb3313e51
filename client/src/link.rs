//! [`Link`]: the way to one peer, with at most one connection for new calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gobrpc_protocol::{Body, Delivery, Error, Item, Payload, Phase, Request, Result};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::connection::{Completion, Event};
use crate::connector::Connector;
use crate::link_task::LinkTask;
use crate::options::Options;
use crate::queue::Waiting;
use crate::slot::{Abandoned, Place, Slot};
use crate::state::{Gate, Stage, State, closed};

/// What all handles of a client share.
///
/// A call is encoded by who makes it, under the lock, into the buffer of the
/// connection; the link's task alone dials, reads and writes. So a caller that
/// goes away can never leave half a call on the wire.
pub(crate) struct Link {
    pub(crate) options: Options,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) peer: Arc<str>,
    state: Mutex<State>,
    /// Told when the stage or the gate changes.
    pub(crate) changed: Notify,
}

/// What [`Link::start`] made of a call.
pub(crate) enum Started {
    /// It is under way.
    Waiting(Arc<Slot>),
    /// It failed at once.
    Failed(Error),
}

impl Link {
    pub(crate) fn new(options: Options, connector: Arc<dyn Connector>, gate: Gate) -> Self {
        Self {
            peer: Arc::from(connector.peer()),
            connector,
            state: Mutex::new(State::new(&options, gate)),
            options,
            changed: Notify::new(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a call; dials if there is no connection.
    pub(crate) fn start(self: &Arc<Self>, request: Request, deadline: Option<Instant>) -> Started {
        let slot = Arc::new(Slot::new(deadline, request.head.streams));
        let mut state = self.lock();
        if let Some(error) = state.refusal() {
            drop(state);
            return Started::Failed(self.not_sent(error));
        }
        // Streams go by the queue, where what the peer is can be waited for.
        let direct = state.queue.is_empty() && !slot.is_streaming();
        if let Stage::Up(connection) = &mut state.stage
            && direct
            && connection.has_room(&self.options)
        {
            let encoded = connection.call(request, &slot);
            let task = state.take_task();
            drop(state);
            if let Some(task) = task {
                task.wake();
            }
            return match encoded {
                Ok(()) => Started::Waiting(slot),
                Err(error) => Started::Failed(error.with_peer(Arc::clone(&self.peer))),
            };
        }
        let retry_at = match state.retry_at() {
            // Whoever gives no time to wait, or too little, learns at once.
            Some((failure, now)) if deadline.is_none_or(|at| at <= failure.retry_at) => {
                let error = failure.refuse(failure.retry_at - now);
                drop(state);
                return Started::Failed(error);
            }
            Some((failure, _)) => Some(failure.retry_at),
            None => None,
        };
        let waiting = Waiting {
            request,
            slot: Arc::clone(&slot),
        };
        if let Err(error) = state.queue.push(waiting, &self.options) {
            drop(state);
            return Started::Failed(self.place_error(error, Phase::Queue));
        }
        let spawn = LinkTask::prepare(self, &mut state, retry_at);
        let mut failed = Vec::new();
        let mut task = None;
        if slot.is_streaming() && spawn.is_none() {
            state.admit(&self.options, &mut failed);
            task = state.take_task();
        }
        drop(state);
        self.complete(failed);
        if let Some(task) = task {
            task.wake();
        }
        if let Some(task) = spawn
            && let Err(error) = task.spawn()
        {
            return Started::Failed(error);
        }
        Started::Waiting(slot)
    }

    /// Gives up on a call. Its result, if it has come; else where it was.
    pub(crate) fn cancel(&self, slot: &Slot) -> Abandoned {
        let abandoned = slot.abandon();
        let Abandoned::At(place) = &abandoned else {
            return abandoned;
        };
        let mut state = self.lock();
        let mut removed = None;
        let task = match *place {
            Place::Nowhere => None,
            // It may have been the last that kept the link up, and the peer may have
            // to be told.
            Place::Queue(ticket) => {
                removed = state.queue.remove(ticket);
                if state.is_open() {
                    None
                } else {
                    state.take_task()
                }
            }
            Place::Connection { number, seq } => {
                let unwritten = state.connection_at(number).is_some_and(|connection| {
                    connection.cancel(number, seq);
                    connection.output_len() > 0 || connection.is_going_away()
                });
                if state.is_open() && !unwritten {
                    None
                } else {
                    state.take_task_at(number)
                }
            }
        };
        drop(state);
        drop(removed);
        if let Some(task) = task {
            task.wake();
        }
        abandoned
    }

    /// Takes no new calls; when those under way are over, the link ends.
    pub(crate) fn retire(&self) {
        let mut state = self.lock();
        if state.is_open() {
            state.gate = match state.stage {
                Stage::Down if state.leaving.is_empty() => Gate::Ended(closed()),
                _ => Gate::Retired,
            };
        }
        let task = state.take_task();
        drop(state);
        self.changed.notify_waiters();
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Waits until the link has ended.
    pub(crate) async fn ended(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if matches!(self.lock().gate, Gate::Ended(_)) {
                return;
            }
            changed.await;
        }
    }

    /// Waits until there is a connection; dials if there is none.
    pub(crate) async fn ready(self: &Arc<Self>) -> Result<()> {
        let mut before = None;
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let spawn = {
                let mut state = self.lock();
                if let Some(error) = state.refusal() {
                    return Err(self.not_sent(error));
                }
                if matches!(state.stage, Stage::Up(_)) {
                    return Ok(());
                }
                let attempts = state.attempts;
                if *before.get_or_insert(attempts) != attempts
                    && let Some(failure) = &state.failure
                {
                    return Err(failure.error.clone());
                }
                let retry_at = state.retry_at().map(|(failure, _)| failure.retry_at);
                LinkTask::prepare(self, &mut state, retry_at)
            };
            if let Some(task) = spawn {
                task.spawn()?;
            }
            changed.await;
        }
    }

    /// The error of a call that was never given to a connection.
    pub(crate) fn not_sent(&self, error: Error) -> Error {
        error
            .with_peer(Arc::clone(&self.peer))
            .with_delivery(Delivery::NotSent)
    }

    /// As [`Link::not_sent`], and where it failed.
    pub(crate) fn place_error(&self, error: Error, phase: Phase) -> Error {
        self.not_sent(error).with_phase(phase)
    }

    /// Hands over what came, and wakes who waits for it.
    pub(crate) fn complete(&self, completions: impl IntoIterator<Item = Completion>) {
        let named = |error: Error| error.with_peer(Arc::clone(&self.peer));
        for (slot, event) in completions {
            match event {
                Event::Result(result) => slot.complete(result.map_err(named)),
                Event::Sent => slot.complete(sent()),
                Event::Item(body, cost) => {
                    if let Some(inbound) = &slot.inbound {
                        inbound.push(body.map_err(named), cost);
                    }
                }
                Event::Credit(bytes) => {
                    if let Some(outbound) = &slot.outbound {
                        outbound.grant(bytes);
                    }
                }
            }
        }
    }
}

/// What a one-way call gives when it is sent.
fn sent() -> Result<Item> {
    let nothing = Payload::new(&())?;
    Ok(Item::new(Body::try_from(&nothing)?))
}
