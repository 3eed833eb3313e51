//! [`InProcess`]: calls to services of this process, without a socket.

mod streams;

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use gobrpc_protocol::caller::{Item, Replies, Request};
use gobrpc_protocol::{
    Body, CallState, Caller, Cancel, Context, Delivery, Error, Exchange, HandlerFuture, Handling,
    Payload, Peer, Phase, Response, Result, Service, StreamKind,
};
use tokio::runtime::Handle as Runtime;
use tokio::time::{Instant, Sleep, sleep_until};

use self::streams::Streams;
use crate::handlers;
use gobrpc_protocol::router::Router;

/// Calls services of this process: what a client is, without a connection.
///
/// Arguments and replies are encoded and decoded as on a connection, so that a
/// test through it finds what would fail there; names, errors, panics, deadlines,
/// metadata, cancellation and streams with their credit are what they are there.
/// Handlers run where the reply is awaited; blocking ones have threads of their own,
/// and those with streams, or whose caller takes no reply, are tasks, which takes a tokio runtime, as deadlines do.
///
/// # Examples
///
/// ```
/// use gobrpc_server::{InProcess, Result, service};
///
/// #[service]
/// trait Arith {
///     async fn multiply(&self, args: (i64, i64)) -> Result<i64>;
/// }
///
/// struct Calc;
///
/// impl Arith for Calc {
///     async fn multiply(&self, (a, b): (i64, i64)) -> Result<i64> {
///         Ok(a * b)
///     }
/// }
///
/// /// Code under test, which does not care where the service is: it may be a
/// /// client of a server far away, the service itself, or a mock of it.
/// async fn square(arith: &impl Arith, number: i64) -> Result<i64> {
///     arith.multiply((number, number)).await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let client = ArithClient::new(InProcess::new(ArithServer::new(Calc)));
/// assert_eq!(client.multiply((6, 7)).await?, 42);
/// assert_eq!(square(&client, 12).await?, 144);
/// assert_eq!(square(&Calc, 12).await?, 144);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InProcess {
    router: Arc<Router>,
    peer: Arc<Peer>,
}

impl InProcess {
    /// Calls to one service, by its own name.
    #[must_use]
    pub fn new(service: impl Service) -> Self {
        let mut router = Router::default();
        let name = service.info().name;
        // A name that no server would take leads nowhere here, either.
        let _ = router.register(name, Arc::new(service));
        Self::from_router(router)
    }

    /// Calls to all services of a server: see
    /// [`Server::in_process`](crate::Server::in_process).
    pub(crate) fn from_router(router: Router) -> Self {
        Self {
            router: Arc::new(router),
            peer: Arc::new(Peer::new("in-process")),
        }
    }

    /// Handles a call as a task, whose caller takes no reply.
    fn start_one_way(&self, request: Request) -> Result<Item> {
        let runtime = runtime()?;
        let method = request.head.service_method.clone();
        let exchange = self.handle(request);
        runtime.spawn(async move {
            let result = match exchange {
                Ok(mut exchange) => poll_fn(|cx| exchange.poll_next(cx)).await,
                Err(error) => Some(Err(error)),
            };
            if let Some(Err(error)) = result {
                handlers::log_one_way("in-process", &method, &error);
            }
        });
        Ok(Item::new(Body::try_from(&Payload::new(&())?)?))
    }

