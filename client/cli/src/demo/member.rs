//! [`Member`]: a server that is in the registry, and leaves it before it stops.

use std::time::Duration;

use anyhow::Context as _;
use gobrpc_registry::announce::{Announce, Announced};
use gobrpc_registry::{
    Balanced, Policy, RegisterOptions, Registration, Registry, Selector, ServiceEntry, client,
};
use gobrpc_server::Server;

use super::service::{PRICING, PriceList, PricingServer};

/// Where the servers of the demo register, and how.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) registry: Registry,
    version: String,
    drain_delay: Duration,
}

impl Place {
    /// A registry that is `embedded`, or one that runs and that others use, too: other
    /// demos, perhaps, which have another version.
    pub(crate) fn new(registry: Registry, embedded: bool) -> Self {
        let version = match embedded {
            true => "v1".to_owned(),
            false => format!("demo-{}", std::process::id()),
        };
        // Longer than a watch takes to tell the clients, which are in this process.
        let millis = if embedded { 150 } else { 1500 };
        Self {
            registry,
            version,
            drain_delay: Duration::from_millis(millis),
        }
    }

    /// The servers of this demo.
    pub(crate) fn selector(&self) -> Selector {
        Selector::new().version(&self.version)
    }
}

/// A server of the pricing service, and its place in the registry.
#[derive(Debug)]
pub(crate) struct Member {
    name: String,
    announced: Announced,
}

impl Member {
    /// Starts a server on a free port, and registers it: in this order, as the
    /// first call comes at once.
    pub(crate) async fn start(place: &Place, name: &str) -> anyhow::Result<Self> {
        let service = PricingServer::new(PriceList {
            server: name.to_owned(),
        });
        let server = Server::new().register(service)?;
        let announced = Announce::new(&place.registry)
            .service(PRICING.name, &place.version)
            .drain_delay(place.drain_delay)
            .start(&server, "127.0.0.1:0")
            .await
            .with_context(|| format!("starting {name}"))?;
        for registration in announced.registrations() {
            registration.settled().await?;
        }
        Ok(Self {
            name: name.to_owned(),
            announced,
        })
    }

    /// Leaves the registry, answers what still comes until the clients have gone
    /// elsewhere, and ends. Gives the number of connections that had to be cut.
    pub(crate) async fn stop(self, grace: Duration) -> usize {
        self.announced.shutdown(grace).await.cut
    }

    /// Its name, which is in its answers.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens, as Go's `net.Dial` wants it.
    pub(crate) fn host(&self) -> &str {
        self.announced.running().host()
    }

    /// Name and address, as the tables show it.
    pub(crate) fn label(&self) -> String {
        format!("{:<7} {}", self.name, self.announced.running().address())
    }
}

/// Registers a server that knows nothing of registries.
pub(crate) async fn register(place: &Place, addr: &str) -> anyhow::Result<Registration> {
    let entry = ServiceEntry::new(PRICING.name, &place.version, addr)?;
    let registration = place.registry.register(entry, RegisterOptions::default())?;
    registration.settled().await?;
    Ok(registration)
}

/// A caller that spreads calls over all who are registered, one after the other.
///
/// When a server leaves the registry, it gets no new call; its connection is closed
/// once it has answered those under way.
pub(crate) fn balanced(place: &Place) -> anyhow::Result<Balanced> {
    Ok(client::connect(
        &place.registry,
        PRICING.name,
        place.selector(),
        Policy::round_robin(),
    )?)
}
