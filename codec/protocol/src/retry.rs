//! [`RetryPolicy`] and [`Budget`]: how often a call is sent, and how many may be sent
//! again.
//!
//! The client's layer `Retry` sends calls again to one server, a balanced client to
//! others. Both go by these.

mod budget;
mod window;

use std::time::Duration;

use crate::error::{Code, Error};
use crate::metadata::{Metadata, PREVIOUS_ATTEMPTS};

pub use budget::{Budget, BudgetOptions, Throttle};
pub use window::{Counts, SECONDS, Window};

/// How often a call is sent, and after which pauses.
///
/// What certainly did not run
/// ([`Delivery::cannot_have_run`](crate::Delivery::cannot_have_run)) may be sent again
/// whatever it does. Any other failure is for the caller, who alone knows what a second
/// run does; unless the call is idempotent and failed with one of
/// [`codes`](Self::codes).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_protocol::Code;
/// use gobrpc_protocol::retry::RetryPolicy;
///
/// let mut policy = RetryPolicy::default();
/// policy.codes = vec![Code::Unavailable];
/// assert_eq!(policy.attempts, 3);
/// assert_eq!(policy.pause(2, 0.5), Duration::from_millis(200));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often at most, the first time included (3).
    pub attempts: usize,
    /// With which errors an idempotent call is sent again (none), after a pause.
    pub codes: Vec<Code>,
    /// The first pause (100 ms), more or less by up to 20 %.
    pub backoff: Duration,
    /// The longest pause (1 s).
    pub max_backoff: Duration,
    /// How much longer each pause is than the one before (2).
    pub multiplier: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            codes: Vec::new(),
            backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            multiplier: 2.0,
        }
    }
}

impl RetryPolicy {
    /// The pause before a retry, the first being 1, as gRPC has it
    /// ([A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md)).
    ///
    /// `random` is at least 0 and less than 1, and other for each pause, so that calls
    /// that failed together do not come back together.
    #[must_use]
    pub fn pause(&self, retry: usize, random: f64) -> Duration {
        let power = i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX);
        let longest = self.max_backoff.as_secs_f64();
        let pause = self.backoff.as_secs_f64() * self.multiplier.powi(power);
        // Whatever was multiplied, it is a time: not below nothing, and no NaN.
        let pause = if pause < longest {
            pause.max(0.0)
        } else {
            longest
        };
        let jitter = 0.8 + 0.4 * random;
        Duration::try_from_secs_f64(pause * jitter).unwrap_or(self.max_backoff)
    }
}

/// Says how often a call was sent before, if it was: to the server in the request's
/// metadata, and to the caller in the reply's
/// ([A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md)).
pub fn mark(metadata: &mut Metadata, before: usize) {
    if before > 0 {
        metadata.set(PREVIOUS_ATTEMPTS, before.to_string());
    }
}

/// As [`mark`], in the metadata of an error.
#[must_use]
pub fn mark_error(error: Error, before: usize) -> Error {
    if before == 0 {
        return error;
    }
    let mut metadata = error.metadata().clone();
    mark(&mut metadata, before);
    error.with_metadata(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest() {
        let retry = RetryPolicy::default();
        for (number, middle) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (5, 1000),
            (99, 1000),
        ] {
            let pause = |random| retry.pause(number, random).as_millis();
            assert_eq!(pause(0.5), middle);
            assert_eq!(pause(0.0), middle * 8 / 10);
            assert!((middle * 11 / 10..=middle * 12 / 10).contains(&pause(0.999)));
        }
        let odd = RetryPolicy {
            multiplier: f64::NAN,
            ..RetryPolicy::default()
        };
        assert!(odd.pause(2, 0.5) <= odd.max_backoff * 2);
    }
}
