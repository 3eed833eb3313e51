//! [`ConcurrencyLimit`]: so many calls at a time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gobrpc_protocol::{Context, Error, ErrorDetails, Methods, Response, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::{Layer, Next};

/// Lets so many calls run at a time, of all connections together, and refuses what is
/// above with `Unavailable`, before its argument is decoded: a server that is asked
/// for more than it can do answers what it can, and tells the others at once to go
/// elsewhere.
///
/// A stream runs until it has ended. Calls may wait for their turn
/// ([`with_queue`](Self::with_queue)), in their order. The errors'
/// [details](gobrpc_protocol::ErrorDetails) have the reason `OVERLOADED`, and a client
/// of ours learns that the call did not run, so that a balanced one tries another
/// server.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_server::Server;
/// use gobrpc_server::layer::ConcurrencyLimit;
///
/// let server = Server::new()
///     .with_layer(ConcurrencyLimit::new(200).with_queue(1000, Duration::from_millis(250)))
///     .with_layer(ConcurrencyLimit::new(4).of("Reports.*")?);
/// # Ok::<(), gobrpc_server::Error>(())
/// ```
pub struct ConcurrencyLimit {
    calls: usize,
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    wait: Duration,
    of: Methods<()>,
}

impl ConcurrencyLimit {
    /// So many calls at a time; at least 1. No others wait.
    #[must_use]
    pub fn new(calls: usize) -> Self {
        let calls = calls.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            calls,
            running: Arc::new(Semaphore::new(calls)),
            waiting: AtomicUsize::new(0),
            waiting_max: 0,
            wait: Duration::ZERO,
            of: Methods::new(),
        }
    }

    /// Lets so many calls wait for their turn, each for so long from when it was
    /// received.
    ///
    /// A call that waits holds one of the places of its connection
    /// ([`ServerConfig::handlers_per_connection`](crate::ServerConfig)).
    #[must_use]
    pub fn with_queue(mut self, calls: usize, wait: Duration) -> Self {
        self.waiting_max = calls;
        self.wait = wait;
        self
    }

    /// Limits these methods alone (all): `Arith.Multiply`, `Arith.*`. It may be said
    /// several times.
    ///
    /// # Errors
    ///
    /// If no method can fit the pattern.
    pub fn of(mut self, pattern: &str) -> Result<Self> {
        self.of.set(pattern, ())?;
        Ok(self)
    }

    async fn admit(&self, cx: &Context) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(permit);
        }
        let Some(_place) = self.place() else {
            return Err(self.overloaded("and no more may wait"));
        };
        let received = cx.received().map_or_else(Instant::now, Instant::from_std);
        let permit = Arc::clone(&self.running).acquire_owned();
        let late = || self.overloaded("for too long");
        match received.checked_add(self.wait) {
            Some(until) => timeout_at(until, permit).await.map_err(|_| late())?,
            None => permit.await,
        }
        .map_err(|_| late())
    }

    /// A place in the queue.
    fn place(&self) -> Option<Place<'_>> {
        let taken = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting < self.waiting_max).then_some(waiting + 1)
            });
        taken.ok().map(|_| Place(&self.waiting))
    }

    fn overloaded(&self, why: &str) -> Error {
        Error::unavailable(format!("{} calls run already, {why}", self.calls))
            .with_details(ErrorDetails::new("OVERLOADED"))
            .not_processed()
    }
}

struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Layer for ConcurrencyLimit {
    async fn handle(&self, cx: Context, next: Next) -> Result<Response> {
        let limited = self.of.is_empty() || self.of.get(cx.service_method()).is_some();
        let _permit = if limited {
            Some(self.admit(&cx).await?)
        } else {
            None
        };
        next.run(cx).await
    }
}

impl fmt::Debug for ConcurrencyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit")
            .field("calls", &self.calls)
            .field("free", &self.running.available_permits())
            .field("waiting", &self.waiting.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}
