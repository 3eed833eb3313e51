//! [`Caught`]: a future whose panic is an error.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gobrpc_protocol::{HandlerFuture, Response, Result};

use crate::handlers;

/// Runs a future; its panic is the error that a caller may learn of it.
pub(crate) struct Caught {
    /// None once it has panicked: it may not be polled again.
    future: Option<HandlerFuture>,
    /// Service and method.
    name: Arc<str>,
}

impl Caught {
    pub(crate) fn new(future: HandlerFuture, name: Arc<str>) -> Self {
        Self {
            future: Some(future),
            name,
        }
    }
}

impl Future for Caught {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let Some(future) = &mut self.future else {
            return Poll::Ready(Err(handlers::panicked(&self.name)));
        };
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => {
                // Dropping it runs code of whoever has just panicked.
                let future = self.future.take();
                let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
                Poll::Ready(Err(handlers::panicked(&self.name)))
            }
        }
    }
}
