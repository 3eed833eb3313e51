//! [`Registry`]: registration and discovery over a backend.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::backend::Backend;
use crate::cache::Cache;
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::Prefix;
use crate::registration::{RegisterOptions, Registration};
use crate::selector::Selector;
use crate::set::ServiceSet;
use crate::watch::{Watch, WatchHealth};

/// Registration and discovery over a backend. Copies share everything.
///
/// Whatever is asked for comes from a cache that a background task keeps up to
/// date, one for each service however many ask. After the first answer no
/// question waits for the backend, and while the backend is away the last answer
/// stays.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Memory, RegisterOptions, Registry, Selector, ServiceEntry};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> gobrpc_registry::Result<()> {
/// let registry = Registry::new(Arc::new(Memory::new()));
/// let entry = ServiceEntry::new("user", "v1", "10.0.0.1:8080")?;
/// let registration = registry.register(entry, RegisterOptions::default())?;
/// registration.settled().await?;
///
/// let users = registry.get("user", &Selector::new().version("v1")).await?;
/// assert_eq!(users.iter().next().unwrap().url(), "tcp://10.0.0.1:8080");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Registry(Arc<Shared>);

struct Shared {
    backend: Arc<dyn Backend>,
    options: RegistryOptions,
    caches: Mutex<HashMap<Prefix, Arc<Cache>>>,
}

/// How a [`Registry`] keeps its caches.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryOptions {
    /// A healthy watch is checked against a new snapshot this often, ±20 % (60 s):
    /// streams were seen to lose events and say nothing
    /// ([etcd#18089](https://github.com/etcd-io/etcd/issues/18089)).
    pub resync: Duration,
    /// How long an answer without entries, or with less than half of four or
    /// more, is not believed right after the registry was away (20 s, twice the
    /// default TTL): servers may not have registered again yet. Fewer missing ones
    /// are believed after a third of it.
    pub empty_grace: Duration,
    /// How long what is known is served while the registry is away (`None`: for
    /// ever, since a registry that fails says nothing about servers). After it, to
    /// within a question to the backend, [`Registry::get`] fails and watches show
    /// nobody, until the registry is back.
    pub max_stale: Option<Duration>,
    /// How long a question to the backend may take (5 s).
    pub call_timeout: Duration,
    /// How long [`Registry::get`] waits for the very first answer (3 s).
    pub first_answer: Duration,
    /// A service that nobody asked for or watched for so long is no longer
    /// followed, when another one is asked for (10 min).
    pub idle: Duration,
    /// Most services that are followed at once (1,024): names may come from
    /// outside.
    pub services: usize,
    /// Most entries that are kept of one question (65,536).
    pub entries: usize,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            resync: Duration::from_secs(60),
            empty_grace: Duration::from_secs(20),
            max_stale: None,
            call_timeout: Duration::from_secs(5),
            first_answer: Duration::from_secs(3),
            idle: Duration::from_secs(600),
            services: 1024,
            entries: 65_536,
        }
    }
}

impl RegistryOptions {
    /// A day is for ever here, as the end of `Instant` is far and not infinite; and
    /// nothing is asked for more than once a second.
    fn within_reason(mut self) -> Self {
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));
        self.resync = self.resync.clamp(least, most);
        self.empty_grace = self.empty_grace.min(most);
        self.max_stale = self.max_stale.map(|max| max.min(most));
        self.call_timeout = self.call_timeout.min(most);
        self
    }
}

impl Registry {
    /// A registry over a backend.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self::with_options(backend, RegistryOptions::default())
    }

    /// A registry over a backend, with options of your own.
    #[must_use]
    pub fn with_options(backend: Arc<dyn Backend>, options: RegistryOptions) -> Self {
        Self(Arc::new(Shared {
            backend,
            options: options.within_reason(),
            caches: Mutex::default(),
        }))
    }

    /// Registers an entry, in the background, until the [`Registration`] is
    /// dropped.
    ///
    /// Register what listens already: the first call comes at once
    /// ([flynn#925](https://github.com/flynn/flynn/pull/925)).
    ///
    /// # Errors
    ///
    /// If the entry is too long, or there is no runtime. A backend that cannot be
    /// reached is no error: it may come.
    pub fn register(&self, entry: ServiceEntry, options: RegisterOptions) -> Result<Registration> {
        Registration::start(Arc::clone(&self.0.backend), entry, options)
    }

    /// The instances of a service that fit.
    ///
    /// The first question for a service waits for the backend; later ones are
    /// answered at once. An empty set means that the backend said so.
    ///
    /// # Errors
    ///
    /// If the backend never answered and does not do so within
    /// [`RegistryOptions::first_answer`]; if it is away for longer than
    /// [`RegistryOptions::max_stale`]; if too many services are followed.
    pub async fn get(&self, service: &str, selector: &Selector) -> Result<ServiceSet> {
        let cache = self.cache(Prefix::service(service))?;
        let set = cache.set(self.0.options.first_answer).await?;
        Ok(selector.select(&set))
    }

    /// All instances of all services.
    ///
    /// # Errors
    ///
    /// As for [`Registry::get`].
    pub async fn list(&self) -> Result<ServiceSet> {
        let cache = self.cache(Prefix::all())?;
        cache.set(self.0.options.first_answer).await
    }

    /// A service, as it changes.
    ///
    /// # Errors
    ///
    /// If too many services are followed, or there is no runtime.
    pub fn watch(&self, service: &str) -> Result<Watch> {
        Ok(Watch::new(service, self.cache(Prefix::service(service))?))
    }

    /// All services, as they change.
    ///
    /// # Errors
    ///
    /// As for [`Registry::watch`].
    pub fn watch_all(&self) -> Result<Watch> {
        Ok(Watch::new("", self.cache(Prefix::all())?))
    }

    /// How much is known of each service that is followed, and what it is worth:
    /// for metrics. In no order.
    #[must_use]
    pub fn health(&self) -> Vec<(Prefix, WatchHealth)> {
        let caches = self.0.caches.lock();
        let caches = caches.unwrap_or_else(PoisonError::into_inner);
        let healths = caches.iter();
        healths
            .map(|(prefix, cache)| (prefix.clone(), cache.health()))
            .collect()
    }

    #[cfg(feature = "server")]
    pub(crate) fn backend(&self) -> &Arc<dyn Backend> {
        &self.0.backend
    }

    fn cache(&self, prefix: Prefix) -> Result<Arc<Cache>> {
        let Shared {
            backend,
            options,
            caches,
        } = &*self.0;
        let mut caches = caches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cache) = caches.get(&prefix).filter(|cache| cache.is_alive()) {
            cache.touch();
            return Ok(Arc::clone(cache));
        }
        // Those that are in use elsewhere count more than once.
        let unused = |cache: &Arc<Cache>| Arc::strong_count(cache) == 1;
        caches.retain(|_, cache| !unused(cache) || cache.last_used().elapsed() < options.idle);
        if caches.len() >= options.services {
            let oldest = caches
                .iter()
                .filter(|(_, cache)| unused(cache))
                .min_by_key(|(_, cache)| cache.last_used())
                .map(|(prefix, _)| prefix.clone());
            match oldest {
                Some(oldest) => drop(caches.remove(&oldest)),
                None => return Err(Error::TooManyServices(options.services)),
            }
        }
        let cache = Cache::start(Arc::clone(backend), prefix.clone(), options)?;
        let cache = Arc::new(cache);
        caches.insert(prefix, Arc::clone(&cache));
        Ok(cache)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}
