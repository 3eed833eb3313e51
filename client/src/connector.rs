//! [`Connector`]: what opens connections, the seam for other transports.

mod http;
mod net;
mod once;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use gobrpc_protocol::Result;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::address::Address;
use crate::options::Options;

pub(crate) use once::OnceConnector;

/// A stream of bytes in both directions: any of tokio's, TLS or simulated ones.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + ?Sized> Io for S {}

/// Any stream.
pub type BoxedIo = Box<dyn Io>;

/// A dial under way.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = Result<BoxedIo>> + Send + 'a>>;

/// Opens connections to one peer.
///
/// This is where TLS, proxies and simulated networks come in. A client asks for
/// one connection at a time, and drops a dial that takes longer than the
/// [connect timeout](crate::ClientBuilder::connect_timeout).
///
/// A byte counts as sent once the stream has accepted it, also if the stream
/// keeps it in a buffer of its own, as TLS does.
///
/// # Examples
///
/// ```
/// use gobrpc_client::connector::{self, BoxedIo};
/// use gobrpc_client::{Client, Error, Phase};
/// use tokio::net::TcpStream;
///
/// let connector = connector::from_fn("10.0.0.7:1234 through a tunnel", || async {
///     let stream = TcpStream::connect("127.0.0.1:9999").await.map_err(|error| {
///         Error::unavailable(error.to_string()).with_phase(Phase::Dial)
///     })?;
///     Ok(Box::new(stream) as BoxedIo)
/// });
/// let client = Client::builder().connect_with(connector);
/// assert_eq!(client.peer(), "10.0.0.7:1234 through a tunnel");
/// ```
pub trait Connector: Send + Sync + 'static {
    /// The peer, as errors name it.
    fn peer(&self) -> &str;

    /// Opens a connection that net/rpc can be spoken on.
    ///
    /// An error tells by its phase what failed: `Resolve`, `Dial` or
    /// `Handshake`. The client adds the peer, and that nothing was sent.
    fn connect(&self) -> Connecting<'_>;
}

impl<C: Connector + ?Sized> Connector for Arc<C> {
    fn peer(&self) -> &str {
        (**self).peer()
    }

    fn connect(&self) -> Connecting<'_> {
        (**self).connect()
    }
}

impl<C: Connector + ?Sized> Connector for Box<C> {
    fn peer(&self) -> &str {
        (**self).peer()
    }

    fn connect(&self) -> Connecting<'_> {
        (**self).connect()
    }
}

impl fmt::Debug for dyn Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.peer())
    }
}

/// The connector of an address.
///
/// # Examples
///
/// ```
/// use gobrpc_client::connector::{Connector, from_address};
///
/// let connector = from_address("unix:///run/arith.sock".parse()?);
/// assert_eq!(connector.peer(), "unix:///run/arith.sock");
/// # Ok::<(), gobrpc_client::Error>(())
/// ```
#[must_use]
pub fn from_address(address: Address) -> Box<dyn Connector> {
    with_options(address, &Options::default())
}

/// The connector of an address, as the options say.
pub(crate) fn with_options(address: Address, options: &Options) -> Box<dyn Connector> {
    let peer = address.to_string();
    match address {
        Address::Tcp { host, port } => Box::new(net::TcpConnector { peer, host, port }),
        Address::Http { host, port, path } => {
            let tcp = net::TcpConnector { peer, host, port };
            Box::new(http_connect(tcp, path))
        }
        Address::Tls { host, port } => {
            let tcp = net::TcpConnector {
                peer,
                host: host.clone(),
                port,
            };
            secure(tcp, host, options)
        }
        Address::Https { host, port, path } => {
            let tcp = net::TcpConnector {
                peer,
                host: host.clone(),
                port,
            };
            Box::new(http_connect(secure(tcp, host, options), path))
        }
        #[cfg(feature = "jsonrpc")]
        Address::JsonRpc { host, port } => Box::new(net::TcpConnector { peer, host, port }),
        #[cfg(not(feature = "jsonrpc"))]
        Address::JsonRpc { .. } => lacking(peer, "JSON-RPC", "jsonrpc"),
        #[cfg(feature = "msgpack")]
        Address::Msgpack { host, port } => Box::new(net::TcpConnector { peer, host, port }),
        #[cfg(not(feature = "msgpack"))]
        Address::Msgpack { .. } => lacking(peer, "msgpack", "msgpack"),
        Address::Unix(path) => Box::new(net::UnixConnector { peer, path }),
    }
}

#[cfg(feature = "tls")]
fn secure(tcp: net::TcpConnector, host: String, options: &Options) -> Box<dyn Connector> {
    Box::new(crate::tls::secure_by(tcp, host, options.tls.clone()))
}

#[cfg(not(feature = "tls"))]
fn secure(tcp: net::TcpConnector, _host: String, _options: &Options) -> Box<dyn Connector> {
    lacking(tcp.peer, "TLS", "tls")
}

/// A connector that only says what it would take.
#[cfg(not(all(feature = "tls", feature = "jsonrpc", feature = "msgpack")))]
fn lacking(peer: String, what: &'static str, feature: &'static str) -> Box<dyn Connector> {
    Box::new(from_fn(peer, move || async move {
        Err(gobrpc_protocol::Error::unimplemented(format!(
            "this program has no {what}: build it with the feature `{feature}` of gobrpc-client"
        ))
        .with_phase(gobrpc_protocol::Phase::Dial))
    }))
}

/// A connector that calls a function.
///
/// See [`Connector`] for an example.
pub fn from_fn<F, R>(peer: impl Into<String>, connect: F) -> impl Connector
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<BoxedIo>> + Send + 'static,
{
    FnConnector {
        peer: peer.into(),
        connect,
    }
}

/// A connector that speaks HTTP CONNECT on the connections of another one, as
/// Go's `rpc.DialHTTPPath`.
///
/// Go's client loses the bytes that come in one piece with the reply's head;
/// here they belong to the connection.
pub fn http_connect(inner: impl Connector, path: impl Into<String>) -> impl Connector {
    http::HttpConnector {
        inner,
        path: path.into(),
    }
}

struct FnConnector<F> {
    peer: String,
    connect: F,
}

impl<F, R> Connector for FnConnector<F>
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<BoxedIo>> + Send + 'static,
{
    fn peer(&self) -> &str {
        &self.peer
    }

    fn connect(&self) -> Connecting<'_> {
        Box::pin((self.connect)())
    }
}
