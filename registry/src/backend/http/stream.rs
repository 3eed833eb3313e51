//! [`Stream`]: an answer whose body comes in pieces.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Incoming;

use super::{Ask, Http, HttpAddress};
use crate::error::{Error, Result};

/// An answer whose body comes in pieces.
pub(crate) struct Stream {
    pub(crate) status: StatusCode,
    body: Incoming,
    pub(crate) address: HttpAddress,
}

impl Http {
    /// Asks, and gives the answer once its head is there.
    ///
    /// # Errors
    ///
    /// As for [`Http::ask`].
    pub(crate) async fn open(&self, ask: &Ask) -> Result<Stream> {
        self.first(
            |index| async move {
                let (address, response) = self.head(index, ask).await?;
                Ok(Stream {
                    status: response.status(),
                    body: response.into_body(),
                    address,
                })
            },
            |stream| match stream.status.is_server_error() {
                true => Err(stream.status.to_string()),
                false => Ok(()),
            },
        )
        .await
    }
}

impl Stream {
    /// The next piece; `None` at the end. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the connection broke.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
                Some(Err(error)) => {
                    return Err(Error::unavailable(format_args!(
                        "{}: the connection broke: {error}",
                        self.address
                    )));
                }
            }
        }
    }
}
