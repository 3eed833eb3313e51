//! [`Budget`]: how much may be sent again. Pure: time is an argument.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::window::{Counts, SECONDS, Window};

/// How much may be sent again: a part of the calls of the last seconds, and a few
/// more for those who call seldom.
///
/// Without one, retries multiply the load of a service exactly when it has too
/// much. The numbers are Finagle's and linkerd's: 20 % and 10 each second, over
/// 10 s.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
/// use gobrpc_protocol::retry::{Budget, BudgetOptions};
///
/// let now = Instant::now();
/// let mut options = BudgetOptions::default();
/// options.per_second = 0;
/// let budget = Budget::new(options, now);
/// for _ in 0..5 {
///     budget.deposit(now);
/// }
/// assert!(budget.withdraw(now));
/// assert!(!budget.withdraw(now));
/// ```
#[derive(Debug)]
pub struct Budget {
    options: BudgetOptions,
    start: Instant,
    window: Window,
    /// Held while a retry is taken, so that two never take the last one. Calls
    /// that go well take no lock.
    taking: Mutex<()>,
    tokens: Option<Tokens>,
}

/// How much may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetOptions {
    /// Retries for each hundred calls (20).
    pub percent: u32,
    /// Retries each second that nobody needs to earn (10).
    pub per_second: u32,
    /// Another bound beside this one, as gRPC has it (none).
    pub throttle: Option<Throttle>,
}

/// When nothing is sent again, as gRPC's `retryThrottling` has it
/// ([A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md)): there
/// are tokens; each failure takes one, each success gives a part of one back, and
/// at half of them or less nothing is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Throttle {
    /// Most tokens, and those there are at first: 1 to 1,000.
    pub max_tokens: u32,
    /// What a success gives back, in thousandths of a token.
    pub success_millis: u32,
}

impl Throttle {
    /// So many tokens, and so many thousandths of one back for each success.
    #[must_use]
    pub const fn new(max_tokens: u32, success_millis: u32) -> Self {
        Self {
            max_tokens,
            success_millis,
        }
    }
}

impl Default for BudgetOptions {
    fn default() -> Self {
        Self {
            percent: 20,
            per_second: 10,
            throttle: None,
        }
    }
}

impl Budget {
    /// A budget of which nothing is used.
    #[must_use]
    pub fn new(options: BudgetOptions, now: Instant) -> Self {
        Self {
            tokens: options.throttle.map(Tokens::new),
            options,
            start: now,
            window: Window::default(),
            taking: Mutex::new(()),
        }
    }

    /// A call begins.
    pub fn deposit(&self, now: Instant) {
        let call = Counts {
            calls: 1,
            marked: 0,
        };
        self.window.add(self.second(now), call);
    }

    /// A call is over.
    pub fn over(&self, success: bool) {
        if let Some(tokens) = &self.tokens {
            tokens.over(success);
        }
    }

    /// Takes one retry, if there is one.
    #[must_use]
    pub fn withdraw(&self, now: Instant) -> bool {
        if self.tokens.as_ref().is_some_and(Tokens::are_few) {
            return false;
        }
        let _taking = self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        let second = self.second(now);
        let Counts { calls, marked } = self.window.sum(second);
        let earned = calls.saturating_mul(self.options.percent.into()) / 100;
        let given = u64::from(self.options.per_second) * SECONDS;
        if marked >= earned.saturating_add(given) {
            return false;
        }
        let retry = Counts {
            calls: 0,
            marked: 1,
        };
        self.window.add(second, retry);
        true
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs()
    }
}

/// The tokens of a [`Throttle`], in thousandths.
#[derive(Debug)]
struct Tokens {
    left: AtomicU64,
    most: u64,
    success: u64,
}

impl Tokens {
    fn new(throttle: Throttle) -> Self {
        let most = u64::from(throttle.max_tokens) * 1000;
        Self {
            left: AtomicU64::new(most),
            most,
            success: throttle.success_millis.into(),
        }
    }

    fn over(&self, success: bool) {
        let relaxed = Ordering::Relaxed;
        // It fails only if nothing changes: then nobody writes the word.
        let _ = self.left.fetch_update(relaxed, relaxed, |left| {
            let after = match success {
                true => (left + self.success).min(self.most),
                false => left.saturating_sub(1000),
            };
            (after != left).then_some(after)
        });
    }

    fn are_few(&self) -> bool {
        self.left.load(Ordering::Relaxed) * 2 <= self.most
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What is remembered for so long is forgotten then.
    const TTL: Duration = Duration::from_secs(SECONDS);

    fn taken(budget: &Budget, now: Instant) -> usize {
        (0..10_000).take_while(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn the_last_retry_is_given_and_no_more() {
        let now = Instant::now();
        let budget = Budget::new(BudgetOptions::default(), now);
        // 10 each second over 10 s, and the 101st is refused.
        assert_eq!(taken(&budget, now), 100);
        assert!(!budget.withdraw(now));
        // 4 calls earn nothing yet, the fifth earns one.
        for _ in 0..4 {
            budget.deposit(now);
        }
        assert!(!budget.withdraw(now));
        budget.deposit(now);
        assert!(budget.withdraw(now));
        assert!(!budget.withdraw(now));
    }

    #[test]
    fn without_a_gift_a_fifth_of_the_calls_may_be_repeated() {
        let now = Instant::now();
        let options = BudgetOptions {
            per_second: 0,
            ..BudgetOptions::default()
        };
        let budget = Budget::new(options, now);
        assert!(!budget.withdraw(now));
        for _ in 0..1000 {
            budget.deposit(now);
        }
        assert_eq!(taken(&budget, now), 200);
    }

    #[test]
    fn what_was_earned_and_spent_is_forgotten_after_ten_seconds() {
        let now = Instant::now();
        let budget = Budget::new(BudgetOptions::default(), now);
        for _ in 0..50 {
            budget.deposit(now);
        }
        assert_eq!(taken(&budget, now), 110);
        let almost = now + TTL - Duration::from_millis(1);
        assert!(!budget.withdraw(almost));
        assert_eq!(taken(&budget, now + TTL), 100);
        // A clock that was read earlier changes nothing.
        assert!(!budget.withdraw(now));
        assert_eq!(taken(&budget, now + TTL * 1000), 100);
    }

    #[test]
    fn at_half_of_the_tokens_nothing_is_sent_again() {
        let now = Instant::now();
        let options = BudgetOptions {
            throttle: Some(Throttle::new(10, 100)),
            ..BudgetOptions::default()
        };
        let budget = Budget::new(options, now);
        for _ in 0..4 {
            budget.over(false);
        }
        assert!(budget.withdraw(now));
        budget.over(false);
        assert!(!budget.withdraw(now));
        // One success is a tenth of a token, and above the half.
        budget.over(true);
        assert!(budget.withdraw(now));
        // More than all is not saved, less than none not owed.
        for _ in 0..1000 {
            budget.over(true);
        }
        for _ in 0..5 {
            budget.over(false);
        }
        assert!(!budget.withdraw(now));
        for _ in 0..1000 {
            budget.over(false);
        }
        for _ in 0..51 {
            budget.over(true);
        }
        assert!(budget.withdraw(now));
    }
}
