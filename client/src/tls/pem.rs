//! [`Pem`]: certificates, keys and revocation lists, in memory or in a file.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use gobrpc_protocol::{Error, Result};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

/// Where a PEM text is.
#[derive(Clone)]
pub(super) enum Pem {
    Bytes(Arc<[u8]>),
    File(PathBuf),
}

impl Pem {
    pub(super) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(bytes.into().into())
    }

    pub(super) fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    fn read(&self, what: &str) -> Result<Cow<'_, [u8]>> {
        match self {
            Self::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
            Self::File(path) => std::fs::read(path).map(Cow::Owned).map_err(|error| {
                Error::invalid_argument(format!(
                    "{what} cannot be read from {}: {error}",
                    path.display()
                ))
                .with_source(error)
            }),
        }
    }

    fn all<T: PemObject>(&self, what: &str) -> Result<Vec<T>> {
        let text = self.read(what)?;
        let items: Result<Vec<T>, _> = T::pem_slice_iter(&text).collect();
        let items = items.map_err(|error| unusable(&self.place(what), error))?;
        if items.is_empty() {
            return Err(Error::invalid_argument(format!(
                "{}: there is none in the PEM text",
                self.place(what)
            )));
        }
        Ok(items)
    }

    /// All certificates; at least one.
    pub(super) fn certificates(&self, what: &str) -> Result<Vec<CertificateDer<'static>>> {
        self.all(what)
    }

    /// All revocation lists; at least one.
    pub(super) fn revocations(
        &self,
        what: &str,
    ) -> Result<Vec<CertificateRevocationListDer<'static>>> {
        self.all(what)
    }

    /// The private key, in PKCS #8, PKCS #1 or SEC 1.
    pub(super) fn key(&self, what: &str) -> Result<PrivateKeyDer<'static>> {
        let text = self.read(what)?;
        // The error's own text could show what is in the key.
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
            Error::invalid_argument(format!("{}: there is none in PEM", self.place(what)))
        })
    }

    fn place(&self, what: &str) -> String {
        match self {
            Self::Bytes(_) => what.to_owned(),
            Self::File(path) => format!("{what} in {}", path.display()),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The error for what was read and cannot be used.
pub(super) fn unusable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::invalid_argument(format!("{what} cannot be used: {error}")).with_source(error)
}
