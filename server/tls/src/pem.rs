//! [`Pem`]: certificates, keys and revocation lists, in memory or in a file.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use gobrpc_protocol::{Error, Result};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::unusable;

/// Where a PEM text is: in memory, or in a file that is read each time.
///
/// Methods take a name of what is in it, for their errors: "the server's
/// certificate".
///
/// # Examples
///
/// ```
/// use gobrpc_tls::Pem;
///
/// let error = Pem::bytes("no PEM").certificates("the authority").unwrap_err();
/// assert_eq!(error.message(), "the authority: there is none in the PEM text");
/// ```
#[derive(Clone)]
pub struct Pem(Place);

#[derive(Clone)]
enum Place {
    Bytes(Arc<[u8]>),
    File(PathBuf),
}

impl Pem {
    /// This text.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Place::Bytes(bytes.into().into()))
    }

    /// The text of this file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    fn read(&self, what: &str) -> Result<Cow<'_, [u8]>> {
        match &self.0 {
            Place::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
            Place::File(path) => std::fs::read(path).map(Cow::Owned).map_err(|error| {
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
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if it cannot be read, or there is none.
    pub fn certificates(&self, what: &str) -> Result<Vec<CertificateDer<'static>>> {
        self.all(what)
    }

    /// All revocation lists; at least one.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if it cannot be read, or there is none.
    pub fn revocations(&self, what: &str) -> Result<Vec<CertificateRevocationListDer<'static>>> {
        self.all(what)
    }

    /// The private key, in PKCS #8, PKCS #1 or SEC 1.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if it cannot be read, or there is none. No text shows what
    /// stands in it.
    pub fn key(&self, what: &str) -> Result<PrivateKeyDer<'static>> {
        let text = self.read(what)?;
        // The error's own text could show what is in the key.
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
            Error::invalid_argument(format!("{}: there is none in PEM", self.place(what)))
        })
    }

    fn place(&self, what: &str) -> String {
        match &self.0 {
            Place::Bytes(_) => what.to_owned(),
            Place::File(path) => format!("{what} in {}", path.display()),
        }
    }
}

impl fmt::Debug for Pem {
    /// Where it is, and nothing of what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Place::File(path) => write!(f, "{}", path.display()),
        }
    }
}
