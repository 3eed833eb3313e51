//! [`Merge`]: several backends at once.

mod leases;
mod union;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::leases::Leases;
use self::union::Union;
use super::{Backend, BoxFuture, Caps, Claim, Cursor, Lease, PartFault, Snapshot, Standing, Tail};
use crate::entry::ServiceEntry;
use crate::error::Result;
use crate::key::Prefix;

/// Several backends at once: to move from one registry to another while everything
/// runs.
///
/// - What is registered is registered in all of them that take it. It counts as
///   registered once one has it; with each renewal the others are tried again.
/// - What is found is what any of them has, by address and by instance ID. Of two
///   entries of the same address or ID, that of the backend further in front counts.
/// - A backend that fails is not one that is empty: what it said last stays. While one
///   fails, all are asked again every few seconds. Which it is, and why, is in
///   [`WatchHealth::faults`](crate::WatchHealth::faults) and
///   [`RegistrationStatus::faults`](crate::RegistrationStatus::faults).
///
/// To migrate: let all servers and clients use both, then take the old one away.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Backend, Memory, Merge, Registry, Selector, ServiceEntry};
/// use gobrpc_registry::backend::fixed::Static;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gobrpc_registry::Error> {
/// let new: Arc<dyn Backend> = Arc::new(Memory::new());
/// let old: Arc<dyn Backend> = Arc::new(Static::new([
///     ServiceEntry::new("user", "v1", "10.0.0.1:8080")?,
/// ]));
/// let registry = Registry::new(Arc::new(Merge::new([new, old])));
/// assert_eq!(registry.get("user", &Selector::new()).await?.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Merge(Arc<Inner>);

struct Inner {
    backends: Vec<Arc<dyn Backend>>,
    leases: Leases,
    union: Union,
}

impl Merge {
    /// These backends, the one that counts most first.
    #[must_use]
    pub fn new(backends: impl IntoIterator<Item = Arc<dyn Backend>>) -> Self {
        let backends: Vec<_> = backends.into_iter().collect();
        Self(Arc::new(Inner {
            leases: Leases::default(),
            union: Union::new(backends.clone()),
            backends,
        }))
    }
}

impl Backend for Merge {
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>> {
        Box::pin(self.0.acquire(entry, ttl, claim))
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(self.0.renew(lease))
    }

    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(self.0.update(lease, entry))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.release(lease))
    }

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.0.union.snapshot(prefix))
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        Box::pin(self.0.union.tail(prefix, after))
    }

    fn caps(&self) -> Caps {
        let all: Vec<Caps> = self.0.backends.iter().map(|one| one.caps()).collect();
        let min_ttl = all.iter().map(|caps| caps.min_ttl).max();
        let mut caps = Caps::new(min_ttl.unwrap_or_default(), Some(union::HEARTBEAT));
        caps.local = all.iter().all(|caps| caps.local);
        caps
    }

    fn faults(&self, prefix: &Prefix) -> Vec<PartFault> {
        self.0.union.faults(prefix)
    }

    fn lease_faults(&self, lease: &Lease) -> Vec<PartFault> {
        self.0.leases.faults(&lease.token)
    }

    fn remote(&self) -> Option<String> {
        self.0.backends.iter().find_map(|backend| backend.remote())
    }
}

impl fmt::Debug for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merge")
            .field("backends", &self.0.backends.len())
            .finish_non_exhaustive()
    }
}
