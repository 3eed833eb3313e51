//! [`TlsOptions`]: how a connection to a registry is secured.

use std::fmt;
use std::path::PathBuf;

use gobrpc_tls::rustls::{self, ClientConfig, RootCertStore};
use gobrpc_tls::{Identity, Pem, provider_or_ring, roots, unusable};
use hyper_rustls::ConfigBuilderExt as _;

use crate::error::{Error, Result};

/// How connections to `https://` addresses of a registry are secured: by default
/// with the certificates that the system trusts, and none of our own.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::backend::TlsOptions;
///
/// let tls = TlsOptions::new()
///     .ca_file("ca.pem")
///     .identity_files("client.pem", "client.key");
/// ```
#[derive(Clone, Default)]
pub struct TlsOptions {
    ca: Option<Pem>,
    /// A certificate with those that signed it, and its private key.
    identity: Option<Identity>,
}

impl TlsOptions {
    /// With the certificates that the system trusts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these certificates (PEM), and no others.
    #[must_use]
    pub fn ca_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(Pem::bytes(certificates));
        self
    }

    /// The same, in a file, which is read when the backend is built.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca = Some(Pem::file(path));
        self
    }

    /// Shows the registry this certificate (PEM, with those that signed it behind
    /// it), whose private key this is (PEM).
    #[must_use]
    pub fn identity_pem(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some(Identity::new(Pem::bytes(chain), Pem::bytes(key)));
        self
    }

    /// The same, in files, which are read when the backend is built.
    #[must_use]
    pub fn identity_files(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some(Identity::new(Pem::file(chain), Pem::file(key)));
        self
    }

    /// For addresses without TLS: trusts nobody.
    pub(super) fn unused() -> Result<ClientConfig> {
        Ok(Self::builder()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth())
    }

    pub(super) fn config(&self) -> Result<ClientConfig> {
        let builder = Self::builder()?;
        let builder = match &self.ca {
            None => builder.with_native_roots().map_err(|error| {
                Error::refused(format_args!(
                    "the system has no certificates to trust ({error}); give those of the registry"
                ))
            })?,
            Some(ca) => {
                let trusted = roots(std::slice::from_ref(ca), "the registry's authority");
                builder.with_root_certificates(trusted.map_err(refused)?)
            }
        };
        let Some(identity) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let (chain, key) = identity.read("the client's").map_err(refused)?;
        builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| refused(unusable("the client's certificate and key", error)))
    }

    /// The provider is named, as a program may have others.
    fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
        ClientConfig::builder_with_provider(provider_or_ring(None))
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(unusable("the TLS provider", error)))
    }
}

fn refused(error: gobrpc_protocol::Error) -> Error {
    Error::refused(error.message())
}

impl fmt::Debug for TlsOptions {
    /// Without what is in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("ca", &self.ca)
            .field("identity", &self.identity)
            .finish()
    }
}
