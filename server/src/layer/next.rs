//! [`Next`]: what is inside of a layer.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use gobrpc_protocol::chain::Handoff;
use gobrpc_protocol::{
    Body, Context, Error, Handling, MethodInfo, Outgoing, Payload, Response, Result, Service,
};
use tokio::sync::Semaphore;

use super::Layers;
use super::caught::Caught;
use crate::handlers;

/// What is inside of a layer: further ones, and the handler.
///
/// It holds the body of the call, which nobody has decoded.
#[must_use = "a call whose `next` does not run must be answered by the layer"]
pub struct Next {
    pub(super) around: Arc<Around>,
    /// The layer whose turn it is.
    pub(super) at: usize,
    pub(super) method: usize,
    pub(super) body: Result<Body>,
    /// Where the replies go, if they are a stream.
    pub(super) items: Option<Handoff<Payload>>,
}

/// A service, and the layers around it.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) layers: Layers,
    pub(super) service: Arc<dyn Service>,
    /// Threads that blocking handlers may keep busy, also after their calls were
    /// given up: nobody can stop a thread.
    pub(super) threads: Arc<Semaphore>,
}

impl Next {
    /// Handles the call by what is inside.
    ///
    /// Of a stream of replies it ends when the stream has ended, be it because of an
    /// error.
    ///
    /// # Errors
    ///
    /// Those of the layers inside, and of the handler; `Internal` if one of them
    /// panics.
    pub async fn run(mut self, cx: Context) -> Result<Response> {
        let Some(layer) = self.around.layers.get(self.at) else {
            return self.serve(cx).await;
        };
        let layer = Arc::clone(layer);
        let name = Arc::clone(cx.shared_service_method());
        self.at += 1;
        Caught::new(layer.start(cx, self), name).await
    }

    /// The argument, undecoded; of a stream of arguments what comes before its
    /// items, which is an empty struct.
    ///
    /// # Errors
    ///
    /// That the body cannot be read, whatever its type: it is too long, or no gob. The
    /// handler does not run then, and the call ends with this error.
    pub fn body(&self) -> Result<&Body> {
        self.body.as_ref().map_err(Error::clone)
    }

    /// What is called: its types, its streams, its marks.
    #[must_use]
    pub fn method(&self) -> Option<&'static MethodInfo> {
        self.around.service.info().methods.get(self.method)
    }

    /// Runs the handler, and sends the stream that it may give.
    async fn serve(self, cx: Context) -> Result<Response> {
        let Self {
            around,
            method,
            body,
            items,
            ..
        } = self;
        let name = Arc::clone(cx.shared_service_method());
        let state = Arc::clone(cx.state());
        let call = || match body {
            Ok(body) => around.service.call(method, cx, body),
            Err(error) => around.service.call_unreadable(method, cx, error),
        };
        let mut response = match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Handling::Ready(result)) => result,
            Ok(Handling::Future(future)) => Caught::new(future, name).await,
            Ok(Handling::Blocking(handler)) => around.block(handler, &name).await,
            Err(_) => Err(handlers::panicked(&name)),
        }?;
        if let Some(stream) = response.take_stream() {
            let Some(items) = items else {
                return Err(Error::internal("a stream of replies cannot be sent here"));
            };
            send(&stream, &items).await?;
        }
        response.metadata_mut().extend(state.take_reply_metadata());
        Ok(response)
    }
}

impl Around {
    /// Runs a handler that keeps a thread busy.
    async fn block(
        &self,
        handler: Box<dyn FnOnce() -> Result<Response> + Send>,
        name: &str,
    ) -> Result<Response> {
        let permit = Arc::clone(&self.threads).acquire_owned().await;
        let thread = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            handler()
        });
        thread
            .await
            .unwrap_or_else(|_| Err(handlers::panicked(name)))
    }
}

async fn send(stream: &Outgoing, items: &Handoff<Payload>) -> Result<()> {
    let Some(mut payloads) = stream.take() else {
        return Err(Error::internal("somebody has taken the stream of replies"));
    };
    items.begin();
    while let Some(payload) = poll_fn(|cx| payloads.as_mut().poll_next(cx)).await {
        items.put(payload?).await;
    }
    Ok(())
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("layers", &(self.around.layers.len() - self.at))
            .finish_non_exhaustive()
    }
}
