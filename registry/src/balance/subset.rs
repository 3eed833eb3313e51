//! [`Subset`]: some of many.

use super::{Balance, Candidates, Outcome, Picker, mix};
use crate::endpoint::Endpoint;

/// Some of many endpoints, others for each client.
///
/// A thousand clients of a thousand servers are a million connections, and each
/// client sees too few answers of a server to know how it fares. With subsets of
/// 20, each server has about 20 clients, give or take the square root of that.
///
/// The subset is that with the highest scores, and a score depends on the client
/// and the endpoint only (rendezvous hashing): when an endpoint goes or fails, one
/// other takes its place, and when one comes, it replaces one at most. Deterministic
/// subsetting (Google's SRE book, chapter 20) is more even and changes most
/// connections whenever the number of endpoints does
/// ([ACM Queue 2022](https://queue.acm.org/detail.cfm?id=3570937)).
#[derive(Debug, Clone)]
pub struct Subset<B> {
    size: usize,
    client: u64,
    inner: B,
}

impl<B> Subset<B> {
    /// So many endpoints, at least 1, and those by another policy. 20 is
    /// Ribbon's number, 12 the least of Finagle's aperture.
    pub fn new(size: usize, inner: B) -> Self {
        Self {
            size: size.max(1),
            client: fastrand::u64(..),
            inner,
        }
    }

    /// Sets who the client is: one that keeps its number over a restart keeps its
    /// subset.
    #[must_use]
    pub const fn client(mut self, client: u64) -> Self {
        self.client = mix(client);
        self
    }

    fn choose(&self, endpoints: &[Endpoint]) -> Vec<Endpoint> {
        let score = |endpoint: &Endpoint| mix(endpoint.hash() ^ self.client);
        let mut chosen = endpoints.to_vec();
        if chosen.len() > self.size {
            chosen.select_nth_unstable_by_key(self.size, score);
            chosen.truncate(self.size);
            chosen.sort_unstable_by(|one, other| one.key().cmp(other.key()));
        }
        chosen
    }
}

impl<B: Balance> Balance for Subset<B> {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let usable = self.choose(candidates.usable());
        // What would be in it, did it work.
        let all: Vec<_> = [candidates.usable(), candidates.unusable()].concat();
        let mut unusable = self.choose(&all);
        unusable.retain(|one| usable.iter().all(|usable| !usable.is_same(one)));
        self.inner.picker(&Candidates::new(usable, unusable))
    }

    fn observe(&self, endpoint: &Endpoint, outcome: &Outcome) {
        self.inner.observe(endpoint, outcome);
    }
}
