//! [`Departure`]: keeps a connection to its end that takes no more calls.

use std::sync::Arc;
use std::task::Waker;

use gobrpc_protocol::Error;

use crate::connection::Failed;
use crate::driver::{Driver, End};
use crate::link::Link;
use crate::link_task::LinkTask;

/// The task of a connection that the server wants to end: calls and streams that are
/// under way on it go on, while further ones are made on another connection.
///
/// When it goes for whatever reason, the calls that are left fail.
pub(crate) struct Departure {
    link: Arc<Link>,
    driver: Driver,
    /// How much was written is known, and why it ended.
    end: Option<(u64, Error)>,
}

impl Departure {
    pub(crate) fn new(link: &Arc<Link>, driver: Driver) -> Self {
        Self {
            link: Arc::clone(link),
            driver,
            end: None,
        }
    }

    pub(crate) async fn run(mut self) {
        let cause = match self.driver.run().await {
            // Nobody waits: the cause is nobody's.
            End::Finished | End::Leaving => Error::unavailable("the connection has ended"),
            End::Lost(cause) => cause,
        };
        self.end = Some((self.driver.written(), cause));
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        // How far the writing came is not known if the task was stopped: any call
        // may have been sent.
        let (written, cause) = self.end.take().unwrap_or_else(|| {
            let cause = Error::unavailable("the client's task is gone: its runtime shut down");
            (u64::MAX, cause)
        });
        self.link.has_left(self.driver.number(), written, &cause);
    }
}

impl Link {
    /// Fails the calls that are left on a connection that is gone; those that it never
    /// sent go by the next one.
    fn has_left(self: &Arc<Self>, number: u64, written: u64, cause: &Error) {
        let mut state = self.lock();
        let again = self.options.reconnect && state.is_open();
        let Some(mut connection) = state.take_left(number) else {
            return;
        };
        tracing::debug!(peer = %self.peer, error = %cause, "a connection has left");
        let blocked = connection.take_blocked();
        let Failed { mut over, unsent } = connection.fail(written, cause, again);
        let mut dial = None;
        if !unsent.is_empty() {
            state.queue.put_back(unsent);
            let retry_at = state.retry_at().map(|(failure, _)| failure.retry_at);
            dial = LinkTask::prepare(self, &mut state, retry_at);
            state.admit(&self.options, &mut over);
        }
        let task = state.take_task();
        drop(state);
        self.changed.notify_waiters();
        self.complete(over);
        blocked.into_iter().chain(task).for_each(Waker::wake);
        // Without a runtime it fails the calls when it is dropped.
        let _ = dial.map(LinkTask::spawn);
    }
}
