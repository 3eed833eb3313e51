//! [`InProcess`]: calls to services of this process, without a socket.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use gobrpc_protocol::caller::{Item, Replies, Request};
use gobrpc_protocol::{
    Body, CallState, Caller, Cancel, Context, Delivery, Error, Exchange, HandlerFuture, Handling,
    Peer, Response, Result, Service, StreamKind,
};
use tokio::runtime::Handle as Runtime;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::handlers;
use crate::router::Router;

/// Calls services of this process: what a client is, without a connection.
///
/// Arguments and replies are encoded and decoded as on a connection, so that a
/// test through it finds what would fail there; names, errors, panics, deadlines,
/// metadata and cancellation are what they are there. Handlers run where the reply
/// is awaited, and blocking ones on threads of their own, which takes a tokio
/// runtime, as deadlines do. Methods with streams need a connection, which may be
/// one end of an in-memory pipe
/// ([`Server::serve_connection`](crate::Server::serve_connection)).
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

    fn handle(&self, request: Request) -> Result<Exchange> {
        let deadline = request
            .head
            .deadline_from(Instant::now().into_std())
            .map(Instant::from_std);
        let route = self.router.find(&request.head.service_method)?;
        route.check_streams(request.head.streams)?;
        if request.head.streams != StreamKind::Unary {
            return Err(Error::unimplemented(format!(
                "{} has streams, which go over a connection only: serve one end of a pipe by \
                 serve_connection, and make a client of the other",
                route.name
            )));
        }
        let body = Body::try_from(&request.body)?;
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(
                Error::deadline_exceeded("the call's time was up before it was begun")
                    .not_processed(),
            );
        }
        let state = Arc::new(CallState::default());
        let context = Context::with_state(
            Arc::clone(&self.peer),
            Arc::clone(&route.name),
            0,
            Arc::clone(&state),
        )
        .with_deadline(deadline.map(Instant::into_std))
        .with_idempotent(request.head.idempotent)
        .with_metadata(request.head.metadata);
        let runtime = || {
            Runtime::try_current().map_err(|error| {
                Error::failed_precondition("no tokio runtime: call from inside of one")
                    .with_source(error)
            })
        };
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
            Ok(Handling::Blocking(handler)) => {
                let thread = runtime()?.spawn_blocking(handler);
                let name = Arc::clone(&route.name);
                Box::pin(async move {
                    match thread.await {
                        Ok(result) => result,
                        Err(_) => Err(handlers::panicked(&name)),
                    }
                })
            }
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

impl Caller for InProcess {
    fn start(&self, request: Request) -> Exchange {
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
    error.for_caller().with_delivery(Delivery::Answered)
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
        Poll::Ready(Some(self.item(result)))
    }

    fn item(&self, result: Result<Response>) -> Result<Item> {
        let metadata = self.state.take_reply_metadata();
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
