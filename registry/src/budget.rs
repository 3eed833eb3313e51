//! [`Budget`]: how much may be sent again. Pure: time is an argument.

use std::time::Instant;

/// How much may be sent again: a part of the calls of the last seconds, and a few
/// more for those who call seldom.
///
/// Without one, retries multiply the load of a service exactly when it has too
/// much. The numbers are Finagle's and linkerd's: 20 % and 10 each second, over
/// 10 s.
#[derive(Debug)]
pub(crate) struct Budget {
    options: BudgetOptions,
    start: Instant,
    /// The second that `slots[second % SLOTS]` is of.
    second: u64,
    slots: [Slot; SLOTS],
}

/// How much may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetOptions {
    /// Retries for each hundred calls (20).
    pub percent: u32,
    /// Retries each second that nobody needs to earn (10).
    pub per_second: u32,
}

impl Default for BudgetOptions {
    fn default() -> Self {
        Self {
            percent: 20,
            per_second: 10,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    calls: u64,
    retries: u64,
}

/// Seconds that are remembered.
const SLOTS: usize = 10;

impl Budget {
    pub(crate) fn new(options: BudgetOptions, now: Instant) -> Self {
        Self {
            options,
            start: now,
            second: 0,
            slots: [Slot::default(); SLOTS],
        }
    }

    /// A call begins.
    pub(crate) fn deposit(&mut self, now: Instant) {
        self.slot(now).calls += 1;
    }

    /// Takes one retry, if there is one.
    pub(crate) fn withdraw(&mut self, now: Instant) -> bool {
        self.slot(now);
        let sum = |part: fn(&Slot) -> u64| self.slots.iter().map(part).fold(0, u64::saturating_add);
        let earned = sum(|slot| slot.calls).saturating_mul(self.options.percent.into()) / 100;
        let given = u64::from(self.options.per_second) * SLOTS as u64;
        if sum(|slot| slot.retries) >= earned.saturating_add(given) {
            return false;
        }
        self.slot(now).retries += 1;
        true
    }

    /// The slot of this second; those of seconds that are long gone are emptied.
    fn slot(&mut self, now: Instant) -> &mut Slot {
        let second = now.saturating_duration_since(self.start);
        let second = second.as_secs().max(self.second);
        let passed = (second - self.second).min(SLOTS as u64);
        for gone in 0..passed {
            self.slots[index(second - gone)] = Slot::default();
        }
        self.second = second;
        &mut self.slots[index(second)]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder of SLOTS fits")]
const fn index(second: u64) -> usize {
    (second % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What is remembered for so long is forgotten then.
    const TTL: Duration = Duration::from_secs(SLOTS as u64);

    fn taken(budget: &mut Budget, now: Instant) -> usize {
        (0..10_000).take_while(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn the_last_retry_is_given_and_no_more() {
        let now = Instant::now();
        let mut budget = Budget::new(BudgetOptions::default(), now);
        // 10 each second over 10 s, and the 101st is refused.
        assert_eq!(taken(&mut budget, now), 100);
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
        let mut budget = Budget::new(options, now);
        assert!(!budget.withdraw(now));
        for _ in 0..1000 {
            budget.deposit(now);
        }
        assert_eq!(taken(&mut budget, now), 200);
    }

    #[test]
    fn what_was_earned_and_spent_is_forgotten_after_ten_seconds() {
        let now = Instant::now();
        let mut budget = Budget::new(BudgetOptions::default(), now);
        for _ in 0..50 {
            budget.deposit(now);
        }
        assert_eq!(taken(&mut budget, now), 110);
        let almost = now + TTL - Duration::from_millis(1);
        assert!(!budget.withdraw(almost));
        assert_eq!(taken(&mut budget, now + TTL), 100);
        // A clock that was read earlier changes nothing.
        assert!(!budget.withdraw(now));
        assert_eq!(taken(&mut budget, now + TTL * 1000), 100);
    }
}
