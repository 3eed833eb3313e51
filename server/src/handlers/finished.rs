//! [`Finished`]: what the tasks of handlers have for their connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use gobrpc_protocol::{CallState, Payload, Request, Response, Result};

/// What handlers that run as tasks have for the connection.
#[derive(Debug, Default)]
pub(crate) struct Finished(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    events: Vec<Event>,
    /// The connection's task, which takes the events.
    waker: Option<Waker>,
    /// The connection has more to write than it should.
    full: bool,
    /// Bytes of the items among the events.
    item_bytes: usize,
    /// Who waits to put an item in.
    waiting: Vec<Waker>,
}

/// What a handler has for its connection.
#[derive(Debug)]
pub(crate) enum Event {
    /// The reply, which is the last.
    Done(Done),
    /// An item of a stream of replies.
    Item {
        seq: u64,
        payload: Payload,
        state: Arc<CallState>,
    },
    /// Credit that goes back to the caller.
    Grant { seq: u64, bytes: u64 },
    /// A call to a service that the peer hosts.
    PeerCall { number: u64, request: Box<Request> },
    /// Nobody waits for such a call any more.
    PeerCallGone { number: u64 },
}

/// A reply that is ready.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) seq: u64,
    pub(crate) name: Arc<str>,
    pub(crate) result: Result<Response>,
    pub(crate) state: Arc<CallState>,
    /// Nobody takes the reply.
    pub(crate) one_way: bool,
}

/// Most bytes of items among the events: as much as one write takes.
const ITEM_BYTES_MAX: usize = 64 << 10;

impl Finished {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all events, and leaves `empty` to collect the next ones; `waker` is called
    /// for the first of them.
    pub(crate) fn take(&self, empty: Vec<Event>, waker: &Waker) -> Vec<Event> {
        let mut state = self.lock();
        let events = std::mem::replace(&mut state.events, empty);
        state.item_bytes = 0;
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        events
    }

    /// Says whether items may come; those who wait are woken if they may.
    pub(crate) fn set_full(&self, full: bool) {
        let waiting = {
            let mut state = self.lock();
            state.full = full;
            if full || state.item_bytes >= ITEM_BYTES_MAX {
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        for waker in waiting {
            waker.wake();
        }
    }

    pub(crate) fn push(&self, event: Event) {
        let waker = {
            let mut state = self.lock();
            state.events.push(event);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits until the connection has room for an item.
    pub(super) fn poll_room(&self, cx: &TaskContext<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.full || state.item_bytes >= ITEM_BYTES_MAX {
            state.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    pub(super) fn push_item(&self, seq: u64, payload: Payload, state: Arc<CallState>) {
        self.lock().item_bytes += payload.len();
        self.push(Event::Item {
            seq,
            payload,
            state,
        });
    }
}
