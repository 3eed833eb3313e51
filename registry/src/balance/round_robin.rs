//! [`RoundRobin`]: one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Balance, Candidates, Picker, Question, first_allowed};
use crate::endpoint::Endpoint;

/// One endpoint after the other, from a random one on: with a fixed start, the
/// first calls of all clients would go to the same one.
#[derive(Debug)]
pub struct RoundRobin(Arc<AtomicUsize>);

impl RoundRobin {
    /// From a random endpoint on.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(fastrand::usize(..))
    }

    /// From this endpoint on, counted around.
    #[must_use]
    pub fn starting_at(start: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(start)))
    }
}

impl Default for RoundRobin {
    fn default() -> Self {
        Self::new()
    }
}

impl Balance for RoundRobin {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        Box::new(RoundRobinPicker {
            turn: Arc::clone(&self.0),
            endpoints: candidates.usable().into(),
        })
    }
}

struct RoundRobinPicker {
    turn: Arc<AtomicUsize>,
    endpoints: Box<[Endpoint]>,
}

impl Picker for RoundRobinPicker {
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        // A retry takes no turn of the others: else, with one endpoint of three
        // broken, two calls would take all three turns, and every second call
        // would go to the broken one. The number wraps.
        let turn = match question.attempt() {
            0 => self.turn.fetch_add(1, Ordering::Relaxed),
            _ => self.turn.load(Ordering::Relaxed),
        };
        let start = turn.checked_rem(self.endpoints.len())?;
        first_allowed(&self.endpoints, start, question)
    }
}
