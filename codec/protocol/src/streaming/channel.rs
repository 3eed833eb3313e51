//! [`Sender`]: fills a stream from elsewhere.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::error::{Error, Result};

/// Fills a [`Streaming`](super::Streaming): see
/// [`Streaming::channel`](super::Streaming::channel). The stream ends when it is
/// dropped.
pub struct Sender<T>(Arc<Shared<T>>);

pub(super) struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    capacity: usize,
    state: Mutex<State<T>>,
}

struct State<T> {
    queue: VecDeque<Result<T>>,
    /// One of both ends is gone.
    closed: bool,
    /// Each end waits for the other one only, never for itself.
    waker: Option<Waker>,
}

pub(super) fn new<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        capacity: capacity.max(1),
        state: Mutex::new(State {
            queue: VecDeque::new(),
            closed: false,
            waker: None,
        }),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let waker = {
            let mut state = self.lock();
            state.closed = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Sender<T> {
    /// Sends an item, once there is room for it.
    ///
    /// # Errors
    ///
    /// `Cancelled` if nobody reads the stream any more.
    pub async fn send(&mut self, item: T) -> Result<()> {
        self.put(Ok(item)).await
    }

    /// Ends the stream with an error.
    ///
    /// # Errors
    ///
    /// `Cancelled` if nobody reads the stream any more.
    pub async fn fail(mut self, error: Error) -> Result<()> {
        self.put(Err(error)).await
    }

    async fn put(&mut self, item: Result<T>) -> Result<()> {
        let mut item = Some(item);
        poll_fn(|cx| self.poll_put(cx, &mut item)).await
    }

    fn poll_put(&self, cx: &Context<'_>, item: &mut Option<Result<T>>) -> Poll<Result<()>> {
        let waker = {
            let mut state = self.0.lock();
            if state.closed {
                return Poll::Ready(Err(Error::cancelled("nobody reads the stream any more")));
            }
            if state.queue.len() >= self.0.capacity {
                state.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            state.queue.extend(item.take());
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Poll::Ready(Ok(()))
    }

    /// True if nobody reads the stream any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.lock().closed
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl<T> Stream for Receiver<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let (item, waker) = {
            let mut state = self.0.lock();
            match state.queue.pop_front() {
                Some(item) => (Some(item), state.waker.take()),
                None if state.closed => (None, None),
                None => {
                    state.waker = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Poll::Ready(item)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.close();
        self.0.lock().queue.clear();
    }
}
