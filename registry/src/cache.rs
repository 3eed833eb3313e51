//! [`Cache`]: what a process knows of a prefix, kept up to date.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::backend::{Backend, Cursor, Delta};
use crate::backoff::Backoff;
use crate::catalog::{Catalog, Guards};
use crate::error::{Error, Result};
use crate::key::Prefix;
use crate::patience::{PAUSED, within};
use crate::registry::RegistryOptions;
use crate::set::ServiceSet;
use crate::watch::WatchHealth;

/// What a process knows of a prefix, kept up to date by one task until it is
/// dropped: one watch for everybody who asks
/// ([teleport#6889](https://github.com/gravitational/teleport/issues/6889)).
#[derive(Debug)]
pub(crate) struct Cache {
    board: Arc<Board>,
    task: AbortHandle,
    used: Mutex<Instant>,
}

/// Where the task writes what it knows.
#[derive(Debug)]
struct Board {
    /// `None` until the first answer.
    set: watch::Sender<Option<ServiceSet>>,
    health: Mutex<WatchHealth>,
    /// Whether the registry is away, for those who wait for that.
    stale: watch::Sender<bool>,
    /// Somebody found that what is known is wrong.
    refresh: Notify,
}

impl Cache {
    pub(crate) fn start(
        backend: Arc<dyn Backend>,
        prefix: Prefix,
        options: &RegistryOptions,
    ) -> Result<Self> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let board = Arc::new(Board {
            set: watch::Sender::new(None),
            health: Mutex::default(),
            stale: watch::Sender::new(false),
            refresh: Notify::new(),
        });
        let random = fastrand::Rng::new();
        let guards = Guards {
            grace: options.empty_grace,
            entries: options.entries,
        };
        let follower = Follower {
            heartbeat: backend.caps().heartbeat,
            backend,
            prefix,
            board: Arc::clone(&board),
            catalog: Catalog::new(guards),
            backoff: Backoff::new(BACKOFF_BASE, BACKOFF_CAP, random),
            resync: options.resync,
            call_timeout: options.call_timeout,
            max_stale: options.max_stale,
            heard_at: Instant::now(),
            newest: None,
            older: 0,
            dirty: false,
            published_at: Instant::now(),
        };
        let task = runtime.spawn(follower.run()).abort_handle();
        Ok(Self {
            board,
            task,
            used: Mutex::new(Instant::now()),
        })
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<ServiceSet>> {
        self.board.set.subscribe()
    }

    /// Whether the registry is away, as it changes.
    pub(crate) fn stale(&self) -> watch::Receiver<bool> {
        self.board.stale.subscribe()
    }

    /// The set as it is known, after waiting for the first answer.
    pub(crate) async fn set(&self, patience: Duration) -> Result<ServiceSet> {
        self.touch();
        if let Some(error) = self.board.too_old() {
            return Err(error);
        }
        if let Some(set) = &*self.board.set.borrow() {
            return Ok(set.clone());
        }
        let mut sets = self.subscribe();
        let known = sets.wait_for(Option::is_some);
        if let Ok(Ok(set)) = timeout(patience, known).await {
            if let Some(set) = &*set {
                return Ok(set.clone());
            }
        }
        let error = self.health().last_error;
        Err(error.unwrap_or_else(|| Error::silent(patience)))
    }

    pub(crate) fn health(&self) -> WatchHealth {
        self.board.health().clone()
    }

