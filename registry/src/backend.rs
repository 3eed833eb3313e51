//! [`Backend`]: where entries are kept.

pub mod chain;
#[cfg(feature = "consul")]
pub mod consul;
#[cfg(feature = "dns")]
pub mod dns;
#[cfg(feature = "etcd")]
pub mod etcd;
mod fault;
pub mod file;
pub mod fixed;
#[cfg(any(feature = "consul", feature = "etcd"))]
mod http;
mod looking;
pub mod memory;
pub mod merge;
mod polled;
mod reading;
#[cfg(any(feature = "client", feature = "server"))]
pub mod rpc;
pub mod saved;
mod url;
#[cfg(feature = "zookeeper")]
pub mod zookeeper;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use self::fault::PartFault;
#[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
pub use self::http::TlsOptions;
use self::memory::Memory;
pub use self::url::BackendUrl;
use crate::entry::ServiceEntry;
use crate::error::Result;
use crate::key::{Key, Prefix};

/// Where entries are kept: this process, etcd, Consul, ZooKeeper.
///
/// A backend is thin. It does one thing once and says how it went: it does not
/// retry, resume, cache or guard, since [`Registry`](crate::Registry) does all
/// that for every backend alike. Any future may be dropped at any time; what it
/// was about to do then happened or did not.
///
/// An entry is never kept without a lease: what nobody renews goes away. A lease
/// is bound to the identity of its acquisition, so that an old owner can never
/// renew or remove what a new one registered at the same address
/// ([consul-k8s#4059](https://github.com/hashicorp/consul-k8s/pull/4059)).
///
/// `tests/src/contract.rs` is one suite for all of them.
pub trait Backend: Send + Sync + 'static {
    /// Registers an entry under [`Key::of`] it, with a new lease.
    ///
    /// An entry of the same instance ID is replaced. One of another ID is
    /// replaced by [`Claim::TakeOver`]: the caller listens at that address, so the
    /// other is a previous life that did not deregister. Waiting for its lease
    /// would hide the new one for a TTL, or, where the backend then deletes the
    /// key, for good (measured on ZooKeeper).
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`](crate::Error::Conflict) if another ID is registered and
    /// `claim` is [`Claim::IfFree`]; else what the backend fails with.
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>>;

    /// Makes the lease last for its TTL from now on.
    ///
    /// # Errors
    ///
    /// If the backend cannot tell. A lease that is gone is no error but
    /// [`Standing::Lost`].
    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>>;

    /// Replaces the entry under the lease, if the lease still holds it.
    ///
    /// # Errors
    ///
    /// As for [`Backend::renew`].
    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>>;

    /// Ends the lease, and removes the entry if the lease still holds it. A lease
    /// that is gone is a success.
    ///
    /// # Errors
    ///
    /// What the backend fails with.
    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>>;

    /// Everything under a prefix, as of one moment, linearizable where the
    /// backend can.
    ///
    /// # Errors
    ///
    /// What the backend fails with. Nothing registered is an empty snapshot, and
    /// a failure never is one: whoever mixes them up empties the client's list
    /// ([nacos#4470](https://github.com/alibaba/nacos/issues/4470)).
    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>>;

    /// What changes under a prefix after a snapshot of it.
    ///
    /// # Errors
    ///
    /// What the backend fails with. A cursor that it no longer knows may be an
    /// error here, or [`Delta::Gap`] from the tail.
    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>>;

    /// What the backend can do.
    fn caps(&self) -> Caps;

    /// Of a backend that is several: those that fail, as of the last
    /// [`snapshot`](Backend::snapshot) of the prefix and the tail from there, though that
    /// was answered.
    fn faults(&self, _prefix: &Prefix) -> Vec<PartFault> {
        Vec::new()
    }

    /// Of a backend that is several: those in which the entry is not registered now,
    /// though the lease is held, as they fail.
    fn lease_faults(&self, _lease: &Lease) -> Vec<PartFault> {
        Vec::new()
    }

    /// Where the registry is, as `host:port`, if it is reached by a network: servers
    /// on all interfaces advertise the address that this machine has on its way
    /// there.
    fn remote(&self) -> Option<String> {
        None
    }
}

/// What changes under a prefix.
pub trait Tail: Send {
    /// The next change. Dropping the future loses none.
    ///
    /// # Errors
    ///
    /// If the stream of changes broke; it is not asked again then.
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>>;

    /// How far it has come.
    fn cursor(&self) -> Cursor;
}

/// A future in a box.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What to do if another instance is registered at the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Replace it.
    TakeOver,
    /// Leave it.
    IfFree,
}

/// The right to an entry, for a TTL after each renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The entry.
    pub key: Key,
    /// What the backend knows the lease by: unique to this acquisition.
    pub token: Arc<str>,
    /// The TTL that was granted.
    pub ttl: Duration,
}

impl Lease {
    /// A lease that was granted.
    pub fn new(key: Key, token: impl Into<Arc<str>>, ttl: Duration) -> Self {
        Self {
            key,
            token: token.into(),
            ttl,
        }
    }
}

/// How a lease stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It holds its entry.
    Held,
    /// It is gone, or its entry is: expired, revoked, or all data was lost.
    Lost,
    /// Another instance took the entry over.
    Displaced {
        /// The instance ID of the other.
        holder: Arc<str>,
    },
}

/// An entry and the name it is kept under.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The name.
    pub key: Key,
    /// The entry.
    pub entry: Arc<ServiceEntry>,
}

impl Record {
    /// An entry under a key.
    #[must_use]
    pub const fn new(key: Key, entry: Arc<ServiceEntry>) -> Self {
        Self { key, entry }
    }
}

/// Everything under a prefix, as of one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot {
    /// The entries.
    pub records: Vec<Record>,
    /// Values that are no entries: counted, and otherwise ignored, since one bad
    /// writer must not hide all others.
    pub malformed: usize,
    /// The moment.
    pub cursor: Cursor,
}

impl Snapshot {
    /// A snapshot without malformed values.
    #[must_use]
    pub const fn new(records: Vec<Record>, cursor: Cursor) -> Self {
        Self {
            records,
            malformed: 0,
            cursor,
        }
    }
}

/// A change under a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delta {
    /// An entry is new or has changed.
    Put(Record),
    /// An entry is gone.
    Delete(Key),
    /// A value is, or has become, no entry.
    Malformed(Key),
    /// Nothing changed, and the backend is alive: what keeps a watch from dying
    /// unnoticed ([etcd#8980](https://github.com/etcd-io/etcd/issues/8980)).
    Progress,
    /// Changes were lost: only a new snapshot helps.
    Gap,
}

/// A moment in the life of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Cursor {
    /// The life: another number after a restart that lost data. Backends that
    /// cannot tell (etcd's cluster ID survives a wipe, measured) say 0.
    pub epoch: u64,
    /// Grows with every change within an epoch.
    pub revision: u64,
}

impl Cursor {
    /// True if it is an earlier moment of the same life.
    #[must_use]
    pub const fn is_before(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.revision < other.revision
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}/{}", self.epoch, self.revision)
    }
}

/// What a backend can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caps {
    /// The shortest TTL of a lease; shorter ones are raised to it.
    pub min_ttl: Duration,
    /// A tail says something at least this often; `None` if it may be silent for
    /// any time. A tail that is silent for 2.5 times as long is taken for dead.
    pub heartbeat: Option<Duration>,
    /// Only processes on this machine can reach it, so that loopback addresses
    /// are good ones to register.
    pub local: bool,
}

impl Caps {
    /// Caps of a backend that others than this machine can reach.
    #[must_use]
    pub const fn new(min_ttl: Duration, heartbeat: Option<Duration>) -> Self {
        Self {
            min_ttl,
            heartbeat,
            local: false,
        }
    }

    /// The same for a backend that only this machine can reach.
    #[must_use]
    pub const fn local(mut self) -> Self {
        self.local = true;
        self
    }
}
