//! [`Backoff`]: how long to wait before the next dial.

use std::time::Duration;

/// The waits between failed dials: full jitter, so that a thousand clients of a
/// server that comes back do not arrive together.
///
/// The wait after failure number `n` is random between nothing and the lesser of
/// `max` and `first` doubled `n - 1` times.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, max: Duration) -> Self {
        Self {
            first,
            max,
            failures: 0,
        }
    }

    /// Notes a failure; how long to wait now.
    pub(crate) fn fail(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(fastrand::f64())
    }

    /// Notes a success: the next failure is the first again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The longest wait there can be, now.
    fn ceiling(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_maximum_and_start_anew() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        for ceiling in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
            assert_eq!(backoff.ceiling(), Duration::from_millis(ceiling));
            assert!(backoff.fail() <= Duration::from_millis(ceiling));
        }
        for _ in 0..100 {
            assert!(backoff.fail() <= Duration::from_secs(10));
        }
        backoff.reset();
        assert_eq!(backoff.ceiling(), Duration::from_millis(100));
    }

    #[test]
    fn no_setting_overflows() {
        let mut backoff = Backoff::new(Duration::MAX, Duration::from_secs(1));
        assert!(backoff.fail() <= Duration::from_secs(1));
        assert!(backoff.fail() <= Duration::from_secs(1));
    }
}