    /// Lists again soon, however often this is called.
    pub(crate) fn refresh(&self) {
        self.board.refresh.notify_one();
    }

    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(crate) fn last_used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False if the runtime that it was started on is gone.
    pub(crate) fn is_alive(&self) -> bool {
        !self.task.is_finished()
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Board {
    fn health(&self) -> MutexGuard<'_, WatchHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_stale(&self, stale: bool) {
        self.stale
            .send_if_modified(|known| std::mem::replace(known, stale) != stale);
    }

    /// Why nothing is known any more, if what was known is too old.
    fn too_old(&self) -> Option<Error> {
        let health = self.health();
        health.expired.then(|| {
            let why = health.last_error.clone();
            why.unwrap_or_else(|| Error::unavailable("what was known is too old"))
        })
    }
}

/// Reconnects spread over 1, 2, 4, … s: what is known is served meanwhile, so that
/// nobody is in a hurry. The cap is lower than the usual 30 s, for nobody sees new
/// servers before.
const BACKOFF_BASE: Duration = Duration::from_secs(1);
const BACKOFF_CAP: Duration = Duration::from_secs(10);

/// A watch that lived so long ended by chance, not by a fault that stays.
const HEALTHY: Duration = Duration::from_secs(5);

/// At most so often a new set is made: a burst of a thousand changes is one.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);

/// Snapshots in a row that are older than what was seen, until they are taken for
/// the truth: fewer may come from a member of a cluster that lags behind, more
/// from one that was restored.
const OLDER: u32 = 2;

/// The task behind a [`Cache`]: snapshot, tail, and again after every break.
///
/// It never resumes a broken tail: after a restart without its data, etcd takes
/// a cursor from the future, and is silent for ever (measured).
struct Follower {
    backend: Arc<dyn Backend>,
    prefix: Prefix,
    board: Arc<Board>,
    catalog: Catalog,
    backoff: Backoff,
    heartbeat: Option<Duration>,
    resync: Duration,
    call_timeout: Duration,
    max_stale: Option<Duration>,
    /// When the registry last said something.
    heard_at: Instant,
    newest: Option<Cursor>,
    older: u32,
    /// The catalog shows more than was published.
    dirty: bool,
    published_at: Instant,
}

/// Why a tail is no longer followed.
enum End {
    Resync,
    Gap,
    Broken(Error),
}

impl Follower {
    async fn run(mut self) {
        let mut after_outage = false;
        loop {
            let started = Instant::now();
            let end = match self.list(after_outage).await {
                Ok(cursor) => {
                    after_outage = false;
                    self.follow(cursor).await
                }
                Err(error) => End::Broken(error),
            };
            // It answers, and what it says is doubted: to ask once more is to do so
            // soon, not when an outage would be asked about again.
            if self.older > 0 {
                self.backoff.reset();
            }
            // However an edge of this loop is taken, it is not taken in a hurry.
            let healthy = started.elapsed() >= HEALTHY;
            if healthy {
                self.backoff.reset();
            }
            match end {
                End::Resync => {}
                End::Gap => {
                    info!(prefix = %self.prefix, "the registry lost changes; listing again");
                    self.board.health().gaps += 1;
                    if !healthy {
                        sleep(self.backoff.pause()).await;
                    }
                }
                End::Broken(error) => {
                    after_outage = true;
                    self.broken(error);
                    let pause = self.backoff.pause();
                    self.wait(pause).await;
                }
            }
        }
    }

    /// Waits while the registry is away, and gives up what is known when it is too
    /// old.
    async fn wait(&mut self, pause: Duration) {
        let end = Instant::now() + pause;
        if let Some(max) = self.max_stale {
            let expiry = self.heard_at + max;
            if expiry <= end && !self.board.health().expired {
                sleep_until(expiry).await;
                self.expire(max);
            }
        }
        sleep_until(end).await;
    }

    fn expire(&mut self, max: Duration) {
        warn!(prefix = %self.prefix, "nothing was heard of the registry for {max:?}; what was known is dropped");
        self.dirty |= self.catalog.clear();
        self.board.health().expired = true;
        // Those who wait for a first answer go on waiting.
        if self.board.set.borrow().is_some() {
            self.publish(Instant::now());
        }
    }

    /// Takes in a snapshot.
    async fn list(&mut self, after_outage: bool) -> Result<Cursor> {
        let snapshot = self.call(self.backend.snapshot(&self.prefix)).await?;
        let cursor = snapshot.cursor;
        if self.newest.is_some_and(|newest| cursor.is_before(&newest)) && self.older < OLDER {
            self.older += 1;
            return Err(Error::unavailable(
                "it answers with an older state than before",
            ));
        }
        self.older = 0;
        self.newest = Some(cursor);
        let now = Instant::now();
        self.dirty |= self.catalog.replace(snapshot.records, after_outage, now);
        self.heard();
        {
            let faults = self.backend.faults(&self.prefix);
            let mut health = self.board.health();
            health.resyncs += 1;
            health.malformed = snapshot.malformed as u64;
            health.faults = faults;
        }
        self.publish(now);
        Ok(cursor)
    }

