//! [`Balanced`]: a caller over the instances of a service.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use gobrpc_protocol::{Caller, Code, Error as CallError, Exchange, Head, Phase, Request};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use crate::attempts::Attempts;
use crate::backend::Record;
use crate::balance::{Picker, Question, Random, RoundRobin};
use crate::budget::{Budget, BudgetOptions};
use crate::endpoint::{Connect, Endpoint, InFlight};
use crate::error::{Error, NoEndpoints, Result};
use crate::set::ServiceSet;
use crate::watch::{Watch, WatchHealth};

/// A caller over the instances of a service: each call goes to one of them.
///
/// - New instances get calls at once; those that drain or are gone get no new
///   ones, finish what they have, and are then closed gracefully.
/// - An instance is dialled for its first call, and its connection is kept while
///   other things about it change.
/// - A call that certainly did not run
///   ([`Delivery::cannot_have_run`](gobrpc_protocol::Delivery::cannot_have_run)) is
///   sent to another instance, within [`Policy::attempts`] and [`Policy::budget`].
///   Any other failure goes to the caller, who alone knows what a second run does.
/// - Without an instance a call waits for one, [`Policy::wait`] at most; then it
///   fails with [`Code::Unavailable`], and [`NoEndpoints`] as the source.
///
/// Copies share everything. When the last one is dropped, the connections are
/// closed gracefully.
#[derive(Clone)]
pub struct Balanced(Arc<Owner>);

struct Owner {
    pool: Arc<Pool>,
    task: AbortHandle,
}

/// How calls are spread and repeated.
#[derive(Clone)]
#[non_exhaustive]
pub struct Policy {
    /// Which instance gets a call.
    pub picker: Arc<dyn Picker>,
    /// How often one call is sent at most, each time to another instance (3).
    pub attempts: usize,
    /// How long a call waits for a first instance, if it may take so long (3 s,
    /// linkerd's fail-fast).
    pub wait: Duration,
    /// How much may be sent again, of all calls.
    pub budget: BudgetOptions,
}

impl Policy {
    /// A policy with a picker of your own.
    pub fn new(picker: impl Picker) -> Self {
        Self {
            picker: Arc::new(picker),
            attempts: 3,
            wait: Duration::from_secs(3),
            budget: BudgetOptions::default(),
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
}

impl Default for Policy {
    fn default() -> Self {
        Self::round_robin()
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("attempts", &self.attempts)
            .field("wait", &self.wait)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

impl Balanced {
    /// A caller over what a watch sees, with connections of your own making.
    ///
    /// # Errors
    ///
    /// If there is no tokio runtime.
    pub fn new(watch: Watch, connect: impl Connect, policy: Policy) -> Result<Self> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let now = Instant::now().into_std();
        let pool = Arc::new(Pool {
            watch: watch.clone(),
            endpoints: ArcSwap::default(),
            changed: watch::Sender::new(()),
            budget: Mutex::new(Budget::new(policy.budget, now)),
            policy,
            connect: Box::new(connect),
        });
        // What is known already is there for the first call.
        if let Some(set) = watch.current() {
            pool.replace(&set);
        }
        let task = runtime.spawn(follow(watch, Arc::clone(&pool)));
        Ok(Self(Arc::new(Owner {
            pool,
            task: task.abort_handle(),
        })))
    }

    /// The instances that get calls now, with what each has done.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.0.pool.endpoints.load().to_vec()
    }

    /// How much what is known of the instances is worth.
    #[must_use]
    pub fn health(&self) -> WatchHealth {
        self.0.pool.watch.health()
    }
}

impl Caller for Balanced {
    fn start(&self, request: Request) -> Exchange {
        Exchange::new(Attempts::start(Arc::clone(&self.0.pool), request))
    }
}

impl fmt::Debug for Balanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balanced")
            .field("service", &self.0.pool.watch.service())
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

async fn follow(mut watch: Watch, pool: Arc<Pool>) {
    loop {
        let event = watch.next().await;
        pool.replace(event.all());
    }
}

/// The endpoints, and what their calls share.
pub(crate) struct Pool {
    watch: Watch,
    endpoints: ArcSwap<Vec<Endpoint>>,
    changed: watch::Sender<()>,
    policy: Policy,
    budget: Mutex<Budget>,
    connect: Box<dyn Connect>,
}

impl Pool {
    /// Makes the endpoints those of a set.
    fn replace(&self, set: &ServiceSet) {
        let before = self.endpoints.load_full();
        let kept = |record: &Record| {
            let found = before.binary_search_by(|old| old.key().cmp(&record.key));
            found.ok().and_then(|at| before.get(at)?.updated(record))
        };
        let after: Vec<Endpoint> = set
            .records()
            .iter()
            .filter(|record| record.entry.is_serving())
            .map(|record| kept(record).unwrap_or_else(|| Endpoint::new(record)))
            .collect();
        let after = Arc::new(after);
        self.endpoints.store(Arc::clone(&after));
        // Only now: whoever is turned away by a retired one finds the new list.
        for old in before.iter() {
            let found = after.binary_search_by(|new| new.key().cmp(old.key()));
            let kept = found.is_ok_and(|at| after.get(at).is_some_and(|new| new.is_same(old)));
            if !kept {
                old.retire();
            }
        }
        self.changed.send_replace(());
    }

    /// An endpoint for a call, other than those that had it.
    pub(crate) fn pick(&self, head: &Head, tried: &[Endpoint]) -> Option<InFlight> {
        // Retired between list and call: more than a few times in a row it is not
        // chance but the end.
        for _ in 0..8 {
            let all = self.endpoints.load_full();
            let others: Vec<Endpoint>;
            let endpoints = if tried.is_empty() {
                all.as_slice()
            } else {
                let was_tried = |new: &&Endpoint| tried.iter().all(|old| old.key() != new.key());
                others = all.iter().filter(was_tried).cloned().collect();
                others.as_slice()
            };
            if endpoints.is_empty() {
                return None;
            }
            let question = Question::new(head, endpoints, tried.len());
            let index = self.policy.picker.pick(&question)?;
            if let Some(place) = endpoints.get(index)?.enter() {
                return Some(place);
            }
        }
        None
    }

    /// An endpoint for a call, as soon as there is one.
    pub(crate) async fn wait(self: Arc<Self>, head: Head, until: Instant) -> Option<InFlight> {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(place) = self.pick(&head, &[]) {
                return Some(place);
            }
            timeout_at(until, changes.changed()).await.ok()?.ok()?;
        }
    }

    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn begin(&self, place: &InFlight, request: Request) -> Exchange {
        place.connection(&*self.connect).start(request)
    }

    pub(crate) fn deposit(&self) {
        self.with_budget(Budget::deposit);
    }

    pub(crate) fn withdraw(&self) -> bool {
        self.with_budget(Budget::withdraw)
    }

    fn with_budget<T>(&self, work: impl FnOnce(&mut Budget, std::time::Instant) -> T) -> T {
        let now = Instant::now().into_std();
        work(
            &mut self.budget.lock().unwrap_or_else(PoisonError::into_inner),
            now,
        )
    }

    pub(crate) fn no_endpoints(&self) -> CallError {
        let health = self.watch.health();
        let none = NoEndpoints {
            service: self.watch.service().to_owned(),
            last_contact: health.last_contact,
            last_error: health.last_error,
        };
        CallError::with_code(Code::Unavailable, none.to_string())
            .with_phase(Phase::Resolve)
            .with_source(none)
    }
}
