//! [`Streams`]: a call with streams, as tasks with the same credit as on a connection.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use gobrpc_protocol::caller::{Item, Replies};
use gobrpc_protocol::flow::{self, INITIAL_CREDIT, Inbound, Outbound};
use gobrpc_protocol::{
    Body, CallState, Cancel, Context, Delivery, Error, HandlerFuture, Handling, Metadata, Outgoing,
    Phase, Response, Result, StreamKind, call_state,
};
use tokio::runtime::Handle as Runtime;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{answer, with_reply_metadata};
use crate::handlers;
use gobrpc_protocol::router::Route;

/// The caller's side of a call with streams. Dropping it cancels the call.
///
/// The handler and what sends the arguments are tasks of their own, as they are
/// behind a connection: either goes on while nobody looks at the replies, until it
/// has used up its credit.
pub(super) struct Streams {
    name: Arc<str>,
    state: Arc<CallState>,
    /// The replies that came and were not taken yet, if they are a stream.
    replies: Option<Arc<Inbound>>,
    /// Sends the arguments, if they are a stream; its error ends the call.
    arguments: Option<JoinHandle<Result<()>>>,
    /// `None` once its result was taken.
    handler: Option<JoinHandle<Result<Response>>>,
    trailers: Metadata,
}

/// The state of a call with these streams, and what its arguments may take.
pub(super) fn state(kind: StreamKind) -> (Arc<CallState>, Option<Arc<Outbound>>) {
    let arguments = kind
        .arguments()
        .then(|| Arc::new(Outbound::new(INITIAL_CREDIT)));
    let granted = arguments.clone();
    let state = CallState::with_streams(call_state::Streams {
        inbound: kind.arguments().then(Inbound::default),
        outbound: kind.replies().then(|| Outbound::new(INITIAL_CREDIT)),
        on_grant: granted.map(|outbound| -> call_state::OnGrant {
            Box::new(move |bytes| outbound.grant(bytes))
        }),
    });
    (Arc::new(state), arguments)
}

impl Streams {
    /// Starts the call on this runtime.
    pub(super) fn start(
        runtime: &Runtime,
        route: &Route,
        context: Context,
        body: Body,
        outgoing: Option<Outgoing>,
        credit: Option<Arc<Outbound>>,
    ) -> Self {
        let state = Arc::clone(context.state());
        let replies = route.streams.replies().then(Arc::<Inbound>::default);
        let arguments = credit.clone().map(|credit| {
            let state = Arc::clone(&state);
            runtime.spawn(async move { send_arguments(&state, &credit, outgoing).await })
        });
        let over = Over {
            state: Arc::clone(&state),
            credit,
            replies: replies.clone(),
        };
        let handler = runtime.spawn(handle(route.clone(), context, body, over));
        Self {
            name: Arc::clone(&route.name),
            state,
            replies,
            arguments,
            handler: Some(handler),
            trailers: Metadata::new(),
        }
    }

    /// Ends the call from this side.
    fn cancel(&mut self) {
        if self.handler.take().is_some() {
            self.state.cancel(Cancel::ByCaller);
        }
        if let Some(arguments) = self.arguments.take() {
            arguments.abort();
        }
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Item>>> {
        let Some(handler) = &mut self.handler else {
            return Poll::Ready(None);
        };
        if let Some(replies) = &self.replies {
            let (item, grant) = ready!(replies.poll_next(cx));
            let outbound = self.state.streams().and_then(|it| it.outbound.as_ref());
            if let (Some(outbound), Some(grant)) = (outbound, grant) {
                outbound.grant(grant);
            }
            match item {
                Some(Ok(body)) => return Poll::Ready(Some(Ok(Item::new(body)))),
                Some(Err(error)) => {
                    self.cancel();
                    return Poll::Ready(Some(Err(answer(&error))));
                }
                None => {}
            }
        }
        let result = ready!(Pin::new(handler).poll(cx));
        self.handler = None;
        self.cancel();
        let result = match result {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(handlers::panicked(&self.name)),
            Err(_) => Err(Error::unavailable("the runtime of the handler is gone")),
        };
        let result = with_reply_metadata(result, &self.state);
        Poll::Ready(match result {
            Ok(item) if self.replies.is_some() => {
                self.trailers = item.metadata;
                None
            }
            result => Some(result),
        })
    }
}

impl Replies for Streams {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Item>>> {
        // What the caller failed to send is the first to know: the handler is only
        // told that the call is over.
        if let Some(arguments) = &mut self.arguments
            && let Poll::Ready(sent) = Pin::new(arguments).poll(cx)
        {
            self.arguments = None;
            if let Ok(Err(error)) = sent {
                self.cancel();
                // The call itself came before its items.
                return Poll::Ready(Some(Err(error.with_delivery(Delivery::Sent))));
            }
        }
        self.poll(cx)
    }

