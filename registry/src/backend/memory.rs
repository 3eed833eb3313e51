//! [`Memory`]: entries in this process.

mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use self::store::Store;
use super::{Backend, BoxFuture, Caps, Claim, Cursor, Delta, Lease, Snapshot, Standing, Tail};
use crate::entry::ServiceEntry;
use crate::error::Result;
use crate::key::Prefix;

/// Entries in this process: the backend for one process and for tests.
///
/// Copies share their entries. It has leases, revisions and a bounded history
/// like the others, so that what works with it works with them; its clock is
/// tokio's. It needs no task of its own.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Memory, Registry};
///
/// let registry = Registry::new(Arc::new(Memory::new()));
/// ```
#[derive(Clone)]
pub struct Memory(Arc<Shared>);

struct Shared {
    store: Mutex<Store>,
    changed: watch::Sender<()>,
}

/// How often a tail says that it is alive: 2.5 times as much is within the 5 s
/// in which a dead link shall be noticed.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Shorter leases would be lost to a busy machine rather than to death.
const MIN_TTL: Duration = Duration::from_millis(100);

impl Memory {
    /// Changes that are kept for tails that lag behind (1,024).
    pub const HISTORY: usize = 1024;

    /// Most entries (65,536): more would be refused, since nothing here may grow
    /// without bound.
    pub const ENTRIES: usize = 65_536;

    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::with_history(Self::HISTORY)
    }

    /// An empty registry that keeps this many changes.
    #[must_use]
    pub fn with_history(history: usize) -> Self {
        Self(Arc::new(Shared {
            store: Mutex::new(Store::new(history, Self::ENTRIES)),
            changed: watch::Sender::new(()),
        }))
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.with(|store, _| store.len())
    }

    /// True if nothing is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(feature = "server")]
impl Memory {
    /// The moment that it is in.
    pub(crate) fn cursor(&self) -> Cursor {
        self.0.with(|store, _| store.cursor())
    }

    /// The lease of a token, unless it is over.
    pub(crate) fn lease(&self, token: &str) -> Option<Lease> {
        self.0.with(|store, _| store.lease(token))
    }
}

impl Shared {
    /// Works on the store as of now, and wakes the tails if that changed it.
    fn with<T>(&self, work: impl FnOnce(&mut Store, Instant) -> T) -> T {
        let mut store = self.lock();
        let before = store.cursor();
        let now = Instant::now();
        store.expire(now);
        let result = work(&mut store, now);
        let changed = store.cursor() != before;
        drop(store);
        if changed {
            self.changed.send_replace(());
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // No code of others runs under the lock.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Memory {
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>> {
        Box::pin(async move {
            let ttl = ttl.max(MIN_TTL);
            self.0
                .with(|store, now| store.acquire(entry, ttl, claim, now))
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move { Ok(self.0.with(|store, now| store.renew(lease, now))) })
    }

    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move { Ok(self.0.with(|store, _| store.update(lease, entry))) })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.with(|store, _| store.release(lease));
            Ok(())
        })
    }

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move { Ok(self.0.with(|store, _| store.snapshot(prefix))) })
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        Box::pin(async move {
            let tail: Box<dyn Tail> = Box::new(MemoryTail {
                changed: self.0.changed.subscribe(),
                shared: Arc::clone(&self.0),
                prefix: prefix.clone(),
                cursor: after,
                quiet_since: Instant::now(),
            });
            Ok(tail)
        })
    }

    fn caps(&self) -> Caps {
        Caps::new(MIN_TTL, Some(HEARTBEAT)).local()
    }
}

struct MemoryTail {
    shared: Arc<Shared>,
    changed: watch::Receiver<()>,
    prefix: Prefix,
    cursor: Cursor,
    /// Kept across calls, since whoever waits for a change may drop the future
    /// more often than the heart beats.
    quiet_since: Instant,
}

impl Tail for MemoryTail {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(async move {
            loop {
                self.changed.mark_unchanged();
                let (delta, expiry) = self.shared.with(|store, _| {
                    let delta = store.after(&self.prefix, &mut self.cursor);
                    (delta, store.next_expiry())
                });
                let heartbeat = self.quiet_since + HEARTBEAT;
                let delta = match delta {
                    Some(delta) => delta,
                    None if Instant::now() >= heartbeat => Delta::Progress,
                    None => {
                        let wake = expiry.map_or(heartbeat, |expiry| expiry.min(heartbeat));
                        tokio::select! {
                            // The sender lives as long as `shared` does.
                            _ = self.changed.changed() => {}
                            () = sleep_until(wake) => {}
                        }
                        continue;
                    }
                };
                self.quiet_since = Instant::now();
                return Ok(delta);
            }
        })
    }

    fn cursor(&self) -> Cursor {
        self.cursor
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}
