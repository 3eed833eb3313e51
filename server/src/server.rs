//! [`Server`]: services, and where they are served.

use std::io;
use std::sync::Arc;

use gobrpc_protocol::health::SERVICE as HEALTH;
use gobrpc_protocol::reflection::{Listing, SERVICE};
use gobrpc_protocol::{Result, Service};
use tokio_util::sync::CancellationToken;

use crate::ServerConfig;
use crate::address;
use crate::connection::{self, Shared};
use crate::health::Health;
use crate::in_process::InProcess;
use crate::layer::{self, CallMetrics, Layer, Layered, Layers};
use crate::listener::{Io, Listener};
use crate::reflection::Reflection;
use crate::running::Running;
use gobrpc_protocol::router::Router;

/// A set of services, to be served on any number of addresses.
///
/// # Examples
///
/// ```
/// use gobrpc_server::{Result, Server, service};
///
/// #[service]
/// /// Calculates.
/// pub trait Arith {
///     /// The product of two numbers.
///     async fn multiply(&self, args: (i64, i64)) -> Result<i64>;
/// }
///
/// struct Calc;
///
/// impl Arith for Calc {
///     async fn multiply(&self, (a, b): (i64, i64)) -> Result<i64> {
///         Ok(a * b)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let server = Server::new().register(ArithServer::new(Calc))?;
/// let running = server.start("127.0.0.1:0").await?;
/// println!("serving on {}", running.address());
/// running.shutdown(std::time::Duration::from_secs(5)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Server {
    router: Router,
    config: ServerConfig,
    without_reflection: bool,
    health: Option<Health>,
    without_health: bool,
    layers: Layers,
    metrics: Option<CallMetrics>,
    #[cfg(feature = "jsonrpc")]
    jsonrpc: bool,
    #[cfg(feature = "msgpack")]
    msgpack: bool,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::Tls>,
}

impl Server {
    /// A server without services.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what the server allows.
    #[must_use]
    pub fn with_config(mut self, config: ServerConfig) -> Self {
        self.config = config;
        self
    }

    /// Serves JSON-RPC on the same ports: 1.0 as Go's `jsonrpc.Dial` speaks it,
    /// and 2.0. Which of them a connection speaks, and whether it is gob, its first
    /// bytes tell.
    ///
    /// Services need nothing for it; [`jsonrpc`](gobrpc_protocol::jsonrpc) has the
    /// table of types.
    #[cfg(feature = "jsonrpc")]
    #[must_use]
    pub fn with_jsonrpc(mut self) -> Self {
        self.jsonrpc = true;
        self
    }

    /// Serves msgpack on the same ports, as `hashicorp/net-rpc-msgpackrpc` speaks it.
    /// Whether a connection does, its first byte tells.
    ///
    /// Services need nothing for it; [`msgpack`](gobrpc_protocol::msgpack) has the
    /// table of types.
    #[cfg(feature = "msgpack")]
    #[must_use]
    pub fn with_msgpack(mut self) -> Self {
        self.msgpack = true;
        self
    }

    /// Secures all connections, wherever they come from: addresses, listeners,
    /// [`Server::serve_connection`]. To serve plain text as well, start a copy of
    /// the server without.
    ///
    /// A client that speaks plain text to such a port gets an error as the answer
    /// to its first call.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, tls: crate::tls::Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Adds a layer around all services, inside of those that are there: it sees each
    /// call before its argument is decoded, and how it ends. See
    /// [`layer`](crate::layer).
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_server::{Context, Next, Server};
    ///
    /// let server = Server::new().with_layer(|cx: Context, next: Next| async move {
    ///     let method = cx.service_method().to_owned();
    ///     let result = next.run(cx).await;
    ///     println!("{method}: {}", if result.is_ok() { "done" } else { "failed" });
    ///     result
    /// });
    /// ```
    #[must_use]
    pub fn with_layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Counts calls: a layer around all services, inside of those that are there, and
    /// the page `/metrics` for Prometheus on the same port.
    ///
    /// What reaches no service reaches no layer: calls of unknown methods, calls whose
    /// time was up when they came, and those for which there was no room. They are
    /// counted by their codes alone ([`CallMetrics::refused_count`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_server::Server;
    /// use gobrpc_server::layer::CallMetrics;
    ///
    /// let metrics = CallMetrics::new("rpc_server");
    /// let server = Server::new().with_metrics(metrics.clone());
    /// ```
    #[must_use]
    pub fn with_metrics(mut self, metrics: CallMetrics) -> Self {
        self.metrics = Some(metrics.clone());
        self.with_layer(layer::Metrics::new(metrics))
    }

