//! [`Balanced`]: a caller over the instances of a service.

use std::fmt;
use std::sync::Arc;

use gobrpc_protocol::{Caller, Exchange, Request};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::attempts::Attempts;
use crate::balance::HashKey;
use crate::endpoint::{Connect, Endpoint};
use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::pool::Pool;
use crate::set::ServiceSet;
use crate::watch::{Watch, WatchHealth};

/// A caller over the instances of a service: each call goes to one of them.
///
/// - New instances get calls at once; those that drain or are gone get no new
///   ones, finish what they have, and are then closed gracefully.
/// - An instance is dialled for its first call, and its connection is kept while
///   other things about it change.
/// - An instance that cannot be reached, or fails, gets no calls until it works
///   again: [`EjectionOptions`](crate::EjectionOptions).
/// - A call that certainly did not run
///   ([`Delivery::cannot_have_run`](gobrpc_protocol::Delivery::cannot_have_run)) is
///   sent to another instance, within [`Policy::retry`] and [`Policy::budget`].
///   Any other failure goes to the caller, who alone knows what a second run does;
///   unless the call is idempotent and a policy says more: [`RetryPolicy::codes`],
///   [`HedgePolicy`].
/// - Who gets a call that was sent before learns how often, by the metadata
///   [`PREVIOUS_ATTEMPTS`], and so does the caller who gets its answer.
/// - Without an instance a call waits for one, [`Policy::wait`] at most; then it
///   fails with [`Code::Unavailable`](gobrpc_protocol::Code::Unavailable), and
///   [`NoEndpoints`](crate::NoEndpoints) as the source.
///
/// [`RetryPolicy::codes`]: crate::RetryPolicy::codes
/// [`HedgePolicy`]: crate::HedgePolicy
/// [`PREVIOUS_ATTEMPTS`]: gobrpc_protocol::metadata::PREVIOUS_ATTEMPTS
///
/// Copies share everything. When the last one is dropped, the connections are
/// closed gracefully.
#[derive(Clone)]
pub struct Balanced(Arc<Owner>);

struct Owner {
    pool: Arc<Pool>,
    task: AbortHandle,
}

impl Balanced {
    /// A caller over what a watch sees, with connections of your own making.
    ///
    /// # Errors
    ///
    /// If there is no tokio runtime.
    pub fn new(watch: Watch, connect: impl Connect, policy: Policy) -> Result<Self> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let pool = Arc::new(Pool::new(watch, Box::new(connect), policy));
        let task = runtime.spawn(Arc::clone(&pool).run());
        Ok(Self(Arc::new(Owner {
            pool,
            task: task.abort_handle(),
        })))
    }

    /// The same caller with a key: calls with the same key belong together, for a
    /// policy that looks at keys
    /// ([`ConsistentHash`](crate::balance::ConsistentHash)). It costs nothing to
    /// make one for each call.
    #[must_use]
    pub fn keyed(&self, key: HashKey) -> Keyed {
        Keyed {
            balanced: self.clone(),
            key,
        }
    }

    /// The instances that serve, with what each has done. Those that fail are among
    /// them: see [`Endpoint::state`].
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.0.pool.endpoints()
    }

    /// How much what is known of the instances is worth.
    #[must_use]
    pub fn health(&self) -> WatchHealth {
        self.0.pool.health()
    }
}

impl Caller for Balanced {
    fn start(&self, request: Request) -> Exchange {
        Exchange::new(Attempts::start(Arc::clone(&self.0.pool), request, None))
    }
}

impl fmt::Debug for Balanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balanced")
            .field("service", &self.0.pool.service())
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.task.abort();
        self.pool.replace(&ServiceSet::default());
    }
}

/// A [`Balanced`] whose calls belong together: [`Balanced::keyed`].
#[derive(Debug, Clone)]
pub struct Keyed {
    balanced: Balanced,
    key: HashKey,
}

impl Caller for Keyed {
    fn start(&self, request: Request) -> Exchange {
        let pool = Arc::clone(&self.balanced.0.pool);
        Exchange::new(Attempts::start(pool, request, Some(self.key)))
    }
}
