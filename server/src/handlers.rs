//! Running handlers: inline while they are ready, else as tasks.
//!
//! What tasks have for their connection they put into [`Finished`], which wakes it.

mod finished;
mod run;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

pub(crate) use gobrpc_protocol::method::panicked;
use gobrpc_protocol::router::Route;
use gobrpc_protocol::{
    Body, CallState, Cancel, Context, Error, HandlerFuture, Handling, Response, Result,
};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use self::run::{Run, Ticket};

pub(crate) use self::finished::{Event, Finished};

/// Says here what becomes of a call whose caller takes no reply.
pub(crate) fn log_one_way(peer: &str, method: &str, error: &Error) {
    warn!(peer, method = %method.escape_debug(), %error, "a one-way call failed");
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
            tokio::spawn(Run::stream(response, ticket(state), deadline));
            None
        }
        Ok(Start::Over(result)) => Some(result),
        Ok(Start::Task(future)) => {
            tokio::spawn(Run::handler(future, ticket(state), deadline));
            None
        }
        Ok(Start::Blocking(handler)) => {
            let mut ticket = ticket(Arc::clone(&state));
            let thread = tokio::task::spawn_blocking(move || {
                let result = handler();
                ticket.answer(result);
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
