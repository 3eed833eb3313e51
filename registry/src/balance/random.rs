//! [`Random`]: any.

use super::sampler::Sampler;
use super::{Balance, Candidates, Picker, Question, first_allowed};
use crate::endpoint::Endpoint;

/// Any endpoint, each as likely as the others.
///
/// With `n` calls for each endpoint, an endpoint gets `n ± √n` of them.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Random;

impl Random {
    /// Any endpoint.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Balance for Random {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let endpoints = candidates.usable();
        Box::new(Sampled::new(Sampler::even(endpoints.len()), endpoints))
    }
}

/// Whichever a sampler says.
pub(super) struct Sampled {
    sampler: Sampler,
    endpoints: Box<[Endpoint]>,
}

impl Sampled {
    pub(super) fn new(sampler: Sampler, endpoints: &[Endpoint]) -> Self {
        Self {
            sampler,
            endpoints: endpoints.into(),
        }
    }
}

/// Samples that are drawn before looking at all: more than enough while half of
/// the endpoints may be had.
const TRIES: usize = 4;

impl Picker for Sampled {
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        let mut last = 0;
        for _ in 0..TRIES {
            last = self.sampler.sample()?;
            let endpoint = self.endpoints.get(last)?;
            if question.allows(endpoint) {
                return Some(endpoint);
            }
        }
        first_allowed(&self.endpoints, last, question)
    }
}
