//! Balanced calls over connections of `gobrpc-client`: feature `client`.

use std::sync::Arc;
use std::time::Duration;

use gobrpc_client::{Client, ClientBuilder};
use gobrpc_protocol::{Caller, Error as CallError, Exchange, Request};

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
pub struct Dial {
    client: ClientBuilder,
    connections: usize,
}

/// Connections to one instance, at most: a server has hundreds of clients.
const MOST: usize = 64;

impl Default for Dial {
    fn default() -> Self {
        let pause = Duration::from_millis(100);
        let client = Client::builder()
            .backoff(pause / 10, pause)
            .connect_timeout(Duration::from_secs(3))
            .keepalive(Duration::from_secs(10), Duration::from_secs(5));
        Self::new(client)
    }
}

impl Dial {
    /// Clients with these options.
    #[must_use]
    pub const fn new(builder: ClientBuilder) -> Self {
        Self {
            client: builder,
            connections: 1,
        }
    }

    /// Up to so many connections to each instance, 1 to 64 (1). A call takes the one
    /// with the fewest calls under way, and of equals the first: so that one is dialled
    /// only when it is needed.
    ///
    /// One is enough for most. More of them help where one is the bottleneck: its bytes
    /// are read and written by one task, and one lost packet holds all of them up.
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.clamp(1, MOST);
        self
    }
}

impl Connect for Dial {
    fn connect(&self, entry: &ServiceEntry) -> Arc<dyn Connection> {
        let url = entry.url();
        let client = || self.client.clone().connect(&url);
        match self.connections {
            1 => Arc::new(client()),
            many => Arc::new(Several((0..many).map(|_| client()).collect())),
        }
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

/// Several connections to one instance.
struct Several(Vec<Client>);

impl Caller for Several {
    fn start(&self, request: Request) -> Exchange {
        let mut least: Option<(usize, &Client)> = None;
        for client in &self.0 {
            let calls = client.in_flight();
            if least.is_none_or(|(fewest, _)| calls < fewest) {
                least = Some((calls, client));
            }
            if calls == 0 {
                break;
            }
        }
        match least {
            Some((_, client)) => client.start(request),
            None => Exchange::ready(Err(CallError::unavailable("there is no connection"))),
        }
    }
}

impl Connection for Several {
    fn close(&self) {
        self.0.iter().for_each(Client::retire);
    }

    fn ready(&self) -> BoxFuture<'_, gobrpc_protocol::Result<()>> {
        Box::pin(async {
            match self.0.first() {
                Some(client) => client.ready().await,
                None => Ok(()),
            }
        })
    }
}
