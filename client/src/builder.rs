//! [`ClientBuilder`]: the options of a client.

use std::sync::Arc;
use std::time::Duration;

use gobrpc_protocol::codec::Limits;
use gobrpc_protocol::{Result, Service};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::address::Address;
use crate::client::Client;
use crate::connector::{self, Connecting, Connector, OnceConnector};
use crate::layer::Layer;
use crate::options::Options;

/// Sets the options of a [`Client`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_client::Client;
///
/// let client = Client::builder()
///     .connect_timeout(Duration::from_secs(2))
///     .max_in_flight(1000)
///     .connect("127.0.0.1:1234");
/// assert!(!client.is_connected());
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it makes a client"]
pub struct ClientBuilder {
    options: Options,
}

impl ClientBuilder {
    /// A builder with the default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// How much a reply, and an argument, may take
    /// ([`Limits::default`]: 16 MiB a message).
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// How long resolving, connecting and the handshake may take together
    /// (10 s).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Most calls that the server has not answered, at least 1 (65,536). Further
    /// ones wait; those that were given up count until they are answered, since
    /// the server still works on them.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.options.max_in_flight = calls;
        self
    }

    /// Most calls that wait for a place on the connection (65,536). Further ones
    /// fail with `ResourceExhausted`, not sent.
    pub fn max_queued(mut self, calls: usize) -> Self {
        self.options.max_queued = calls;
        self
    }

    /// Most bytes of arguments of the calls that wait (64 MiB), unless there is
    /// but one.
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.options.max_queued_bytes = bytes;
        self
    }

    /// Bytes that may wait to be written before further calls wait instead
    /// (1 MiB). One call may exceed it.
    pub fn max_write_buffer(mut self, bytes: usize) -> Self {
        self.options.max_write_buffer = bytes;
        self
    }

    /// How many turns of the scheduler a connection looks for replies before it
    /// sleeps (64, some 30 µs).
    ///
    /// A server on the same machine answers within these, and a processor that sleeps
    /// would take longer to wake. Where replies come later, such turns soon become rare
    /// ([`Spin`](gobrpc_protocol::spin::Spin)); with 0 there are none.
    pub fn spin(mut self, turns: u32) -> Self {
        self.options.spin = turns;
        self
    }

    /// The longest pause after the first failed dial, which doubles with each
    /// further one, and the longest ever (100 ms, 10 s).
    ///
    /// Each pause is random between nothing and that, so that many clients do
    /// not arrive together. A connection that is lost with calls on it before
    /// any reply came counts as a failed dial. The first reply ends the series.
    pub fn backoff(mut self, first: Duration, max: Duration) -> Self {
        self.options.backoff_first = first;
        self.options.backoff_max = max;
        self
    }

    /// Compresses bodies of 1 KiB or more by LZ4 on their way to a server that does so as
    /// well, and takes such bodies from it (off). A length that says something of a secret
    /// is a reason not to: see
    /// [`with_compression`](gobrpc_protocol::ClientConnection::with_compression).
    #[cfg(feature = "compression")]
    pub fn compression(mut self, on: bool) -> Self {
        self.options.compression = on;
        self
    }

    /// Sends headers exactly as Go's client does, without the fields that Go
    /// does not know (off). Go ignores them; some other servers may not.
    pub fn plain_go(mut self, on: bool) -> Self {
        self.options.plain_go = on;
        self
    }

    /// Pings the server while calls wait and nothing came for `silence`; if nothing
    /// comes within `timeout` either, the connection is lost and its calls fail
    /// with `Unavailable` (off).
    ///
    /// So a server that is gone without a word, as its machine or the network is,
    /// does not keep calls waiting that have no timeout. It works with Go's servers,
    /// too: to them a ping is a call of a service that they do not have. An idle
    /// connection is never pinged. `silence` is 1 s at least, so that no server is
    /// flooded.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use gobrpc_client::Client;
    ///
    /// let client = Client::builder()
    ///     .keepalive(Duration::from_secs(30), Duration::from_secs(20))
    ///     .connect("127.0.0.1:1234");
    /// # let _ = client;
    /// ```
    pub fn keepalive(mut self, silence: Duration, timeout: Duration) -> Self {
        self.options.keepalive = Some((silence.max(Duration::from_secs(1)), timeout));
        self
    }

    /// Dials again when a connection is lost (on). Without, the client is closed
    /// then; a dial that fails may still be tried again.
    pub fn reconnect(mut self, on: bool) -> Self {
        self.options.reconnect = on;
        self
    }

    /// Hosts a service, under its own name: the server may call it over the same
    /// connection, once this client has called something (none).
    ///
    /// A handler of the server's gets at it by
    /// [`Context::peer_caller`](gobrpc_protocol::Context::peer_caller), and a handler
    /// here at the server in the same way. Deadlines, cancellation, metadata and errors
    /// are those of any call; streams there are none. To put a server's layers around
    /// it, give a `gobrpc_server::Layered`.
    ///
    /// What the server has asked for ends with the connection. A client that
    /// [closes](Client::close) begins nothing new once its own calls are over, and
    /// waits for what runs. A server that is Go's, or an old one, never calls.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` if the name is taken, `InvalidArgument` if it is empty or
    /// reserved.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_client::{Client, Result, service};
    ///
    /// #[service]
    /// trait User {
    ///     async fn confirm(&self, question: String) -> Result<bool>;
    /// }
    ///
    /// struct AlwaysYes;
    ///
    /// impl User for AlwaysYes {
    ///     async fn confirm(&self, _question: String) -> Result<bool> {
    ///         Ok(true)
    ///     }
    /// }
    ///
    /// # fn main() -> Result<()> {
    /// let client = Client::builder().host(UserServer::new(AlwaysYes))?.connect("127.0.0.1:1234");
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    pub fn host(self, service: impl Service) -> Result<Self> {
        let name = service.info().name;
        self.host_name(name, service)
    }

    /// Hosts a service under another name than its own; see [`host`](Self::host).
    ///
    /// # Errors
    ///
    /// As for [`host`](Self::host).
    pub fn host_name(mut self, name: &str, service: impl Service) -> Result<Self> {
        let host = self.options.host.get_or_insert_default();
        Arc::make_mut(host)
            .router
            .register(name, Arc::new(service))?;
        Ok(self)
    }

    /// Most calls to [hosted](Self::host) services that are handled at once for one
    /// connection (256), until their replies are written: further ones are refused, with
    /// `ResourceExhausted`. The connection of a server that goes on nevertheless and reads
    /// no replies is given up.
    pub fn max_hosted(mut self, handlers: usize) -> Self {
        self.options.max_hosted = handlers;
        self
    }

    /// Adds a layer around all calls, inside of those that are there: it sees each
    /// call before it is sent, and how it ends (none). See [`layer`](crate::layer).
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_client::Client;
    /// use gobrpc_client::layer::Next;
    /// use gobrpc_client::protocol::Request;
    ///
    /// let client = Client::builder()
    ///     .layer(|request: Request, next: Next| async move {
    ///         let method = request.head.service_method.clone();
    ///         let result = next.run(request).await;
    ///         if let Err(error) = &result {
    ///             eprintln!("{method}: {error}");
    ///         }
    ///         result
    ///     })
    ///     .connect("127.0.0.1:1234");
    /// ```
    pub fn layer(mut self, layer: impl Layer) -> Self {
        Arc::make_mut(&mut self.options.layers).push(Arc::new(layer));
        self
    }

    /// Speaks JSON-RPC instead of gob, of this version (gob). An address
    /// `jsonrpc://host:port` says the same for version 1.0 over TCP.
    ///
    /// Types travel as [`jsonrpc`](gobrpc_protocol::jsonrpc) has it; nothing of a
    /// call but its method and its argument does.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_client::Client;
    /// use gobrpc_client::protocol::jsonrpc::Version;
    ///
    /// let client = Client::builder()
    ///     .jsonrpc(Version::V2)
    ///     .connect("unix:///run/arith.sock");
    /// ```
    #[cfg(feature = "jsonrpc")]
    pub fn jsonrpc(mut self, version: gobrpc_protocol::jsonrpc::Version) -> Self {
        self.options.jsonrpc = Some(version);
        self
    }

    /// Speaks msgpack instead of gob, as `hashicorp/net-rpc-msgpackrpc` has it (off).
    /// An address `msgpack://host:port` says the same, over TCP.
    ///
    /// Types travel as [`msgpack`](gobrpc_protocol::msgpack) has it; nothing of a call
    /// but its method and its argument does.
    ///
    /// # Examples
    ///
    /// A server that wants to be told by a first byte what follows, as Consul and Nomad
    /// do on their RPC ports:
    ///
    /// ```no_run
    /// use gobrpc_client::{Client, Error, Phase, connector};
    /// use tokio::io::AsyncWriteExt;
    /// use tokio::net::TcpStream;
    ///
    /// # async fn example() -> gobrpc_client::Result<()> {
    /// let consul = connector::from_fn("consul at 127.0.0.1:8300", || async {
    ///     let failed = |error| Error::from_error(error).with_phase(Phase::Dial);
    ///     let mut stream = TcpStream::connect("127.0.0.1:8300").await.map_err(failed)?;
    ///     const RPC_CONSUL: u8 = 0;
    ///     stream.write_all(&[RPC_CONSUL]).await.map_err(failed)?;
    ///     Ok(Box::new(stream) as connector::BoxedIo)
    /// });
    /// let client = Client::builder().msgpack().connect_with(consul);
    /// let leader: String = client.call("Status.Leader", &()).await?;
    /// # let _ = leader;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "msgpack")]
    pub fn msgpack(mut self) -> Self {
        self.options.msgpack = true;
        self
    }

    /// How connections to `tls://` and `https://` addresses are secured (by the
    /// authorities that the system trusts, for the host of the address).
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::tls::Tls) -> Self {
        self.options.tls = Some(tls);
        self
    }

    /// A client of the server at an address; see [`Client::connect`].
    #[must_use]
    pub fn connect(self, address: &str) -> Client {
        match address.parse() {
            Ok(address) => self.connect_to(address),
            Err(error) => Client::refusing(self.options, Arc::new(Nowhere(address.into())), error),
        }
    }

    /// A client of the server at an address that was parsed.
    #[must_use]
    #[cfg_attr(
        not(any(feature = "jsonrpc", feature = "msgpack")),
        expect(unused_mut, reason = "an address changes no option")
    )]
    pub fn connect_to(mut self, address: Address) -> Client {
        #[cfg(feature = "jsonrpc")]
        if let Address::JsonRpc { .. } = &address {
            self.options.jsonrpc.get_or_insert_default();
        }
        #[cfg(feature = "msgpack")]
        if let Address::Msgpack { .. } = &address {
            self.options.msgpack = true;
        }
        let connector = connector::with_options(address, &self.options);
        self.connect_with(connector)
    }

    /// A client over the connections of a connector.
    #[must_use]
    pub fn connect_with(self, connector: impl Connector) -> Client {
        Client::new(self.options, Arc::new(connector))
    }

    /// A client over a stream; see [`Client::from_io`].
    #[must_use]
    pub fn from_io<S>(mut self, stream: S) -> Client
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.options.reconnect = false;
        self.connect_with(OnceConnector::new(Box::new(stream)))
    }
}

/// The connector of a text that is no address: it is never asked to connect.
struct Nowhere(String);

impl Connector for Nowhere {
    fn peer(&self) -> &str {
        &self.0
    }

    fn connect(&self) -> Connecting<'_> {
        Box::pin(async {
            Err(self
                .0
                .parse::<Address>()
                .err()
                .unwrap_or_else(crate::state::closed))
        })
    }
}
