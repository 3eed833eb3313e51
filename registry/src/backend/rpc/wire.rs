//! [`RegistryRpc`]: the calls by which processes share a registry, and their
//! arguments. Go programs make them by `net/rpc` with structs of the same fields:
//!
//! ```go
//! type Entry struct {
//!     Name, Version, Addr, Protocol, ID string
//!     Weight                            int64
//!     Zone                              string
//!     Tags                              []string
//!     State                             string
//!     Metadata                          map[string]string
//! }
//! type RegisterArgs struct {
//!     Entry     Entry
//!     TTLMillis uint64
//!     IfFree    bool
//! }
//! type Grant struct {
//!     Lease     string
//!     TTLMillis uint64
//!     Conflict  string
//! }
//! type LeaseArgs struct{ Lease string }
//! type Stand struct {
//!     Held   bool
//!     Holder string
//! }
//!
//! client, err := rpc.Dial("tcp", "127.0.0.1:7070")
//! var grant Grant
//! err = client.Call("Registry.Register", RegisterArgs{
//!     Entry: Entry{Name: "user", Version: "v1", Addr: "127.0.0.1:8080"}, TTLMillis: 10000,
//! }, &grant)
//! // Every 3 s; if the lease is not held, register again:
//! var stand Stand
//! err = client.Call("Registry.Renew", LeaseArgs{Lease: grant.Lease}, &stand)
//! ```
//!
//! `Watch` is a long poll: give it the epoch and the revision of the listing, or of the
//! answer before, and list again when it says that there is a gap. A whole program is
//! `tests/peers/go/cmd/registry` of the repository.

use std::collections::BTreeMap;

#[cfg(feature = "client")]
use gobrpc_client::service;
use gobrpc_protocol::Result;
use gobrpc_protocol::codec::Gob;
#[cfg(not(feature = "client"))]
use gobrpc_server::service;

#[cfg(feature = "server")]
use crate::backend::Claim;
use crate::backend::{Cursor, Standing};
use crate::entry::{ServiceEntry, State};
use crate::error::EntryError;
#[cfg(feature = "server")]
use crate::key::Key;
use crate::key::Prefix;

/// The registry as a service: `Registry` on the wire.
#[service(name = "Registry")]
pub trait RegistryRpc {
    /// Registers an entry until its lease ends.
    async fn register(&self, args: RegisterArgs) -> Result<Grant>;
    /// Makes a lease last for its TTL from now on.
    async fn renew(&self, args: LeaseArgs) -> Result<Stand>;
    /// Replaces the entry of a lease.
    async fn update(&self, args: UpdateArgs) -> Result<Stand>;
    /// Ends a lease and removes its entry. One that is gone is fine.
    async fn deregister(&self, args: LeaseArgs) -> Result<Stand>;
    /// What is registered.
    async fn list(&self, args: Scope) -> Result<Listing>;
    /// What has changed since a listing, or the answer before: at once if
    /// something has, else as soon as something does, or after the time that was
    /// asked for.
    async fn watch(&self, args: WatchArgs) -> Result<Changes>;
}

/// An instance of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct Entry {
    /// The name of the service.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `host:port`, or the path of a Unix socket.
    pub addr: String,
    /// `tcp` or `unix` if it is left out.
    pub protocol: String,
    /// The instance; a new one is made up if it is left out.
    pub id: String,
    /// The weight, 100 if it is left out; a negative one is none.
    pub weight: i64,
    /// Where it runs.
    pub zone: String,
    /// What it is good for.
    pub tags: Vec<String>,
    /// `serving` if it is left out, or `draining`.
    pub state: String,
    /// Anything else.
    pub metadata: BTreeMap<String, String>,
}

/// What to register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct RegisterArgs {
    /// The entry.
    pub entry: Entry,
    /// How long the entry outlives the last renewal, in milliseconds; 10,000 if it
    /// is left out.
    pub ttl_millis: u64,
    /// Leaves another instance at the address where it is, instead of taking over.
    pub if_free: bool,
}

/// A lease.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct Grant {
    /// What to renew and deregister by; empty if there is a conflict.
    pub lease: String,
    /// The TTL that was granted.
    pub ttl_millis: u64,
    /// The instance that is at the address, if the entry was to be registered at a
    /// free one only. Then nothing was registered.
    pub conflict: String,
}

/// Which lease.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct LeaseArgs {
    /// The lease, as it was granted.
    pub lease: String,
}

/// What to replace the entry of a lease by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct UpdateArgs {
    /// The lease, as it was granted.
    pub lease: String,
    /// The entry, at the same address.
    pub entry: Entry,
}

/// How a lease stands. Register again if it is not held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct Stand {
    /// It holds its entry.
    pub held: bool,
    /// The instance that took the address over, if one did.
    pub holder: String,
}

/// Which entries: all, those of a service, or the one at an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct Scope {
    /// The service; all if it is left out.
    pub service: String,
    /// The version, for a single entry.
    pub version: String,
    /// The address, for a single entry.
    pub addr: String,
}

/// What is registered, as of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct Listing {
    /// The entries, ordered by name, version and address.
    pub entries: Vec<Entry>,
    /// The life of the registry: another number after each start.
    pub epoch: u64,
    /// Grows with every change within an epoch.
    pub revision: u64,
}

/// What to wait for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct WatchArgs {
    /// Which entries.
    pub scope: Scope,
    /// The epoch of the listing, or the answer before.
    pub epoch: u64,
    /// Its revision.
    pub revision: u64,
    /// How long to wait, in milliseconds: at most a minute.
    pub wait_millis: u64,
}

