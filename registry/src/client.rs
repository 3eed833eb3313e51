//! Balanced calls over connections of `gobrpc-client`: feature `client`.

use std::sync::Arc;
use std::time::Duration;

use gobrpc_client::{Client, ClientBuilder};

use crate::backend::BoxFuture;
use crate::balanced::Balanced;
use crate::endpoint::{Connect, Connection};
use crate::entry::ServiceEntry;
use crate::error::Result;
use crate::policy::Policy;
use crate::registry::Registry;
use crate::selector::Selector;

/// Calls the instances of a service that the registry knows.
///
/// Nothing is dialled before the first call. See [`Balanced`] for what it
/// promises, and [`Balanced::new`] with [`Dial`] for more choices.
///
/// # Errors
///
/// As for [`Registry::watch`].
///
/// # Examples
///
/// ```no_run
/// use gobrpc_client::Call;
/// use gobrpc_registry::{Policy, Registry, Selector};
///
/// # async fn example(registry: Registry) -> Result<(), Box<dyn std::error::Error>> {
/// let selector = Selector::new().version("v1");
/// let users = gobrpc_registry::client::connect(&registry, "user", selector, Policy::default())?;
/// let name: String = Call::new(users.clone(), "User.Name", &17_u64).await?;
/// # Ok(())
/// # }
/// ```
pub fn connect(
    registry: &Registry,
    service: &str,
    selector: Selector,
    policy: Policy,
) -> Result<Balanced> {
    let watch = registry.watch(service)?.with_selector(selector);
    Balanced::new(watch, Dial::default(), policy)
}

/// Makes a [`Client`] for each instance, with the options of a builder.
///
/// The default is for those who have several instances, and differs from a client's own:
///
/// - It pauses 100 ms at most after a failed dial, and not 10 s: an instance that cannot
///   be reached is left alone for longer by [`EjectionOptions`](crate::EjectionOptions),
///   where no call waits for it.
/// - A dial takes 3 s at most, in which one lost packet gets through, and not 10 s:
///   another instance answers before that.
/// - An instance that says nothing for 10 s while calls wait for it is pinged, and given
///   up 5 s later ([keepalive](ClientBuilder::keepalive)): one that is cut off, or whose
///   replies are, keeps no call waiting that has no timeout.
#[derive(Debug, Clone)]
pub struct Dial(ClientBuilder);

impl Default for Dial {
    fn default() -> Self {
        let pause = Duration::from_millis(100);
        let client = Client::builder()
            .backoff(pause / 10, pause)
            .connect_timeout(Duration::from_secs(3))
            .keepalive(Duration::from_secs(10), Duration::from_secs(5));
        Self(client)
    }
}

impl Dial {
    /// Clients with these options.
    #[must_use]
    pub const fn new(builder: ClientBuilder) -> Self {
        Self(builder)
    }
}

impl Connect for Dial {
    fn connect(&self, entry: &ServiceEntry) -> Arc<dyn Connection> {
        Arc::new(self.0.clone().connect(&entry.url()))
    }
}

impl Connection for Client {
    fn close(&self) {
        self.retire();
    }

    fn ready(&self) -> BoxFuture<'_, gobrpc_protocol::Result<()>> {
        Box::pin(Self::ready(self))
    }
}
