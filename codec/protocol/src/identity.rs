//! [`Identity`]: who a peer has proved to be.

use bytes::Bytes;

/// Who a peer has proved to be: what stands in its certificate, which was
/// verified before the first call.
///
/// Handlers find it by [`Peer::identity`](crate::Peer::identity). A name that a
/// peer only claims is never in here.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::{Context, Error, Result};
///
/// fn only_billing(cx: &Context) -> Result<()> {
///     match cx.peer().identity() {
///         Some(identity) if identity.has_dns_name("billing.internal") => Ok(()),
///         Some(_) => Err(Error::permission_denied("only billing may do this")),
///         None => Err(Error::unauthenticated("show a client certificate")),
///     }
/// }
///
/// assert!(only_billing(&Context::local("Ledger.Post")).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Identity {
    /// The common name of the certificate's subject.
    pub common_name: Option<String>,
    /// DNS names among the subject's alternative names, wildcards included.
    pub dns_names: Vec<String>,
    /// URIs among them, such as SPIFFE's `spiffe://domain/path`.
    pub uris: Vec<String>,
    /// The certificate itself, in DER.
    pub certificate: Bytes,
}

impl Identity {
    /// The identity of a certificate in DER whose names are not known yet.
    #[must_use]
    pub fn new(certificate: impl Into<Bytes>) -> Self {
        Self {
            certificate: certificate.into(),
            ..Self::default()
        }
    }

    /// True if the certificate has exactly this DNS name, whatever the case of
    /// its letters.
    #[must_use]
    pub fn has_dns_name(&self, name: &str) -> bool {
        self.dns_names
            .iter()
            .any(|held| held.eq_ignore_ascii_case(name))
    }

    /// True if the certificate has exactly this URI.
    #[must_use]
    pub fn has_uri(&self, uri: &str) -> bool {
        self.uris.iter().any(|held| held == uri)
    }
}
