//! TLS and mutual TLS, by rustls: the feature `tls`.
//!
//! # Examples
//!
//! A server that serves clients of one authority only, and takes over renewed
//! certificates without a restart:
//!
//! ```no_run
//! use gobrpc_server::tls::Tls;
//! use gobrpc_server::Server;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let tls = Tls::builder()
//!     .identity_files("server.pem", "server.key")
//!     .client_ca_file("clients-ca.pem")
//!     .client_crl_file("clients.crl.pem")
//!     .build()?;
//! let running = Server::new()
//!     .with_tls(tls.clone())
//!     .start("tls://0.0.0.0:1234")
//!     .await?;
//!
//! // When the files have changed, on SIGHUP say:
//! tls.reload().await?;
//! # drop(running);
//! # Ok(())
//! # }
//! ```

mod handshake;
mod identity;
mod plaintext;
mod prefixed;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gobrpc_protocol::{Error, Result};
use gobrpc_tls::{Identity, Pem, Settings, provider_or_ring, revocations, roots, unusable};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

pub use gobrpc_tls::rustls;

/// How a server secures its connections.
///
/// A copy is a handle of the same: what [`Tls::reload`] and [`Tls::replace`]
/// change holds for all connections that come after, and those that are open go
/// on as they are.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    settings: Settings<TlsBuilder, ServerConfig>,
    handshake_timeout: Duration,
    /// The log has told of plaintext on this port.
    told: AtomicBool,
}

/// Longest handshake, unless the builder says another.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

impl Tls {
    /// What a server needs: at least a certificate of its own and its key.
    pub fn builder() -> TlsBuilder {
        TlsBuilder::default()
    }

    /// TLS by a configuration of rustls, for what the builder does not offer.
    #[must_use]
    pub fn from_rustls(config: Arc<ServerConfig>) -> Self {
        Self::new(Settings::given(config), HANDSHAKE_TIMEOUT)
    }

    fn new(settings: Settings<TlsBuilder, ServerConfig>, timeout: Duration) -> Self {
        Self(Arc::new(Inner {
            settings,
            handshake_timeout: timeout,
            told: AtomicBool::new(false),
        }))
    }

    /// Reads the files again that the builder was given, for new connections.
    ///
    /// Session tickets of before are void then, so that a client whose
    /// certificate was revoked cannot resume what it had.
    ///
    /// # Errors
    ///
    /// As for [`TlsBuilder::build`]; `FailedPrecondition` for a configuration of
    /// rustls. What held before goes on.
    pub async fn reload(&self) -> Result<()> {
        let builder = self.0.settings.builder()?;
        let read = builder.clone();
        // Files are read, and keys are checked: not on the executor.
        let config = tokio::task::spawn_blocking(move || read.config())
            .await
            .map_err(|error| {
                Error::internal("reading the certificates failed").with_source(error)
            })??;
        self.0.settings.replace(builder, config);
        Ok(())
    }

    /// Uses what this builder says from now on, for new connections. The
    /// handshake timeout stays.
    ///
    /// # Errors
    ///
    /// As for [`TlsBuilder::build`]. What held before goes on.
    pub fn replace(&self, builder: TlsBuilder) -> Result<()> {
        let config = builder.config()?;
        self.0.settings.replace(builder, config);
        Ok(())
    }

    /// Uses this configuration of rustls from now on, for new connections.
    pub fn replace_rustls(&self, config: Arc<ServerConfig>) {
        self.0.settings.replace_config(config);
    }

    fn config(&self) -> Arc<ServerConfig> {
        self.0.settings.config()
    }

    /// True for the first time.
    fn tell(&self) -> bool {
        !self.0.told.swap(true, Ordering::Relaxed)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("handshake_timeout", &self.0.handshake_timeout)
            .finish_non_exhaustive()
    }
}

