//! [`Sampler`]: a random index, by weight.

use crate::endpoint::Endpoint;

/// A random index, each as likely as its weight says.
#[derive(Debug)]
pub(super) enum Sampler {
    Even(usize),
    /// Sums of the weights up to and with each.
    Weighted(Box<[u64]>),
}

impl Sampler {
    /// Each as likely as the others.
    pub(super) const fn even(len: usize) -> Self {
        Self::Even(len)
    }

    /// Each by the weight of its entry; a weight of 0 gets nothing, unless all
    /// are 0.
    pub(super) fn weighted(endpoints: &[Endpoint]) -> Self {
        let mut weights = endpoints.iter().map(Endpoint::weight);
        let first = weights.next().unwrap_or(0);
        if weights.all(|weight| weight == first) {
            return Self::Even(endpoints.len());
        }
        let mut sum = 0_u64;
        let sums = endpoints.iter().map(|endpoint| {
            sum += u64::from(endpoint.weight());
            sum
        });
        Self::Weighted(sums.collect())
    }

    /// An index; `None` if there is none.
    pub(super) fn sample(&self) -> Option<usize> {
        match self {
            Self::Even(0) => None,
            Self::Even(len) => Some(fastrand::usize(..*len)),
            Self::Weighted(sums) => {
                let all = *sums.last()?;
                let point = fastrand::u64(..all.max(1));
                Some(sums.partition_point(|sum| *sum <= point))
            }
        }
    }

    /// Two indices, different ones if that can be had cheaply.
    pub(super) fn two(&self) -> Option<(usize, usize)> {
        let one = self.sample()?;
        let other = match self {
            Self::Even(len) if *len > 1 => {
                let other = fastrand::usize(..*len - 1);
                // As though `one` was taken out.
                other + usize::from(other >= one)
            }
            Self::Even(_) => one,
            Self::Weighted(_) => {
                let mut others = (0..3).filter_map(|_| self.sample());
                others.find(|other| *other != one).unwrap_or(one)
            }
        };
        Some((one, other))
    }
}