    /// Tells of this health, so that services can have a status before the server
    /// starts. Servers that share it are shut down together, as far as it tells.
    #[must_use]
    pub fn with_health(mut self, health: Health) -> Self {
        self.health = Some(health);
        self
    }

    /// Leaves out the health service, which tells every caller the state of those
    /// that it can name. The paths `/healthz` and `/readyz` stay.
    #[must_use]
    pub fn without_health(mut self) -> Self {
        self.without_health = true;
        self
    }

    /// Calls to these services from this process, without a socket.
    #[must_use]
    pub fn in_process(&self) -> InProcess {
        InProcess::from_router(self.shared().0.router.clone())
    }

    /// Leaves out the reflection service and the page `/debug/rpc`, which tells every caller what the
    /// server offers.
    #[must_use]
    pub fn without_reflection(mut self) -> Self {
        self.without_reflection = true;
        self
    }

    /// Adds a service under its own name.
    ///
    /// # Errors
    ///
    /// As for [`Server::register_name`].
    pub fn register(self, service: impl Service) -> Result<Self> {
        let name = service.info().name;
        self.register_name(name, service)
    }

    /// Adds a service under another name than its own.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` with Go's text if the name is taken; `InvalidArgument` if
    /// it is empty or reserved.
    pub fn register_name(mut self, name: &str, service: impl Service) -> Result<Self> {
        self.router.register(name, Arc::new(service))?;
        Ok(self)
    }

    /// What the server offers: services, methods, types and documentation.
    #[must_use]
    pub fn listing(&self) -> Listing {
        self.shared().1
    }

    fn shared(&self) -> (Arc<Shared>, Listing) {
        let mut router = self.router.clone();
        let health = self.health.clone().unwrap_or_default();
        if !self.without_health {
            // A service of the user's under this name is what the user wants.
            let _ = router.register(HEALTH, Arc::new(health.clone()));
        }
        let reflection = Arc::new(Reflection::default());
        if !self.without_reflection {
            // A service of the user's under this name is what the user wants.
            let _ = router.register(SERVICE, Arc::clone(&reflection) as Arc<dyn Service>);
        }
        let listing = router.listing();
        let _ = reflection.listing.set(listing.clone());
        for service in &listing.services {
            health.add(&service.name);
        }
        if !self.layers.is_empty() {
            let layered = |service| Layered::around(service, self.layers.clone());
            router.wrap(|service| Arc::new(layered(service)));
        }
        let shared = Arc::new(Shared {
            router,
            config: self.config.clone(),
            health,
            reflects: !self.without_reflection,
            metrics: self.metrics.clone(),
            #[cfg(feature = "jsonrpc")]
            jsonrpc: self.jsonrpc,
            #[cfg(feature = "msgpack")]
            msgpack: self.msgpack,
            #[cfg(feature = "tls")]
            tls: self.tls.clone(),
            drain: CancellationToken::new(),
            kill: CancellationToken::new(),
        });
        (shared, listing)
    }

    /// Listens on `host:port`, `tcp://host:port`, `tls://host:port` or
    /// `unix:///path` and serves in the background, until the [`Running`] is shut
    /// down or dropped.
    ///
    /// Go clients reach the same port by `rpc.Dial` and by `rpc.DialHTTP`, or by
    /// `tls.Dial` and `rpc.NewClient` where the server has TLS.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on; `InvalidInput` for `tls://` without
    /// TLS and for `tcp://` with it: the two never mean each other.
    pub async fn start(&self, address: &str) -> io::Result<Running> {
        let shared = self.shared().0;
        let listener = address::bind(address, shared.is_secured()).await?;
        Running::start(listener, shared)
    }

    /// Serves what a listener accepts, in the background.
    ///
    /// # Errors
    ///
    /// If the listener does not know its address.
    pub async fn start_on(&self, listener: impl Listener) -> io::Result<Running> {
        Running::start(Box::new(listener), self.shared().0)
    }

    /// Serves on an address until the future is dropped.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on.
    pub async fn serve(&self, address: &str) -> io::Result<()> {
        let _running = self.start(address).await?;
        std::future::pending().await
    }

    /// Serves one connection, until it ends or the future is dropped.
    ///
    /// `peer` is the text by which handlers and logs know it.
    pub async fn serve_connection(&self, io: impl Io, peer: impl Into<String>) {
        connection::serve(io, peer.into(), self.shared().0).await;
    }
}
