//! [`within`] and [`Patience`]: how long another one may take, when this process may
//! be paused, and the other one slow.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::error::{Error, Result};

/// Who wakes so much too late was not running: stopped, or without a processor.
pub(crate) const PAUSED: Duration = Duration::from_millis(500);

/// What comes out of `work`, unless it takes longer than this.
///
/// After a pause of this process its timers are over before what has come
/// meanwhile is read, and the other side would be blamed for it; so `work` gets
/// half of the time once more.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    let mut over = Instant::now() + limit;
    loop {
        tokio::select! {
            biased;
            result = &mut work => return result,
            () = sleep_until(over) => {}
        }
        let now = Instant::now();
        if now.saturating_duration_since(over) < PAUSED {
            return Err(Error::silent(limit));
        }
        over = now + limit / 2;
    }
}

/// How long a step may take: short, so that there is time for another one; longer
/// after one that was not answered, up to a most. A registry that is slow because it
/// has too much to do must not be asked the same again and again, and never be
/// waited for ([milvus#26846](https://github.com/milvus-io/milvus/issues/26846) is
/// what became of one that was).
#[derive(Debug)]
pub(crate) struct Patience {
    least: Duration,
    most: Duration,
    limit: Duration,
}

impl Patience {
    pub(crate) const fn new(least: Duration, most: Duration) -> Self {
        Self {
            least,
            most,
            limit: least,
        }
    }

    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    /// A step is over, one way or the other.
    pub(crate) fn learn(&mut self, took: Duration) {
        let next = took.saturating_mul(2);
        let most = match took >= self.limit {
            true => self.most,
            false => self.limit,
        };
        self.limit = next.min(most).max(self.least);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::{advance, sleep};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(4);

    #[test]
    fn who_is_slow_gets_more_time_and_keeps_it_until_quicker() {
        let (least, most) = (Duration::from_secs(2), Duration::from_secs(6));
        let mut patience = Patience::new(least, most);
        let secs = Duration::from_secs;
        for (took, limit) in [
            (secs(1), secs(2)),
            (secs(2), secs(4)),
            (secs(4), secs(6)),
            (secs(6), secs(6)),
            (secs(4), secs(6)),
            (secs(2), secs(4)),
            (secs(0), secs(2)),
            (Duration::MAX, secs(6)),
        ] {
            patience.learn(took);
            assert_eq!(patience.limit(), limit, "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_given_up() {
        let start = Instant::now();
        within(LIMIT, pending::<Result<()>>()).await.unwrap_err();
        assert!(start.elapsed() < LIMIT + PAUSED);
        within(LIMIT, ready(Ok(()))).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_of_ones_own_is_not_counted() {
        let start = Instant::now();
        let work = async {
            sleep(Duration::from_secs(1)).await;
            // Nothing runs for so long, and then the answer is there soon.
            advance(LIMIT * 3).await;
            sleep(Duration::from_secs(1)).await;
            Ok(())
        };
        within(LIMIT, work).await.unwrap();
        assert!(start.elapsed() > LIMIT * 3);
    }
}
