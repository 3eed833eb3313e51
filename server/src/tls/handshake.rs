//! The handshake of one connection.

use std::io;

use bytes::BytesMut;
use gobrpc_protocol::Peer;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, warn};

use super::prefixed::Prefixed;
use super::{Tls, identity, plaintext};
use crate::listener::Io;

/// What all records of a handshake begin with (RFC 8446, 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;

impl Tls {
    /// Shakes hands: the secured stream, and the peer with what it has proved.
    /// `None` if there will be no connection, after the log has said why.
    pub(crate) async fn accept<S: Io>(&self, io: S, peer: Peer) -> Option<(SecuredIo<S>, Peer)> {
        match timeout(self.0.handshake_timeout, self.shake_hands(io, &peer)).await {
            Ok(Ok(Some(stream))) => {
                let peer = match stream.get_ref().1.peer_certificates() {
                    Some([certificate, ..]) => {
                        peer.with_identity(identity::of_certificate(certificate))
                    }
                    _ => peer,
                };
                Some((stream, peer))
            }
            Ok(Ok(None)) => None,
            Ok(Err(error)) => {
                debug!(peer = peer.address, %error, "the TLS handshake failed");
                None
            }
            Err(_) => {
                debug!(
                    peer = peer.address,
                    limit = ?self.0.handshake_timeout,
                    "the TLS handshake took too long"
                );
                None
            }
        }
    }

    async fn shake_hands<S: Io>(&self, mut io: S, peer: &Peer) -> io::Result<Option<SecuredIo<S>>> {
        let mut prefix = BytesMut::with_capacity(1024);
        if io.read_buf(&mut prefix).await? == 0 {
            return Ok(None);
        }
        if prefix.first() != Some(&HANDSHAKE_RECORD) {
            // The first time is for whoever has set it up wrongly; all others may
            // be anybody's.
            if self.tell() {
                warn!(
                    peer = peer.address,
                    "refused plain text on a port that speaks TLS; is the client to use tls://?"
                );
            } else {
                debug!(peer = peer.address, "refused plain text on a TLS port");
            }
            plaintext::refuse(io, prefix).await?;
            return Ok(None);
        }
        let io = Prefixed { prefix, inner: io };
        TlsAcceptor::from(self.config()).accept(io).await.map(Some)
    }
}

/// A stream behind TLS.
pub(crate) type SecuredIo<S> = TlsStream<Prefixed<S>>;
