//! What TLS is made of on both sides: [`Pem`] and [`Identity`] from files or
//! memory, the [authorities](roots) that are trusted, and [`Settings`] that
//! change while connections use them.
//!
//! `gobrpc-server`, `gobrpc-client` and `gobrpc-registry` build the configurations
//! of rustls from it. It opens no connection.

mod identity;
mod pem;
mod settings;

use std::sync::Arc;

use gobrpc_protocol::{Error, Result};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::CertificateRevocationListDer;

pub use identity::Identity;
pub use pem::Pem;
pub use rustls;
pub use settings::Settings;

/// The certificates of all these authorities, of which `what` tells in errors.
///
/// # Errors
///
/// `InvalidArgument` if one of them cannot be read or used.
pub fn roots(authorities: &[Pem], what: &str) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for pem in authorities {
        for certificate in pem.certificates(what)? {
            roots
                .add(certificate)
                .map_err(|error| unusable(what, error))?;
        }
    }
    Ok(roots)
}

/// All these revocation lists, of which `what` tells in errors.
///
/// # Errors
///
/// `InvalidArgument` if one of them cannot be read.
pub fn revocations(
    lists: &[Pem],
    what: &str,
) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    let mut all = Vec::new();
    for pem in lists {
        all.extend(pem.revocations(what)?);
    }
    Ok(all)
}

/// This implementation of the cryptography; ring's if there is none.
#[must_use]
pub fn provider_or_ring(provider: Option<&Arc<CryptoProvider>>) -> Arc<CryptoProvider> {
    provider.map_or_else(
        || Arc::new(rustls::crypto::ring::default_provider()),
        Arc::clone,
    )
}

/// The error for what was read and cannot be used.
pub fn unusable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::invalid_argument(format!("{what} cannot be used: {error}")).with_source(error)
}
