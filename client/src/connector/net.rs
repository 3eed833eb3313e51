//! TCP and Unix sockets.

use std::io;
use std::path::PathBuf;

use gobrpc_protocol::{Error, Phase, Result};
use tokio::net::{TcpStream, lookup_host};

use super::{BoxedIo, Connecting, Connector};

/// Connects to the first address of a host that accepts.
pub(super) struct TcpConnector {
    pub(super) peer: String,
    pub(super) host: String,
    pub(super) port: u16,
}

impl TcpConnector {
    async fn connect(&self) -> Result<TcpStream> {
        let addresses = lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|error| failed(Phase::Resolve, error))?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Calls are small and answers are waited for: Nagle's
                    // algorithm would hold each back for up to 40 ms.
                    stream
                        .set_nodelay(true)
                        .map_err(|error| failed(Phase::Dial, error))?;
                    return Ok(stream);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(match last {
            Some(error) => failed(Phase::Dial, error),
            None => Error::unavailable("the host has no address").with_phase(Phase::Resolve),
        })
    }
}

impl Connector for TcpConnector {
    fn peer(&self) -> &str {
        &self.peer
    }

    fn connect(&self) -> Connecting<'_> {
        Box::pin(async { Ok(Box::new(self.connect().await?) as BoxedIo) })
    }
}

/// Connects to a Unix socket.
pub(super) struct UnixConnector {
    pub(super) peer: String,
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no Unix sockets"))]
    pub(super) path: PathBuf,
}

impl Connector for UnixConnector {
    fn peer(&self) -> &str {
        &self.peer
    }

    #[cfg(unix)]
    fn connect(&self) -> Connecting<'_> {
        Box::pin(async {
            let stream = tokio::net::UnixStream::connect(&self.path)
                .await
                .map_err(|error| failed(Phase::Dial, error))?;
            Ok(Box::new(stream) as BoxedIo)
        })
    }

    #[cfg(not(unix))]
    fn connect(&self) -> Connecting<'_> {
        Box::pin(async {
            Err(Error::unimplemented("this system has no Unix sockets").with_phase(Phase::Dial))
        })
    }
}

fn failed(phase: Phase, error: io::Error) -> Error {
    Error::unavailable(error.to_string())
        .with_phase(phase)
        .with_source(error)
}