    /// Takes in changes until that ends.
    async fn follow(&mut self, cursor: Cursor) -> End {
        let backend = Arc::clone(&self.backend);
        let prefix = self.prefix.clone();
        let mut tail = match self.call(backend.tail(&prefix, cursor)).await {
            Ok(tail) => tail,
            Err(error) => return End::Broken(error),
        };
        // One of several may have gone since it was listed.
        self.board.health().faults = backend.faults(&prefix);
        let silence = self.heartbeat.map(|heartbeat| heartbeat * 5 / 2);
        let started = Instant::now();
        let mut resync_at = started + self.backoff.around(self.resync, 20);
        let board = Arc::clone(&self.board);
        // How far the silence is counted from: contact, or the end of a pause of
        // this process, which is nobody's silence.
        let mut quiet_since = started;
        loop {
            let due = [
                Some(resync_at),
                silence.map(|silence| quiet_since + silence),
                self.catalog.next_due(),
                self.dirty.then(|| self.published_at + PUBLISH_EVERY),
            ];
            let wake = due.into_iter().flatten().min().unwrap_or(resync_at);
            let delta = tokio::select! {
                biased;
                delta = tail.next() => Some(delta),
                () = sleep_until(wake) => None,
                () = board.refresh.notified() => {
                    // Not more often than a watch is taken for healthy.
                    resync_at = resync_at.min(started + HEALTHY);
                    None
                }
            };
            let now = Instant::now();
            let late = now.saturating_duration_since(wake);
            if late >= PAUSED {
                // What came meanwhile is read, and the registry asked once more,
                // before it is called silent.
                debug!(prefix = %self.prefix, "this process was paused for {late:?}");
                let half = silence.unwrap_or_default() / 2;
                quiet_since = now.checked_sub(half).unwrap_or(now).max(quiet_since);
            }
            match delta {
                Some(Ok(delta)) => {
                    quiet_since = now;
                    self.newest = Some(tail.cursor());
                    self.heard();
                    match delta {
                        Delta::Put(record) => self.dirty |= self.catalog.put(record),
                        Delta::Delete(key) => self.catalog.remove(&key, now),
                        Delta::Malformed(key) => {
                            self.board.health().malformed += 1;
                            self.catalog.remove(&key, now);
                        }
                        Delta::Progress => {}
                        Delta::Gap => return End::Gap,
                    }
                    // A tail that is never empty must not keep others from running.
                    tokio::task::consume_budget().await;
                }
                Some(Err(error)) => return End::Broken(error),
                None => {}
            }
            self.dirty |= self.catalog.tick(now);
            if self.dirty && now >= self.published_at + PUBLISH_EVERY {
                self.publish(now);
            }
            match silence {
                Some(silence) if now >= quiet_since + silence => {
                    return End::Broken(Error::silent(silence));
                }
                _ => {}
            }
            if now >= resync_at {
                return End::Resync;
            }
        }
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        within(self.call_timeout, work).await
    }

    fn heard(&mut self) {
        self.heard_at = Instant::now();
        let mut health = self.board.health();
        if health.stale {
            info!(prefix = %self.prefix, "the registry is back");
        }
        health.stale = false;
        health.expired = false;
        health.last_error = None;
        health.last_contact = Some(self.heard_at.into_std());
        drop(health);
        self.board.tell_stale(false);
    }

    /// The set stays as it is: a registry that fails says nothing about servers.
    fn broken(&self, error: Error) {
        let mut health = self.board.health();
        if health.stale {
            debug!(prefix = %self.prefix, %error, "the registry is still away");
        } else {
            warn!(prefix = %self.prefix, %error, "the registry is away; what was known stays");
            health.outages += 1;
        }
        health.stale = true;
        // It is about all of them.
        health.faults.clear();
        health.last_error = Some(error);
        drop(health);
        self.board.tell_stale(true);
    }

    fn publish(&mut self, now: Instant) {
        {
            let mut health = self.board.health();
            health.entries = self.catalog.len();
            health.guard_holds = self.catalog.holds;
            health.overflow = self.catalog.overflow;
        }
        self.published_at = now;
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let set = self.catalog.set();
        self.board.set.send_if_modified(|known| {
            let changed = known.as_ref() != Some(&set);
            *known = Some(set);
            changed
        });
    }
}
