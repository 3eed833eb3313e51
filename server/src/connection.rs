//! A connection of the server: from its first byte to its last.

mod admission;
mod calls;
mod driver;
mod lifetime;
mod peer_calls;
mod rest;
mod shared;
mod socket;
mod stall;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use gobrpc_protocol::{Cancel, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tracing::debug;

use crate::listener::Io;
use crate::preface;

use driver::{Driver, End};
use socket::READ_MIN;

pub(crate) use shared::Shared;

/// How long, and for how many bytes, a closed connection is read to its end: a
/// socket that is closed with unread bytes destroys replies that are under way.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 << 10;

/// Serves one connection until it ends; after the TLS handshake, if there is one.
pub(crate) async fn serve<S: Io>(io: S, address: String, shared: Arc<Shared>) {
    let peer = Peer::new(address);
    #[cfg(feature = "tls")]
    if let Some(tls) = &shared.tls {
        let accepted = tokio::select! {
            biased;
            accepted = tls.accept(io, peer) => accepted,
            () = shared.kill.cancelled() => return,
            () = quiet_drain(&shared) => return,
        };
        if let Some((io, peer)) = accepted {
            serve_peer(io, Arc::new(peer), shared).await;
        }
        return;
    }
    serve_peer(io, Arc::new(peer), shared).await;
}

async fn serve_peer<S: Io>(mut io: S, peer: Arc<Peer>, shared: Arc<Shared>) {
    let negotiated = {
        let mut negotiation = pin!(preface::negotiate(&mut io, &shared));
        tokio::select! {
            biased;
            result = &mut negotiation => result,
            () = shared.kill.cancelled() => return,
            () = quiet_drain(&shared) => return,
        }
    };
    let codec = match negotiated {
        Ok(Some(codec)) => codec,
        Ok(None) => {
            linger(&mut io).await;
            return;
        }
        Err(error) => {
            debug!(peer = peer.address, %error, "the connection failed in its preface");
            return;
        }
    };
    let mut driver = Driver::new(io, peer, Arc::clone(&shared), codec);
    match driver.run().await {
        End::Over => linger(&mut driver.socket.io).await,
        End::Killed => driver.cancel_all(Cancel::Shutdown),
        End::Broken(error) => {
            driver.cancel_all(Cancel::Connection);
            debug!(peer = driver.peer.address, %error, "the connection broke");
        }
    }
}

/// A connection without a single byte is quiet, too.
async fn quiet_drain(shared: &Shared) {
    shared.drain.cancelled().await;
    tokio::time::sleep(shared.config.quiet).await;
}

/// Says that we are done, and lets the peer read what it was sent.
async fn linger<S: Io>(io: &mut S) {
    let close = async {
        io.shutdown().await?;
        let mut rest = BytesMut::with_capacity(READ_MIN);
        let mut discarded = 0;
        while discarded < LINGER_BYTES {
            rest.clear();
            match io.read_buf(&mut rest).await? {
                0 => break,
                count => discarded += count,
            }
        }
        io::Result::Ok(())
    };
    // Whatever goes wrong here, the connection is over.
    let _ = timeout(LINGER, close).await;
}
