//! [`Outgoing`]: a stream of values on its way out.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::body::Payload;
use crate::error::Result;

/// Encoded values that come one after the other: the arguments of a call, or its
/// replies.
///
/// A copy is the same stream, and the first that takes it has it: unlike a value,
/// a stream can be sent once only.
#[derive(Clone)]
pub struct Outgoing(Arc<Mutex<Option<Payloads>>>);

/// The values of an [`Outgoing`].
pub type Payloads = Pin<Box<dyn Stream<Item = Result<Payload>> + Send>>;

impl Outgoing {
    /// A stream to send. An error in it ends the call.
    pub fn new(payloads: impl Stream<Item = Result<Payload>> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::pin(payloads)))))
    }

    /// A stream to send, of what a function gives each time that it is polled.
    pub fn from_fn<F>(poll: F) -> Self
    where
        F: FnMut(&mut Context<'_>) -> Poll<Option<Result<Payload>>> + Send + Unpin + 'static,
    {
        Self::new(FromFn(poll))
    }

    /// Takes the values; `None` if somebody has done so.
    #[must_use]
    pub fn take(&self) -> Option<Payloads> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct FromFn<F>(F);

impl<F> Stream for FromFn<F>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<Result<Payload>>> + Unpin,
{
    type Item = Result<Payload>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Payload>>> {
        (self.0)(cx)
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outgoing")
    }
}
