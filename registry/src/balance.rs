//! Which endpoint gets a call: [`Balance`] and the policies that come with it.
//!
//! # Which one to choose
//!
//! Start with the default, [`P2c`]. The others answer a question that it does not:
//!
//! | policy | take it if | source |
//! |---|---|---|
//! | [`P2c`] | you do not know yet: it avoids whoever is busy, at the cost of two looks | Mitzenmacher 2001; Finagle's default |
//! | [`PeakEwma`] | some endpoints are farther away than others, or slow down: it avoids whoever answers late | Finagle, linkerd |
//! | [`RoundRobin`] | all endpoints and calls are alike, and you want to predict where a call goes | |
//! | [`WeightedRoundRobin`] | endpoints differ in size and their entries say so | gRPC A58 |
//! | [`Random`], [`WeightedRandom`] | as the two before, for very many clients, which keep no order anyway | |
//! | [`ConsistentHash`] | an endpoint has a cache or a session: the same key goes to the same one | Thaler & Ravishankar 1998; Mirrokni et al. 2016 |
//! | [`PickFirst`] | one does the work, the others stand by | gRPC |
//!
//! Around any of them, in any order that makes sense:
//!
//! | wrapper | take it if | source |
//! |---|---|---|
//! | [`PreferZone`] | calls that cross zones cost money or time | Envoy's priority levels |
//! | [`Subset`] | there are more endpoints than a client should have connections | rendezvous hashing; Finagle's aperture for the reasons |
//! | [`SlowStart`] | an endpoint needs a while before it is at full speed | Envoy |
//!
//! What is common to all: endpoints that cannot be reached or that fail get no
//! calls ([`EjectionOptions`](crate::EjectionOptions)), nor does one that this call
//! was sent to before.
//!
//! With a thousand clients that each make few calls, the calls that one client has
//! under way say little about how busy an endpoint is: there `P2c` comes close to
//! `Random`, unless a [`Subset`] makes each client see its share of the endpoints
//! often enough. `docs/simulation.md` of this crate has the figures.
//!
//! # Examples
//!
//! ```
//! use gobrpc_registry::Policy;
//! use gobrpc_registry::balance::{PeakEwma, PreferZone, SlowStart};
//!
//! // Own zone first; whoever is new gets little at first; else by latency.
//! let policy = Policy::new(PreferZone::new("eu-1a", SlowStart::new(PeakEwma::new())));
//! ```

mod candidates;
mod consistent_hash;
mod hash;
mod p2c;
mod peak_ewma;
mod pick_first;
mod prefer_zone;
mod question;
mod random;
mod round_robin;
mod sampler;
mod slow_start;
mod subset;
mod weighted;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;

pub use candidates::Candidates;
pub use consistent_hash::ConsistentHash;
pub use hash::HashKey;
pub(crate) use hash::mix;
pub use p2c::P2c;
pub(crate) use peak_ewma::Ewma;
pub use peak_ewma::PeakEwma;
pub use pick_first::PickFirst;
pub use prefer_zone::PreferZone;
pub use question::Question;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use slow_start::SlowStart;
pub use subset::Subset;
pub use weighted::{WeightedRandom, WeightedRoundRobin};

/// A way to spread calls over endpoints.
///
/// It is asked for a [`Picker`] whenever the endpoints change, or one of them
/// fails or recovers; the picker is asked for each call, and is swapped in one
/// step with what it was made of. So what is costly (sorting, tables) happens per
/// change and not per call, and a picker needs no locks.
///
/// For a policy without any state there is [`choose`].
pub trait Balance: Send + Sync + 'static {
    /// A picker over these.
    ///
    /// It must not block; it runs within the task that follows the registry.
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker>;

    /// A call to an endpoint is over, or has its first answer. It runs for each
    /// call and must not block.
    fn observe(&self, endpoint: &Endpoint, outcome: &Outcome) {
        let _ = (endpoint, outcome);
    }
}

/// Says which endpoint gets a call.
pub trait Picker: Send + Sync {
    /// The endpoint of the call: one that the question
    /// [allows](Question::allows); `None` if none will do, then the call waits for
    /// a change.
    ///
    /// It runs for each call and must not block.
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint>;
}

impl<B: Balance + ?Sized> Balance for Arc<B> {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        (**self).picker(candidates)
    }

    fn observe(&self, endpoint: &Endpoint, outcome: &Outcome) {
        (**self).observe(endpoint, outcome);
    }
}

/// How a call to an endpoint went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Time from its start to its first answer, or to its end without one.
    pub latency: Duration,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at: Instant,
}

/// How a call to an endpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// The endpoint answered. An error that its handler returned is an answer.
    Answered,
    /// It failed on the way, or the endpoint refused it.
    Failed,
    /// The caller gave it up before there was an answer.
    Abandoned,
}

impl Outcome {
    pub(crate) const fn new(latency: Duration, ending: Ending, at: Instant) -> Self {
        Self {
            latency,
            ending,
            at,
        }
    }
}

/// A policy from a function: it gets the call and the endpoints that may have it,
/// and says the index of one. An index that is too high is none.
///
/// # Examples
///
/// The one with the fewest calls under way of all:
///
/// ```
/// use gobrpc_registry::{Policy, balance};
///
/// let policy = Policy::new(balance::choose(|question, endpoints| {
///     let allowed = endpoints.iter().enumerate().filter(|(_, e)| question.allows(e));
///     allowed.min_by_key(|(_, e)| e.in_flight()).map(|(index, _)| index)
/// }));
/// ```
pub fn choose<F>(choose: F) -> impl Balance
where
    F: Fn(&Question<'_>, &[Endpoint]) -> Option<usize> + Send + Sync + 'static,
{
    Choose(Arc::new(choose))
}

struct Choose<F>(Arc<F>);

struct ChoosePicker<F> {
    choose: Arc<F>,
    endpoints: Box<[Endpoint]>,
}

impl<F> Balance for Choose<F>
where
    F: Fn(&Question<'_>, &[Endpoint]) -> Option<usize> + Send + Sync + 'static,
{
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        Box::new(ChoosePicker {
            choose: Arc::clone(&self.0),
            endpoints: candidates.usable().into(),
        })
    }
}

impl<F> Picker for ChoosePicker<F>
where
    F: Fn(&Question<'_>, &[Endpoint]) -> Option<usize> + Send + Sync,
{
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        if self.endpoints.is_empty() {
            return None;
        }
        self.endpoints
            .get((self.choose)(question, &self.endpoints)?)
    }
}

/// The first endpoint that the question allows, from an index on, around.
fn first_allowed<'a>(
    endpoints: &'a [Endpoint],
    start: usize,
    question: &Question<'_>,
) -> Option<&'a Endpoint> {
    let (before, after) = endpoints
        .split_at_checked(start)
        .unwrap_or((endpoints, &[]));
    let mut around = after.iter().chain(before);
    around.find(|endpoint| question.allows(endpoint))
}
