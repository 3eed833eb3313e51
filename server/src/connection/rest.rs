//! [`Rest`]: when a connection gives back the memory that it had for large messages.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// How long nothing has to move first: so long that calls which follow each other find
/// the buffers of the ones before.
const QUIET: Duration = Duration::from_secs(1);

/// Notices that a connection has become quiet.
///
/// There is a timer only while somebody asks, which is while there is something to give
/// back; and it is set anew but when it is over, since calls may come in every
/// microsecond.
#[derive(Default)]
pub(super) struct Rest {
    timer: Option<Pin<Box<Sleep>>>,
    /// What had moved when the timer was set.
    traffic: u64,
}

impl Rest {
    /// Ready when no byte has moved for a while: `traffic` is how many have, so far.
    pub(super) fn poll(&mut self, cx: &mut TaskContext<'_>, traffic: u64) -> Poll<()> {
        loop {
            let timer = self.timer.get_or_insert_with(|| {
                self.traffic = traffic;
                Box::pin(sleep(QUIET))
            });
            ready!(timer.as_mut().poll(cx));
            self.timer = None;
            if self.traffic == traffic {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_comes_when_nothing_moved_for_as_long() {
        let mut rest = Rest::default();
        let begun = Instant::now();
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            // Something moves until the third time.
            rest.poll(cx, polls.min(3))
        })
        .await;
        assert_eq!(begun.elapsed().as_secs(), 3);
    }
}
