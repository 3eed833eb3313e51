//! [`RoundRobin`]: one after the other.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Picker, Question};

/// One endpoint after the other, from a random one on: with a fixed start, the
/// first calls of all clients would go to the same one.
#[derive(Debug)]
pub struct RoundRobin(AtomicUsize);

impl RoundRobin {
    /// From a random endpoint on.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(fastrand::usize(..))
    }

    /// From this endpoint on, counted around.
    #[must_use]
    pub const fn starting_at(start: usize) -> Self {
        Self(AtomicUsize::new(start))
    }
}

impl Default for RoundRobin {
    fn default() -> Self {
        Self::new()
    }
}

impl Picker for RoundRobin {
    fn pick(&self, question: &Question<'_>) -> Option<usize> {
        // A retry takes no turn of the others: else, with one endpoint of three
        // broken, two calls would take all three turns, and every second call
        // would go to the broken one. The number wraps.
        let turn = match question.attempt() {
            0 => self.0.fetch_add(1, Ordering::Relaxed),
            _ => self.0.load(Ordering::Relaxed),
        };
        turn.checked_rem(question.endpoints().len())
    }
}
