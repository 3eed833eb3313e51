//! [`ConsistentHash`]: the same key goes to the same endpoint.

use std::fmt;
use std::sync::Arc;

use gobrpc_protocol::Head;

use super::random::Random;
use super::{Balance, Candidates, HashKey, Picker, Question, mix};
use crate::endpoint::Endpoint;

/// The same key goes to the same endpoint, as long as that is there and not
/// overloaded.
///
/// The key is that of the handle that the call was made on
/// ([`Balanced::keyed`](crate::Balanced::keyed)), or what a function makes of the
/// call's head ([`ConsistentHash::by`]). A call without a key goes to a random
/// endpoint.
///
/// - **When an endpoint goes, only its keys move**, evenly to all others; when one
///   comes, it takes its share and nothing else moves. This holds exactly, not
///   only about: an endpoint's score for a key depends on nothing else (rendezvous
///   hashing, [Thaler & Ravishankar 1998](https://www.microsoft.com/en-us/research/wp-content/uploads/2017/02/HRW98.pdf)).
/// - **No endpoint has more than 1.25 times its share** of the calls that this
///   client has under way; what is above goes to the key's next choice, which is
///   the same for all callers again (bounded loads,
///   [Mirrokni, Thorup & Zadimoghaddam 2016](https://arxiv.org/abs/1608.01350)).
/// - Weights of entries count exactly (Schindelhauer & Schomaker 2005).
///
/// Why not a ring or Maglev's table: both are quicker to ask, and cost a table for
/// each change of the endpoints, an uneven spread (a ring of 100 points for each
/// endpoint is off by 10 %) or a few moved keys more (Maglev). A pick here looks
/// at each endpoint once, for a few nanoseconds each; with thousands of endpoints put
/// a [`Subset`](super::Subset) around it, if not every client must agree.
#[derive(Clone)]
#[non_exhaustive]
pub struct ConsistentHash {
    /// How much more than its share an endpoint may have under way, in percent of
    /// the share (125); at least 101, [`u32::MAX`] for any load.
    pub load_percent: u32,
    by: Option<Arc<KeyOf>>,
}

type KeyOf = dyn Fn(&Head) -> Option<HashKey> + Send + Sync;

impl ConsistentHash {
    /// By the key of the handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_registry::Policy;
    /// use gobrpc_registry::balance::{ConsistentHash, HashKey};
    ///
    /// let policy = Policy::new(ConsistentHash::new());
    /// # async fn call(users: gobrpc_registry::Balanced) -> gobrpc_protocol::Result<()> {
    /// // With that policy: all calls on `user` go to one endpoint.
    /// let user = users.keyed(HashKey::of("user-17"));
    /// let name: String = gobrpc_protocol::Call::new(user, "User.Name", &17_u64).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            load_percent: 125,
            by: None,
        }
    }

    /// By what a function makes of a call's head, unless the handle has a key.
    /// It runs for each call and must not block.
    ///
    /// # Examples
    ///
    /// Each method has its own endpoint:
    ///
    /// ```
    /// use gobrpc_registry::balance::{ConsistentHash, HashKey};
    ///
    /// let by_method = ConsistentHash::by(|head| Some(HashKey::of(&*head.service_method)));
    /// ```
    pub fn by(key: impl Fn(&Head) -> Option<HashKey> + Send + Sync + 'static) -> Self {
        Self {
            by: Some(Arc::new(key)),
            ..Self::new()
        }
    }
}

impl Default for ConsistentHash {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ConsistentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsistentHash")
            .field("load_percent", &self.load_percent)
            .finish_non_exhaustive()
    }
}

impl Balance for ConsistentHash {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let usable = candidates.usable();
        let weight: u64 = usable.iter().map(|e| u64::from(e.weight())).sum();
        let same = usable
            .windows(2)
            .all(|two| two[0].weight() == two[1].weight());
        Box::new(Rendezvous {
            policy: self.clone(),
            endpoints: usable.into(),
            weight: (!same && weight > 0).then_some(weight),
            keyless: Random::new().picker(candidates),
        })
    }
}

struct Rendezvous {
    policy: ConsistentHash,
    endpoints: Box<[Endpoint]>,
    /// The sum of the weights, if they differ.
    weight: Option<u64>,
    keyless: Box<dyn Picker>,
}

impl Rendezvous {
    fn score(&self, endpoint: &Endpoint, key: HashKey) -> f64 {
        let hash = mix(endpoint.hash() ^ key.hash());
        // Of 0 to 1, and never one of both. 53 bits fit in.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit in")]
        let unit = ((hash >> 11) as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64);
        match self.weight {
            None => unit,
            Some(_) => -f64::from(endpoint.weight()) / unit.ln(),
        }
    }

    /// Most calls that an endpoint may have under way, this one included, of so
    /// many that all have with this one.
    fn bound(&self, endpoint: &Endpoint, calls: u64) -> u64 {
        let (share, of) = match self.weight {
            None => (1, self.endpoints.len() as u64),
            Some(all) => (u64::from(endpoint.weight()), all),
        };
        let percent = u128::from(self.policy.load_percent.max(101));
        let most =
            (u128::from(calls) * u128::from(share) * percent).div_ceil(u128::from(of.max(1)) * 100);
        u64::try_from(most).unwrap_or(u64::MAX)
    }
}

impl Picker for Rendezvous {
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        let by = || self.policy.by.as_ref()?(question.head());
        let Some(key) = question.key().or_else(by) else {
            return self.keyless.pick(question);
        };
        // The first choice, and the calls of all, in one go.
        let mut calls = 1_u64;
        let mut first: Option<(&Endpoint, f64)> = None;
        for endpoint in &self.endpoints {
            calls += endpoint.in_flight() as u64;
            if question.allows(endpoint) {
                let score = self.score(endpoint, key);
                if first.is_none_or(|(_, best)| score > best) {
                    first = Some((endpoint, score));
                }
            }
        }
        let (first, _) = first?;
        let has_room =
            |endpoint: &Endpoint| (endpoint.in_flight() as u64) < self.bound(endpoint, calls);
        if has_room(first) {
            return Some(first);
        }
        let others = self.endpoints.iter();
        let others = others.filter(|endpoint| question.allows(endpoint) && has_room(endpoint));
        let next =
            others.max_by(|one, other| self.score(one, key).total_cmp(&self.score(other, key)));
        // There may be no room at all if some are not allowed.
        Some(next.unwrap_or(first))
    }
}
