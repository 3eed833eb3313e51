//! [`Window`]: two counts over the last ten seconds, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// Two counts over the last ten seconds, without a lock: one word for each second.
///
/// Pure: the second is an argument, counted from any start.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::retry::{Counts, Window};
///
/// let window = Window::default();
/// window.add(0, Counts { calls: 7, marked: 1 });
/// window.add(9, Counts { calls: 1, marked: 1 });
/// assert_eq!(window.sum(9), Counts { calls: 8, marked: 2 });
/// assert_eq!(window.sum(10), Counts { calls: 1, marked: 1 });
/// ```
#[derive(Debug, Default)]
pub struct Window([AtomicU64; SECONDS as usize]);

/// What a [`Window`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All calls.
    pub calls: u64,
    /// The part of the calls that is counted beside them: retries, failures.
    pub marked: u64,
}

/// Seconds that are remembered.
pub const SECONDS: u64 = 10;

/// A word is the second (20 bits, so that it comes again after 12 days, when a slot
/// may hold on to what nobody counted meanwhile) and two counts that stay at their
/// highest value.
const COUNT_BITS: u32 = 22;
const MOST: u64 = (1 << COUNT_BITS) - 1;
const SECOND_MASK: u64 = (1 << (64 - 2 * COUNT_BITS)) - 1;

impl Window {
    /// Counts what happened in a second; each count stays at 4,194,303.
    pub fn add(&self, second: u64, counts: Counts) {
        let relaxed = Ordering::Relaxed;
        // It fails only if there is nothing to do.
        let _ = self.slot(second).fetch_update(relaxed, relaxed, |word| {
            let (stamp, known) = unpack(word);
            let known = match age(stamp, second) {
                Age::Same => known,
                Age::Past(_) => Counts::default(),
                // The clock was read before that of others; unless nobody counted.
                Age::Future if known != Counts::default() => return None,
                Age::Future => known,
            };
            let sum = Counts {
                calls: (known.calls + counts.calls).min(MOST),
                marked: (known.marked + counts.marked).min(MOST),
            };
            Some(pack(second, sum))
        });
    }

    /// What was counted in the ten seconds that end with this one.
    #[must_use]
    pub fn sum(&self, second: u64) -> Counts {
        let words = self.0.iter().map(|slot| slot.load(Ordering::Relaxed));
        words.fold(Counts::default(), |sum, word| {
            let (stamp, counts) = unpack(word);
            match age(stamp, second) {
                Age::Past(age) if age >= SECONDS => sum,
                _ => Counts {
                    calls: sum.calls + counts.calls,
                    marked: sum.marked + counts.marked,
                },
            }
        })
    }

    /// Forgets all.
    pub fn clear(&self) {
        for slot in &self.0 {
            slot.store(0, Ordering::Relaxed);
        }
    }

    fn slot(&self, second: u64) -> &AtomicU64 {
        let index = (second % SECONDS) as usize;
        &self.0[index]
    }
}

enum Age {
    Same,
    Past(u64),
    Future,
}

const fn age(stamp: u64, second: u64) -> Age {
    match second.wrapping_sub(stamp) & SECOND_MASK {
        0 => Age::Same,
        // No clock is read that much too early: it is a slot of long ago.
        age if age > SECOND_MASK - 60 => Age::Future,
        age => Age::Past(age),
    }
}

const fn pack(second: u64, counts: Counts) -> u64 {
    (second & SECOND_MASK) << (2 * COUNT_BITS) | counts.calls << COUNT_BITS | counts.marked
}

const fn unpack(word: u64) -> (u64, Counts) {
    let counts = Counts {
        calls: word >> COUNT_BITS & MOST,
        marked: word & MOST,
    };
    (word >> (2 * COUNT_BITS), counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn counts(calls: u64, marked: u64) -> Counts {
        Counts { calls, marked }
    }

    #[test]
    fn ten_seconds_are_remembered_and_no_eleventh() {
        let window = Window::default();
        for second in 5..15 {
            window.add(second, counts(2, 1));
        }
        assert_eq!(window.sum(14), counts(20, 10));
        assert_eq!(window.sum(15), counts(18, 9));
        assert_eq!(window.sum(23), counts(2, 1));
        assert_eq!(window.sum(24), counts(0, 0));
        window.clear();
        assert_eq!(window.sum(14), counts(0, 0));
    }

    #[test]
    fn a_slot_is_used_again_and_never_backwards() {
        let window = Window::default();
        window.add(3, counts(7, 0));
        window.add(13, counts(1, 1));
        assert_eq!(window.sum(13), counts(1, 1));
        window.add(3, counts(9, 9));
        assert_eq!(window.sum(13), counts(1, 1));
        // Whoever reads the clock first sees what others counted later.
        assert_eq!(window.sum(12), counts(1, 1));
    }

    #[test]
    fn counts_stay_at_their_highest() {
        let window = Window::default();
        window.add(0, counts(MOST - 1, MOST));
        window.add(0, counts(1, 1));
        assert_eq!(window.sum(0), counts(MOST, MOST));
        window.add(0, counts(1, 1));
        assert_eq!(window.sum(0), counts(MOST, MOST));
    }

    #[test]
    fn seconds_may_wrap() {
        let window = Window::default();
        let last = SECOND_MASK;
        window.add(last, counts(1, 0));
        window.add(last + 1, counts(1, 0));
        assert_eq!(window.sum(last + 1).calls, 2);
        assert_eq!(window.sum(last + 10).calls, 1);
    }
}
