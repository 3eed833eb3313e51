//! Running handlers: inline while they are ready, else as tasks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use gobrpc_protocol::{
    Body, CallState, Cancel, Context, Error, HandlerFuture, Handling, Response, Result,
};
use tokio::time::{Instant, timeout_at};

use crate::router::Route;

/// Replies of handlers that run as tasks, on their way to the connection.
#[derive(Debug, Default)]
pub(crate) struct Finished(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    done: Vec<Done>,
    /// The connection's task, which takes the replies.
    waker: Option<Waker>,
}

/// A reply that is ready.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) seq: u64,
    pub(crate) name: Arc<str>,
    pub(crate) result: Result<Response>,
    pub(crate) state: Arc<CallState>,
}

impl Finished {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves all replies to `into`, and has `waker` called for the next one.
    pub(crate) fn take(&self, into: &mut Vec<Done>, waker: &Waker) {
        let mut state = self.lock();
        into.append(&mut state.done);
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    fn push(&self, done: Done) {
        let waker = {
            let mut state = self.lock();
            state.done.push(done);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The duty to reply to a call, which is done even if the handler panics.
struct Ticket {
    finished: Arc<Finished>,
    seq: u64,
    name: Arc<str>,
    state: Arc<CallState>,
    answered: bool,
}

impl Ticket {
    fn finish(mut self, result: Result<Response>) {
        self.answer(result);
    }

    fn answer(&mut self, result: Result<Response>) {
        self.answered = true;
        self.finished.push(Done {
            seq: self.seq,
            name: Arc::clone(&self.name),
            result,
            state: Arc::clone(&self.state),
        });
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

/// What a caller learns of a panic: that it was one, and not what it said, which
/// may hold secrets. The panic hook has printed that here.
fn panicked(name: &str) -> Error {
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
    body: Body,
    finished: &Arc<Finished>,
) -> Option<Result<Response>> {
    let seq = context.seq();
    let state = Arc::clone(context.state());
    // Most handlers compute and never wait. Polled right here, they cost no task
    // and no wake-up, and their replies leave in one write.
    let started = catch_unwind(AssertUnwindSafe(|| {
        match route.service.call(route.method, context, body) {
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
        answered: false,
    };
    match started {
        Ok(Start::Over(result)) => Some(result),
        Ok(Start::Task(mut future)) => {
            let ticket = ticket(state);
            tokio::spawn(async move {
                let result = tokio::select! {
                    biased;
                    reason = cancelled(&ticket.state, deadline) => Err(reason.into()),
                    result = &mut future => result,
                };
                // What the handler holds is given back before its caller learns
                // that it is over.
                drop(future);
                ticket.finish(result);
            });
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

/// Waits until the call is cancelled, or its time is up.
async fn cancelled(state: &Arc<CallState>, deadline: Option<Instant>) -> Cancel {
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
