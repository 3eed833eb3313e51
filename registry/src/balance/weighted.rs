//! [`WeightedRoundRobin`] and [`WeightedRandom`]: by the weights of the entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::random::Sampled;
use super::sampler::Sampler;
use super::{Balance, Candidates, Picker, Question, first_allowed};
use crate::endpoint::Endpoint;

/// Any endpoint, each as likely as the weight of its entry says.
///
/// An entry with the weight 0 gets no calls, unless all have it.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct WeightedRandom;

impl WeightedRandom {
    /// By the weights of the entries.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Balance for WeightedRandom {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let endpoints = candidates.usable();
        Box::new(Sampled::new(Sampler::weighted(endpoints), endpoints))
    }
}

/// One endpoint after the other, each as often as the weight of its entry says,
/// and as evenly over time as that allows.
///
/// The static stride scheduler of gRPC
/// ([A58](https://github.com/grpc/proposal/blob/master/A58-client-side-weighted-round-robin-lb-policy.md)):
/// one number that counts, no lock and no heap. It goes around, and an endpoint
/// with a part of the highest weight is passed over in all other rounds. An entry
/// with the weight 0 gets no calls, unless all have it.
#[derive(Debug)]
pub struct WeightedRoundRobin(Arc<AtomicU64>);

impl WeightedRoundRobin {
    /// From a random point of the schedule on.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(fastrand::u32(..).into())))
    }
}

impl Default for WeightedRoundRobin {
    fn default() -> Self {
        Self::new()
    }
}

/// What the highest weight is scaled to.
const FULL: u64 = u16::MAX as u64;

impl Balance for WeightedRoundRobin {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let usable = candidates.usable();
        let highest = usable.iter().map(Endpoint::weight).max().unwrap_or(0);
        let scaled = |endpoint: &Endpoint| match (endpoint.weight(), highest) {
            (_, 0) => Some(FULL),
            (0, _) => None,
            // At least 1: rarely is not never.
            (weight, _) => Some((u64::from(weight) * FULL / u64::from(highest)).max(1)),
        };
        let (endpoints, weights) = usable
            .iter()
            .filter_map(|endpoint| Some((endpoint.clone(), scaled(endpoint)?)))
            .unzip();
        Box::new(Stride {
            turn: Arc::clone(&self.0),
            endpoints,
            weights,
        })
    }
}

struct Stride {
    turn: Arc<AtomicU64>,
    endpoints: Vec<Endpoint>,
    weights: Vec<u64>,
}

impl Stride {
    /// The index of the next turn. One of the endpoints has the full weight and is
    /// never passed over, so that this ends within one round.
    fn next(&self) -> Option<usize> {
        let len = self.endpoints.len() as u64;
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let (round, at) = (turn.checked_div(len)?, turn.checked_rem(len)?);
            let index = usize::try_from(at).ok()?;
            let weight = *self.weights.get(index)?;
            // Where endpoints of the same weight are passed over is not the same
            // round for all.
            let phase = (weight.wrapping_mul(round)).wrapping_add(at * (FULL / 2)) % FULL;
            if phase >= FULL - weight {
                return Some(index);
            }
        }
    }
}

impl Picker for Stride {
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        // A retry takes a turn here, as a peek at the schedule would cost as much:
        // what fails often is ejected.
        first_allowed(&self.endpoints, self.next()?, question)
    }
}
