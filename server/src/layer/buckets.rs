//! [`Buckets`]: token buckets by keys.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Token buckets by keys, of which so many are kept.
///
/// A bucket is one instant: when it is full again. That says how many tokens are
/// missing, and needs no task that refills it (the Generic Cell Rate Algorithm, ITU-T
/// I.371, in its form with a virtual clock).
#[derive(Debug)]
pub(super) struct Buckets {
    pub(super) keys_max: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    full_at: HashMap<String, Instant>,
    /// The bucket of those for whom there is no room.
    others: Option<Instant>,
    /// When full ones were looked for in vain or not.
    swept: Option<Instant>,
}

impl Default for Buckets {
    fn default() -> Self {
        Self {
            // About 6 MiB with keys of 40 bytes.
            keys_max: 65_536,
            table: Mutex::default(),
        }
    }
}

impl Buckets {
    /// Takes a token out of the bucket of a key, or gives back how long there is none.
    ///
    /// A token comes back after each `every`; the bucket is empty when it takes longer
    /// than `slack` until it is full again, but for one token.
    pub(super) fn take(
        &self,
        key: String,
        every: Duration,
        slack: Duration,
        now: Instant,
    ) -> Result<(), Duration> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let table = &mut *table;
        if table.full_at.len() >= self.keys_max && !table.full_at.contains_key(&key) {
            table.sweep(every.saturating_add(slack), now);
            if table.full_at.len() >= self.keys_max {
                let others = table.others.get_or_insert(now);
                return take(others, every, slack, now);
            }
        }
        take(table.full_at.entry(key).or_insert(now), every, slack, now)
    }
}

fn take(
    full_at: &mut Instant,
    every: Duration,
    slack: Duration,
    now: Instant,
) -> Result<(), Duration> {
    let since = (*full_at).max(now);
    let missing = since - now;
    if missing > slack {
        return Err(missing - slack);
    }
    // What is beyond the end of time never comes: then the bucket stays as it is.
    *full_at = since.checked_add(every).unwrap_or(since);
    Ok(())
}

impl Table {
    /// Forgets buckets that are full: a new one would be the same. It looks at all of
    /// them, so it is done no more often than an empty one takes to be full.
    fn sweep(&mut self, refill: Duration, now: Instant) {
        if self.swept.is_some_and(|swept| now < swept + refill) {
            return;
        }
        self.swept = Some(now);
        self.full_at.retain(|_, full_at| *full_at > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_millis(100);

    #[test]
    fn keys_are_kept_up_to_the_maximum() {
        let buckets = Buckets {
            keys_max: 2,
            ..Buckets::default()
        };
        let start = Instant::now();
        let take = |key: &str, at| buckets.take(key.to_owned(), EVERY, Duration::ZERO, at);
        assert_eq!(take("a", start), Ok(()));
        assert_eq!(take("b", start), Ok(()));
        // One above: these share a bucket, whatever they call themselves, and those
        // who are known are not hurt by it.
        assert_eq!(take("c", start), Ok(()));
        assert_eq!(take("d", start), Err(EVERY));
        assert_eq!(take("a", start), Err(EVERY));
        assert_eq!(buckets.table.lock().unwrap().full_at.len(), 2);
        // Once the others' are full again, there is room.
        let later = start + EVERY;
        assert_eq!(take("a", later), Ok(()));
        assert_eq!(take("d", later), Ok(()));
        assert_eq!(take("e", later), Ok(()));
        assert_eq!(take("f", later), Err(EVERY));
        assert_eq!(buckets.table.lock().unwrap().full_at.len(), 2);
    }

    #[test]
    fn times_beyond_all_bounds_do_no_harm() {
        let buckets = Buckets::default();
        let now = Instant::now();
        for _ in 0..3 {
            let _ = buckets.take(String::new(), Duration::MAX, Duration::MAX, now);
        }
    }
}
