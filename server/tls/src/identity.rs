//! [`Identity`]: a certificate and its private key.

use std::fmt;

use gobrpc_protocol::Result;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::pem::Pem;

/// A certificate, with those that signed it behind it, and its private key.
#[derive(Clone)]
pub struct Identity {
    chain: Pem,
    key: Pem,
}

impl Identity {
    /// The identity of this chain and key.
    #[must_use]
    pub const fn new(chain: Pem, key: Pem) -> Self {
        Self { chain, key }
    }

    /// Both, of whose owner errors speak as `whose`: "the server's".
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if one of them cannot be read. No text shows what stands in
    /// the key.
    pub fn read(
        &self,
        whose: &str,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let chain = self.chain.certificates(&format!("{whose} certificate"))?;
        let key = self.key.key(&format!("{whose} private key"))?;
        Ok((chain, key))
    }
}

impl fmt::Debug for Identity {
    /// Without what is in the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.chain, f)
    }
}
