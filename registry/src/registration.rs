//! [`Registration`]: an entry that stays registered.

mod task;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tracing::warn;

use self::task::Task;
use crate::backend::{Backend, PartFault};
use crate::entry::{ServiceEntry, State};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::lease::Keeper;
use crate::patience::Patience;

/// An entry that stays registered until this is dropped.
///
/// A task of its own renews the lease every third of its TTL, and takes a new one
/// whenever the old one is gone: expired, revoked, or forgotten by a registry that
/// lost its data. It tries for ever; [`state`](Registration::state) says how it
/// goes.
///
/// Dropping it takes the entry away in the background, if the runtime lives long
/// enough; [`deregister`](Registration::deregister) waits for that. In the worst
/// case the entry goes when its TTL is over.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// # use gobrpc_registry::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let registry = Registry::new(Arc::new(Memory::new()));
/// let entry = ServiceEntry::new("user", "v1", "10.0.0.1:8080")?;
/// let registration = registry.register(entry, RegisterOptions::default())?;
/// registration.settled().await?;
/// assert_eq!(registration.state(), RegistrationState::Registered);
///
/// registration.update(|entry| entry.weight = 10)?;
/// registration.deregister().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping a registration takes the entry away"]
pub struct Registration {
    wanted: watch::Sender<Wanted>,
    status: watch::Receiver<RegistrationStatus>,
    ttl: Duration,
}

/// How to register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegisterOptions {
    /// How long the entry outlives a dead process (10 s); raised to what the
    /// backend can do. Three renewals must fail before a live one is lost.
    pub ttl: Duration,
}

impl Default for RegisterOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(10),
        }
    }
}

impl RegisterOptions {
    /// Sets how long the entry outlives a dead process.
    #[must_use]
    pub const fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }
}

/// How a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegistrationState {
    /// It was never registered yet.
    Pending,
    /// It is registered.
    Registered,
    /// It was registered, and is about to be again.
    Retrying,
    /// Another live instance is registered at the same address; this one waits
    /// for it to go.
    Conflict,
    /// It is over.
    Deregistered,
}

/// How a registration stands, and stood.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RegistrationStatus {
    /// How it stands.
    pub state: RegistrationState,
    /// What went wrong last, until something goes right.
    pub last_error: Option<Error>,
    /// Of a registry that is several ([`Merge`](crate::Merge)): those that do not have the
    /// entry now, as they fail, while others have it.
    pub faults: Vec<PartFault>,
    /// Leases that were taken; more than one means that some were lost.
    pub acquisitions: u64,
    /// Renewals that failed, without those that found the lease gone.
    pub renew_failures: u64,
    /// The state that another process asked for, by giving the same instance (the same
    /// ID at the same address) that state, as `gobrpc registry drain` does. It holds
    /// until it asks for another; an entry that drains by its own will does so anyway.
    pub ordered: Option<State>,
    /// Changes of the entry that the registry has.
    applied: u64,
}

impl RegistrationStatus {
    /// How often a lease was lost and another one taken.
    #[must_use]
    pub const fn re_registrations(&self) -> u64 {
        self.acquisitions.saturating_sub(1)
    }
}

struct Wanted {
    entry: Arc<ServiceEntry>,
    /// Counts the changes of the entry.
    revision: u64,
    stop: bool,
}

