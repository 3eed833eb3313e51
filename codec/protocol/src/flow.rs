//! Flow control of streams: [`Inbound`] and [`Outbound`].
//!
//! Each direction of a stream has a credit of bytes. Its sender takes from it what
//! an item costs, and waits when nothing is left; its receiver gives back what was
//! taken out of the queue. So a slow reader keeps one credit of memory, and
//! neither the connection nor other streams notice it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::body::{Body, Payload};
use crate::error::{Error, Result};

/// The credit that a stream begins with, in bytes (256 KiB, as yamux has): what
/// one connection of 1 Gbit/s holds at 2 ms.
pub const INITIAL_CREDIT: u64 = 256 << 10;

/// What an item costs beside its bytes: about what it takes in a queue, so that
/// many small items are no way around the bound.
const ITEM_COST: u64 = 64;

/// The most that an item may be longer at the receiver than it cost: ids of types
/// in interface values take room that differs from stream to stream.
const STRETCH: u64 = 8;

/// What it costs to send an item, in bytes of credit.
#[must_use]
pub fn cost(payload: &Payload) -> u64 {
    ITEM_COST + payload.len() as u64
}

/// The receiving end of a stream: items that came and were not taken yet.
#[derive(Debug)]
pub struct Inbound(Mutex<In>);

#[derive(Debug)]
struct In {
    queue: VecDeque<(Body, u64)>,
    /// Credit that the sender has, as far as we know.
    credit: i64,
    /// What was taken out and not given back.
    taken: u64,
    end: Option<Result<()>>,
    waker: Option<Waker>,
    /// Nobody takes any more.
    abandoned: bool,
}

impl Default for Inbound {
    fn default() -> Self {
        Self(Mutex::new(In {
            queue: VecDeque::new(),
            credit: INITIAL_CREDIT as i64,
            taken: 0,
            end: None,
            waker: None,
            abandoned: false,
        }))
    }
}

impl Inbound {
    fn lock(&self) -> MutexGuard<'_, In> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an item in that has come, with what its sender says that it costs.
    /// Whoever waits is woken.
    ///
    /// An item that may not have been sent ends the stream with an error.
    pub fn push(&self, item: Result<Body>, cost: u64) {
        let waker = {
            let mut inner = self.lock();
            if inner.end.is_some() {
                return;
            }
            let violation = inner.credit <= 0;
            inner.credit = inner
                .credit
                .saturating_sub(i64::try_from(cost).unwrap_or(i64::MAX));
            match item {
                _ if violation => inner.finish(Err(Error::resource_exhausted(
                    "the peer sent an item without credit for it",
                ))),
                Ok(item) if item.bytes().len() as u64 > STRETCH.saturating_mul(cost) => inner
                    .finish(Err(Error::resource_exhausted(
                        "the peer sent an item that is longer than it says",
                    ))),
                Ok(item) => {
                    if !inner.abandoned {
                        inner.queue.push_back((item.compact(), cost));
                    }
                }
                Err(error) => inner.finish(Err(error)),
            }
            inner.waker.take()
        };
        wake(waker);
    }

    /// Says that no more items come. The first end counts.
    pub fn finish(&self, end: Result<()>) {
        let waker = {
            let mut inner = self.lock();
            inner.finish(end);
            inner.waker.take()
        };
        wake(waker);
    }

    /// Takes the next item out; `None` after the last one.
    ///
    /// With it comes the credit to give back to the sender, once that is half of
    /// what it began with: to give it item by item would cost a frame for each.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<(Option<Result<Body>>, Option<u64>)> {
        let mut inner = self.lock();
        if let Some((item, cost)) = inner.queue.pop_front() {
            inner.taken = inner.taken.saturating_add(cost);
            let grant = if inner.taken >= INITIAL_CREDIT / 2 && inner.end.is_none() {
                let grant = std::mem::take(&mut inner.taken);
                inner.credit = inner
                    .credit
                    .saturating_add(i64::try_from(grant).unwrap_or(i64::MAX));
                Some(grant)
            } else {
                None
            };
            return Poll::Ready((Some(Ok(item)), grant));
        }
        match &mut inner.end {
            Some(end) => Poll::Ready((std::mem::replace(end, Ok(())).err().map(Err), None)),
            None => {
                inner.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Says that nobody takes items any more: those that come are dropped, and cost
    /// the sender its credit.
    pub fn abandon(&self) {
        let mut inner = self.lock();
        inner.abandoned = true;
        inner.queue = VecDeque::new();
    }

    /// Bytes of the items that wait.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        let inner = self.lock();
        inner.queue.iter().map(|(item, _)| item.bytes().len()).sum()
    }
}

impl In {
    fn finish(&mut self, end: Result<()>) {
        self.end.get_or_insert(end);
    }
}

/// The sending end of a stream: how much may be sent.
#[derive(Debug, Default)]
pub struct Outbound(Mutex<Out>);

#[derive(Debug, Default)]
struct Out {
    credit: i64,
    /// There was credit at some time: the call itself is sent.
    open: bool,
    closed: bool,
    waker: Option<Waker>,
}

impl Outbound {
    /// A sending end that begins with this credit.
    #[must_use]
    pub fn new(credit: u64) -> Self {
        let outbound = Self::default();
        outbound.grant(credit);
        outbound
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to the credit; more than can be counted is as good as what can.
    pub fn grant(&self, bytes: u64) {
        let waker = {
            let mut inner = self.lock();
            inner.open = true;
            inner.credit = inner
                .credit
                .saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX));
            inner.waker.take()
        };
        wake(waker);
    }

