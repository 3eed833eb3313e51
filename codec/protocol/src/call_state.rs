//! [`CallState`]: what a handler and its connection share while a call runs.

mod waiting;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::caller::{Exchange, Item, Replies};
use crate::error::{Code, Error, Result};
use crate::flow::{Inbound, Outbound};
use crate::metadata::Metadata;
use crate::service::Response;

use waiting::Waiting;

/// What a handler and the driver of its connection share: whether the call is
/// cancelled, and the metadata of its reply.
///
/// Handlers see it through their [`Context`](crate::Context); this type is for
/// those who drive connections.
#[derive(Debug, Default)]
pub struct CallState {
    /// `inner` holds something: most calls never lock it.
    touched: AtomicBool,
    inner: Mutex<Inner>,
    /// In memory of their own, which most calls do without.
    streams: Option<Box<Streams>>,
}

/// The streams of a call that is being handled.
#[derive(Default)]
pub struct Streams {
    /// The arguments, if they are a stream.
    pub inbound: Option<Inbound>,
    /// The replies, if they are a stream.
    pub outbound: Option<Outbound>,
    /// Told how much credit goes back to the caller.
    pub on_grant: Option<OnGrant>,
}

/// See [`Streams::on_grant`].
pub type OnGrant = Box<dyn Fn(u64) + Send + Sync>;

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams")
            .field("inbound", &self.inbound)
            .field("outbound", &self.outbound)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Inner {
    cancelled: Option<Cancel>,
    waiting: Waiting,
    reply_metadata: Metadata,
    /// What the caller is told of the cancellation, if it is something special.
    failure: Option<Error>,
    /// Somebody has taken the stream of arguments.
    incoming_taken: bool,
}

/// Why a call was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cancel {
    /// The caller does not wait any more.
    ByCaller,
    /// The caller's time, or the server's, is up.
    Deadline,
    /// The connection is lost.
    Connection,
    /// The server stops, and its grace is over.
    Shutdown,
    /// What the handler answers cannot be sent.
    Failed,
}

impl From<Cancel> for Error {
    /// What the caller is told, if it still listens.
    fn from(cancel: Cancel) -> Self {
        match cancel {
            Cancel::ByCaller => Self::cancelled("the caller cancelled the call"),
            Cancel::Deadline => Self::deadline_exceeded("the call's time is up"),
            Cancel::Connection => Self::cancelled("the connection was lost"),
            Cancel::Shutdown => Self::with_code(Code::Unavailable, "the server stops"),
            Cancel::Failed => Self::internal("what the handler answers cannot be sent"),
        }
    }
}

impl CallState {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels the call; the first reason stays.
    pub fn cancel(&self, reason: Cancel) {
        let waiting = {
            let mut inner = self.lock();
            inner.cancelled.get_or_insert(reason);
            self.touched.store(true, Ordering::Release);
            inner.waiting.take()
        };
        waiting.for_each(Waker::wake);
    }

    /// Cancels the call with an error that the caller is told.
    pub fn fail(&self, error: Error) {
        self.lock().failure.get_or_insert(error);
        self.cancel(Cancel::Failed);
    }

    /// What the caller is told when the call was cancelled for this reason.
    #[must_use]
    pub fn error(&self, reason: Cancel) -> Error {
        let failure = self.lock().failure.take();
        failure.unwrap_or_else(|| reason.into())
    }

    /// Why the call was cancelled, if it was.
    #[must_use]
    pub fn cancellation(&self) -> Option<Cancel> {
        if self.is_untouched() {
            return None;
        }
        self.lock().cancelled
    }

    /// Waits until the call is cancelled.
    #[must_use = "a future does nothing until it is awaited"]
    pub fn cancelled(self: &Arc<Self>) -> Cancelled {
        Cancelled {
            state: Arc::clone(self),
            ticket: None,
        }
    }

    /// Adds to the metadata of the reply.
    pub fn add_reply_metadata(&self, key: &[u8], value: &[u8]) {
        let mut inner = self.lock();
        inner.reply_metadata.append(key, value);
        self.touched.store(true, Ordering::Release);
    }

    /// What was added to the metadata of the reply so far.
    #[must_use]
    pub fn reply_metadata(&self) -> Metadata {
        if self.is_untouched() {
            return Metadata::new();
        }
        self.lock().reply_metadata.clone()
    }

