//! [`Wire`]: the registry, with a count of what goes over each way to it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gobrpc_registry::backend::{
    BoxFuture, Caps, Claim, Cursor, Delta, Lease, Snapshot, Standing, Tail,
};
use gobrpc_registry::{Backend, Error, Key, Memory, Prefix, Result, ServiceEntry};
use tokio::sync::watch;
use tokio::time::Instant;

/// The registry, as a process of its own that can go away and lose its data.
#[derive(Debug, Clone)]
pub struct Wire(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    memory: Mutex<Memory>,
    /// Whether it is there, and how often it began anew.
    state: watch::Sender<(bool, u64)>,
    /// When snapshots were asked for.
    lists: Mutex<Vec<Instant>>,
}

impl Default for Wire {
    fn default() -> Self {
        Self(Arc::new(Shared {
            memory: Mutex::new(Memory::new()),
            state: watch::Sender::new((true, 0)),
            lists: Mutex::default(),
        }))
    }
}

impl Wire {
    /// A way to it.
    #[must_use]
    pub fn link(&self) -> Arc<Link> {
        Arc::new(Link {
            wire: self.clone(),
            traffic: Arc::default(),
            cut: AtomicBool::new(false),
        })
    }

    /// It goes away.
    pub fn down(&self) {
        self.0.state.send_modify(|state| state.0 = false);
    }

    /// It is there again, without its data.
    pub fn up_without_data(&self) {
        *self.0.memory.lock().unwrap_or_else(PoisonError::into_inner) = Memory::new();
        self.0
            .state
            .send_modify(|state| *state = (true, state.1 + 1));
    }

    /// When snapshots were asked for, since the last look.
    #[must_use]
    pub fn take_lists(&self) -> Vec<Instant> {
        std::mem::take(&mut *self.0.lists.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn pass(&self) -> Result<Memory> {
        if !self.0.state.borrow().0 {
            return Err(Error::unavailable("connection refused"));
        }
        let memory = self.0.memory.lock();
        Ok(memory.unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// A way to the registry.
#[derive(Debug)]
pub struct Link {
    wire: Wire,
    /// Whoever used it is dead.
    cut: AtomicBool,
    traffic: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    watches: AtomicU64,
    snapshots: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
}

/// What went over a way to the registry: keys and values, without framing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Watches that are open or were.
    pub watches: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Changes.
    pub events: u64,
    /// Bytes of both.
    pub bytes: u64,
}

impl Link {
    /// Nothing goes over it any more.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    fn pass(&self) -> Result<Memory> {
        if self.cut.load(Ordering::Relaxed) {
            return Err(Error::unavailable("nobody asks"));
        }
        self.wire.pass()
    }

    /// What went over it so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Traffic {
            watches: read(&self.traffic.watches),
            snapshots: read(&self.traffic.snapshots),
            events: read(&self.traffic.events),
            bytes: read(&self.traffic.bytes),
        }
    }
}

/// Bytes of an entry: measured once, as all are nearly alike.
fn entry_bytes(key: &Key, entry: &ServiceEntry) -> u64 {
    (key.to_string().len() + entry.to_json().len()) as u64
}

impl Backend for Link {
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>> {
        Box::pin(async move { self.pass()?.acquire(entry, ttl, claim).await })
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move { self.pass()?.renew(lease).await })
    }

    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move { self.pass()?.update(lease, entry).await })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.pass()?.release(lease).await })
    }

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let lists = self.wire.0.lists.lock();
            lists
                .unwrap_or_else(PoisonError::into_inner)
                .push(Instant::now());
            let snapshot = self.pass()?.snapshot(prefix).await?;
            let one = snapshot.records.first();
            let one = one.map_or(0, |record| entry_bytes(&record.key, &record.entry));
            let bytes = one * snapshot.records.len() as u64;
            self.traffic.snapshots.fetch_add(1, Ordering::Relaxed);
            self.traffic.bytes.fetch_add(bytes, Ordering::Relaxed);
            Ok(snapshot)
        })
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        Box::pin(async move {
            let mut state = self.wire.0.state.subscribe();
            state.mark_unchanged();
            let inner = self.pass()?.tail(prefix, after).await?;
            self.traffic.watches.fetch_add(1, Ordering::Relaxed);
            let tail: Box<dyn Tail> = Box::new(LinkTail {
                inner,
                state,
                traffic: Arc::clone(&self.traffic),
            });
            Ok(tail)
        })
    }

    fn caps(&self) -> Caps {
        Memory::new().caps()
    }
}

struct LinkTail {
    inner: Box<dyn Tail>,
    state: watch::Receiver<(bool, u64)>,
    traffic: Arc<Counts>,
}

impl Tail for LinkTail {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(async move {
            let delta = tokio::select! {
                biased;
                _ = self.state.changed() => {
                    return Err(Error::unavailable("connection reset"));
                }
                delta = self.inner.next() => delta?,
            };
            let bytes = match &delta {
                Delta::Put(record) => entry_bytes(&record.key, &record.entry),
                Delta::Delete(key) => key.to_string().len() as u64,
                _ => return Ok(delta),
            };
            self.traffic.events.fetch_add(1, Ordering::Relaxed);
            self.traffic.bytes.fetch_add(bytes, Ordering::Relaxed);
            Ok(delta)
        })
    }

    fn cursor(&self) -> Cursor {
        self.inner.cursor()
    }
}