    /// Waits until the end of the stream may be sent, which takes no credit: not
    /// before the call itself. False if nothing may be sent any more.
    pub fn poll_open(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut inner = self.lock();
        if inner.closed || inner.open {
            return Poll::Ready(!inner.closed);
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Says that nothing more may be sent.
    pub fn close(&self) {
        let waker = {
            let mut inner = self.lock();
            inner.closed = true;
            inner.waker.take()
        };
        wake(waker);
    }

    /// Waits until an item may be sent; false if none may any more.
    ///
    /// Any item may be, however long, once there is credit at all: else one that is
    /// longer than the credit ever is could never be sent.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut inner = self.lock();
        if inner.closed {
            return Poll::Ready(false);
        }
        if inner.credit > 0 {
            return Poll::Ready(true);
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Notes that an item of this cost is sent.
    pub fn charge(&self, cost: u64) {
        let mut inner = self.lock();
        inner.credit = inner
            .credit
            .saturating_sub(i64::try_from(cost).unwrap_or(i64::MAX));
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(length: usize) -> (Body, u64) {
        let payload = Payload::new(&vec![7_u8; length]).unwrap();
        (Body::try_from(&payload).unwrap(), cost(&payload))
    }

    fn take(inbound: &Inbound) -> Poll<(Option<Result<Body>>, Option<u64>)> {
        inbound.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    fn ready(outbound: &Outbound) -> Poll<bool> {
        outbound.poll_ready(&mut Context::from_waker(Waker::noop()))
    }

    /// Both ends count the same: whatever may be sent may be received, and nothing
    /// is lost on the way.
    #[test]
    fn credit_that_is_given_back_is_what_was_taken() {
        let (inbound, outbound) = (Inbound::default(), Outbound::new(INITIAL_CREDIT));
        let mut waiting = 0;
        for round in 0..10_000_usize {
            while ready(&outbound) == Poll::Ready(true) && waiting < 50 {
                let (body, cost) = item((round * 37) % 20_000);
                outbound.charge(cost);
                inbound.push(Ok(body), cost);
                waiting += 1;
            }
            let Poll::Ready((Some(Ok(_)), grant)) = take(&inbound) else {
                panic!("the stream broke in round {round}");
            };
            waiting -= 1;
            if let Some(grant) = grant {
                outbound.grant(grant);
            }
        }
    }

    #[test]
    fn a_large_item_passes_and_the_next_waits() {
        let outbound = Outbound::new(1);
        assert_eq!(ready(&outbound), Poll::Ready(true));
        outbound.charge(1 << 30);
        assert_eq!(ready(&outbound), Poll::Pending);
        outbound.grant(1 << 30);
        assert_eq!(ready(&outbound), Poll::Ready(true));
        outbound.close();
        assert_eq!(ready(&outbound), Poll::Ready(false));
    }

    #[test]
    fn too_much_credit_is_no_overflow() {
        let outbound = Outbound::new(u64::MAX);
        outbound.grant(u64::MAX);
        outbound.charge(u64::MAX);
        outbound.charge(u64::MAX);
        outbound.grant(u64::MAX);
        let _ = ready(&outbound);
        let inbound = Inbound::default();
        inbound.push(Ok(item(10).0), u64::MAX);
        inbound.push(Ok(item(10).0), u64::MAX);
        assert!(matches!(take(&inbound), Poll::Ready((Some(Ok(_)), _))));
        assert!(matches!(take(&inbound), Poll::Ready((Some(Err(_)), _))));
    }

    #[test]
    fn what_is_sent_without_credit_ends_the_stream() {
        let inbound = Inbound::default();
        let (body, cost) = item(INITIAL_CREDIT as usize);
        // The last that may be sent exceeds the credit, and this is right.
        inbound.push(Ok(body), cost);
        inbound.push(Ok(item(1).0), 65);
        inbound.push(Ok(item(1).0), 65);
        assert!(matches!(take(&inbound), Poll::Ready((Some(Ok(_)), _))));
        let Poll::Ready((Some(Err(error)), None)) = take(&inbound) else {
            panic!("the stream goes on");
        };
        assert!(error.message().contains("without credit"), "{error}");
        assert!(matches!(take(&inbound), Poll::Ready((None, None))));
        // Nor may an item cost less than it takes.
        let inbound = Inbound::default();
        inbound.push(Ok(item(10_000).0), 65);
        assert!(matches!(take(&inbound), Poll::Ready((Some(Err(_)), _))));
    }

    #[test]
    fn items_that_nobody_takes_are_dropped() {
        let inbound = Inbound::default();
        let (body, cost) = item(1000);
        inbound.push(Ok(body.clone()), cost);
        inbound.abandon();
        inbound.push(Ok(body), cost);
        assert_eq!(inbound.waiting_bytes(), 0);
        inbound.finish(Ok(()));
        assert!(matches!(take(&inbound), Poll::Ready((None, None))));
    }
}