    fn handle(&self, request: Request) -> Result<Exchange> {
        let deadline = request
            .head
            .deadline_from(Instant::now().into_std())
            .map(Instant::from_std);
        let route = self.router.find(&request.head.service_method)?;
        let kind = request.head.streams;
        route.check_streams(kind)?;
        let body = Body::try_from(&request.body)?;
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(
                Error::deadline_exceeded("the call's time was up before it was begun")
                    .not_processed(),
            );
        }
        let (state, credit) = match kind {
            StreamKind::Unary => Default::default(),
            kind => streams::state(kind),
        };
        let context = Context::with_state(
            Arc::clone(&self.peer),
            Arc::clone(&route.name),
            0,
            Arc::clone(&state),
        )
        .with_deadline(deadline.map(Instant::into_std))
        .with_idempotent(request.head.idempotent)
        .with_one_way(request.head.one_way)
        .with_metadata(request.head.metadata);
        if kind != StreamKind::Unary {
            let outgoing = request.head.outgoing;
            let runtime = runtime()?;
            let call = Streams::start(&runtime, route, context, body, outgoing, credit);
            return Ok(Exchange::new(call));
        }
        let timer = match deadline {
            Some(deadline) => {
                runtime()?;
                Some(Box::pin(sleep_until(deadline)))
            }
            None => None,
        };
        let call = || route.service.call(route.method, context, body);
        let work: HandlerFuture = match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Handling::Ready(result)) => Box::pin(std::future::ready(result)),
            Ok(Handling::Future(future)) => future,
            Ok(Handling::Blocking(handler)) => on_a_thread(&route.name, handler)?,
            Err(_) => return Err(handlers::panicked(&route.name)),
        };
        Ok(Exchange::new(Handled {
            work: Some(work),
            name: Arc::clone(&route.name),
            state,
            timer,
        }))
    }
}

/// The runtime that the caller is in.
fn runtime() -> Result<Runtime> {
    Runtime::try_current().map_err(|error| {
        Error::failed_precondition("no tokio runtime: call from inside of one").with_source(error)
    })
}

/// Runs a blocking handler on a thread of its own.
fn on_a_thread(
    name: &Arc<str>,
    handler: Box<dyn FnOnce() -> Result<Response> + Send>,
) -> Result<HandlerFuture> {
    let thread = runtime()?.spawn_blocking(handler);
    let name = Arc::clone(name);
    Ok(Box::pin(async move {
        match thread.await {
            Ok(result) => result,
            Err(_) => Err(handlers::panicked(&name)),
        }
    }))
}

impl Caller for InProcess {
    fn start(&self, mut request: Request) -> Exchange {
        request.head.one_way &= request.head.streams == StreamKind::Unary;
        if request.head.one_way {
            return Exchange::ready(self.start_one_way(request));
        }
        self.handle(request)
            .unwrap_or_else(|error| Exchange::ready(Err(answer(&error))))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InProcess").field(&self.router).finish()
    }
}

/// The error as its caller would get it from a peer.
fn answer(error: &Error) -> Error {
    let told = error.for_caller();
    if error.is_not_processed() {
        return told
            .with_delivery(Delivery::Refused)
            .with_phase(Phase::Queue)
            .not_processed();
    }
    told.with_delivery(Delivery::Answered)
}

/// The result as its caller would get it from a peer, with what the handler has put
/// beside it.
fn with_reply_metadata(result: Result<Response>, state: &CallState) -> Result<Item> {
    let metadata = state.take_reply_metadata();
    match result {
        Ok(response) => {
            let mut all = response.metadata().clone();
            all.extend(metadata);
            Ok(Item::new(Body::try_from(response.payload())?).with_metadata(all))
        }
        Err(error) => {
            let error = answer(&error);
            let mut all = error.metadata().clone();
            all.extend(metadata);
            Err(error.with_metadata(all))
        }
    }
}

/// A call that is being handled. Dropping it cancels it.
struct Handled {
    /// None once it is over.
    work: Option<HandlerFuture>,
    name: Arc<str>,
    state: Arc<CallState>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Handled {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Item>>> {
        let Some(work) = &mut self.work else {
            return Poll::Ready(None);
        };
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        let result = match polled {
            Ok(Poll::Ready(result)) => result,
            Ok(Poll::Pending) => {
                let Some(timer) = &mut self.timer else {
                    return Poll::Pending;
                };
                ready!(timer.as_mut().poll(cx));
                self.state.cancel(Cancel::Deadline);
                Err(Cancel::Deadline.into())
            }
            Err(_) => Err(handlers::panicked(&self.name)),
        };
        self.work = None;
        Poll::Ready(Some(with_reply_metadata(result, &self.state)))
    }
}

impl Replies for Handled {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Item>>> {
        Self::poll(&mut self, cx)
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        if self.work.is_some() {
            self.state.cancel(Cancel::ByCaller);
        }
    }
}
