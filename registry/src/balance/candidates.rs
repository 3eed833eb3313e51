//! [`Candidates`]: the endpoints that a picker is made of.

use crate::endpoint::Endpoint;

/// The endpoints that a picker is made of, ordered by key.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Candidates {
    usable: Vec<Endpoint>,
    unusable: Vec<Endpoint>,
}

impl Candidates {
    pub(crate) const fn new(usable: Vec<Endpoint>, unusable: Vec<Endpoint>) -> Self {
        Self { usable, unusable }
    }

    /// Those that calls may go to. If more than half of those that can be reached
    /// fail, these are all that can be reached; if none can be, all.
    #[must_use]
    pub fn usable(&self) -> &[Endpoint] {
        &self.usable
    }

    /// Those that are known, and cannot be reached or fail.
    #[must_use]
    pub fn unusable(&self) -> &[Endpoint] {
        &self.unusable
    }

    /// Number of both.
    #[must_use]
    pub fn known(&self) -> usize {
        self.usable.len() + self.unusable.len()
    }

    /// Those for which `belongs` is true, and the others.
    #[must_use]
    pub fn split(&self, mut belongs: impl FnMut(&Endpoint) -> bool) -> (Self, Self) {
        let mut split = |endpoints: &[Endpoint]| {
            endpoints
                .iter()
                .cloned()
                .partition::<Vec<_>, _>(|endpoint| belongs(endpoint))
        };
        let (usable, other_usable) = split(&self.usable);
        let (unusable, other_unusable) = split(&self.unusable);
        (
            Self::new(usable, unusable),
            Self::new(other_usable, other_unusable),
        )
    }
}