    fn trailers(&self) -> Metadata {
        self.trailers.clone()
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Sends the arguments as fast as the handler takes them.
///
/// # Errors
///
/// If the stream has one, or cannot be sent.
async fn send_arguments(
    state: &CallState,
    credit: &Outbound,
    outgoing: Option<Outgoing>,
) -> Result<()> {
    let Some(inbound) = state.streams().and_then(|it| it.inbound.as_ref()) else {
        return Ok(());
    };
    let Some(mut payloads) = outgoing.and_then(|outgoing| outgoing.take()) else {
        let error =
            Error::failed_precondition("a stream of arguments is sent once only, and this one was");
        return Err(error.with_delivery(Delivery::Sent));
    };
    while let Some(payload) = poll_fn(|cx| payloads.as_mut().poll_next(cx)).await {
        let payload = payload.map_err(|error| error.with_phase(Phase::Encode))?;
        if !poll_fn(|cx| credit.poll_ready(cx)).await {
            // The call is over.
            return Ok(());
        }
        let cost = flow::cost(&payload);
        credit.charge(cost);
        inbound.push(Body::try_from(&payload), cost);
    }
    inbound.finish(Ok(()));
    Ok(())
}

/// Closes the streams of a call when its handler has ended, however that was.
struct Over {
    state: Arc<CallState>,
    credit: Option<Arc<Outbound>>,
    replies: Option<Arc<Inbound>>,
}

impl Drop for Over {
    fn drop(&mut self) {
        if let Some(credit) = &self.credit {
            credit.close();
        }
        if let Some(streams) = self.state.streams() {
            if let Some(outbound) = &streams.outbound {
                outbound.close();
            }
            if let Some(inbound) = &streams.inbound {
                inbound.finish(Err(Error::cancelled("the call is over")));
            }
        }
        if let Some(replies) = &self.replies {
            // What has come is read before the result.
            replies.finish(Ok(()));
        }
    }
}

/// Runs the handler to its end, and sends the stream that it may give; or until the
/// call is cancelled.
async fn handle(route: Route, context: Context, body: Body, over: Over) -> Result<Response> {
    let state = Arc::clone(&over.state);
    let deadline = context.deadline().map(Instant::from_std);
    // Dropped on return: what the handler holds is given back before its caller
    // learns that it is over.
    let handler = async {
        let call = || route.service.call(route.method, context, body);
        let work: HandlerFuture = match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Handling::Ready(result)) => Box::pin(std::future::ready(result)),
            Ok(Handling::Future(future)) => future,
            Ok(Handling::Blocking(handler)) => super::on_a_thread(&route.name, handler)?,
            Err(_) => return Err(handlers::panicked(&route.name)),
        };
        send_replies(work.await?, &over).await
    };
    tokio::select! {
        biased;
        reason = handlers::cancelled(&state, deadline) => Err(state.error(reason)),
        result = handler => result,
    }
}

/// Sends a stream of replies as fast as the caller takes them.
async fn send_replies(response: Response, over: &Over) -> Result<Response> {
    let Some(outgoing) = response.stream() else {
        return Ok(response);
    };
    let outbound = over.state.streams().and_then(|it| it.outbound.as_ref());
    let (Some(mut payloads), Some(outbound), Some(replies)) =
        (outgoing.take(), outbound, &over.replies)
    else {
        return Err(Error::internal("a stream of replies cannot be sent here"));
    };
    while let Some(payload) = poll_fn(|cx| payloads.as_mut().poll_next(cx)).await {
        let payload = payload?;
        if !poll_fn(|cx| outbound.poll_ready(cx)).await {
            return Err(Cancel::ByCaller.into());
        }
        let cost = flow::cost(&payload);
        outbound.charge(cost);
        replies.push(Body::try_from(&payload), cost);
    }
    Ok(response)
}
