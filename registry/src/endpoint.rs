//! [`Endpoint`]: an instance that calls go to.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use gobrpc_protocol::{Caller, Result};

use crate::backend::{BoxFuture, Record};
use crate::balance::{Ewma, HashKey};
use crate::ejection::{EndpointState, Health};
use crate::entry::ServiceEntry;
use crate::key::Key;

/// Makes connections to instances.
///
/// Any `Fn(&ServiceEntry) -> Arc<dyn Connection>` does.
pub trait Connect: Send + Sync + 'static {
    /// A connection to an instance; lazy, since it must not block. What goes wrong
    /// comes out of its calls.
    fn connect(&self, entry: &ServiceEntry) -> Arc<dyn Connection>;
}

impl<F> Connect for F
where
    F: Fn(&ServiceEntry) -> Arc<dyn Connection> + Send + Sync + 'static,
{
    fn connect(&self, entry: &ServiceEntry) -> Arc<dyn Connection> {
        self(entry)
    }
}

/// A connection to an instance.
pub trait Connection: Caller + 'static {
    /// No more calls come: closes gracefully, in the background. Called at most
    /// once, when no call is under way. A connection that is dropped without this
    /// closes at once.
    fn close(&self);

    /// Waits until there is a connection; dials now if there is none. It is how an
    /// instance that could not be reached is looked at without risking a call.
    ///
    /// Without an implementation of your own it says that there is one, and the
    /// next call is the test.
    ///
    /// # Errors
    ///
    /// That of the dial.
    fn ready(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// An instance that calls go to. Copies share the connection and the counts.
#[derive(Clone)]
pub struct Endpoint {
    record: Arc<Record>,
    core: Arc<Core>,
}

/// What an endpoint keeps while its entry changes.
struct Core {
    connection: OnceLock<Arc<dyn Connection>>,
    /// Of its address, for policies that hash.
    hash: u64,
    born: Instant,
    in_flight: AtomicUsize,
    calls: AtomicU64,
    errors: AtomicU64,
    health: Health,
    ewma: Ewma,
    /// When it came, or came back, after others: in milliseconds from `born`, and
    /// one more; 0 if it was there from the start.
    started: AtomicU64,
    /// It has shown that it serves what it says.
    known: AtomicBool,
    retired: AtomicBool,
    closed: AtomicBool,
}

/// What an endpoint has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EndpointStats {
    /// Calls that went to it, those under way included; a retry counts where it
    /// went.
    pub calls: u64,
    /// Calls that failed on the way. An error that its handler returned is no
    /// such failure: the endpoint did what it is for.
    pub errors: u64,
    /// Calls under way.
    pub in_flight: usize,
    /// Whether it may get calls.
    pub state: EndpointState,
}

impl Endpoint {
    pub(crate) fn new(record: &Record, now: Instant, starts_slowly: bool) -> Self {
        Self {
            core: Arc::new(Core {
                connection: OnceLock::new(),
                hash: HashKey::of(record.key.instance()).hash(),
                born: now,
                in_flight: AtomicUsize::new(0),
                calls: AtomicU64::new(0),
                errors: AtomicU64::new(0),
                health: Health::new(now),
                ewma: Ewma::default(),
                started: AtomicU64::new(starts_slowly.into()),
                known: AtomicBool::new(false),
                retired: AtomicBool::new(false),
                closed: AtomicBool::new(false),
            }),
            record: Arc::new(record.clone()),
        }
    }

    /// The same endpoint with its entry as it is now; `None` if it is another one:
    /// another process at the same address, or to be dialled otherwise.
    pub(crate) fn updated(&self, record: &Record) -> Option<Self> {
        let (old, new) = (&self.record.entry, &record.entry);
        if self.record.key == record.key && Arc::ptr_eq(old, new) {
            return Some(self.clone());
        }
        let same = self.record.key == record.key
            && old.id() == new.id()
            && old.addr() == new.addr()
            && old.protocol == new.protocol;
        same.then(|| Self {
            record: Arc::new(record.clone()),
            core: Arc::clone(&self.core),
        })
    }

    pub(crate) fn key(&self) -> &Key {
        &self.record.key
    }

