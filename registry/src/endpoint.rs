//! [`Endpoint`]: an instance that calls go to.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use gobrpc_protocol::Caller;

use crate::backend::Record;
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
}

/// An instance that calls go to. Copies share the connection and the counts.
#[derive(Clone)]
pub struct Endpoint {
    key: Key,
    entry: Arc<ServiceEntry>,
    core: Arc<Core>,
}

/// What an endpoint keeps while its entry changes.
struct Core {
    connection: OnceLock<Arc<dyn Connection>>,
    in_flight: AtomicUsize,
    calls: AtomicU64,
    errors: AtomicU64,
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
}

impl Endpoint {
    pub(crate) fn new(record: &Record) -> Self {
        Self {
            key: record.key.clone(),
            entry: Arc::clone(&record.entry),
            core: Arc::new(Core {
                connection: OnceLock::new(),
                in_flight: AtomicUsize::new(0),
                calls: AtomicU64::new(0),
                errors: AtomicU64::new(0),
                retired: AtomicBool::new(false),
                closed: AtomicBool::new(false),
            }),
        }
    }

    /// The same endpoint with its entry as it is now; `None` if it is another one:
    /// another process at the same address, or to be dialled otherwise.
    pub(crate) fn updated(&self, record: &Record) -> Option<Self> {
        let (old, new) = (&self.entry, &record.entry);
        let same = self.key == record.key
            && old.id() == new.id()
            && old.addr() == new.addr()
            && old.protocol == new.protocol;
        same.then(|| Self {
            key: record.key.clone(),
            entry: Arc::clone(new),
            core: Arc::clone(&self.core),
        })
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }

    /// The instance, as it was last heard of.
    #[must_use]
    pub const fn entry(&self) -> &Arc<ServiceEntry> {
        &self.entry
    }

    /// Calls under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.core.in_flight.load(Ordering::Relaxed)
    }

    /// What it has done.
    #[must_use]
    pub fn stats(&self) -> EndpointStats {
        EndpointStats {
            calls: self.core.calls.load(Ordering::Relaxed),
            errors: self.core.errors.load(Ordering::Relaxed),
            in_flight: self.in_flight(),
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }

    /// A place for a call; `None` if the endpoint takes no more.
    pub(crate) fn enter(&self) -> Option<InFlight> {
        // Sequentially consistent, as is `retire`: either this sees that it is
        // retired, or that sees that a call is under way.
        self.core.in_flight.fetch_add(1, Ordering::SeqCst);
        let place = InFlight(self.clone());
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
            .field("key", &self.key.to_string())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// A call under way at an endpoint, until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Endpoint);

impl InFlight {
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.0
    }

    pub(crate) fn connection(&self, connect: &dyn Connect) -> &Arc<dyn Connection> {
        let connection = &self.0.core.connection;
        connection.get_or_init(|| connect.connect(&self.0.entry))
    }

    pub(crate) fn failed(&self) {
        self.0.core.errors.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.core.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.0.core.close_if_idle();
    }
}
