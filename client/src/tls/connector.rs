//! TLS on top of another connector.

use std::io;
use std::sync::{Mutex, PoisonError};

use gobrpc_protocol::{Code, Error, Phase, Result};
use rustls::{AlertDescription, CertificateError, InvalidMessage};
use tokio_rustls::TlsConnector as Handshake;

use super::{Tls, TlsBuilder};
use crate::connector::{BoxedIo, Connecting, Connector};

/// A connector that speaks TLS on the connections of another one, with a server
/// whose certificate is for `host`, unless `tls` names another.
///
/// # Examples
///
/// ```no_run
/// use gobrpc_client::tls::{Tls, secure};
/// use gobrpc_client::{Client, connector};
///
/// # fn example() -> gobrpc_client::Result<()> {
/// let tls = Tls::builder().ca_file("ca.pem").build()?;
/// let socket = connector::from_address("unix:///run/ledger.sock".parse()?);
/// let client = Client::builder().connect_with(secure(socket, "ledger.internal", tls));
/// # Ok(())
/// # }
/// ```
pub fn secure(inner: impl Connector, host: impl Into<String>, tls: Tls) -> impl Connector {
    SecureConnector {
        inner,
        host: host.into(),
        tls: Mutex::new(Some(tls)),
    }
}

/// As [`secure`], by the system's authorities if the caller says nothing; they
/// are read by the first dial.
pub(crate) fn secure_by(inner: impl Connector, host: String, tls: Option<Tls>) -> impl Connector {
    SecureConnector {
        inner,
        host,
        tls: Mutex::new(tls),
    }
}

struct SecureConnector<C> {
    inner: C,
    host: String,
    tls: Mutex<Option<Tls>>,
}

impl<C: Connector> SecureConnector<C> {
    async fn tls(&self) -> Result<Tls> {
        let known =
            |tls: &Mutex<Option<Tls>>| tls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(tls) = known(&self.tls) {
            return Ok(tls);
        }
        let tls = tokio::task::spawn_blocking(|| TlsBuilder::default().build())
            .await
            .map_err(|error| {
                Error::internal("reading the system's authorities failed").with_source(error)
            })??;
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = Some(tls.clone());
        Ok(tls)
    }
}

impl<C: Connector> Connector for SecureConnector<C> {
    fn peer(&self) -> &str {
        self.inner.peer()
    }

    fn connect(&self) -> Connecting<'_> {
        Box::pin(async {
            let tls = self
                .tls()
                .await
                .map_err(|error| error.with_phase(Phase::Handshake))?;
            let name = tls
                .name(&self.host)
                .map_err(|error| error.with_phase(Phase::Resolve))?;
            let stream = self.inner.connect().await?;
            let stream = Handshake::from(tls.config())
                .connect(name, stream)
                .await
                .map_err(explain)?;
            Ok(Box::new(stream) as BoxedIo)
        })
    }
}

/// What a failed handshake means.
fn explain(error: io::Error) -> Error {
    let (code, text) = match cause(&error) {
        // Trying again gives the same.
        Some(rustls::Error::InvalidCertificate(fault)) => (
            Code::Unauthenticated,
            format!("the server's certificate is not accepted: {}", words(fault)),
        ),
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => (
            Code::Unavailable,
            "the server's answer is no TLS: does it speak plain text on this port?".to_owned(),
        ),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => (
            Code::Unavailable,
            "the server closed the connection within the TLS handshake: does it speak TLS on \
             this port?"
                .to_owned(),
        ),
        _ => match refusal(&error) {
            Some(text) => (Code::Unauthenticated, text),
            None => (Code::Unavailable, format!("TLS: {error}")),
        },
    };
    Error::with_code(code, text)
        .with_phase(Phase::Handshake)
        .with_source(error)
}

fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The words for a server that does not accept our certificate. With TLS 1.3 it
/// says so only after the client's side of the handshake, as the answer to what
/// comes next.
pub(crate) fn refusal(error: &io::Error) -> Option<String> {
    let rustls::Error::AlertReceived(alert) = cause(error)? else {
        return None;
    };
    let why = match alert {
        AlertDescription::CertificateRequired => "it wants one, and none was given",
        AlertDescription::CertificateExpired => "it has expired",
        AlertDescription::CertificateRevoked => "it was revoked",
        AlertDescription::UnknownCA => "its authority is not one of the server's",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => "it is not one that the server knows",
        _ => return None,
    };
    Some(format!(
        "the server does not accept the client's certificate: {why} ({alert:?})"
    ))
}

fn words(fault: &CertificateError) -> String {
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "none of the trusted authorities has signed it".to_owned()
        }
        CertificateError::UnknownRevocationStatus => {
            "there is no revocation list of its authority".to_owned()
        }
        other => other.to_string(),
    }
}