/// Says what a [`Tls`] is made of. PEM may stand in files, which
/// [`Tls::reload`] reads again, or in memory.
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct TlsBuilder {
    identity: Option<Identity>,
    client_ca: Vec<Pem>,
    client_crl: Vec<Pem>,
    optional_clients: bool,
    handshake_timeout: Option<Duration>,
    provider: Option<Arc<rustls::crypto::CryptoProvider>>,
}

impl TlsBuilder {
    /// The server's certificate, with those that signed it behind it, and its
    /// private key.
    pub fn identity_pem(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some(Identity::new(Pem::bytes(chain), Pem::bytes(key)));
        self
    }

    /// The same, in files.
    pub fn identity_files(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some(Identity::new(Pem::file(chain), Pem::file(key)));
        self
    }

    /// Mutual TLS: clients must show a certificate that one of these authorities
    /// signed. May be called several times.
    pub fn client_ca_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.client_ca.push(Pem::bytes(certificates));
        self
    }

    /// The same, in a file.
    pub fn client_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_ca.push(Pem::file(path));
        self
    }

    /// Revokes client certificates by these lists (CRL). With one, the authority
    /// that issued a client's certificate must have a list, else the client is
    /// refused.
    pub fn client_crl_pem(mut self, lists: impl Into<Vec<u8>>) -> Self {
        self.client_crl.push(Pem::bytes(lists));
        self
    }

    /// The same, in a file.
    pub fn client_crl_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_crl.push(Pem::file(path));
        self
    }

    /// Serves clients without a certificate, too; one that is shown is verified
    /// all the same. Handlers then look at
    /// [`Peer::identity`](gobrpc_protocol::Peer::identity).
    pub fn optional_clients(mut self) -> Self {
        self.optional_clients = true;
        self
    }

    /// The longest that a handshake may take (10 s).
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = Some(timeout);
        self
    }

    /// Another implementation of the cryptography than ring.
    pub fn provider(mut self, provider: Arc<rustls::crypto::CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Reads and checks everything. Files are read right here, so do it at the
    /// start of a program.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` with what is missing, unreadable, or does not fit
    /// together. No text shows what stands in a key.
    pub fn build(self) -> Result<Tls> {
        let config = self.config()?;
        let timeout = self.handshake_timeout.unwrap_or(HANDSHAKE_TIMEOUT);
        Ok(Tls::new(Settings::new(self, config), timeout))
    }

    fn config(&self) -> Result<Arc<ServerConfig>> {
        let provider = provider_or_ring(self.provider.as_ref());
        let identity = self.identity.as_ref().ok_or_else(|| {
            Error::invalid_argument(
                "a TLS server needs a certificate: identity_files or identity_pem",
            )
        })?;
        let (chain, key) = identity.read("the server's")?;
        let verifier = self.verifier(&provider)?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("the TLS provider", error))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| unusable("the server's certificate and key", error))?;
        Ok(Arc::new(config))
    }

    fn verifier(
        &self,
        provider: &Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>> {
        if self.client_ca.is_empty() {
            if !self.client_crl.is_empty() || self.optional_clients {
                return Err(Error::invalid_argument(
                    "client certificates are checked against authorities: give client_ca_file \
                     or client_ca_pem, too",
                ));
            }
            return Ok(WebPkiClientVerifier::no_client_auth());
        }
        let roots = roots(&self.client_ca, "the clients' authority")?;
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        if !self.client_crl.is_empty() {
            let lists = revocations(&self.client_crl, "the clients' revocation list")?;
            // Authorities above the issuer seldom publish lists, and one that is
            // missing would refuse everybody.
            builder = builder.with_crls(lists).only_check_end_entity_revocation();
        }
        if self.optional_clients {
            builder = builder.allow_unauthenticated();
        }
        builder
            .build()
            .map_err(|error| unusable("the clients' authority", error))
    }
}

impl fmt::Debug for TlsBuilder {
    /// Without what is in the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsBuilder")
            .field("identity", &self.identity)
            .field("client_ca", &self.client_ca)
            .field("client_crl", &self.client_crl)
            .field("optional_clients", &self.optional_clients)
            .finish_non_exhaustive()
    }
}
