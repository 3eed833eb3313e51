//! [`LinkTask`]: dials, and keeps the connection while there is one.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use gobrpc_protocol::{Error, Phase, Result};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::connection::{Connection, Failed};
use crate::connector::BoxedIo;
use crate::departure::Departure;
use crate::driver::{Driver, End};
use crate::link::Link;
use crate::state::{Failure, Leaving, Stage, State};

/// The one task of a link. It lives while there is a dial or a connection.
///
/// When it goes for whatever reason, be it that the runtime shuts down or that a
/// connector panics, all calls of the link fail and the next one starts anew.
pub(crate) struct LinkTask {
    link: Arc<Link>,
    not_before: Option<Instant>,
    over: bool,
}

/// What to do after a connection.
enum Next {
    Stop,
    Dial(Option<Instant>),
}

impl LinkTask {
    /// A task to spawn once the lock is given back, if none runs.
    pub(crate) fn prepare(
        link: &Arc<Link>,
        state: &mut State,
        not_before: Option<Instant>,
    ) -> Option<Self> {
        if !matches!(state.stage, Stage::Down) {
            return None;
        }
        state.stage = Stage::Dialling;
        Some(Self {
            link: Arc::clone(link),
            not_before,
            over: false,
        })
    }

    /// Runs on the runtime of who called.
    ///
    /// Not to be called with the link's lock held: a runtime that shuts down
    /// drops the task at once, which fails the calls.
    pub(crate) fn spawn(self) -> Result<()> {
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(self.run());
                Ok(())
            }
            Err(source) => Err(self.link.place_error(
                Error::failed_precondition("no tokio runtime: call from inside of one")
                    .with_source(source),
                Phase::Queue,
            )),
        }
    }

    async fn run(mut self) {
        let link = Arc::clone(&self.link);
        loop {
            if let Some(at) = self.not_before.take()
                && link
                    .unless_idle(tokio::time::sleep_until(at))
                    .await
                    .is_none()
            {
                break;
            }
            let Some(dialled) = link.unless_idle(link.dial()).await else {
                break;
            };
            let stream = match dialled {
                Ok(stream) => stream,
                Err(error) => {
                    self.over = true;
                    return link.dial_failed(error);
                }
            };
            let number = link.up();
            let mut driver = Driver::new(&link, number, stream);
            let next = match driver.run().await {
                End::Finished => break,
                End::Lost(cause) => link.lost(driver.written(), cause),
                End::Leaving => {
                    tokio::spawn(Departure::new(&link, driver).run());
                    link.left(number)
                }
            };
            match next {
                Next::Dial(at) => self.not_before = at,
                Next::Stop => {
                    self.over = true;
                    return;
                }
            }
        }
        self.over = true;
        link.stop();
    }
}

impl Drop for LinkTask {
    fn drop(&mut self) {
        if !self.over {
            self.link.abort();
        }
    }
}