/// What has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct Changes {
    /// The changes, in order: none if the time was over first.
    pub changes: Vec<Change>,
    /// Some changes are no longer known: list again.
    pub gap: bool,
    /// Where to go on.
    pub epoch: u64,
    /// Where to go on.
    pub revision: u64,
}

/// A change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Gob)]
#[gob(rename_all = "go")]
pub struct Change {
    /// The entry is gone; its name, version and address are in `entry`.
    pub deleted: bool,
    /// The entry as it is now.
    pub entry: Entry,
}

impl Entry {
    /// A deleted one.
    #[cfg(feature = "server")]
    pub(super) fn gone(key: &Key) -> Self {
        Self {
            name: key.service().to_owned(),
            version: key.version().to_owned(),
            addr: key.instance().to_owned(),
            ..Self::default()
        }
    }

    /// The entry, whose ID is a new one if it has none.
    pub(super) fn read(self) -> Result<ServiceEntry, EntryError> {
        let mut entry = ServiceEntry::new(self.name, self.version, self.addr)?;
        if !self.id.is_empty() {
            entry = entry.with_id(self.id)?;
        }
        if !self.protocol.is_empty() {
            entry.protocol = self.protocol;
        }
        entry.weight = match self.weight {
            0 => entry.weight,
            weight => u32::try_from(weight.max(0)).unwrap_or(u32::MAX),
        };
        entry.zone = self.zone;
        entry.tags = self.tags;
        entry.state = match self.state.as_str() {
            "" | "serving" => State::Serving,
            // A state from a later version is not one to send new calls to.
            _ => State::Draining,
        };
        entry.metadata = self.metadata;
        entry.check()?;
        Ok(entry)
    }
}

impl From<&ServiceEntry> for Entry {
    fn from(entry: &ServiceEntry) -> Self {
        let state = match entry.state {
            State::Serving => "serving",
            State::Draining => "draining",
        };
        Self {
            name: entry.name().to_owned(),
            version: entry.version().to_owned(),
            addr: entry.addr().to_string(),
            protocol: entry.protocol.clone(),
            id: entry.id().to_owned(),
            weight: match entry.weight {
                0 => -1,
                weight => weight.into(),
            },
            zone: entry.zone.clone(),
            tags: entry.tags.clone(),
            state: state.to_owned(),
            metadata: entry.metadata.clone(),
        }
    }
}

impl From<Standing> for Stand {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Held => Self {
                held: true,
                holder: String::new(),
            },
            Standing::Lost => Self::default(),
            Standing::Displaced { holder } => Self {
                held: false,
                holder: holder.as_ref().to_owned(),
            },
        }
    }
}

impl From<Stand> for Standing {
    fn from(stand: Stand) -> Self {
        match stand {
            Stand { held: true, .. } => Self::Held,
            Stand { holder, .. } if holder.is_empty() => Self::Lost,
            Stand { holder, .. } => Self::Displaced {
                holder: holder.into(),
            },
        }
    }
}

impl Scope {
    #[cfg(feature = "client")]
    pub(super) fn of(prefix: &Prefix) -> Self {
        match (prefix.as_key(), prefix.service_name()) {
            (Some(key), _) => Self {
                service: key.service().to_owned(),
                version: key.version().to_owned(),
                addr: key.instance().to_owned(),
            },
            (None, service) => Self {
                service: service.unwrap_or_default().to_owned(),
                ..Self::default()
            },
        }
    }

    /// # Errors
    ///
    /// If it has a version or an address only.
    #[cfg(feature = "server")]
    pub(super) fn prefix(&self) -> Result<Prefix, EntryError> {
        match (&*self.service, &*self.version, &*self.addr) {
            ("", "", "") => Ok(Prefix::all()),
            (service, "", "") => Ok(Prefix::service(service)),
            (service, version, addr) => Ok(Prefix::key(Key::of(&ServiceEntry::new(
                service, version, addr,
            )?))),
        }
    }
}

/// How a lease is claimed.
#[cfg(feature = "server")]
pub(super) const fn claim(if_free: bool) -> Claim {
    match if_free {
        true => Claim::IfFree,
        false => Claim::TakeOver,
    }
}

/// Where to go on.
pub(super) const fn cursor(epoch: u64, revision: u64) -> Cursor {
    Cursor { epoch, revision }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were() {
        let entry = |addr: &str| ServiceEntry::new("a/b", "v 1", addr).unwrap();
        let mut draining = entry("[::1]:80").with_zone("z").with_weight(0);
        draining.state = State::Draining;
        for entry in [
            entry("10.0.0.1:80").with_tag("t").with_metadata("k", "v"),
            entry("/run/a b.sock").with_protocol("http"),
            entry("h:1").with_weight(u32::MAX),
            draining,
        ] {
            assert_eq!(Entry::from(&entry).read().unwrap(), entry);
        }
    }

    #[test]
    fn what_is_no_entry_is_an_error() {
        let good = Entry::from(&ServiceEntry::new("s", "v1", "h:1").unwrap());
        assert!(good.clone().read().is_ok());
        for bad in [
            Entry::default(),
            Entry {
                addr: "h:0".to_owned(),
                ..good.clone()
            },
            Entry {
                version: String::new(),
                ..good.clone()
            },
            Entry {
                id: "a\n".to_owned(),
                ..good.clone()
            },
            Entry {
                zone: "z".repeat(ServiceEntry::MAX_JSON),
                ..good.clone()
            },
        ] {
            assert!(bad.clone().read().is_err(), "{bad:?}");
        }
        let few = Entry {
            weight: i64::MIN,
            ..good.clone()
        };
        assert_eq!(few.read().unwrap().weight, 0);
        let many = Entry {
            weight: i64::MAX,
            ..good
        };
        assert_eq!(many.read().unwrap().weight, u32::MAX);
    }
}
