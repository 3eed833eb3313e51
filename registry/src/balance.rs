//! [`Picker`]: which endpoint gets a call.

mod random;
mod round_robin;

use std::fmt;

use gobrpc_protocol::Head;

use crate::endpoint::Endpoint;

pub use random::Random;
pub use round_robin::RoundRobin;

/// Says which endpoint gets a call.
///
/// # Examples
///
/// The one with the fewest calls under way:
///
/// ```
/// use gobrpc_registry::balance::{Picker, Question};
///
/// struct LeastLoaded;
///
/// impl Picker for LeastLoaded {
///     fn pick(&self, question: &Question<'_>) -> Option<usize> {
///         let endpoints = question.endpoints().iter().enumerate();
///         Some(endpoints.min_by_key(|(_, endpoint)| endpoint.in_flight())?.0)
///     }
/// }
/// ```
pub trait Picker: Send + Sync + 'static {
    /// The index of an endpoint of the question; `None` if none will do. An index
    /// that is too high is none.
    ///
    /// It runs for each call and must not block.
    fn pick(&self, question: &Question<'_>) -> Option<usize>;
}

/// A call, and the endpoints that may get it.
#[non_exhaustive]
pub struct Question<'a> {
    head: &'a Head,
    endpoints: &'a [Endpoint],
    attempt: usize,
}

impl<'a> Question<'a> {
    pub(crate) const fn new(head: &'a Head, endpoints: &'a [Endpoint], attempt: usize) -> Self {
        Self {
            head,
            endpoints,
            attempt,
        }
    }

    /// What is asked for.
    #[must_use]
    pub const fn head(&self) -> &'a Head {
        self.head
    }

    /// The endpoints that may get the call, ordered by key: those that serve, and
    /// that this call was not sent to before. There is at least one.
    #[must_use]
    pub const fn endpoints(&self) -> &'a [Endpoint] {
        self.endpoints
    }

    /// How many endpoints had the call before, and could not run it.
    #[must_use]
    pub const fn attempt(&self) -> usize {
        self.attempt
    }
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("head", &self.head)
            .field("endpoints", &self.endpoints.len())
            .field("attempt", &self.attempt)
            .finish()
    }
}