impl Link {
    /// Runs a future, unless the link is retired and no call waits.
    async fn unless_idle<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            {
                let mut state = self.lock();
                state.register(cx.waker());
                if !state.is_open() && state.queue.is_empty() {
                    return Poll::Ready(None);
                }
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    async fn dial(&self) -> Result<BoxedIo> {
        let timeout = self.options.connect_timeout;
        match tokio::time::timeout(timeout, self.connector.connect()).await {
            Ok(dialled) => dialled,
            Err(_) => Err(Error::unavailable(format!(
                "no connection after {timeout:?} (raise connect_timeout)"
            ))
            .with_phase(Phase::Dial)),
        }
    }

    fn dial_failed(&self, error: Error) {
        let phase = match error.phase() {
            phase @ (Phase::Resolve | Phase::Handshake) => phase,
            _ => Phase::Dial,
        };
        let error = self.place_error(error, phase);
        tracing::debug!(peer = %self.peer, %error, "dial failed");
        let mut state = self.lock();
        let retry_at = Instant::now() + state.backoff.fail();
        state.attempts += 1;
        state.failure = Some(Failure {
            error: error.clone(),
            retry_at,
        });
        let doomed = state.queue.take(|_| true);
        state.down();
        drop(state);
        self.changed.notify_waiters();
        for waiting in doomed {
            waiting.slot.complete(Err(error.clone()));
        }
    }

    /// Notes that there is a connection; gives its number.
    fn up(&self) -> u64 {
        tracing::debug!(peer = %self.peer, "connected");
        let mut failed = Vec::new();
        let mut state = self.lock();
        state.connections += 1;
        state.failure = None;
        let number = state.connections;
        let connection = Connection::new(number, &self.options);
        state.stage = Stage::Up(Box::new(connection));
        state.admit(&self.options, &mut failed);
        drop(state);
        self.changed.notify_waiters();
        self.complete(failed);
        number
    }

    /// Dials again if calls wait, since the connection takes no more.
    fn left(&self, number: u64) -> Next {
        tracing::debug!(peer = %self.peer, "the server sends us to another connection");
        let mut state = self.lock();
        let is_proven = |it: &Leaving| it.connection.is_proven(self.options.backoff_max);
        let wait = match state.leaving_at(number) {
            Some(leaving) if !is_proven(leaving) => state.backoff.fail(),
            _ => Duration::ZERO,
        };
        let next = if state.queue.is_empty() {
            state.down();
            Next::Stop
        } else {
            Next::Dial((!wait.is_zero()).then(|| Instant::now() + wait))
        };
        drop(state);
        self.changed.notify_waiters();
        next
    }

    /// Fails the calls of a connection that is gone. Those that still wait for
    /// a place, and those that it never sent, are dialled for again.
    fn lost(&self, written: u64, cause: Error) -> Next {
        tracing::debug!(peer = %self.peer, error = %cause, "connection lost");
        let mut state = self.lock();
        let stage = std::mem::replace(&mut state.stage, Stage::Dialling);
        let mut unblocked = Vec::new();
        let mut completions = Vec::new();
        let mut proven = true;
        if let Stage::Up(mut connection) = stage {
            unblocked = connection.take_blocked();
            proven = connection.is_proven(self.options.backoff_max);
            let failed = connection.fail(written, &cause, self.options.reconnect);
            completions = failed.over;
            state.queue.put_back(failed.unsent);
        }
        let now = Instant::now();
        let wait = if proven {
            state.backoff.reset();
            Duration::ZERO
        } else {
            state.backoff.fail()
        };
        let retry_at = now + wait;
        state.attempts += 1;
        state.failure = Some(Failure {
            error: self.place_error(cause.clone(), Phase::Handshake),
            retry_at,
        });
        let reconnect = self.options.reconnect;
        if !reconnect {
            state.end(&cause);
        }
        let doomed = state.queue.take(|waiting| {
            let can_wait = wait.is_zero() || waiting.slot.deadline.is_some_and(|at| at > retry_at);
            !reconnect || !can_wait
        });
        let next = if state.queue.is_empty() {
            state.down();
            Next::Stop
        } else {
            Next::Dial((!wait.is_zero()).then_some(retry_at))
        };
        drop(state);
        self.changed.notify_waiters();
        self.complete(completions);
        unblocked.into_iter().for_each(Waker::wake);
        let error = self.place_error(cause, Phase::Queue);
        for waiting in doomed {
            waiting.slot.complete(Err(error.clone()));
        }
        next
    }

    /// Ends the link: it was retired, and nothing is under way.
    fn stop(&self) {
        let mut state = self.lock();
        state.down();
        drop(state);
        self.changed.notify_waiters();
    }

    /// Fails all calls, since the task is gone in the middle of its work.
    fn abort(&self) {
        let cause = self.place_error(
            Error::unavailable("the client's task is gone: its runtime shut down"),
            Phase::Queue,
        );
        let mut state = self.lock();
        let stage = std::mem::replace(&mut state.stage, Stage::Down);
        let mut unblocked = Vec::new();
        let completions = match stage {
            Stage::Up(mut connection) => {
                unblocked = connection.take_blocked();
                if !self.options.reconnect {
                    state.end(&cause);
                }
                // How far the writing came is not known any more: any call may
                // have been sent.
                let Failed { over, .. } = connection.fail(u64::MAX, &cause, false);
                over
            }
            _ => Vec::new(),
        };
        let doomed = state.queue.take(|_| true);
        state.attempts += 1;
        state.failure = Some(Failure {
            error: cause.clone(),
            retry_at: Instant::now(),
        });
        state.down();
        drop(state);
        self.changed.notify_waiters();
        self.complete(completions);
        unblocked.into_iter().for_each(Waker::wake);
        for waiting in doomed {
            waiting.slot.complete(Err(cause.clone()));
        }
    }
}
