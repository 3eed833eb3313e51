//! TLS and mutual TLS, by rustls: the feature `tls`.
//!
//! An address `tls://host:port` needs no more than the feature: the server must
//! show a certificate for `host` that the system's authorities vouch for.
//! [`Tls`] says otherwise.
//!
//! # Examples
//!
//! ```no_run
//! use gobrpc_client::tls::Tls;
//! use gobrpc_client::Client;
//!
//! # async fn example() -> gobrpc_client::Result<()> {
//! let tls = Tls::builder()
//!     .ca_file("ca.pem")
//!     .identity_files("client.pem", "client.key")
//!     .server_name("ledger.internal")
//!     .build()?;
//! let client = Client::builder().tls(tls.clone()).connect("tls://10.0.0.7:1234");
//! let sum: i64 = client.call("Ledger.Sum", &()).await?;
//!
//! // When the files have changed; the next connection uses them.
//! tls.reload().await?;
//! # Ok(())
//! # }
//! ```

mod connector;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use gobrpc_protocol::{Error, Result};
use gobrpc_tls::{Identity, Pem, Settings, provider_or_ring, revocations, roots, unusable};
use rustls::client::WebPkiServerVerifier;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;

pub use connector::secure;
pub(crate) use connector::{refusal, secure_by};
pub use gobrpc_tls::rustls;

/// How a client secures its connections.
///
/// A copy is a handle of the same: what [`Tls::reload`] and [`Tls::replace`]
/// change holds for all connections that are dialled after.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    settings: Settings<TlsBuilder, ClientConfig>,
    /// The name that the server's certificate must have; the address's host
    /// without.
    server_name: Option<ServerName<'static>>,
}

impl Tls {
    /// A builder that trusts the authorities of the system.
    pub fn builder() -> TlsBuilder {
        TlsBuilder::default()
    }

    /// TLS by a configuration of rustls, for what the builder does not offer.
    #[must_use]
    pub fn from_rustls(config: Arc<ClientConfig>) -> Self {
        Self::new(Settings::given(config), None)
    }

    fn new(
        settings: Settings<TlsBuilder, ClientConfig>,
        server_name: Option<ServerName<'static>>,
    ) -> Self {
        Self(Arc::new(Inner {
            settings,
            server_name,
        }))
    }

    /// Reads the files again that the builder was given, for connections to come.
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

    /// Uses what this builder says from now on, for connections to come. The
    /// server's name stays.
    ///
    /// # Errors
    ///
    /// As for [`TlsBuilder::build`]. What held before goes on.
    pub fn replace(&self, builder: TlsBuilder) -> Result<()> {
        let config = builder.config()?;
        self.0.settings.replace(builder, config);
        Ok(())
    }

    /// Uses this configuration of rustls from now on, for connections to come.
    pub fn replace_rustls(&self, config: Arc<ClientConfig>) {
        self.0.settings.replace_config(config);
    }

    fn config(&self) -> Arc<ClientConfig> {
        self.0.settings.config()
    }

    /// The name that the certificate of a server at `host` must have.
    fn name(&self, host: &str) -> Result<ServerName<'static>> {
        match &self.0.server_name {
            Some(name) => Ok(name.clone()),
            None => server_name(host),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("server_name", &self.0.server_name)
            .finish_non_exhaustive()
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).map_err(|error| {
        Error::invalid_argument(format!(
            "{name:?} is no name that a certificate could have: {error}"
        ))
        .with_source(error)
    })
}

/// Says what a [`Tls`] is made of. PEM may stand in files, which
/// [`Tls::reload`] reads again, or in memory.
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct TlsBuilder {
    ca: Vec<Pem>,
    crl: Vec<Pem>,
    identity: Option<Identity>,
    server_name: Option<String>,
    provider: Option<Arc<rustls::crypto::CryptoProvider>>,
}

impl TlsBuilder {
    /// Trusts these authorities, and not those of the system. May be called
    /// several times.
    pub fn ca_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.ca.push(Pem::bytes(certificates));
        self
    }

    /// The same, in a file.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca.push(Pem::file(path));
        self
    }

    /// Refuses servers whose certificate is on one of these revocation lists
    /// (CRL), and those whose authority has no list here.
    pub fn crl_pem(mut self, lists: impl Into<Vec<u8>>) -> Self {
        self.crl.push(Pem::bytes(lists));
        self
    }

    /// The same, in a file.
    pub fn crl_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.crl.push(Pem::file(path));
        self
    }

    /// Mutual TLS: the client's certificate, with those that signed it behind
    /// it, and its private key.
    pub fn identity_pem(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some(Identity::new(Pem::bytes(chain), Pem::bytes(key)));
        self
    }

    /// The same, in files.
    pub fn identity_files(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some(Identity::new(Pem::file(chain), Pem::file(key)));
        self
    }

    /// The name or IP address that the server's certificate must be for, where
    /// it is not the host of the client's address. Nothing that the server says
    /// changes it.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Another implementation of the cryptography than ring.
    pub fn provider(mut self, provider: Arc<rustls::crypto::CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Reads and checks everything. Files, and those of the system, are read
    /// right here, so do it at the start of a program.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` with what is missing, unreadable, or does not fit
    /// together. No text shows what stands in a key.
    pub fn build(self) -> Result<Tls> {
        let name = self.server_name.as_deref().map(server_name).transpose()?;
        let config = self.config()?;
        Ok(Tls::new(Settings::new(self, config), name))
    }

    fn config(&self) -> Result<Arc<ClientConfig>> {
        let provider = provider_or_ring(self.provider.as_ref());
        let mut verifier =
            WebPkiServerVerifier::builder_with_provider(self.roots()?, Arc::clone(&provider));
        if !self.crl.is_empty() {
            let lists = revocations(&self.crl, "the revocation list")?;
            // Authorities above the issuer seldom publish lists, and one that is
            // missing would refuse every server.
            verifier = verifier.with_crls(lists).only_check_end_entity_revocation();
        }
        let verifier = verifier
            .build()
            .map_err(|error| unusable("the authority", error))?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("the TLS provider", error))?
            .with_webpki_verifier(verifier);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = identity.read("the client's")?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| unusable("the client's certificate and key", error))?
            }
        };
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<Arc<RootCertStore>> {
        let mut roots = roots(&self.ca, "the authority")?;
        if self.ca.is_empty() {
            let system = rustls_native_certs::load_native_certs();
            // Systems have certificates that are odd; the others are of use.
            roots.add_parsable_certificates(system.certs);
            if roots.is_empty() {
                return Err(Error::invalid_argument(
                    "this system has no authorities to trust: name the server's by ca_file or \
                     ca_pem",
                ));
            }
        }
        Ok(Arc::new(roots))
    }
}

impl fmt::Debug for TlsBuilder {
    /// Without what is in the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsBuilder")
            .field("ca", &self.ca)
            .field("crl", &self.crl)
            .field("identity", &self.identity)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}