    /// The instance, as it was last heard of.
    #[must_use]
    pub fn entry(&self) -> &Arc<ServiceEntry> {
        &self.record.entry
    }

    /// Its share of calls relative to the others, where a policy looks at weights.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.record.entry.weight
    }

    /// Calls under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.core.in_flight.load(Ordering::Relaxed)
    }

    /// Whether it may get calls.
    #[must_use]
    pub fn state(&self) -> EndpointState {
        self.core.health.state()
    }

    /// What it has done.
    #[must_use]
    pub fn stats(&self) -> EndpointStats {
        EndpointStats {
            calls: self.core.calls.load(Ordering::Relaxed),
            errors: self.core.errors.load(Ordering::Relaxed),
            in_flight: self.in_flight(),
            state: self.state(),
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }

    pub(crate) fn hash(&self) -> u64 {
        self.core.hash
    }

    pub(crate) fn health(&self) -> &Health {
        &self.core.health
    }

    pub(crate) fn ewma(&self) -> &Ewma {
        &self.core.ewma
    }

    /// True if a call may come now.
    pub(crate) fn admits(&self) -> bool {
        self.core.health.admits()
    }

    /// How long it has been known.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.core.born)
    }

    /// When it came, or came back, after others.
    pub(crate) fn started_at(&self) -> Option<Instant> {
        let millis = self.core.started.load(Ordering::Relaxed).checked_sub(1)?;
        self.core.born.checked_add(Duration::from_millis(millis))
    }

    /// It is back, and starts anew.
    pub(crate) fn restarts(&self, now: Instant) {
        let millis = u64::try_from(self.age(now).as_millis()).unwrap_or(u64::MAX - 1);
        self.core.started.store(millis + 1, Ordering::Relaxed);
    }

    /// True if it has shown that it serves what it says, since it last failed.
    pub(crate) fn is_known(&self) -> bool {
        self.core.known.load(Ordering::Relaxed)
    }

    pub(crate) fn set_known(&self, known: bool) {
        // It hardly ever changes, and is read by all.
        if self.is_known() != known {
            self.core.known.store(known, Ordering::Relaxed);
        }
    }

    /// A place for a call; `None` if the endpoint takes no more. With `anyway`, also
    /// if it fails.
    pub(crate) fn enter(&self, anyway: bool, now: Instant) -> Option<InFlight> {
        let probe = self.core.health.enter(anyway)?;
        // Sequentially consistent, as is `retire`: either this sees that it is
        // retired, or that sees that a call is under way.
        self.core.in_flight.fetch_add(1, Ordering::SeqCst);
        let place = InFlight {
            endpoint: self.clone(),
            since: now,
            probe,
        };
        if self.core.retired.load(Ordering::SeqCst) {
            return None;
        }
        self.core.calls.fetch_add(1, Ordering::Relaxed);
        Some(place)
    }

    /// Lets no more calls in, and closes the connection when the last one is over.
    pub(crate) fn retire(&self) {
        self.core.retired.store(true, Ordering::SeqCst);
        self.core.close_if_idle();
    }

    pub(crate) fn connection(&self, connect: &dyn Connect) -> &Arc<dyn Connection> {
        let connection = &self.core.connection;
        connection.get_or_init(|| connect.connect(&self.record.entry))
    }
}

impl Core {
    fn close_if_idle(&self) {
        let idle =
            self.retired.load(Ordering::SeqCst) && self.in_flight.load(Ordering::SeqCst) == 0;
        if idle && !self.closed.swap(true, Ordering::SeqCst) {
            if let Some(connection) = self.connection.get() {
                connection.close();
            }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("key", &self.record.key.to_string())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// A call under way at an endpoint, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    endpoint: Endpoint,
    since: Instant,
    /// How it goes decides about the endpoint.
    probe: bool,
}

impl InFlight {
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) const fn since(&self) -> Instant {
        self.since
    }

    pub(crate) const fn is_probe(&self) -> bool {
        self.probe
    }

    pub(crate) fn failed(&self) {
        self.endpoint.core.errors.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let core = &self.endpoint.core;
        if self.probe {
            core.health.leave();
        }
        core.in_flight.fetch_sub(1, Ordering::SeqCst);
        core.close_if_idle();
    }
}
