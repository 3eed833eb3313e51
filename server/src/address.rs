//! Listening addresses.

use std::io;
use std::path::PathBuf;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

#[cfg(unix)]
use crate::listener::Accepting;
use crate::listener::Listener;

/// Binds `host:port`, `tcp://host:port`, `tls://host:port` or `unix:///path`.
pub(crate) async fn bind(address: &str, secured: bool) -> io::Result<Box<dyn Listener>> {
    let invalid = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    let bound: io::Result<Box<dyn Listener>> = match address.split_once("://") {
        Some(("unix", path)) => bind_unix(path),
        Some(("tcp", _)) if secured => invalid(
            "the server has TLS, which tcp:// has not: use tls://, or a server without".to_owned(),
        ),
        Some(("tls", _)) if !secured => invalid(
            "the server has no TLS: give it a certificate by with_tls, of the feature tls"
                .to_owned(),
        ),
        Some(("tcp" | "tls", host)) => bind_tcp(host).await,
        Some((scheme, _)) => invalid(format!(
            "{scheme:?} is no scheme to listen on; use tcp://, tls:// or unix://"
        )),
        None => bind_tcp(address).await,
    };
    bound.map_err(|error| io::Error::new(error.kind(), format!("listening on {address}: {error}")))
}

async fn bind_tcp(host: &str) -> io::Result<Box<dyn Listener>> {
    Ok(Box::new(TcpListener::bind(host).await?))
}

#[cfg(unix)]
fn bind_unix(path: &str) -> io::Result<Box<dyn Listener>> {
    let path = PathBuf::from(path);
    let listener = UnixListener::bind(&path)?;
    Ok(Box::new(Unix { listener, path }))
}

#[cfg(not(unix))]
fn bind_unix(_: &str) -> io::Result<Box<dyn Listener>> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no Unix sockets",
    ))
}

/// A Unix listener that takes its socket file away with it, as Go's does.
#[cfg(unix)]
struct Unix {
    listener: UnixListener,
    path: PathBuf,
}

#[cfg(unix)]
impl Listener for Unix {
    fn accept(&mut self) -> Accepting<'_> {
        Listener::accept(&mut self.listener)
    }

    fn local_address(&self) -> io::Result<String> {
        self.listener.local_address()
    }
}

#[cfg(unix)]
impl Drop for Unix {
    fn drop(&mut self) {
        // Somebody else may have taken it away already.
        let _ = std::fs::remove_file(&self.path);
    }
}
