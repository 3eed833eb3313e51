//! [`P2c`]: the less busy of two.

use super::sampler::Sampler;
use super::{Balance, Candidates, Picker, Question, first_allowed};
use crate::endpoint::Endpoint;

/// The one with fewer calls under way, of two that chance chose: the power of two
/// choices.
///
/// The busiest of `n` endpoints gets about `ln ln n` calls more than the average,
/// where pure chance gives it `ln n / ln ln n` times as many
/// ([Mitzenmacher 2001](https://www.eecs.harvard.edu/~michaelm/postscripts/tpds2001.pdf)).
/// Looking at all of them would be no better but for one client alone: many
/// clients with the same idea of who is idle all go there at once.
///
/// Entries with unequal weights are chosen, and their calls counted, in proportion
/// to these.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct P2c;

impl P2c {
    /// The less busy of two.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Balance for P2c {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        Box::new(OfTwo::new(candidates, |one, other, _| {
            // Calls for each unit of weight, without dividing. Two idle ones are
            // alike whatever they weigh: the first sample has the weights in it.
            busy(one, other) <= busy(other, one)
        }))
    }
}

fn busy(endpoint: &Endpoint, other: &Endpoint) -> u128 {
    endpoint.in_flight() as u128 * u128::from(other.weight().max(1))
}

/// The better of two samples.
pub(super) struct OfTwo<F> {
    sampler: Sampler,
    endpoints: Box<[Endpoint]>,
    /// True if the first is at least as good.
    prefer: F,
}

impl<F: Fn(&Endpoint, &Endpoint, &Question<'_>) -> bool> OfTwo<F> {
    pub(super) fn new(candidates: &Candidates, prefer: F) -> Self {
        let endpoints = candidates.usable();
        Self {
            sampler: Sampler::weighted(endpoints),
            endpoints: endpoints.into(),
            prefer,
        }
    }
}

impl<F> Picker for OfTwo<F>
where
    F: Fn(&Endpoint, &Endpoint, &Question<'_>) -> bool + Send + Sync,
{
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        let (first, second) = self.sampler.two()?;
        let (one, other) = (self.endpoints.get(first)?, self.endpoints.get(second)?);
        match (question.allows(one), question.allows(other)) {
            (true, true) if (self.prefer)(one, other, question) => Some(one),
            (_, true) => Some(other),
            (true, false) => Some(one),
            (false, false) => first_allowed(&self.endpoints, first, question),
        }
    }
}
