//! [`Shared`]: what all connections of a server share.

use gobrpc_protocol::Error;
use tokio_util::sync::CancellationToken;

use crate::ServerConfig;
use crate::health::Health;
use crate::layer::CallMetrics;
use gobrpc_protocol::router::Router;

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) router: Router,
    pub(crate) config: ServerConfig,
    pub(crate) health: Health,
    /// The server tells what it offers.
    pub(crate) reflects: bool,
    /// What `/metrics` tells.
    pub(crate) metrics: Option<CallMetrics>,
    /// JSON-RPC is served, too.
    #[cfg(feature = "jsonrpc")]
    pub(crate) jsonrpc: bool,
    /// Msgpack is served, too.
    #[cfg(feature = "msgpack")]
    pub(crate) msgpack: bool,
    /// All connections are secured by this.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::Tls>,
    /// Finish what runs, and close when quiet.
    pub(crate) drain: CancellationToken,
    /// Close now.
    pub(crate) kill: CancellationToken,
}

impl Shared {
    /// Counts a call that no layer sees.
    pub(crate) fn count_refused(&self, error: &Error) {
        if let Some(metrics) = &self.metrics {
            metrics.refused(error.code());
        }
    }

    /// True if all connections are secured.
    pub(crate) fn is_secured(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }
}
