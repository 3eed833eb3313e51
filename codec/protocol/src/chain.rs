//! [`Chain`]: layers around a call, while they run.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::Result;

/// The future of the layers around a call, and the items that come out of it while
/// it runs.
///
/// A layer waits for what is inside of it to end, and the items of a stream are
/// needed before. So the innermost puts each into a [`Handoff`], and this takes it
/// out there:
///
/// ```text
///   poll ──▶ layer ──▶ layer ──▶ innermost ──▶ stream
///    ▲                              │ item
///    └────────── Handoff ◀──────────┘
/// ```
///
/// Items are thus polled inside of all layers: their spans are entered, their timers
/// run, and dropping this drops all of them.
pub struct Chain<T, R> {
    /// None once it is over.
    future: Option<ChainFuture<R>>,
    handoff: Handoff<T>,
    /// What [`Chain::start`] came to.
    first: Option<Step<T, R>>,
    /// The result, behind an item that comes first.
    result: Option<Result<R>>,
}

/// The future of a [`Chain`].
pub type ChainFuture<R> = Pin<Box<dyn Future<Output = Result<R>> + Send>>;

/// What came out of a [`Chain`].
#[derive(Debug)]
pub enum Step<T, R> {
    /// An item of the stream.
    Item(T),
    /// The end.
    Over(Result<R>),
}

impl<T, R> Chain<T, R> {
    /// Layers that were not polled yet, of which the innermost has the other end of
    /// `handoff`.
    #[must_use]
    pub fn new(future: ChainFuture<R>, handoff: Handoff<T>) -> Self {
        Self {
            future: Some(future),
            handoff,
            first: None,
            result: None,
        }
    }

    /// Runs the layers as far as they come without waiting, so that what they do is
    /// done now and not when somebody looks for the result.
    pub fn start(&mut self) {
        let mut nobody = Context::from_waker(Waker::noop());
        if let Poll::Ready(step) = self.poll_step(&mut nobody) {
            self.first = Some(step);
        }
    }

    /// Waits for the stream to begin, or for the end.
    ///
    /// Gives the result if it is over without a stream.
    pub fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<R>>> {
        self.handoff.lock().taker = None;
        if let Some(result) = self.poll_future(cx) {
            return Poll::Ready(Some(result));
        }
        let mut place = self.handoff.lock();
        if place.begun {
            return Poll::Ready(None);
        }
        place.taker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The next item, or the end. After the end it waits for ever.
    pub fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step<T, R>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(first);
        }
        // Whoever puts an item in below need not wake us: we look right after.
        self.handoff.lock().taker = None;
        if let Some(result) = self.poll_future(cx) {
            self.result = Some(result);
        }
        let mut place = self.handoff.lock();
        if let Some(item) = place.item.take() {
            let giver = place.giver.take();
            drop(place);
            // We poll again anyhow, and with us who was polled by us.
            if let Some(giver) = giver
                && !giver.will_wake(cx.waker())
            {
                giver.wake();
            }
            return Poll::Ready(Step::Item(item));
        }
        place.taker = Some(cx.waker().clone());
        drop(place);
        match self.result.take() {
            Some(result) => Poll::Ready(Step::Over(result)),
            None => Poll::Pending,
        }
    }

    /// Where items come out.
    #[must_use]
    pub fn handoff(&self) -> &Handoff<T> {
        &self.handoff
    }

    fn poll_future(&mut self, cx: &mut Context<'_>) -> Option<Result<R>> {
        let Poll::Ready(result) = self.future.as_mut()?.as_mut().poll(cx) else {
            return None;
        };
        // What the layers hold is given back before anybody learns of the end.
        self.future = None;
        Some(result)
    }
}

impl<T, R> fmt::Debug for Chain<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("over", &self.future.is_none())
            .finish_non_exhaustive()
    }
}

/// The place through which the items of a stream leave a [`Chain`], one at a time. A
/// copy is the same place.
pub struct Handoff<T>(Arc<Mutex<Place<T>>>);

struct Place<T> {
    item: Option<T>,
    begun: bool,
    /// Who waits for an item, if it is not polling just now.
    taker: Option<Waker>,
    /// Who waits for the place to be empty.
    giver: Option<Waker>,
}

