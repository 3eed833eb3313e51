//! [`Member`]: a server that is in the registry, and leaves it before it stops.

use std::time::Duration;

use gobrpc_registry::{RegisterOptions, Registration, Registry, ServiceEntry};
use gobrpc_server::{Running, Server};

use super::balanced::Balanced;
use super::service::{PRICING, PriceList, PricingServer};

/// A server of the pricing service, and its place in the registry.
#[derive(Debug)]
pub(crate) struct Member {
    name: String,
    running: Running,
    registration: Registration,
}

impl Member {
    /// Starts a server on a free port, and registers it: in this order, as the
    /// first call comes at once.
    pub(crate) async fn start(registry: &Registry, name: &str) -> anyhow::Result<Self> {
        let service = PricingServer::new(PriceList {
            server: name.to_owned(),
        });
        let running = Server::new()
            .register(service)?
            .start("127.0.0.1:0")
            .await?;
        let registration = register(registry, running.host()).await?;
        Ok(Self {
            name: name.to_owned(),
            running,
            registration,
        })
    }

    /// Leaves the registry, answers what still comes until the clients have gone
    /// elsewhere, and ends. Gives the number of connections that had to be cut.
    pub(crate) async fn stop(self, grace: Duration) -> anyhow::Result<usize> {
        self.registration.deregister().await?;
        Ok(self.running.shutdown(grace).await.cut)
    }

    /// Its name, which is in its answers.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens, as Go's `net.Dial` wants it.
    pub(crate) fn host(&self) -> &str {
        self.running.host()
    }

    /// Name and address, as the tables show it.
    pub(crate) fn label(&self) -> String {
        format!("{:<7} {}", self.name, self.running.address())
    }
}

/// Puts an address into the registry, under the name of the service.
pub(crate) async fn register(registry: &Registry, addr: &str) -> anyhow::Result<Registration> {
    let entry = ServiceEntry::new(PRICING.name, "v1", addr)?;
    let registration = registry.register(entry, RegisterOptions::default())?;
    registration.settled().await?;
    Ok(registration)
}

/// A caller that spreads calls over all who are registered.
pub(crate) fn balanced(registry: &Registry) -> anyhow::Result<Balanced> {
    Ok(Balanced::new(registry.watch(PRICING.name)?))
}
