//! [`Slot`]: where one call's result is put and waited for.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use gobrpc_protocol::client_connection::Seq;
use gobrpc_protocol::flow::{Inbound, Outbound};
use gobrpc_protocol::{Item, Result, StreamKind};
use tokio::time::Instant;

/// The waiting place of one call, shared by who waits and by the link.
///
/// Its lock is taken inside of the link's lock, never around it.
#[derive(Debug)]
pub(crate) struct Slot {
    /// When the call's time is up.
    pub(crate) deadline: Option<Instant>,
    /// The replies, if they are a stream.
    pub(crate) inbound: Option<Inbound>,
    /// How much may be sent of the arguments, if they are a stream.
    pub(crate) outbound: Option<Outbound>,
    inner: Mutex<Inner>,
}

/// How often a call is moved to another connection. The second time is bad luck, as
/// all servers of an address restart; then there is something wrong with the way, and
/// the caller learns it.
pub(crate) const MOVES_MAX: u8 = 3;

#[derive(Debug)]
struct Inner {
    place: Place,
    /// How often it was moved to another connection, because one ended before it was
    /// sent.
    moves: u8,
    state: State,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Not taken in yet.
    Nowhere,
    /// In the queue, with this ticket.
    Queue(u64),
    /// Encoded onto the connection with this number.
    Connection { number: u64, seq: Seq },
}

#[derive(Debug)]
enum State {
    Waiting(Option<Waker>),
    Done(Result<Item>),
    /// Nobody waits any more.
    Gone,
}

/// What [`Slot::abandon`] found.
pub(crate) enum Abandoned {
    /// The call was still waiting, there.
    At(Place),
    /// The result had come already.
    Done(Result<Item>),
}

impl Slot {
    pub(crate) fn new(deadline: Option<Instant>, streams: StreamKind) -> Self {
        Self {
            deadline,
            inbound: streams.replies().then(Inbound::default),
            // Nothing may be sent before the call itself.
            outbound: streams.arguments().then(Outbound::default),
            inner: Mutex::new(Inner {
                place: Place::Nowhere,
                moves: 0,
                state: State::Waiting(None),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how far the call has come.
    pub(crate) fn put(&self, place: Place) {
        self.lock().place = place;
    }

    /// How far the call has come.
    pub(crate) fn place(&self) -> Place {
        self.lock().place
    }

    /// True if the call, of which nothing was sent, may go by another connection; it is
    /// counted.
    ///
    /// One that nobody waits for need not. What was taken out of a stream of arguments
    /// went into the connection's buffer.
    pub(crate) fn may_move(&self) -> bool {
        let mut inner = self.lock();
        let may = self.outbound.is_none()
            && inner.moves < MOVES_MAX
            && matches!(inner.state, State::Waiting(_));
        inner.moves += u8::from(may);
        may
    }

    /// True if the call has streams.
    pub(crate) fn is_streaming(&self) -> bool {
        self.inbound.is_some() || self.outbound.is_some()
    }

    /// Ends the streams: the call is over.
    fn close(&self) {
        if let Some(inbound) = &self.inbound {
            // What has come is read before the result.
            inbound.finish(Ok(()));
        }
        if let Some(outbound) = &self.outbound {
            outbound.close();
        }
    }

    /// True if nobody waits any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.lock().state, State::Gone)
    }

    /// Sets the result, and wakes who waits for it. The first result counts.
    ///
    /// Not to be called with the link's lock held: what wakes may run at once.
    pub(crate) fn complete(&self, result: Result<Item>) {
        let waker = {
            let mut inner = self.lock();
            match &mut inner.state {
                State::Waiting(waker) => {
                    let waker = waker.take();
                    inner.state = State::Done(result);
                    waker
                }
                State::Done(_) | State::Gone => return,
            }
        };
        self.close();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the result out; who waits is remembered.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<Item>> {
        let mut inner = self.lock();
        if let State::Waiting(waker) = &mut inner.state {
            match waker {
                Some(waker) if waker.will_wake(cx.waker()) => {}
                waker => *waker = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        match std::mem::replace(&mut inner.state, State::Gone) {
            State::Done(result) => Poll::Ready(result),
            // Whoever took the result does not ask again.
            State::Waiting(_) | State::Gone => Poll::Pending,
        }
    }

    /// Says that nobody waits any more.
    pub(crate) fn abandon(&self) -> Abandoned {
        self.close();
        let mut inner = self.lock();
        match std::mem::replace(&mut inner.state, State::Gone) {
            State::Done(result) => Abandoned::Done(result),
            State::Waiting(_) | State::Gone => Abandoned::At(inner.place),
        }
    }
}