impl<T> Handoff<T> {
    fn lock(&self) -> MutexGuard<'_, Place<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that there is a stream, before its first item is there.
    pub fn begin(&self) {
        self.change(|place| place.begun = true);
    }

    /// True if there is a stream, of which items may have gone out.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.lock().begun
    }

    /// Gives an item out, and waits until it is taken.
    pub async fn put(&self, item: T) {
        let mut item = Some(item);
        poll_fn(|cx| {
            let mut place = self.lock();
            if place.item.is_some() {
                place.giver = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let Some(item) = item.take() else {
                return Poll::Ready(());
            };
            place.item = Some(item);
            place.begun = true;
            place.giver = Some(cx.waker().clone());
            let taker = place.taker.take();
            drop(place);
            if let Some(taker) = taker {
                taker.wake();
            }
            Poll::Pending
        })
        .await;
    }

    fn change(&self, change: impl FnOnce(&mut Place<T>)) {
        let taker = {
            let mut place = self.lock();
            change(&mut place);
            place.taker.take()
        };
        if let Some(taker) = taker {
            taker.wake();
        }
    }
}

impl<T> Default for Handoff<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Place {
            item: None,
            begun: false,
            taker: None,
            giver: None,
        })))
    }
}

impl<T> Clone for Handoff<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Handoff<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handoff")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    type Numbers = Chain<u32, &'static str>;

    fn counting(to: u32) -> Numbers {
        let handoff = Handoff::default();
        let items = handoff.clone();
        Chain::new(
            Box::pin(async move {
                for number in 0..to {
                    items.put(number).await;
                }
                Ok("over")
            }),
            handoff,
        )
    }

    fn step(chain: &mut Numbers, waker: &Waker) -> Poll<Step<u32, &'static str>> {
        chain.poll_step(&mut Context::from_waker(waker))
    }

    #[test]
    fn items_come_before_the_end_and_wake_nobody_who_looks() {
        let counter = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&counter));
        let mut chain = counting(3);
        for number in 0..3 {
            assert!(
                matches!(step(&mut chain, &waker), Poll::Ready(Step::Item(it)) if it == number)
            );
        }
        assert!(matches!(
            step(&mut chain, &waker),
            Poll::Ready(Step::Over(Ok("over")))
        ));
        assert!(step(&mut chain, &waker).is_pending());
        assert_eq!(counter.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn who_puts_items_in_from_elsewhere_wakes_and_is_woken() {
        let ours = Arc::new(Counter::default());
        let theirs = Arc::new(Counter::default());
        let (our_waker, their_waker) = (
            Waker::from(Arc::clone(&ours)),
            Waker::from(Arc::clone(&theirs)),
        );
        let handoff = Handoff::default();
        let mut chain: Numbers = Chain::new(Box::pin(std::future::pending()), handoff.clone());
        let mut cx = Context::from_waker(&our_waker);
        assert!(chain.poll_begin(&mut cx).is_pending());
        let mut put = Box::pin(async move { handoff.put(7).await });
        let mut their_cx = Context::from_waker(&their_waker);
        assert!(put.as_mut().poll(&mut their_cx).is_pending());
        assert_eq!(ours.0.load(Ordering::Relaxed), 1);
        assert!(matches!(chain.poll_begin(&mut cx), Poll::Ready(None)));
        assert!(matches!(
            step(&mut chain, &our_waker),
            Poll::Ready(Step::Item(7))
        ));
        assert_eq!(theirs.0.load(Ordering::Relaxed), 1);
        assert!(put.as_mut().poll(&mut their_cx).is_ready());
        assert!(step(&mut chain, &our_waker).is_pending());
    }

    #[test]
    fn what_came_before_the_start_is_not_lost() {
        let mut chain = counting(1);
        chain.start();
        let waker = Waker::noop();
        assert!(matches!(
            step(&mut chain, waker),
            Poll::Ready(Step::Item(0))
        ));
        assert!(matches!(
            step(&mut chain, waker),
            Poll::Ready(Step::Over(_))
        ));
    }
}
