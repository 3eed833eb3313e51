//! [`PreferZone`]: own zone first.

use super::{Balance, Candidates, Outcome, Picker, Question};
use crate::endpoint::Endpoint;

/// Endpoints of one's own zone first; those of others as far as one's own has too
/// few that work.
///
/// Envoy's rule for priority levels: of the endpoints that are known in the zone,
/// a share `h` works; then `1.4 · h` of the calls stay, all of them from 72 % on.
/// So a zone that loses a few endpoints does not send its calls abroad, one that
/// loses many is relieved in proportion, and there is no point at which all calls
/// change sides at once. A zone with fewer than `at_least` working endpoints keeps
/// that part of its calls that it has of these.
///
/// It assumes that each zone has about as many endpoints as its clients need.
/// Where half of the clients and a tenth of the servers are in one zone, these
/// servers get half of the calls: do not prefer zones there.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::balance::{P2c, PreferZone};
///
/// let mut balance = PreferZone::new("eu-1a", P2c::new());
/// balance.at_least = 3;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PreferZone<B> {
    /// The zone, as entries of its endpoints name it.
    pub zone: String,
    /// Endpoints that make a zone: fewer keep a part of the calls only (1).
    pub at_least: usize,
    inner: B,
}

/// Envoy's overprovisioning factor, in percent.
const OVERPROVISIONING: u64 = 140;

/// A share of all calls.
const ALL: u32 = 10_000;

impl<B> PreferZone<B> {
    /// Endpoints of this zone first, and those by another policy.
    pub fn new(zone: impl Into<String>, inner: B) -> Self {
        Self {
            zone: zone.into(),
            at_least: 1,
            inner,
        }
    }

    /// How many of ten thousand calls stay in the zone.
    fn share(&self, own: &Candidates, others: &Candidates) -> u32 {
        let (usable, known) = (own.usable().len() as u64, own.known() as u64);
        if others.usable().is_empty() {
            return ALL;
        }
        let healthy = usable * OVERPROVISIONING * u64::from(ALL) / (known.max(1) * 100);
        let enough = usable * u64::from(ALL) / (self.at_least as u64).max(1);
        u32::try_from(healthy.min(enough)).map_or(ALL, |share| share.min(ALL))
    }
}

impl<B: Balance> Balance for PreferZone<B> {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let (own, others) = candidates.split(|endpoint| endpoint.entry().zone == self.zone);
        match self.share(&own, &others) {
            0 => self.inner.picker(&others),
            own_share => Box::new(Zones {
                own_share,
                own: self.inner.picker(&own),
                others: self.inner.picker(&others),
            }),
        }
    }

    fn observe(&self, endpoint: &Endpoint, outcome: &Outcome) {
        self.inner.observe(endpoint, outcome);
    }
}

struct Zones {
    own_share: u32,
    own: Box<dyn Picker>,
    others: Box<dyn Picker>,
}

impl Picker for Zones {
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        let stays = self.own_share >= ALL || fastrand::u32(..ALL) < self.own_share;
        let (first, second) = match stays {
            true => (&self.own, &self.others),
            false => (&self.others, &self.own),
        };
        first.pick(question).or_else(|| second.pick(question))
    }
}
