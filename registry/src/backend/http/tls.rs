//! [`TlsOptions`]: how a connection to a registry is secured.

use std::fmt;
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, Result};

/// How connections to `https://` addresses of a registry are secured: by default
/// with the certificates that the system trusts, and none of our own.
///
/// # Examples
///
/// ```no_run
/// use gobrpc_registry::backend::TlsOptions;
///
/// # fn main() -> std::io::Result<()> {
/// let tls = TlsOptions::new()
///     .ca_pem(std::fs::read("ca.pem")?)
///     .identity_pem(std::fs::read("client.pem")?, std::fs::read("client.key")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct TlsOptions {
    ca: Option<Pem>,
    /// A certificate with those that signed it, and its private key.
    identity: Option<(Pem, Pem)>,
}

type Pem = Arc<[u8]>;

impl TlsOptions {
    /// With the certificates that the system trusts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these certificates (PEM), and no others.
    #[must_use]
    pub fn ca_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(certificates.into().into());
        self
    }

    /// Shows the registry this certificate (PEM, with those that signed it behind
    /// it), whose private key this is (PEM).
    #[must_use]
    pub fn identity_pem(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((chain.into().into(), key.into().into()));
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
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates("the CA certificates", pem)? {
                    roots.add(certificate).map_err(|error| {
                        Error::refused(format_args!("a CA certificate is malformed: {error}"))
                    })?;
                }
                builder.with_root_certificates(roots)
            }
        };
        let Some((chain, key)) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = certificates("the client's certificate", chain)?;
        // Its text must not show what is in the key.
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| Error::refused("the client's private key is not one in PEM"))?;
        builder.with_client_auth_cert(chain, key).map_err(|error| {
            Error::refused(format_args!(
                "the client's certificate and key do not work: {error}"
            ))
        })
    }

    /// The provider is named, as a program may have others.
    fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::refused(format_args!("TLS cannot be set up: {error}")))
    }
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(Error::refused(format_args!(
            "{what}: no PEM certificate in it"
        ))),
        Err(error) => Err(Error::refused(format_args!("{what}: {error}"))),
    }
}

impl fmt::Debug for TlsOptions {
    /// Without what is in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("ca", &self.ca.is_some())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}