    /// Takes the metadata of the reply out.
    pub fn take_reply_metadata(&self) -> Metadata {
        if self.is_untouched() {
            return Metadata::new();
        }
        std::mem::take(&mut self.lock().reply_metadata)
    }

    /// The result with the metadata that was added to it, which is taken out.
    ///
    /// # Errors
    ///
    /// That of the result.
    pub fn with_reply_metadata(&self, result: Result<Response>) -> Result<Response> {
        let metadata = self.take_reply_metadata();
        if metadata.is_empty() {
            return result;
        }
        match result {
            Ok(mut response) => {
                response.metadata_mut().extend(metadata);
                Ok(response)
            }
            // What a peer of ours said stays here, with its metadata.
            Err(error) => {
                let error = error.for_caller();
                let mut all = error.metadata().clone();
                all.extend(metadata);
                Err(error.with_metadata(all))
            }
        }
    }

    /// The state of a call with streams.
    #[must_use]
    pub fn with_streams(streams: Streams) -> Self {
        Self {
            touched: AtomicBool::new(true),
            inner: Mutex::default(),
            streams: Some(Box::new(streams)),
        }
    }

    /// The call's streams, if it has any.
    #[must_use]
    pub fn streams(&self) -> Option<&Streams> {
        self.streams.as_deref()
    }

    /// The stream of arguments; the first who asks has it.
    pub(crate) fn incoming(self: &Arc<Self>) -> Option<Exchange> {
        self.streams()?.inbound.as_ref()?;
        if std::mem::replace(&mut self.lock().incoming_taken, true) {
            return None;
        }
        Some(Exchange::new(Arguments(Arc::clone(self))))
    }

    /// True if nothing has happened to it: it can serve another call.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        !self.touched.load(Ordering::Acquire)
    }
}

/// The items of a stream of arguments.
struct Arguments(Arc<CallState>);

impl Replies for Arguments {
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>> {
        let Some(streams) = self.0.streams() else {
            return Poll::Ready(None);
        };
        let Some(inbound) = &streams.inbound else {
            return Poll::Ready(None);
        };
        inbound.poll_next(cx).map(|(item, grant)| {
            if let (Some(on_grant), Some(grant)) = (&streams.on_grant, grant) {
                on_grant(grant);
            }
            item.map(|item| item.map(Item::new))
        })
    }
}

impl Drop for Arguments {
    fn drop(&mut self) {
        if let Some(inbound) = self.0.streams().and_then(|it| it.inbound.as_ref()) {
            inbound.abandon();
        }
    }
}

/// Waits until a call is cancelled: [`Context::cancelled`](crate::Context::cancelled).
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Cancelled {
    state: Arc<CallState>,
    ticket: Option<u64>,
}

impl Future for Cancelled {
    type Output = Cancel;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cancel> {
        let this = &mut *self;
        let mut inner = this.state.lock();
        if let Some(reason) = inner.cancelled {
            return Poll::Ready(reason);
        }
        inner.waiting.put(&mut this.ticket, cx.waker());
        Poll::Pending
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.state.lock().waiting.remove(ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn all_who_wait_are_woken_and_those_who_left_are_forgotten() {
        let state = Arc::new(CallState::default());
        let counter = Arc::new(Counter(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&counter));
        let mut cx = Context::from_waker(&waker);
        let mut first = state.cancelled();
        let mut second = state.cancelled();
        for _ in 0..3 {
            assert!(Pin::new(&mut first).poll(&mut cx).is_pending());
            assert!(Pin::new(&mut second).poll(&mut cx).is_pending());
        }
        assert_eq!(state.lock().waiting.len(), 2);
        drop(second);
        assert_eq!(state.lock().waiting.len(), 1);
        assert!(state.is_untouched());
        state.cancel(Cancel::ByCaller);
        state.cancel(Cancel::Deadline);
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
        assert_eq!(
            Pin::new(&mut first).poll(&mut cx),
            Poll::Ready(Cancel::ByCaller)
        );
        assert_eq!(state.cancellation(), Some(Cancel::ByCaller));
        assert!(!state.is_untouched());
    }
}
