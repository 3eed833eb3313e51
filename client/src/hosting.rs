//! [`Hosting`]: handles the calls that the server of a connection makes.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use gobrpc_protocol::method::panicked;
use gobrpc_protocol::router::{Route, Router};
use gobrpc_protocol::server_connection::IncomingRequest;
use gobrpc_protocol::{
    Body, CallState, Cancel, Context, Error, Handling, Peer, PeerCaller, Response, Result,
    StreamKind,
};
use tokio::time::{Instant, timeout_at};

use crate::client::Back;
use crate::link::Link;
use crate::state::State;

/// The services that a client hosts, for all of its connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Host {
    pub(crate) router: Router,
}

/// What the server of one connection has asked for, and is not answered. Dropping it
/// cancels that.
pub(crate) struct Hosting {
    host: Arc<Host>,
    link: Arc<Link>,
    /// The connection's number.
    number: u64,
    peer: Arc<Peer>,
    running: Arc<Running>,
}

/// What came of the server's own calls.
#[derive(Debug)]
pub(crate) enum Asked {
    Call(IncomingRequest),
    /// The server does not wait any more for the call of this number.
    Cancel(u64),
}

/// The states of the calls whose handlers run, by their numbers.
#[derive(Debug, Default)]
struct Running(Mutex<HashMap<u64, Arc<CallState>>>);

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<CallState>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hosting {
    /// For the connection of this number, if the client hosts anything.
    pub(crate) fn new(link: &Arc<Link>, number: u64) -> Option<Self> {
        let host = link.options.host.as_ref()?;
        let back = PeerCaller::new(Back(Arc::clone(link)));
        Some(Self {
            host: Arc::clone(host),
            link: Arc::clone(link),
            number,
            peer: Arc::new(Peer::new(&*link.peer).with_caller(back)),
            running: Arc::default(),
        })
    }

    /// Calls whose handlers run.
    pub(crate) fn running(&self) -> usize {
        self.running.lock().len()
    }

    /// Does what the server asks for; `closing` if nothing new is to be begun.
    ///
    /// Not to be called with the link's lock held.
    pub(crate) fn take(&self, asked: Asked, closing: bool) {
        match asked {
            Asked::Call(request) => self.call(request, closing),
            Asked::Cancel(seq) => {
                let state = self.running.lock().get(&seq).cloned();
                if let Some(state) = state {
                    state.cancel(Cancel::ByCaller);
                }
            }
        }
    }

    fn call(&self, request: IncomingRequest, closing: bool) {
        let seq = request.seq;
        let received = Instant::now();
        let timeout = request.timeout;
        // What is beyond the end of time never comes.
        let deadline = timeout.and_then(|timeout| received.checked_add(timeout));
        let state = Arc::<CallState>::default();
        let route = match self.admit(&request, &state, closing) {
            Ok(route) => route,
            Err(error) => return self.link.refuse_peer(self.number, seq, error),
        };
        let context = Context::with_state(
            Arc::clone(&self.peer),
            Arc::clone(&route.name),
            seq,
            Arc::clone(&state),
        )
        .with_received(received.into_std())
        .with_deadline(deadline.map(Instant::into_std))
        .with_idempotent(request.idempotent)
        .with_metadata(request.metadata);
        let ticket = Ticket {
            link: Arc::clone(&self.link),
            number: self.number,
            seq,
            running: Arc::clone(&self.running),
            state,
            over: false,
            result: Some(Err(panicked(&route.name))),
        };
        let route = route.clone();
        tokio::spawn(handle(ticket, route, context, request.body, deadline));
    }

    /// Finds the service, and takes a place for its handler.
    fn admit(
        &self,
        request: &IncomingRequest,
        state: &Arc<CallState>,
        closing: bool,
    ) -> Result<&Route> {
        if closing {
            return Err(Error::unavailable("the client closes").not_processed());
        }
        let route = self.host.router.find(&request.service_method)?;
        route.check_streams(StreamKind::Unary)?;
        if request.timeout.is_some_and(|left| left.is_zero()) {
            let error = Error::deadline_exceeded("the call's time was up before it was begun");
            return Err(error.not_processed());
        }
        let mut running = self.running.lock();
        if running.contains_key(&request.seq) {
            return Err(Error::invalid_argument("two calls of one number"));
        }
        running.insert(request.seq, Arc::clone(state));
        Ok(route)
    }
}

impl Drop for Hosting {
    fn drop(&mut self) {
        let running: Vec<_> = self.running.lock().values().cloned().collect();
        for state in running {
            state.cancel(Cancel::Connection);
        }
    }
}

/// The duty to reply to a call, which is done even if its handler panics.
struct Ticket {
    link: Arc<Link>,
    number: u64,
    seq: u64,
    running: Arc<Running>,
    state: Arc<CallState>,
    over: bool,
    /// What is replied; until the handler is over, that it has panicked.
    result: Option<Result<Response>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.over {
            // Its thread runs on if the runtime shuts down, and has to be told.
            self.state.cancel(Cancel::Connection);
        }
        if let Some(result) = self.result.take() {
            let result = self.state.with_reply_metadata(result);
            self.link
                .reply_peer(self.number, self.seq, result, &self.running);
        }
    }
}

/// Handles a call until it is over, or cancelled.
async fn handle(
    mut ticket: Ticket,
    route: Route,
    context: Context,
    body: Result<Body>,
    deadline: Option<Instant>,
) {
    let state = Arc::clone(&ticket.state);
    let service = &route.service;
    let handling = match body {
        Ok(body) => service.call(route.method, context, body),
        Err(error) => service.call_unreadable(route.method, context, error),
    };
    let result = match handling {
        Handling::Ready(result) => result,
        Handling::Future(mut future) => {
            let mut cancelled = pin!(cancelled(&state, deadline));
            poll_fn(|cx| match cancelled.as_mut().poll(cx) {
                Poll::Ready(reason) => Poll::Ready(Err(state.error(reason))),
                Poll::Pending => future.as_mut().poll(cx),
            })
            .await
        }
        Handling::Blocking(handler) => {
            let mut thread = tokio::task::spawn_blocking(handler);
            let joined = match deadline {
                Some(deadline) => match timeout_at(deadline, &mut thread).await {
                    Ok(joined) => joined,
                    // The thread cannot be stopped, but told.
                    Err(_) => {
                        state.cancel(Cancel::Deadline);
                        thread.await
                    }
                },
                None => thread.await,
            };
            joined.unwrap_or_else(|_| Err(panicked(&route.name)))
        }
    };
    ticket.over = true;
    ticket.result = Some(result);
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

impl Link {
    /// Replies to a call of the server of a connection whose handler is over: both in
    /// one step, so that nobody sees one without the other.
    fn reply_peer(&self, number: u64, seq: u64, result: Result<Response>, running: &Running) {
        let state = self.lock();
        running.lock().remove(&seq);
        send(state, number, seq, result);
    }

    /// Replies to one that has no handler.
    fn refuse_peer(&self, number: u64, seq: u64, error: Error) {
        send(self.lock(), number, seq, Err(error));
    }
}

/// Replies, unless the connection is gone.
fn send(mut state: MutexGuard<'_, State>, number: u64, seq: u64, result: Result<Response>) {
    let Some(connection) = state.connection_at(number) else {
        return;
    };
    connection.reply(seq, result);
    let task = state.take_task_at(number);
    drop(state);
    if let Some(task) = task {
        task.wake();
    }
}
