//! A backend that fails on demand, and other help for tests.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod net;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gobrpc_registry::backend::{
    BoxFuture, Caps, Claim, Cursor, Delta, Lease, Snapshot, Standing, Tail,
};
use gobrpc_registry::{Backend, Error, Memory, Prefix, Result, ServiceEntry};
use tokio::sync::watch;
use tokio::time::Instant;

/// The registry as a process of its own, which can lose its data.
#[derive(Clone)]
pub struct World(Arc<Mutex<Memory>>, watch::Sender<u64>);

impl World {
    pub fn new(memory: Memory) -> Self {
        Self(Arc::new(Mutex::new(memory)), watch::Sender::new(0))
    }

    /// Restarts without data: streams break, and nothing is left.
    pub fn wipe(&self) {
        *self.0.lock().unwrap() = Memory::new();
        self.1.send_modify(|life| *life += 1);
    }

    pub fn memory(&self) -> Memory {
        self.0.lock().unwrap().clone()
    }

    /// A way to it, which can fail while others work.
    pub fn link(&self) -> Arc<Link> {
        Arc::new(Link {
            world: self.clone(),
            mode: watch::Sender::new(Mode::Up),
            lies: AtomicBool::new(false),
            gaps: Arc::default(),
            lists: Mutex::default(),
            tails: AtomicU64::new(0),
            acquires: AtomicU64::new(0),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Up,
    /// Everything is refused at once.
    Down,
    /// Nothing is answered.
    Hung,
}

/// A way to the registry.
pub struct Link {
    world: World,
    mode: watch::Sender<Mode>,
    lies: AtomicBool,
    gaps: Arc<AtomicU64>,
    lists: Mutex<Vec<Instant>>,
    tails: AtomicU64,
    acquires: AtomicU64,
}

impl Link {
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Says that leases are held, without looking.
    pub fn lie(&self) {
        self.lies.store(true, Ordering::Relaxed);
    }

    /// Tells the next tail that asks that changes were lost.
    pub fn gap(&self) {
        self.gaps.fetch_add(1, Ordering::Relaxed);
        // Wakes those that wait.
        self.mode.send_modify(|_| {});
    }

    /// When snapshots were asked for.
    pub fn lists(&self) -> Vec<Instant> {
        self.lists.lock().unwrap().clone()
    }

    pub fn tails(&self) -> u64 {
        self.tails.load(Ordering::Relaxed)
    }

    pub fn acquires(&self) -> u64 {
        self.acquires.load(Ordering::Relaxed)
    }

    async fn pass(&self) -> Result<Memory> {
        let mut mode = self.mode.subscribe();
        let mode = *mode.wait_for(|mode| *mode != Mode::Hung).await.unwrap();
        match mode {
            Mode::Down => Err(Error::unavailable("connection refused")),
            _ => Ok(self.world.memory()),
        }
    }
}

impl Backend for Link {
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>> {
        self.acquires.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { self.pass().await?.acquire(entry, ttl, claim).await })
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move {
            let memory = self.pass().await?;
            match self.lies.load(Ordering::Relaxed) {
                true => Ok(Standing::Held),
                false => memory.renew(lease).await,
            }
        })
    }

    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move { self.pass().await?.update(lease, entry).await })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.pass().await?.release(lease).await })
    }

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        if !prefix.is_key() {
            self.lists.lock().unwrap().push(Instant::now());
        }
        Box::pin(async move { self.pass().await?.snapshot(prefix).await })
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        self.tails.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let inner = self.pass().await?.tail(prefix, after).await?;
            let tail: Box<dyn Tail> = Box::new(LinkTail {
                inner,
                mode: self.mode.subscribe(),
                life: self.world.1.subscribe(),
                gaps: Arc::clone(&self.gaps),
            });
            Ok(tail)
        })
    }

    fn caps(&self) -> Caps {
        self.world.memory().caps()
    }
}

struct LinkTail {
    inner: Box<dyn Tail>,
    mode: watch::Receiver<Mode>,
    life: watch::Receiver<u64>,
    gaps: Arc<AtomicU64>,
}

impl Tail for LinkTail {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(async move {
            loop {
                if self.life.has_changed().unwrap() {
                    return Err(Error::unavailable("connection reset"));
                }
                let mode = *self.mode.borrow_and_update();
                match mode {
                    Mode::Down => return Err(Error::unavailable("connection reset")),
                    Mode::Hung => self.mode.changed().await.unwrap(),
                    Mode::Up => {
                        let one_less = |gaps: u64| gaps.checked_sub(1);
                        let relaxed = Ordering::Relaxed;
                        if self.gaps.fetch_update(relaxed, relaxed, one_less).is_ok() {
                            return Ok(Delta::Gap);
                        }
                        tokio::select! {
                            delta = self.inner.next() => return delta,
                            _ = self.mode.changed() => {}
                            _ = self.life.changed() => {
                                return Err(Error::unavailable("connection reset"));
                            }
                        }
                    }
                }
            }
        })
    }

    fn cursor(&self) -> Cursor {
        self.inner.cursor()
    }
}

/// An instance of the service `user` at this port.
pub fn entry(port: u16) -> ServiceEntry {
    ServiceEntry::new("user", "v1", format_args!("10.0.0.1:{port}")).unwrap()
}

/// The ports of a set.
pub fn ports(set: &gobrpc_registry::ServiceSet) -> Vec<u16> {
    let mut ports: Vec<u16> = set.iter().filter_map(|e| e.addr().port()).collect();
    ports.sort_unstable();
    ports
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
