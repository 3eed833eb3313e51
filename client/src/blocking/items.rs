//! [`Items`]: a stream as an iterator.

use std::fmt;
use std::future::Future;
use std::pin::pin;

use gobrpc_protocol::codec::DecodeOwned;
use gobrpc_protocol::{Metadata, Result, Streaming};

use super::wait::until_ready;

/// The replies of a call as an iterator, each waited for on this thread.
///
/// After an error nothing comes. Dropping it ends the call. On a thread that belongs
/// to a tokio runtime it gives one error, and ends.
///
/// See the [module](super) for an example.
#[must_use = "dropping a stream ends its call"]
pub struct Items<T> {
    /// `None` after the last one.
    stream: Option<Streaming<T>>,
    trailers: Metadata,
}

impl<T> Items<T> {
    /// The metadata that came with the end of the stream, once it is over.
    #[must_use]
    pub fn trailers(&self) -> &Metadata {
        &self.trailers
    }

    /// The stream itself, for async code.
    #[must_use]
    pub fn into_inner(self) -> Option<Streaming<T>> {
        self.stream
    }
}

impl<T> From<Streaming<T>> for Items<T> {
    fn from(stream: Streaming<T>) -> Self {
        Self {
            stream: Some(stream),
            trailers: Metadata::new(),
        }
    }
}

impl<T: DecodeOwned> Iterator for Items<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        let stream = self.stream.as_mut()?;
        let item = {
            let mut next = pin!(stream.next());
            until_ready(|cx| next.as_mut().poll(cx))
        };
        let item = item.unwrap_or_else(|error| Some(Err(error)));
        if !matches!(item, Some(Ok(_)))
            && let Some(stream) = self.stream.take()
        {
            self.trailers = stream.trailers();
        }
        item
    }
}

impl<T: DecodeOwned> std::iter::FusedIterator for Items<T> {}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}
