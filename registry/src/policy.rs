//! [`Policy`]: how calls are spread, bounded and repeated.

mod config;
mod method;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gobrpc_protocol::Head;
use gobrpc_protocol::retry::{BudgetOptions, RetryPolicy};

use crate::balance::{Balance, P2c, Random, RoundRobin};
use crate::ejection::EjectionOptions;
use method::Methods;

pub use config::{ConfigError, ServiceConfig};
pub use method::{HedgePolicy, MethodPolicy};

/// How calls are spread, bounded and repeated.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_registry::balance::PeakEwma;
/// use gobrpc_registry::{MethodPolicy, Policy};
///
/// let mut policy = Policy::new(PeakEwma::new());
/// policy.retry.attempts = 2;
/// let mut quick = MethodPolicy::default();
/// quick.timeout = Some(Duration::from_millis(50));
/// let policy = policy.for_method("User.Name", quick);
/// ```
///
/// Or as gRPC's JSON: [`ServiceConfig`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Policy {
    /// Which instance gets a call.
    pub balance: Arc<dyn Balance>,
    /// How long a call waits for a first instance, if it may take so long (3 s,
    /// linkerd's fail-fast).
    pub wait: Duration,
    /// How often a call is sent.
    ///
    /// One that certainly did not run goes to another instance at once; an idempotent
    /// one that failed otherwise, with one of the codes, after a pause. Both cost the
    /// [budget](Self::budget). What could not be sent at all, as an instance could not
    /// be reached, is no attempt, and costs nothing: the call goes to another instance,
    /// to 20 at most. (gRPC's
    /// [A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md) calls it
    /// a transparent retry.)
    pub retry: RetryPolicy,
    /// How much may be sent again, of all calls.
    pub budget: BudgetOptions,
    /// When an instance gets no calls because of how they went; `None` for never.
    pub ejection: Option<EjectionOptions>,
    methods: Methods,
}

impl Policy {
    /// A policy that spreads calls so.
    pub fn new(balance: impl Balance) -> Self {
        Self {
            balance: Arc::new(balance),
            wait: Duration::from_secs(3),
            retry: RetryPolicy::default(),
            budget: BudgetOptions::default(),
            ejection: Some(EjectionOptions::default()),
            methods: Methods::default(),
        }
    }

    /// One instance after the other.
    #[must_use]
    pub fn round_robin() -> Self {
        Self::new(RoundRobin::new())
    }

    /// Any instance.
    #[must_use]
    pub fn random() -> Self {
        Self::new(Random::new())
    }

    /// Another policy for one method, by its full name: `User.Name`.
    #[must_use]
    pub fn for_method(mut self, service_method: impl Into<String>, policy: MethodPolicy) -> Self {
        self.methods.insert(service_method.into(), policy);
        self
    }

    /// Another policy for the methods of a service that have none of their own.
    #[must_use]
    pub fn for_service(mut self, service: impl Into<String>, policy: MethodPolicy) -> Self {
        self.methods.insert(service.into(), policy);
        self
    }

    /// Another policy for all methods that have none otherwise.
    #[must_use]
    pub fn for_all(mut self, policy: MethodPolicy) -> Self {
        self.methods.insert_default(policy);
        self
    }

    pub(crate) fn method(&self, head: &Head) -> Option<&Arc<MethodPolicy>> {
        self.methods.get(&head.service_method)
    }
}

impl Default for Policy {
    /// The less busy of two: [`P2c`].
    fn default() -> Self {
        Self::new(P2c::new())
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("wait", &self.wait)
            .field("retry", &self.retry)
            .field("budget", &self.budget)
            .field("ejection", &self.ejection)
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}
