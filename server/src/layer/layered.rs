//! [`Layered`]: a service with layers around it.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use gobrpc_protocol::chain::{Chain, Handoff, Step};
use gobrpc_protocol::{
    Body, CallState, Context, Error, Handling, Outgoing, Payload, Response, Result, Service,
    ServiceInfo,
};
use tokio::sync::Semaphore;

use super::next::{Around, Next};
use super::{Layer, Layers};

/// A service with layers around it, for those that are not for the whole server.
///
/// # Examples
///
/// ```
/// use gobrpc_server::{Context, Error, Layered, Next, Result, Server, service};
///
/// #[service]
/// trait Admin {
///     async fn restart(&self) -> Result<()>;
/// }
///
/// struct Here;
///
/// impl Admin for Here {
///     async fn restart(&self) -> Result<()> {
///         Ok(())
///     }
/// }
///
/// let admin = Layered::new(AdminServer::new(Here)).with_layer(
///     |cx: Context, next: Next| async move {
///         if !cx.peer().address.starts_with("127.0.0.1:") {
///             return Err(Error::permission_denied("from this machine only"));
///         }
///         next.run(cx).await
///     },
/// );
/// let server = Server::new().register(admin)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Layered(Arc<Around>);

/// As many threads as tokio has for blocking work.
const THREADS: usize = 512;

impl Layered {
    /// A service without layers.
    pub fn new(service: impl Service) -> Self {
        Self::around(Arc::new(service), Layers::new())
    }

    /// A service, and layers of which the first is the outermost.
    pub(crate) fn around(service: Arc<dyn Service>, layers: Layers) -> Self {
        Self(Arc::new(Around {
            layers,
            service,
            threads: Arc::new(Semaphore::new(THREADS)),
        }))
    }

    /// Adds a layer, inside of those that are there.
    #[must_use]
    pub fn with_layer(mut self, layer: impl Layer) -> Self {
        Arc::make_mut(&mut self.0).layers.push(Arc::new(layer));
        self
    }
}

impl Service for Layered {
    fn info(&self) -> &'static ServiceInfo {
        self.0.service.info()
    }

    fn call(&self, method: usize, context: Context, body: Body) -> Handling {
        self.run(method, context, Ok(body))
    }

    fn call_unreadable(&self, method: usize, context: Context, error: Error) -> Handling {
        self.run(method, context, Err(error))
    }
}

impl Layered {
    fn run(&self, method: usize, context: Context, body: Result<Body>) -> Handling {
        let mut next = Next {
            around: Arc::clone(&self.0),
            at: 0,
            method,
            body,
            items: None,
        };
        if !next.method().is_some_and(|it| it.streams.replies()) {
            return Handling::future(next.run(context));
        }
        let handoff = Handoff::default();
        next.items = Some(handoff.clone());
        let state = Arc::clone(context.state());
        let chain = Chain::new(Box::pin(next.run(context)), handoff);
        Handling::future(begin(chain, state))
    }
}

/// Runs the layers until there is a stream, which then runs them on.
async fn begin(mut chain: Chain<Payload, Response>, state: Arc<CallState>) -> Result<Response> {
    if let Some(result) = poll_fn(|cx| chain.poll_begin(cx)).await {
        return result;
    }
    let mut over = false;
    Ok(Response::from_outgoing(Outgoing::from_fn(move |cx| {
        if over {
            return Poll::Ready(None);
        }
        chain.poll_step(cx).map(|step| match step {
            Step::Item(payload) => Some(Ok(payload)),
            Step::Over(result) => {
                over = true;
                end(result, &state).err().map(Err)
            }
        })
    })))
}

/// What comes with the end of a stream.
fn end(result: Result<Response>, state: &CallState) -> Result<()> {
    let response = result?;
    if response.stream().is_some() {
        return Err(Error::internal(
            "a layer gave a stream behind that of the handler",
        ));
    }
    for (key, value) in response.metadata().iter() {
        state.add_reply_metadata(key, value);
    }
    Ok(())
}

impl fmt::Debug for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layered")
            .field("service", &self.0.service.info().name)
            .field("layers", &self.0.layers.len())
            .finish()
    }
}
