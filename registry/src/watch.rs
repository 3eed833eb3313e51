//! [`Watch`]: a service, as it changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::backend::PartFault;
use crate::cache::Cache;
use crate::error::Error;
use crate::selector::Selector;
use crate::set::{Change, ServiceSet};

/// A service, as it changes: the whole set first, then what changed.
///
/// A reader who is slow misses steps in between and no state: a change is
/// counted from what this reader saw last, however much happened since. Nothing
/// queues up.
///
/// While the registry is away, the set stays as it was;
/// [`health`](Watch::health) tells.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use gobrpc_registry::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let registry = Registry::new(Arc::new(Memory::new()));
/// let mut watch = registry.watch("user")?;
/// assert!(matches!(watch.next().await, Event::Snapshot(set) if set.is_empty()));
///
/// let entry = ServiceEntry::new("user", "v1", "10.0.0.1:8080")?;
/// let _registration = registry.register(entry, RegisterOptions::default())?;
/// let Event::Change(change) = watch.next().await else { panic!() };
/// assert_eq!(change.added[0].addr().as_str(), "10.0.0.1:8080");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Watch {
    service: Arc<str>,
    cache: Arc<Cache>,
    sets: watch::Receiver<Option<ServiceSet>>,
    selector: Selector,
    seen: Option<ServiceSet>,
}

/// What a [`Watch`] sees.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The first: all instances.
    Snapshot(ServiceSet),
    /// All later ones: what changed since the last one.
    Change(Change),
}

impl Event {
    /// All instances.
    #[must_use]
    pub const fn all(&self) -> &ServiceSet {
        match self {
            Self::Snapshot(all) => all,
            Self::Change(change) => &change.all,
        }
    }
}

impl Watch {
    pub(crate) fn new(service: &str, cache: Arc<Cache>) -> Self {
        Self {
            service: service.into(),
            sets: cache.subscribe(),
            cache,
            selector: Selector::new(),
            seen: None,
        }
    }

    /// Sees the instances that fit only. It starts over with a snapshot.
    #[must_use]
    pub fn with_selector(mut self, selector: Selector) -> Self {
        self.sets = self.cache.subscribe();
        self.selector = selector;
        self.seen = None;
        self
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Waits for the first answer of the registry, then for changes.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Event {
        loop {
            let set = self.sets.borrow_and_update().clone();
            if let Some(set) = set {
                let set = self.selector.select(&set);
                let Some(seen) = &self.seen else {
                    self.seen = Some(set.clone());
                    return Event::Snapshot(set);
                };
                let change = set.since(seen);
                if !change.is_empty() {
                    self.seen = Some(set);
                    return Event::Change(change);
                }
            }
            if self.sets.changed().await.is_err() {
                // The sender is in the cache, which is here.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The instances as they are known now; `None` before the first answer of the
    /// registry.
    #[must_use]
    pub fn current(&self) -> Option<ServiceSet> {
        let set = self.sets.borrow();
        set.as_ref().map(|set| self.selector.select(set))
    }

    /// Asks the registry again soon, for everybody who watches the service: what is
    /// known seems to be wrong. Once each 5 s at most.
    pub(crate) fn refresh(&self) {
        self.cache.refresh();
    }

    /// How much what is known is worth.
    #[must_use]
    pub fn health(&self) -> WatchHealth {
        self.cache.health()
    }

    /// Waits until the registry goes away or comes back, as seen from this call on,
    /// and says how it is then.
    ///
    /// Dropping the future loses nothing but that. To wait for
    /// [`next`](Watch::next), too, use a clone.
    pub async fn health_changed(&self) -> WatchHealth {
        let mut stale = self.cache.stale();
        if stale.changed().await.is_err() {
            // The sender is in the cache, which is here.
            std::future::pending::<()>().await;
        }
        self.health()
    }
}

impl Clone for Watch {
    /// Another reader, who starts with a snapshot.
    fn clone(&self) -> Self {
        Self::new(&self.service, Arc::clone(&self.cache)).with_selector(self.selector.clone())
    }
}

/// How much what is known of a service is worth.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct WatchHealth {
    /// When the registry was last heard of; `None` for never.
    pub last_contact: Option<Instant>,
    /// The registry fails, and what is known may be old.
    pub stale: bool,
    /// It fails for longer than
    /// [`RegistryOptions::max_stale`](crate::RegistryOptions::max_stale), and what was
    /// known was dropped.
    pub expired: bool,
    /// What it fails with.
    pub last_error: Option<Error>,
    /// Of a registry that is several ([`Merge`](crate::Merge), [`Chain`](crate::Chain)):
    /// those that fail while the others answer.
    pub faults: Vec<PartFault>,
    /// Entries that are known, before any selector.
    pub entries: usize,
    /// Values that are no entries.
    pub malformed: u64,
    /// Entries that found no place
    /// ([`RegistryOptions::entries`](crate::RegistryOptions::entries)).
    pub overflow: u64,
    /// How often the registry went away.
    pub outages: u64,
    /// Snapshots that were taken.
    pub resyncs: u64,
    /// How often the registry lost changes, and said so.
    pub gaps: u64,
    /// Mass removals that were held back.
    pub guard_holds: u64,
}

impl WatchHealth {
    /// How long nothing was heard of the registry, which says something at least
    /// every few seconds; `None` if nothing ever was.
    #[must_use]
    pub fn silence(&self) -> Option<Duration> {
        self.last_contact.map(|at| at.elapsed())
    }
}
