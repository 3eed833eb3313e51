//! [`Options`]: what a builder has set, with the reason of each default.

use std::sync::Arc;
use std::time::Duration;

use gobrpc_protocol::codec::Limits;
use gobrpc_protocol::spin::Spin;

use crate::hosting::Host;
use crate::layer::Layers;

/// The settings of a client.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    /// Resolving, connecting and handshake together. 10 s: three lost SYNs on
    /// Linux (1 + 2 + 4 s) still get through.
    pub(crate) connect_timeout: Duration,
    /// Calls that the peer has not answered, on the connection. A Go server
    /// starts a goroutine for each and has no limit of its own, so the client
    /// must have one; 65,536 is far above what one connection can use.
    pub(crate) max_in_flight: usize,
    /// Calls that wait for a place on the connection.
    pub(crate) max_queued: usize,
    /// Bytes of the arguments of those.
    pub(crate) max_queued_bytes: usize,
    /// Bytes that were encoded and not written. 1 MiB: some times what a socket
    /// takes at once, so that the peer never waits for us.
    pub(crate) max_write_buffer: usize,
    pub(crate) backoff_first: Duration,
    pub(crate) backoff_max: Duration,
    /// Turns of the scheduler before a connection sleeps.
    pub(crate) spin: u32,
    #[cfg(feature = "compression")]
    pub(crate) compression: bool,
    pub(crate) plain_go: bool,
    pub(crate) reconnect: bool,
    /// Silence of the peer after which it is pinged, and how long it may take then.
    pub(crate) keepalive: Option<(Duration, Duration)>,
    /// The services that the server may call.
    pub(crate) host: Option<Arc<Host>>,
    /// Calls to those whose handlers run, on one connection: as many as a server makes
    /// by default.
    pub(crate) max_hosted: usize,
    /// Around all calls.
    pub(crate) layers: Layers,
    /// JSON-RPC instead of gob.
    #[cfg(feature = "jsonrpc")]
    pub(crate) jsonrpc: Option<gobrpc_protocol::jsonrpc::Version>,
    /// Msgpack instead of gob.
    #[cfg(feature = "msgpack")]
    pub(crate) msgpack: bool,
    /// None: by the authorities of the system.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::Tls>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            connect_timeout: Duration::from_secs(10),
            max_in_flight: 65_536,
            max_queued: 65_536,
            max_queued_bytes: 64 << 20,
            max_write_buffer: 1 << 20,
            backoff_first: Duration::from_millis(100),
            backoff_max: Duration::from_secs(10),
            spin: Spin::TURNS,
            #[cfg(feature = "compression")]
            compression: false,
            plain_go: false,
            reconnect: true,
            keepalive: None,
            host: None,
            max_hosted: 256,
            layers: Layers::default(),
            #[cfg(feature = "jsonrpc")]
            jsonrpc: None,
            #[cfg(feature = "msgpack")]
            msgpack: false,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}
