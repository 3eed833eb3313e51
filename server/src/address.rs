//! Listening addresses.

use std::io;
use std::path::PathBuf;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

#[cfg(unix)]
use crate::listener::Accepting;
use crate::listener::Listener;

/// Binds `host:port`, `tcp://host:port` or `unix:///path`.
pub(crate) async fn bind(address: &str) -> io::Result<Box<dyn Listener>> {
    let bound: io::Result<Box<dyn Listener>> = match address.split_once("://") {
        Some(("unix", path)) => bind_unix(path),
        Some(("tcp", host)) => TcpListener::bind(host)
            .await
            .map(|listener| Box::new(listener) as Box<dyn Listener>),
        Some((scheme, _)) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{scheme:?} is no scheme to listen on; use tcp:// or unix://"),
        )),
        None => TcpListener::bind(address)
            .await
            .map(|listener| Box::new(listener) as Box<dyn Listener>),
    };
    bound.map_err(|error| io::Error::new(error.kind(), format!("listening on {address}: {error}")))
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
