//! [`Stall`]: a request that has begun, and does not go on.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// What must come of a request in each period, unless the rest of it does. A peer that
/// sends a byte now and then would else keep its place for as long as it likes.
const LEAST: u64 = 1 << 10;

/// Notices that a request has begun and does not go on.
///
/// There is a timer only while a request is not whole, and it is set anew but when it
/// is over: on a busy connection some request is always under way.
#[derive(Default)]
pub(super) struct Stall {
    timer: Option<Pin<Box<Sleep>>>,
    /// Bytes and requests that had come when the timer was set.
    bytes: u64,
    requests: u64,
}

impl Stall {
    /// Ready when a period brought no request and few bytes; `bytes` and `requests` have
    /// come so far.
    pub(super) fn poll(
        &mut self,
        cx: &mut TaskContext<'_>,
        period: Duration,
        bytes: u64,
        requests: u64,
    ) -> Poll<()> {
        loop {
            let timer = self.timer.get_or_insert_with(|| {
                self.bytes = bytes;
                self.requests = requests;
                Box::pin(sleep(period))
            });
            ready!(timer.as_mut().poll(cx));
            self.timer = None;
            if requests == self.requests && bytes - self.bytes < LEAST {
                return Poll::Ready(());
            }
        }
    }

    /// No request is under way.
    pub(super) fn over(&mut self) {
        self.timer = None;
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::Instant;

    use super::*;

    const PERIOD: Duration = Duration::from_secs(1);

    /// Seconds until it is noticed, where three periods bring this much each, and then
    /// nothing comes.
    async fn seconds(bytes: u64, requests: u64) -> u64 {
        let mut stall = Stall::default();
        let begun = Instant::now();
        poll_fn(|cx| {
            let periods = begun.elapsed().as_secs().min(3);
            stall.poll(cx, PERIOD, periods * bytes, periods * requests)
        })
        .await;
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn it_comes_when_less_than_a_kibibyte_came() {
        assert_eq!(seconds(0, 0).await, 1);
        assert_eq!(seconds(LEAST - 1, 0).await, 1);
        assert_eq!(seconds(LEAST, 0).await, 4);
        assert_eq!(seconds(1, 1).await, 4);
    }
}
