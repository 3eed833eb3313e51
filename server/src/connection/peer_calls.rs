//! [`PeerCalls`]: calls that the server makes to services that its client hosts.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, ready};

use gobrpc_protocol::caller::{Item, Replies, Request};
use gobrpc_protocol::client_connection::IncomingReply;
use gobrpc_protocol::{
    Body, Caller, Delivery, Error, Exchange, Payload, Phase, Result, StreamKind,
};
use tokio::runtime::Handle as Runtime;
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::codec::Codec;
use crate::handlers::{Event, Finished};

/// The calls to the peer of a connection, shared by who makes them and by the driver,
/// to which they go as events.
#[derive(Debug)]
pub(super) struct PeerCalls {
    peer: Arc<str>,
    finished: Arc<Finished>,
    /// Most that the peer has not answered.
    max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By their numbers, those that the peer has not answered.
    calls: HashMap<u64, Waiting>,
    next: u64,
    /// Why no call is taken any more.
    closed: Option<Error>,
}

/// Who waits for the reply: nobody if it was one-way, and is sent.
type Waiting = Option<Sender<Result<Item>>>;

impl PeerCalls {
    pub(super) fn new(peer: &str, finished: &Arc<Finished>, max: usize) -> Self {
        Self {
            peer: Arc::from(peer),
            finished: Arc::clone(finished),
            max,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if the peer has calls to answer.
    pub(super) fn is_waiting(&self) -> bool {
        !self.lock().calls.is_empty()
    }

    /// Takes a call in; the driver sends it.
    fn begin(&self, mut request: Request, deadline: Option<Instant>) -> Result<Begun> {
        let mut state = self.lock();
        if let Some(error) = &state.closed {
            return Err(error.clone().with_delivery(Delivery::NotSent));
        }
        if state.calls.len() >= self.max {
            return Err(Error::resource_exhausted(format!(
                "the peer has {} calls to answer already (raise peer_calls)",
                self.max
            )));
        }
        request.head.deadline = deadline.map(Instant::into_std);
        let number = state.next;
        state.next += 1;
        let (sender, reply) = oneshot::channel();
        state.calls.insert(number, Some(sender));
        // With the lock held: whoever closes finds no call that comes afterwards.
        self.finished.push(Event::PeerCall {
            number,
            request: Box::new(request),
        });
        Ok(Begun { number, reply })
    }

    /// Sends a call that was taken in, unless nobody waits for it any more.
    pub(super) fn send(&self, number: u64, mut request: Request, connection: &mut Codec) {
        let mut state = self.lock();
        let gone = match state.calls.get(&number) {
            Some(waiting) => waiting.as_ref().is_none_or(Sender::is_closed),
            None => return,
        };
        if gone {
            state.calls.remove(&number);
            return;
        }
        let now = Instant::now().into_std();
        request.head.timeout =
            { request.head.deadline }.map(|at| at.saturating_duration_since(now));
        let sent = connection.call_peer(number, &request.head, &request.body);
        let over = match sent {
            Ok(()) if request.head.one_way => state.calls.get_mut(&number).and_then(Option::take),
            Ok(()) => None,
            Err(_) => state.calls.remove(&number).flatten(),
        };
        drop(state);
        if let Some(waiting) = over {
            let result = sent.and_then(|()| nothing());
            let _ = waiting.send(result.map_err(|error| self.named(error)));
        }
    }

    /// Tells the peer that nobody waits for a call any more, if it was sent.
    pub(super) fn give_up(&self, number: u64, connection: &mut Codec) {
        if self.lock().calls.contains_key(&number) {
            connection.cancel_peer_call(number);
        }
    }

    /// Hands a reply to who waits for it.
    pub(super) fn answer(&self, reply: IncomingReply<u64>) {
        let Some(waiting) = self.lock().calls.remove(&reply.call) else {
            return;
        };
        if let Some(waiting) = waiting {
            let metadata = reply.metadata;
            let item = { reply.result }.map(|body| Item::new(body).with_metadata(metadata));
            let _ = waiting.send(item.map_err(|error| self.named(error)));
        }
    }

    /// Takes no more calls, and fails those that wait.
    pub(super) fn close(&self, why: &'static str) {
        let error = self.named(Error::unavailable(why)).with_phase(Phase::Wait);
        let calls = {
            let mut state = self.lock();
            state.closed.get_or_insert_with(|| error.clone());
            std::mem::take(&mut state.calls)
        };
        for waiting in calls.into_values().flatten() {
            // It may lie in the output still; that it was sent is the safe guess.
            let _ = waiting.send(Err(error.clone().with_delivery(Delivery::Sent)));
        }
    }

    fn named(&self, error: Error) -> Error {
        error.with_peer(Arc::clone(&self.peer))
    }

    /// The error of a call that was not begun.
    fn refuse(&self, error: Error) -> Exchange {
        let error = error.with_phase(Phase::Queue);
        Exchange::ready(Err(self.named(error.with_delivery(Delivery::NotSent))))
    }
}

/// The body of what has no reply.
fn nothing() -> Result<Item> {
    Ok(Item::new(Body::try_from(&Payload::new(&())?)?))
}

struct Begun {
    number: u64,
    reply: Receiver<Result<Item>>,
}

/// What handlers call by: see [`PeerCaller`](gobrpc_protocol::PeerCaller).
#[derive(Debug, Clone)]
pub(super) struct Handle(pub(super) Arc<PeerCalls>);

impl Caller for Handle {
    fn start(&self, request: Request) -> Exchange {
        let calls = &self.0;
        if request.head.streams != StreamKind::Unary {
            return calls.refuse(Error::unimplemented(
                "a server calls methods without streams only",
            ));
        }
        let now = Instant::now();
        let deadline = request.head.deadline_from(now.into_std());
        let deadline = deadline.map(Instant::from_std);
        let timer = match deadline {
            Some(at) if at <= now => {
                return calls.refuse(Error::deadline_exceeded("no time is left for the call"));
            }
            // A timer needs the runtime, and panics without it.
            Some(_) if Runtime::try_current().is_err() => {
                return calls.refuse(Error::failed_precondition(
                    "no tokio runtime: call from inside of one",
                ));
            }
            Some(at) => Some(Box::pin(sleep_until(at))),
            None => None,
        };
        match calls.begin(request, deadline) {
            Ok(begun) => Exchange::new(PeerReply {
                calls: Arc::clone(calls),
                begun,
                timer,
                done: false,
            }),
            Err(error) => calls.refuse(error),
        }
    }
}

/// The reply of one call: it comes, or time runs out, or it is dropped.
struct PeerReply {
    calls: Arc<PeerCalls>,
    begun: Begun,
    timer: Option<Pin<Box<Sleep>>>,
    done: bool,
}

impl Replies for PeerReply {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Item>>> {
        if self.done {
            return Poll::Ready(None);
        }
        if let Poll::Ready(reply) = Pin::new(&mut self.begun.reply).poll(cx) {
            self.done = true;
            // The sender goes with a result only.
            let gone = || Err(self.calls.named(Error::internal("the call is lost")));
            return Poll::Ready(Some(reply.unwrap_or_else(|_| gone())));
        }
        let Some(timer) = &mut self.timer else {
            return Poll::Pending;
        };
        ready!(timer.as_mut().poll(cx));
        let error = Error::deadline_exceeded("the call's time is up")
            .with_phase(Phase::Wait)
            .with_delivery(Delivery::Sent);
        let error = self.calls.named(error);
        self.give_up();
        Poll::Ready(Some(Err(error)))
    }
}

impl PeerReply {
    fn give_up(&mut self) {
        if !std::mem::replace(&mut self.done, true) {
            self.begun.reply.close();
            let number = self.begun.number;
            self.calls.finished.push(Event::PeerCallGone { number });
        }
    }
}

impl Drop for PeerReply {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// The driver's end of them, which closes them with the connection.
#[derive(Debug, Default)]
pub(super) struct Peering(Option<Arc<PeerCalls>>);

impl Peering {
    pub(super) fn open(&mut self, calls: PeerCalls) -> Handle {
        Handle(Arc::clone(self.0.insert(Arc::new(calls))))
    }

    pub(super) fn get(&self) -> Option<&PeerCalls> {
        self.0.as_deref()
    }

    /// True if the peer has calls to answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.get().is_some_and(PeerCalls::is_waiting)
    }

    /// The peer sends nothing more.
    pub(super) fn close(&self) {
        if let Some(calls) = self.get() {
            calls.close("the connection is over: the peer has closed its side");
        }
    }
}

impl Drop for Peering {
    fn drop(&mut self) {
        if let Some(calls) = self.get() {
            calls.close("the connection is gone");
        }
    }
}
