//! [`State`]: what the handles and the task of a link share.

use std::task::Waker;
use std::time::Duration;

use gobrpc_protocol::{Error, Phase};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::connection::{Completion, Connection, Event};
use crate::options::Options;
use crate::queue::{Queue, Waiting};

/// What the lock of a [`Link`](crate::link::Link) guards.
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
    /// Streams that wait for the write buffer.
    blocked: Vec<Waker>,
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

impl State {
    pub(crate) fn new(options: &Options, gate: Gate) -> Self {
        Self {
            gate,
            stage: Stage::Down,
            queue: Queue::default(),
            backoff: Backoff::new(options.backoff_first, options.backoff_max),
            failure: None,
            attempts: 0,
            connections: 0,
            task: None,
            blocked: Vec::new(),
        }
    }

    /// Waits until the write buffer takes an item of a stream.
    pub(crate) fn poll_write_room(&mut self, options: &Options, waker: &Waker) -> bool {
        if self
            .connection()
            .is_some_and(|it| !it.has_write_room(options))
        {
            self.blocked.push(waker.clone());
            return false;
        }
        true
    }

    /// Those who waited and need not, to be woken when the lock was given back.
    pub(crate) fn take_unblocked(&mut self, options: &Options) -> Vec<Waker> {
        if self.blocked.is_empty()
            || self
                .connection()
                .is_some_and(|it| !it.has_write_room(options))
        {
            return Vec::new();
        }
        std::mem::take(&mut self.blocked)
    }

    /// The link's task, to be woken when the lock was given back.
    pub(crate) fn take_task(&mut self) -> Option<Waker> {
        self.task.take()
    }

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

    /// Takes no calls any more, since the connection is gone and there will be no
    /// other.
    pub(crate) fn end(&mut self, cause: &Error) {
        if self.is_open() {
            let message = format!(
                "reconnecting is off, and the connection is gone: {}",
                cause.message()
            );
            self.gate = Gate::Ended(Error::unavailable(message).with_phase(Phase::Queue));
        }
    }

    /// Moves calls from the queue onto the connection while it has room.
    pub(crate) fn admit(&mut self, options: &Options, failed: &mut Vec<Completion>) {
        let Stage::Up(connection) = &mut self.stage else {
            return;
        };
        while let Some(first) = self.queue.first()
            && connection.has_room(options)
        {
            if first.slot.is_streaming() {
                match connection.has_streams() {
                    // The answer comes soon, and this is called again.
                    None => return,
                    Some(true) => {}
                    Some(false) => {
                        if let Some(waiting) = self.queue.pop() {
                            failed.push((waiting.slot, Event::Result(Err(no_streams()))));
                        }
                        continue;
                    }
                }
            }
            let Some(Waiting { mut request, slot }) = self.queue.pop() else {
                return;
            };
            if let Some(deadline) = slot.deadline {
                let left = deadline.saturating_duration_since(Instant::now());
                // The one who waits finds its time up by itself; it need not cost
                // the peer anything.
                if left.is_zero() {
                    continue;
                }
                request.head.timeout = Some(left);
            }
            if slot.is_gone() {
                continue;
            }
            if let Err(error) = connection.call(&request, &slot) {
                failed.push((slot, Event::Result(Err(error))));
            }
        }
    }

    /// Why no call is taken, if none is.
    pub(crate) fn refusal(&self) -> Option<Error> {
        match &self.gate {
            Gate::Open => None,
            Gate::Retired => Some(closed()),
            Gate::Ended(error) => Some(error.clone()),
        }
    }

    /// The failure after which it is too early to dial again, and the time now.
    pub(crate) fn retry_at(&self) -> Option<(&Failure, Instant)> {
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
    pub(crate) fn refuse(&self, wait: Duration) -> Error {
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

/// The peer would take the stream for a call, and run another method than is meant.
pub(crate) fn no_streams() -> Error {
    Error::unimplemented("the server speaks plain net/rpc or JSON-RPC, which have no streams")
        .with_phase(Phase::Queue)
}

/// Go's `ErrShutdown`.
pub(crate) fn closed() -> Error {
    Error::unavailable("the client is closed").with_phase(Phase::Queue)
}
