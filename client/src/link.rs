//! [`Link`]: the way to one peer, with at most one connection at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use gobrpc_protocol::{Body, Delivery, Error, Phase, Request, Result};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::connection::{Completion, Connection};
use crate::connector::Connector;
use crate::link_task::LinkTask;
use crate::options::Options;
use crate::queue::{Queue, Waiting};
use crate::slot::{Abandoned, Place, Slot};

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

/// What the lock of a [`Link`] guards.
pub(crate) struct State {
    pub(crate) gate: Gate,
    pub(crate) stage: Stage,
    pub(crate) queue: Queue,
    pub(crate) backoff: Backoff,
    /// Why there is no connection, and when to dial again.
    pub(crate) failure: Option<Failure>,
    /// Dials that have ended, and connections that have.
    pub(crate) attempts: u64,
    /// Connections that there have been.
    pub(crate) connections: u64,
    /// The link's task, when it sleeps.
    task: Option<Waker>,
}

/// Whether new calls are taken.
pub(crate) enum Gate {
    Open,
    /// No new ones; those under way finish.
    Retired,
    /// It is over, for this reason.
    Ended(Error),
}

/// Whether there is a connection. The link's task lives but in `Down`.
pub(crate) enum Stage {
    Down,
    Dialling,
    Up(Box<Connection>),
}

/// A dial that failed, or a connection that was lost before it was of use.
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) retry_at: Instant,
}

/// What [`Link::start`] made of a call.
pub(crate) enum Started {
    /// It is under way.
    Waiting(Arc<Slot>),
    /// It failed at once.
    Failed(Error),
}

impl State {
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.gate, Gate::Open)
    }

    pub(crate) fn connection(&mut self) -> Option<&mut Connection> {
        match &mut self.stage {
            Stage::Up(connection) => Some(connection),
            _ => None,
        }
    }

    /// Remembers the link's task, to be woken by what callers do.
    pub(crate) fn register(&mut self, waker: &Waker) {
        match &self.task {
            Some(task) if task.will_wake(waker) => {}
            _ => self.task = Some(waker.clone()),
        }
    }

    /// Notes that there is no connection and no task any more.
    pub(crate) fn down(&mut self) {
        self.stage = Stage::Down;
        self.task = None;
        if matches!(self.gate, Gate::Retired) {
            self.gate = Gate::Ended(closed());
        }
    }

    /// Moves calls from the queue onto the connection while it has room.
    pub(crate) fn admit(&mut self, options: &Options, failed: &mut Vec<Completion>) {
        let Stage::Up(connection) = &mut self.stage else {
            return;
        };
        while !self.queue.is_empty() && connection.has_room(options) {
            let Some(Waiting { request, slot }) = self.queue.pop() else {
                return;
            };
            // The one who waits finds its time up by itself; it need not cost
            // the peer anything.
            let expired = slot.deadline.is_some_and(|at| at <= Instant::now());
            if expired || slot.is_gone() {
                continue;
            }
            if let Err(error) = connection.call(&request, &slot) {
                failed.push((slot, Err(error)));
            }
        }
    }
}

impl Link {
    pub(crate) fn new(options: Options, connector: Arc<dyn Connector>, gate: Gate) -> Self {
        let backoff = Backoff::new(options.backoff_first, options.backoff_max);
        Self {
            peer: Arc::from(connector.peer()),
            options,
            connector,
            state: Mutex::new(State {
                gate,
                stage: Stage::Down,
                queue: Queue::default(),
                backoff,
                failure: None,
                attempts: 0,
                connections: 0,
                task: None,
            }),
            changed: Notify::new(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a call; dials if there is no connection.
    pub(crate) fn start(self: &Arc<Self>, request: Request, deadline: Option<Instant>) -> Started {
        let slot = Arc::new(Slot::new(deadline));
        let mut state = self.lock();
        if let Some(error) = state.refusal() {
            drop(state);
            return Started::Failed(self.not_sent(error));
        }
        let direct = state.queue.is_empty();
        if let Stage::Up(connection) = &mut state.stage
            && direct
            && connection.has_room(&self.options)
        {
            let encoded = connection.call(&request, &slot);
            let task = state.task.take();
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
        drop(state);
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
        let removed = match *place {
            Place::Nowhere => None,
            Place::Queue(ticket) => state.queue.remove(ticket),
            Place::Connection { number, seq } => {
                if let Some(connection) = state.connection() {
                    connection.cancel(number, seq);
                }
                None
            }
        };
        // It may have been the last that kept the link up.
        let task = if state.is_open() {
            None
        } else {
            state.task.take()
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
                Stage::Down => Gate::Ended(closed()),
                _ => Gate::Retired,
            };
        }
        let task = state.task.take();
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

    /// Hands results over, and wakes who waits for them.
    pub(crate) fn complete(
        &self,
        completions: impl IntoIterator<Item = (Arc<Slot>, Result<Body>)>,
    ) {
        for (slot, result) in completions {
            slot.complete(result.map_err(|error| error.with_peer(Arc::clone(&self.peer))));
        }
    }
}

impl State {
    /// Why no call is taken, if none is.
    fn refusal(&self) -> Option<Error> {
        match &self.gate {
            Gate::Open => None,
            Gate::Retired => Some(closed()),
            Gate::Ended(error) => Some(error.clone()),
        }
    }

    /// The failure after which it is too early to dial again, and the time now.
    fn retry_at(&self) -> Option<(&Failure, Instant)> {
        if matches!(self.stage, Stage::Up(_)) {
            return None;
        }
        let failure = self.failure.as_ref()?;
        let now = Instant::now();
        (now < failure.retry_at).then_some((failure, now))
    }
}

impl Failure {
    /// The error of a call that is not to wait for the next dial.
    fn refuse(&self, wait: Duration) -> Error {
        let last = &self.error;
        let error = Error::with_code(
            last.code(),
            format!(
                "{} (the next dial is in {} ms)",
                last.message(),
                wait.as_millis()
            ),
        )
        .with_phase(last.phase())
        .with_source(last.clone());
        match last.peer() {
            Some(peer) => error.with_peer(peer),
            None => error,
        }
    }
}

/// Go's `ErrShutdown`.
pub(crate) fn closed() -> Error {
    Error::unavailable("the client is closed").with_phase(Phase::Queue)
}
