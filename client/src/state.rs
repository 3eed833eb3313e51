//! [`State`]: what the handles and the task of a link share.

use std::task::Waker;
use std::time::Duration;

use gobrpc_protocol::{Error, Phase};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::connection::{Completion, Connection, Event};
use crate::options::Options;
use crate::queue::{Queue, Waiting};
use crate::slot::{Place, Slot};

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
    /// Connections on which calls are under way, and no new ones are made.
    pub(crate) leaving: Vec<Leaving>,
}

/// A connection that the server wants to end.
pub(crate) struct Leaving {
    pub(crate) connection: Box<Connection>,
    /// The task that keeps it, when it sleeps.
    task: Option<Waker>,
    /// There are too many of them, and this is the oldest.
    pub(crate) cut: bool,
}

/// Most connections that leave at a time: a server that sends every call to another
/// connection, and answers none, must not be able to open them without end.
const LEAVING_MAX: usize = 16;

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
            leaving: Vec::new(),
        }
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

    /// The connection with this number, also if it leaves.
    pub(crate) fn connection_at(&mut self, number: u64) -> Option<&mut Connection> {
        match &mut self.stage {
            Stage::Up(connection) if connection.number() == number => Some(connection),
            _ => {
                let leaving = &mut self.leaving;
                let left = leaving
                    .iter_mut()
                    .find(|it| it.connection.number() == number)?;
                Some(&mut left.connection)
            }
        }
    }

    /// The connection that a call is on, if it is on one.
    pub(crate) fn connection_of(&mut self, slot: &Slot) -> Option<&mut Connection> {
        match slot.place() {
            Place::Connection { number, .. } => self.connection_at(number),
            Place::Nowhere | Place::Queue(_) => None,
        }
    }

    pub(crate) fn leaving_at(&mut self, number: u64) -> Option<&mut Leaving> {
        self.leaving
            .iter_mut()
            .find(|it| it.connection.number() == number)
    }

    /// The task that keeps a connection, to be woken when the lock was given back.
    pub(crate) fn take_task_at(&mut self, number: u64) -> Option<Waker> {
        match self.leaving_at(number) {
            Some(leaving) => leaving.task.take(),
            None => self.take_task(),
        }
    }

    /// Makes no more calls on the connection; who waits for a place gets another one.
    /// Gives the task of one that is cut for it, if there are too many.
    pub(crate) fn leave(&mut self) -> Option<Waker> {
        let stage = std::mem::replace(&mut self.stage, Stage::Dialling);
        let Stage::Up(connection) = stage else {
            self.stage = stage;
            return None;
        };
        self.leaving.push(Leaving {
            connection,
            task: None,
            cut: false,
        });
        let surplus = self.leaving.len().checked_sub(LEAVING_MAX + 1)?;
        let oldest = self.leaving.get_mut(surplus)?;
        oldest.cut = true;
        oldest.task.take()
    }

    /// Takes out a connection that has left.
    pub(crate) fn take_left(&mut self, number: u64) -> Option<Box<Connection>> {
        let place = self
            .leaving
            .iter()
            .position(|it| it.connection.number() == number)?;
        let left = self.leaving.remove(place).connection;
        self.end_if_over();
        Some(left)
    }

    /// Remembers the task that keeps a connection, to be woken by what callers do.
    pub(crate) fn register_at(&mut self, number: u64, waker: &Waker) {
        match self.leaving_at(number) {
            Some(leaving) => leaving.task = Some(waker.clone()),
            None => self.register(waker),
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
        self.end_if_over();
    }

    /// Notes that a retired link is over, once it is.
    fn end_if_over(&mut self) {
        let over = matches!(self.stage, Stage::Down) && self.leaving.is_empty();
        if over && matches!(self.gate, Gate::Retired) {
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

    /// As [`State::admit`], for the task that keeps this connection: if it leaves,
    /// calls go onto another one, whose task would have to be told.
    pub(crate) fn admit_to(
        &mut self,
        number: u64,
        options: &Options,
        failed: &mut Vec<Completion>,
    ) {
        if self.leaving.is_empty() || self.leaving_at(number).is_none() {
            self.admit(options, failed);
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
            if let Err(error) = connection.call(request, &slot) {
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
    Error::unimplemented(
        "the server speaks plain net/rpc, or another codec than gob, which have no streams",
    )
    .with_phase(Phase::Queue)
}

/// Go's `ErrShutdown`.
pub(crate) fn closed() -> Error {
    Error::unavailable("the client is closed").with_phase(Phase::Queue)
}
