//! [`Announce`]: registration in step with a server; feature `server`.

use std::fmt;
use std::time::Duration;

use gobrpc_server::{Running, Server, ShutdownReport};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::advertise::Advertise;
use crate::entry::ServiceEntry;
use crate::error::{EntryError, Error};
use crate::registration::{RegisterOptions, Registration, RegistrationState};
use crate::registry::Registry;

/// Starts a server and registers it, in the order that loses no call.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use gobrpc_registry::{Memory, Registry, Selector};
/// use gobrpc_registry::announce::Announce;
/// use gobrpc_server::Server;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::new(Arc::new(Memory::new()));
/// let announced = Announce::new(&registry)
///     .service("user", "v1")
///     .entry(|entry| entry.zone = "a".into())
///     .drain_delay(Duration::from_millis(100))
///     .start(&Server::new(), "127.0.0.1:0")
///     .await?;
/// announced.registrations()[0].settled().await?;
/// assert_eq!(registry.get("user", &Selector::new()).await?.len(), 1);
///
/// announced.shutdown(Duration::from_secs(30)).await;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is announced before it is started"]
pub struct Announce {
    registry: Registry,
    services: Vec<(String, String)>,
    advertise: Advertise,
    edit: Box<dyn Fn(&mut ServiceEntry) + Send + Sync>,
    options: RegisterOptions,
    drain_delay: Duration,
}

impl Announce {
    /// An announcement of no service yet.
    pub fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            services: Vec::new(),
            advertise: Advertise::default(),
            edit: Box::new(|_| {}),
            options: RegisterOptions::default(),
            drain_delay: Duration::from_secs(5),
        }
    }

    /// Adds a service, by the name and version that clients look for.
    pub fn service(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.services.push((name.into(), version.into()));
        self
    }

    /// The host that others reach this machine by.
    ///
    /// If it is not given, it is that of the environment variable
    /// `GOBRPC_ADVERTISE` (`host`, `host:port` or `:port`, for containers and NAT);
    /// else the one that is listened on; else, for a server on all interfaces, the
    /// address that this machine has on its way to the registry.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.advertise.host = Some(host.into());
        self
    }

    /// The port that others reach the server by, if it is neither that of
    /// `GOBRPC_ADVERTISE` nor the one that is listened on.
    pub const fn port(mut self, port: u16) -> Self {
        self.advertise.port = Some(port);
        self
    }

    /// Sets what else the entries say: zone, tags, weight.
    pub fn entry(mut self, edit: impl Fn(&mut ServiceEntry) + Send + Sync + 'static) -> Self {
        self.edit = Box::new(edit);
        self
    }

    /// How to register.
    pub const fn options(mut self, options: RegisterOptions) -> Self {
        self.options = options;
        self
    }

    /// How long the server takes new calls after it was taken out of the registry
    /// (5 s): as long as the slowest client takes to hear of it, whose watch may be
    /// dead for that long without anybody knowing.
    pub const fn drain_delay(mut self, delay: Duration) -> Self {
        self.drain_delay = delay;
        self
    }

    /// Listens, accepts, and only then registers
    /// ([flynn#925](https://github.com/flynn/flynn/pull/925)).
    ///
    /// A registry that cannot be reached is no error: the entries come when it
    /// does. Wait for [`Registration::settled`] to know.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on, or is not one to register: then
    /// nothing listens any more.
    pub async fn start(self, server: &Server, address: &str) -> Result<Announced, AnnounceError> {
        let advertise = self.advertise.clone().or_environment()?;
        let running = server.start(address).await?;
        let addr = match running.host().parse() {
            Ok(bound) => {
                let backend = self.registry.backend();
                let (remote, local) = (backend.remote(), backend.caps().local);
                advertise.address(bound, remote.as_deref(), local).await?
            }
            // A Unix socket.
            Err(_) => running.host().parse()?,
        };
        let mut registrations = Vec::new();
        for (name, version) in &self.services {
            let mut entry = ServiceEntry::new(name, version, &addr)?;
            (self.edit)(&mut entry);
            registrations.push(self.registry.register(entry, self.options)?);
        }
        Ok(Announced {
            registrations,
            running,
            drain_delay: self.drain_delay,
        })
    }
}

impl fmt::Debug for Announce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announce")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// A server that serves and is registered.
///
/// Dropping it takes the entries away in the background and closes everything at
/// once; [`shutdown`](Announced::shutdown) loses no call.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Announced {
    // In the order in which they are dropped.
    registrations: Vec<Registration>,
    running: Running,
    drain_delay: Duration,
}

impl Announced {
    /// The server.
    pub const fn running(&self) -> &Running {
        &self.running
    }

    /// The registrations, in the order in which the services were added.
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// Leaves without losing a call: marks the entries as draining, takes them
    /// away, serves on for the drain delay, then stops accepting and finishes what
    /// is under way, `grace` at most.
    ///
    /// The mark is for clients that hold back removals, as they do after an outage
    /// of the registry.
    ///
    /// With a registry that cannot be reached, the first steps take a TTL and a
    /// second: by then the entries are gone or unknown to all.
    pub async fn shutdown(self, grace: Duration) -> ShutdownReport {
        let mut leaving = JoinSet::new();
        for registration in self.registrations {
            leaving.spawn(async move {
                registration.drain();
                // Clients that see no more than the removal are fine, too.
                if registration.state() == RegistrationState::Registered {
                    drop(timeout(MARK, registration.settled()).await);
                }
                registration.deregister().await
            });
        }
        while let Some(left) = leaving.join_next().await {
            if let Ok(Err(error)) = left {
                warn!(%error, "deregistering failed; the entry ends with its lease");
            }
        }
        sleep(self.drain_delay).await;
        self.running.shutdown(grace).await
    }
}

/// How long the registry may take to mark an entry as draining.
const MARK: Duration = Duration::from_secs(1);

/// Why a server could not be started and registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnnounceError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
    /// The server cannot be registered like this.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The registry does not take it.
    #[error(transparent)]
    Registry(#[from] Error),
}
