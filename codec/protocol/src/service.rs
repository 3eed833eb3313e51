//! [`Service`]: what can handle calls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use gobrpc_codec::{Encode, Prepared};

use crate::body::{Body, Payload};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::info::ServiceInfo;
use crate::metadata::Metadata;
use crate::outgoing::Outgoing;
use crate::streaming::Streaming;

/// Handles the calls of one service: what `#[service]` generates, or a layer
/// around one.
///
/// It mirrors [`Caller`](crate::Caller): an undecoded body in, a response out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no service that can be registered",
    label = "wrap it in what `#[service]` made of its trait: `ArithServer::new(…)` for `trait Arith`"
)]
pub trait Service: Send + Sync + 'static {
    /// Names, types and documentation of the methods.
    fn info(&self) -> &'static ServiceInfo;

    /// Handles a call of the method with this index in
    /// [`ServiceInfo::methods`].
    ///
    /// It decodes the argument and gives back what is left to do; it does not
    /// run the handler.
    fn call(&self, method: usize, context: Context, body: Body) -> Handling;

    /// Answers a call of the method with this index whose body cannot be read, for
    /// this reason. There is nothing to handle; a layer may still have to say that the
    /// caller may not call at all.
    fn call_unreadable(&self, method: usize, context: Context, error: Error) -> Handling {
        let _ = (method, context);
        Handling::Ready(Err(error))
    }
}

impl<S: Service + ?Sized> Service for Arc<S> {
    fn info(&self) -> &'static ServiceInfo {
        (**self).info()
    }

    fn call(&self, method: usize, context: Context, body: Body) -> Handling {
        (**self).call(method, context, body)
    }

    fn call_unreadable(&self, method: usize, context: Context, error: Error) -> Handling {
        (**self).call_unreadable(method, context, error)
    }
}

/// A call that is being handled.
#[must_use]
pub enum Handling {
    /// It is over.
    Ready(Result<Response>),
    /// It is over when the future is.
    Future(HandlerFuture),
    /// It keeps a thread busy, and wants one of its own.
    Blocking(Box<dyn FnOnce() -> Result<Response> + Send>),
}

/// A handler that runs.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Response>> + Send>>;

impl Handling {
    /// Handles by a future.
    pub fn future(handler: impl Future<Output = Result<Response>> + Send + 'static) -> Self {
        Self::Future(Box::pin(handler))
    }

    /// Handles on a thread that may be kept busy.
    pub fn blocking(handler: impl FnOnce() -> Result<Response> + Send + 'static) -> Self {
        Self::Blocking(Box::new(handler))
    }
}

impl fmt::Debug for Handling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Handling::Ready",
            Self::Future(_) => "Handling::Future",
            Self::Blocking(_) => "Handling::Blocking",
        })
    }
}

/// What a handler answers.
#[derive(Debug, Clone)]
pub struct Response {
    payload: Payload,
    metadata: Metadata,
    stream: Option<Outgoing>,
}

impl Response {
    /// One value.
    ///
    /// # Errors
    ///
    /// If gob cannot express the value.
    pub fn unary<T: Encode>(value: &T) -> Result<Self> {
        Ok(Payload::new(value)?.into())
    }

    /// A stream of values. One that cannot be encoded is found when it is sent.
    #[must_use]
    pub fn streaming<T: Encode + 'static>(items: Streaming<T>) -> Self {
        Self::from_outgoing(items.into_outgoing())
    }

    /// A stream of values that are encoded already.
    #[must_use]
    pub fn from_outgoing(items: Outgoing) -> Self {
        let mut response = Self::from(Payload::from(Prepared::empty_struct()));
        response.stream = Some(items);
        response
    }

    /// The stream of values, if this is one.
    #[must_use]
    pub fn stream(&self) -> Option<&Outgoing> {
        self.stream.as_ref()
    }

    /// Takes the stream of values out, if this is one: what stays is what comes with
    /// its end.
    #[must_use]
    pub fn take_stream(&mut self) -> Option<Outgoing> {
        self.stream.take()
    }

    /// The value; of a stream what comes with its end, which is an empty struct.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// What travels beside it.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The same, to change.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }
}

impl From<Payload> for Response {
    fn from(payload: Payload) -> Self {
        Self {
            payload,
            metadata: Metadata::new(),
            stream: None,
        }
    }
}
