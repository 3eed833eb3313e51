//! [`Run`]: a handler that runs as a task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use gobrpc_protocol::call_state::Cancelled;
use gobrpc_protocol::{CallState, Cancel, Error, HandlerFuture, Response, Result, flow};
use tokio::time::{Instant, Sleep, sleep_until};

use super::finished::{Done, Event, Finished};
use super::panicked;

/// Runs a handler to its end, and sends the stream that it may give; or until the call
/// is cancelled.
///
/// Written out, since a task is made for each call that waits: as an `async fn` it has
/// room for all that it may ever hold, and making the task costs more than the call.
pub(super) struct Run {
    /// What is not over. Dropped first, also when it panics: what the handler holds is
    /// given back before its caller learns that it is over.
    work: Option<HandlerFuture>,
    /// The work is to send what the handler gave.
    sends: bool,
    cancelled: Cancelled,
    timer: Option<Pin<Box<Sleep>>>,
    ticket: Ticket,
}

impl Run {
    /// Runs a handler.
    pub(super) fn handler(
        handler: HandlerFuture,
        ticket: Ticket,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            work: Some(handler),
            sends: false,
            cancelled: ticket.state.cancelled(),
            timer: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
            ticket,
        }
    }

    /// Sends a stream of replies.
    pub(super) fn stream(response: Response, ticket: Ticket, deadline: Option<Instant>) -> Self {
        let work = ticket.send(response);
        Self {
            sends: true,
            ..Self::handler(work, ticket, deadline)
        }
    }

    /// Why the call is to end, if it is.
    fn poll_end(&mut self, cx: &mut TaskContext<'_>) -> Poll<Cancel> {
        let state = &self.ticket.state;
        if let Some(reason) = state.cancellation() {
            return Poll::Ready(reason);
        }
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(cx).is_ready()
        {
            state.cancel(Cancel::Deadline);
            return Poll::Ready(Cancel::Deadline);
        }
        Poll::Pending
    }
}

impl Future for Run {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let this = &mut *self;
        let result = loop {
            if let Poll::Ready(reason) = this.poll_end(cx) {
                break Err(this.ticket.state.error(reason));
            }
            let Some(work) = &mut this.work else {
                return Poll::Ready(());
            };
            match work.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) if response.stream().is_some() && !this.sends => {
                    this.work = Some(this.ticket.send(response));
                    this.sends = true;
                }
                Poll::Ready(result) => break result,
                // Only now, as a handler that is over has nothing to be told.
                Poll::Pending => match Pin::new(&mut this.cancelled).poll(cx) {
                    Poll::Ready(reason) => break Err(this.ticket.state.error(reason)),
                    Poll::Pending => return Poll::Pending,
                },
            }
        };
        this.work = None;
        this.ticket.answer(result);
        Poll::Ready(())
    }
}

/// The duty to reply to a call, which is done even if the handler panics.
pub(super) struct Ticket {
    pub(super) finished: Arc<Finished>,
    pub(super) seq: u64,
    pub(super) name: Arc<str>,
    pub(super) state: Arc<CallState>,
    pub(super) one_way: bool,
    pub(super) answered: bool,
}

impl Ticket {
    pub(super) fn answer(&mut self, result: Result<Response>) {
        self.answered = true;
        self.finished.push(Event::Done(Done {
            seq: self.seq,
            name: Arc::clone(&self.name),
            result,
            state: Arc::clone(&self.state),
            one_way: self.one_way,
        }));
    }

    /// Sends a stream of replies, as fast as the caller takes them.
    fn send(&self, response: Response) -> HandlerFuture {
        let (finished, state) = (Arc::clone(&self.finished), Arc::clone(&self.state));
        Box::pin(send(response, self.seq, state, finished))
    }
}

async fn send(
    response: Response,
    seq: u64,
    state: Arc<CallState>,
    finished: Arc<Finished>,
) -> Result<Response> {
    let stream = response.stream().and_then(|outgoing| outgoing.take());
    let outbound = state.streams().and_then(|it| it.outbound.as_ref());
    let (Some(mut payloads), Some(outbound)) = (stream, outbound) else {
        return Err(Error::internal("a stream of replies cannot be sent here"));
    };
    loop {
        let Some(payload) = poll_fn(|cx| payloads.as_mut().poll_next(cx)).await else {
            return Ok(response);
        };
        let payload = payload?;
        if !poll_fn(|cx| outbound.poll_ready(cx)).await {
            return Err(Cancel::ByCaller.into());
        }
        poll_fn(|cx| finished.poll_room(cx)).await;
        outbound.charge(flow::cost(&payload));
        finished.push_item(seq, payload, Arc::clone(&state));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.answered {
            let error = panicked(&self.name);
            self.answer(Err(error));
        }
    }
}