impl Registration {
    pub(crate) fn start(
        backend: Arc<dyn Backend>,
        entry: ServiceEntry,
        options: RegisterOptions,
    ) -> Result<Self> {
        entry.check()?;
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let caps = backend.caps();
        if entry.addr().is_local() && !caps.local {
            warn!(addr = %entry.addr(), "registering an address that only this machine can reach");
        }
        // A longer lease is none, and the end of `Instant` is far.
        let longest = Duration::from_secs(24 * 60 * 60);
        let ttl = options.ttl.max(caps.min_ttl).min(longest);
        let (wanted, wants) = watch::channel(Wanted {
            entry: Arc::new(entry),
            revision: 1,
            stop: false,
        });
        let (publish, status) = watch::channel(RegistrationStatus {
            state: RegistrationState::Pending,
            last_error: None,
            faults: Vec::new(),
            acquisitions: 0,
            renew_failures: 0,
            ordered: None,
            applied: 0,
        });
        let keeper = Keeper::new(Instant::now(), ttl, fastrand::Rng::new());
        let task = Task {
            backend,
            wants,
            publish,
            keeper,
            ttl,
            patience: Patience::new(ttl / 3, ttl),
            lease: None,
            ordered: None,
        };
        runtime.spawn(task.run());
        Ok(Self {
            wanted,
            status,
            ttl,
        })
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> RegistrationState {
        self.status.borrow().state
    }

    /// How it stands, and stood.
    #[must_use]
    pub fn status(&self) -> RegistrationStatus {
        self.status.borrow().clone()
    }

    /// Waits until it stands otherwise, and says how.
    pub async fn changed(&mut self) -> RegistrationState {
        let before = self.state();
        // The task says that it is over before it ends.
        let after = self.status.wait_for(|status| status.state != before).await;
        after.map_or(RegistrationState::Deregistered, |status| status.state)
    }

    /// The entry as it shall be registered.
    #[must_use]
    pub fn entry(&self) -> Arc<ServiceEntry> {
        Arc::clone(&self.wanted.borrow().entry)
    }

    /// Changes the entry: now, here, and in the registry as soon as it can be
    /// reached.
    ///
    /// # Errors
    ///
    /// If the changed entry cannot be registered; it stays as it was then.
    pub fn update(&self, edit: impl FnOnce(&mut ServiceEntry)) -> Result<()> {
        let before = self.entry();
        let mut entry = (*before).clone();
        edit(&mut entry);
        entry.check()?;
        if entry.addr() != before.addr()
            || entry.name() != before.name()
            || entry.version() != before.version()
        {
            // An edit can replace the entry as a whole.
            return Err(Error::refused("another entry needs another registration"));
        }
        self.wanted.send_modify(|wanted| {
            wanted.entry = Arc::new(entry);
            wanted.revision += 1;
        });
        Ok(())
    }

    /// Says that it takes no new calls: clients go elsewhere, and finish what
    /// they began. Wait for [`settled`](Registration::settled), and for clients to
    /// hear of it.
    pub fn drain(&self) {
        self.wanted.send_modify(|wanted| {
            let mut entry = (*wanted.entry).clone();
            entry.state = State::Draining;
            wanted.entry = Arc::new(entry);
            wanted.revision += 1;
        });
    }

    /// Waits until the registry has the entry as it is now.
    ///
    /// That is as long as the registry cannot be reached; put a timeout around it.
    ///
    /// # Errors
    ///
    /// If the registration is over.
    pub async fn settled(&self) -> Result<()> {
        let revision = self.wanted.borrow().revision;
        let mut status = self.status.clone();
        let settled = status.wait_for(|status| {
            status.state == RegistrationState::Deregistered
                || status.state == RegistrationState::Registered && status.applied >= revision
        });
        match settled.await.map(|status| status.state) {
            Ok(RegistrationState::Registered) => Ok(()),
            _ => Err(Error::Deregistered),
        }
    }

    /// Takes the entry away, and waits for that: at most a TTL.
    ///
    /// Dropping the future does not stop it.
    ///
    /// # Errors
    ///
    /// If the registry could not be reached for so long. The entry is gone by
    /// then or soon, as nobody renews its lease.
    pub async fn deregister(mut self) -> Result<()> {
        self.wanted.send_modify(|wanted| wanted.stop = true);
        let over = self
            .status
            .wait_for(|status| status.state == RegistrationState::Deregistered);
        match timeout(self.ttl, over).await {
            Ok(Ok(status)) => status.last_error.clone().map_or(Ok(()), Err),
            Ok(Err(_)) => Err(Error::Deregistered),
            Err(_) => Err(Error::silent(self.ttl)),
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.wanted.send_modify(|wanted| wanted.stop = true);
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("key", &Key::of(&self.entry()))
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
