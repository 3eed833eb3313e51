//! [`Departure`]: keeps a connection to its end that takes no more calls.

use std::sync::Arc;
use std::task::Waker;

use gobrpc_protocol::Error;

use crate::driver::{Driver, End};
use crate::link::Link;

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
    /// Fails the calls that are left on a connection that is gone.
    fn has_left(&self, number: u64, written: u64, cause: &Error) {
        let Some(mut connection) = self.lock().take_left(number) else {
            return;
        };
        tracing::debug!(peer = %self.peer, error = %cause, "a connection has left");
        let blocked = connection.take_blocked();
        self.changed.notify_waiters();
        self.complete(connection.fail(written, cause));
        blocked.into_iter().for_each(Waker::wake);
    }
}
