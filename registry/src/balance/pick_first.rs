//! [`PickFirst`]: one does the work.

use super::{Balance, Candidates, Picker, Question, first_allowed, mix};
use crate::endpoint::Endpoint;

/// The first endpoint that can have the call; the others stand by.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct PickFirst {
    shuffle: Option<u64>,
}

impl PickFirst {
    /// In the order of versions and addresses, in which all clients choose the
    /// same one: for a service that has one instance at work.
    #[must_use]
    pub const fn new() -> Self {
        Self { shuffle: None }
    }

    /// In an order of its own, which stays the same while endpoints come and go:
    /// each client stays with one endpoint, and clients spread.
    #[must_use]
    pub fn shuffled() -> Self {
        Self {
            shuffle: Some(fastrand::u64(..)),
        }
    }
}

impl Balance for PickFirst {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let mut endpoints = candidates.usable().to_vec();
        if let Some(seed) = self.shuffle {
            endpoints.sort_by_key(|endpoint| mix(endpoint.hash() ^ seed));
        }
        Box::new(First(endpoints))
    }
}

struct First(Vec<Endpoint>);

impl Picker for First {
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        first_allowed(&self.0, 0, question)
    }
}
