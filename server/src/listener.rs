//! [`Listener`]: where connections come from.

use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

/// A stream of bytes both ways: a socket, a pipe, a TLS session.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// A connection that is being accepted: the stream, and the peer's address.
pub type Accepting<'a> =
    Pin<Box<dyn Future<Output = io::Result<(Box<dyn Io>, String)>> + Send + 'a>>;

/// Where connections come from: the seam for TLS and for simulated networks.
///
/// TCP and Unix listeners are built in; see
/// [`Server::start_on`](crate::Server::start_on).
pub trait Listener: Send + 'static {
    /// Accepts a connection: the stream and the peer's address.
    ///
    /// An error is logged, and the next connection is waited for after a pause:
    /// running out of file descriptors must not end a server.
    fn accept(&mut self) -> Accepting<'_>;

    /// The address that it listens on, as a URL: `tcp://127.0.0.1:1234`.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    fn local_address(&self) -> io::Result<String>;
}

impl Listener for TcpListener {
    fn accept(&mut self) -> Accepting<'_> {
        Box::pin(async move {
            let (stream, peer) = Self::accept(self).await?;
            // Replies are coalesced here, so that Nagle's delay gains nothing.
            // A socket that refuses the option still works.
            let _ = stream.set_nodelay(true);
            Ok((Box::new(stream) as Box<dyn Io>, peer.to_string()))
        })
    }

    fn local_address(&self) -> io::Result<String> {
        Ok(format!("tcp://{}", self.local_addr()?))
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    fn accept(&mut self) -> Accepting<'_> {
        Box::pin(async move {
            let (stream, _) = Self::accept(self).await?;
            Ok((Box::new(stream) as Box<dyn Io>, "unix".to_owned()))
        })
    }

    fn local_address(&self) -> io::Result<String> {
        let address = self.local_addr()?;
        Ok(match address.as_pathname() {
            Some(path) => format!("unix://{}", path.display()),
            None => "unix://".to_owned(),
        })
    }
}
