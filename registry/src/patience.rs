//! [`within`]: how long another one may take, when this process may be paused.

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

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::{advance, sleep};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(4);

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
