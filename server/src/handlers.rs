//! Running handlers: inline while they are ready, else as tasks.
//!
//! What tasks have for their connection they put into [`Finished`], which wakes it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use gobrpc_protocol::{
    Body, CallState, Cancel, Context, Error, HandlerFuture, Handling, Payload, Response, Result,
    flow,
};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::router::Route;

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

    /// Moves all events to `into`, and has `waker` called for the next one.
    pub(crate) fn take(&self, into: &mut Vec<Event>, waker: &Waker) {
        let mut state = self.lock();
        into.append(&mut state.events);
        state.item_bytes = 0;
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
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
    fn poll_room(&self, cx: &TaskContext<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.full || state.item_bytes >= ITEM_BYTES_MAX {
            state.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn push_item(&self, seq: u64, payload: Payload, state: Arc<CallState>) {
        self.lock().item_bytes += payload.len();
        self.push(Event::Item {
            seq,
            payload,
            state,
        });
    }
}

/// The duty to reply to a call, which is done even if the handler panics.
struct Ticket {
    finished: Arc<Finished>,
    seq: u64,
    name: Arc<str>,
    state: Arc<CallState>,
    one_way: bool,
    answered: bool,
}

impl Ticket {
    fn finish(mut self, result: Result<Response>) {
        self.answer(result);
    }

    fn answer(&mut self, result: Result<Response>) {
        self.answered = true;
        self.finished.push(Event::Done(Done {
            seq: self.seq,
            name: Arc::clone(&self.name),
            result,
            state: Arc::clone(&self.state),
            one_way: self.one_way,
        }));
    }
}

impl Ticket {
    /// Sends a stream of replies, as fast as the caller takes them.
    async fn send(&self, response: Response) -> Result<Response> {
        let Some(outgoing) = response.stream() else {
            return Ok(response);
        };
        let outbound = self.state.streams().and_then(|it| it.outbound.as_ref());
        let (Some(mut payloads), Some(outbound)) = (outgoing.take(), outbound) else {
            return Err(Error::internal("a stream of replies cannot be sent here"));
        };
        loop {
            let Some(payload) = poll_fn(|cx| payloads.as_mut().poll_next(cx)).await else {
                return Ok(response);
            };
            let payload = payload?;
            if !poll_fn(|cx| outbound.poll_ready(cx)).await {
                return Err(Cancel::ByCaller.into());
            }
            poll_fn(|cx| self.finished.poll_room(cx)).await;
            outbound.charge(flow::cost(&payload));
            self.finished
                .push_item(self.seq, payload, Arc::clone(&self.state));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.answered {
            let error = panicked(&self.name);
            self.answer(Err(error));
        }
    }
}

/// Says here what becomes of a call whose caller takes no reply.
pub(crate) fn log_one_way(peer: &str, method: &str, error: &Error) {
    warn!(peer, method = %method.escape_debug(), %error, "a one-way call failed");
}

/// What a caller learns of a panic: that it was one, and not what it said, which
/// may hold secrets. The panic hook has printed that here.
pub(crate) fn panicked(name: &str) -> Error {
    Error::internal(format!("rpc: the handler of {name} panicked"))
}

enum Start {
    Over(Result<Response>),
    Task(HandlerFuture),
    Blocking(Box<dyn FnOnce() -> Result<Response> + Send>),
}

/// Starts to handle a call. Gives the reply if it is there at once; else the
/// reply comes by way of `finished`, when the handler is done or cancelled.
pub(crate) fn start(
    route: &Route,
    context: Context,
    deadline: Option<Instant>,
    body: Result<Body>,
    finished: &Arc<Finished>,
) -> Option<Result<Response>> {
    let seq = context.seq();
    let one_way = context.is_one_way();
    let state = Arc::clone(context.state());
    // Most handlers compute and never wait. Polled right here, they cost no task
    // and no wake-up, and their replies leave in one write.
    let started = catch_unwind(AssertUnwindSafe(|| {
        let (service, method) = (&route.service, route.method);
        let handling = match body {
            Ok(body) => service.call(method, context, body),
            Err(error) => service.call_unreadable(method, context, error),
        };
        match handling {
            Handling::Ready(result) => Start::Over(result),
            Handling::Blocking(handler) => Start::Blocking(handler),
            Handling::Future(mut future) => {
                // Nobody needs this wake-up: if the handler is not ready, its task
                // polls it again.
                let mut nobody = TaskContext::from_waker(Waker::noop());
                match future.as_mut().poll(&mut nobody) {
                    Poll::Ready(result) => Start::Over(result),
                    Poll::Pending => Start::Task(future),
                }
            }
        }
    }));
    let ticket = |state| Ticket {
        finished: Arc::clone(finished),
        seq,
        name: Arc::clone(&route.name),
        state,
        one_way,
        answered: false,
    };
    match started {
        Ok(Start::Over(Ok(response))) if response.stream().is_some() => {
            let future = std::future::ready(Ok(response));
            tokio::spawn(run(Box::pin(future), ticket(state), deadline));
            None
        }
        Ok(Start::Over(result)) => Some(result),
        Ok(Start::Task(future)) => {
            tokio::spawn(run(future, ticket(state), deadline));
            None
        }
        Ok(Start::Blocking(handler)) => {
            let ticket = ticket(Arc::clone(&state));
            let thread = tokio::task::spawn_blocking(move || {
                let result = handler();
                ticket.finish(result);
            });
            if let Some(deadline) = deadline {
                tokio::spawn(async move {
                    // The thread cannot be stopped, but told.
                    if timeout_at(deadline, thread).await.is_err() {
                        state.cancel(Cancel::Deadline);
                    }
                });
            }
            None
        }
        Err(_) => Some(Err(panicked(&route.name))),
    }
}

/// Runs a handler to its end, and sends the stream that it may give; or until the
/// call is cancelled.
async fn run(future: HandlerFuture, ticket: Ticket, deadline: Option<Instant>) {
    let result = {
        // It is dropped at the end of this block: what the handler holds is given
        // back before its caller learns that it is over.
        let mut handler = pin!(async { ticket.send(future.await?).await });
        tokio::select! {
            biased;
            reason = cancelled(&ticket.state, deadline) => Err(ticket.state.error(reason)),
            result = &mut handler => result,
        }
    };
    ticket.finish(result);
}

/// Waits until the call is cancelled, or its time is up.
pub(crate) async fn cancelled(state: &Arc<CallState>, deadline: Option<Instant>) -> Cancel {
    let cancelled = state.cancelled();
    let Some(deadline) = deadline else {
        return cancelled.await;
    };
    match timeout_at(deadline, cancelled).await {
        Ok(reason) => reason,
        Err(_) => {
            state.cancel(Cancel::Deadline);
            Cancel::Deadline
        }
    }
}
