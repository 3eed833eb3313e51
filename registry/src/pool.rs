//! [`Pool`]: the endpoints of a service, and what their calls share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use gobrpc_protocol::retry::Budget;
use gobrpc_protocol::{Code, Error as CallError, Exchange, Head, Phase, Request};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{self, timeout, timeout_at};

use crate::backend::Record;
use crate::balance::{Candidates, Ending, HashKey, Outcome, Picker, Question};
use crate::ejection::{EndpointState, Fault};
use crate::endpoint::{Connect, Endpoint, InFlight};
use crate::error::NoEndpoints;
use crate::policy::Policy;
use crate::set::ServiceSet;
use crate::verdict::Verdict;
use crate::watch::{Watch, WatchHealth};

/// The endpoints of a service, and what their calls share.
pub(crate) struct Pool {
    watch: Watch,
    current: ArcSwap<Current>,
    changed: watch::Sender<()>,
    policy: Policy,
    budget: Budget,
    connect: Box<dyn Connect>,
    /// Held while endpoints are replaced or taken out; no call takes it that goes
    /// well.
    judge: Mutex<()>,
    /// The state of an endpoint has changed since the picker was made.
    dirty: AtomicBool,
    tend: Notify,
}

/// What calls choose from.
struct Current {
    /// All that serve, ordered by key.
    endpoints: Vec<Endpoint>,
    picker: Box<dyn Picker>,
    /// Too few are left that work: those that do not are asked, too.
    panicking: bool,
}

/// If fewer of those that can be reached would be left, all get calls (Envoy).
const PANIC_PERCENT: usize = 50;

/// How long a dial in the background may take: more than the client's own bound.
const DIAL_TIMEOUT: Duration = Duration::from_secs(15);

pub(crate) fn now() -> Instant {
    // tokio's clock, which tests can pause.
    time::Instant::now().into_std()
}

impl Pool {
    pub(crate) fn new(watch: Watch, connect: Box<dyn Connect>, policy: Policy) -> Self {
        let none = Current::new(Vec::new(), &policy);
        let pool = Self {
            watch,
            current: ArcSwap::from_pointee(none),
            changed: watch::Sender::new(()),
            budget: Budget::new(policy.budget, now()),
            policy,
            connect,
            judge: Mutex::new(()),
            dirty: AtomicBool::new(false),
            tend: Notify::new(),
        };
        // What is known already is there for the first call.
        if let Some(set) = pool.watch.current() {
            pool.replace(&set);
        }
        pool
    }

    /// Follows the registry, and what happens to the endpoints.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut watch = self.watch.clone();
        // Dropped with this task: a dial never outlives it.
        let mut dials = JoinSet::new();
        let mut due = None;
        loop {
            let wake = async {
                match due {
                    Some(due) => time::sleep_until(time::Instant::from_std(due)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = watch.next() => self.replace(event.all()),
                () = self.tend.notified() => {}
                Some(_) = dials.join_next() => {}
                () = wake => {}
            }
            due = self.tend(&mut dials);
        }
    }

    /// Does what is due about endpoints that are out; says when the next is.
    fn tend(self: &Arc<Self>, dials: &mut JoinSet<()>) -> Option<Instant> {
        let now = now();
        let current = self.current.load_full();
        let mut next: Option<Instant> = None;
        let mut changed = self.dirty.swap(false, Ordering::Relaxed);
        for endpoint in &current.endpoints {
            match endpoint.health().due() {
                // A dial that begins or fails leaves the endpoint as it is.
                Some(due) if due <= now => match endpoint.health().expire() {
                    true => drop(dials.spawn(Arc::clone(self).dial(endpoint.clone()))),
                    false => changed = true,
                },
                Some(due) => next = Some(next.map_or(due, |next| next.min(due))),
                None => {}
            }
        }
        if changed {
            let _judge = self.judge();
            let endpoints = self.current.load().endpoints.clone();
            self.store(endpoints);
        }
        next
    }

    /// Looks whether an endpoint can be reached again.
    async fn dial(self: Arc<Self>, endpoint: Endpoint) {
        let connection = Arc::clone(endpoint.connection(&*self.connect));
        match timeout(DIAL_TIMEOUT, connection.ready()).await {
            Ok(Ok(())) => {
                endpoint.health().probation();
                self.dirty.store(true, Ordering::Relaxed);
            }
            Ok(Err(_)) | Err(_) => {
                if let Some(options) = &self.policy.ejection {
                    let unreachable = EndpointState::Unreachable;
                    endpoint.health().eject(unreachable, options, now());
                }
            }
        }
    }

    /// Makes the endpoints those of a set.
    pub(crate) fn replace(&self, set: &ServiceSet) {
        let judge = self.judge();
        let now = now();
        let before = self.current.load_full();
        let before = &before.endpoints;
        // Both are ordered by key.
        let mut olds = before.iter().peekable();
        let mut kept = |record: &Record| {
            while olds.next_if(|old| *old.key() < record.key).is_some() {}
            olds.peek().and_then(|old| old.updated(record))
        };
        let records = set.records().iter();
        let records: Vec<_> = records
            .filter(|record| record.entry.is_serving())
            .map(|record| (record, kept(record)))
            .collect();
        // While all are new, none is newer than the others.
        let slowly = records.iter().any(|(_, kept)| kept.is_some());
        let endpoints: Vec<Endpoint> = records
            .into_iter()
            .map(|(record, kept)| kept.unwrap_or_else(|| Endpoint::new(record, now, slowly)))
            .collect();
        self.store(endpoints.clone());
        // Only now: whoever is turned away by a retired one finds the new list.
        let mut news = endpoints.iter().peekable();
        for old in before {
            while news.next_if(|new| new.key() < old.key()).is_some() {}
            if !news.peek().is_some_and(|new| new.is_same(old)) {
                old.retire();
            }
        }
        drop(judge);
    }

    fn store(&self, endpoints: Vec<Endpoint>) {
        self.current
            .store(Arc::new(Current::new(endpoints, &self.policy)));
        self.changed.send_replace(());
    }

    fn judge(&self) -> MutexGuard<'_, ()> {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An endpoint for a call, other than those that had it.
    pub(crate) fn pick(
        &self,
        head: &Head,
        key: Option<HashKey>,
        tried: &[Endpoint],
    ) -> Option<InFlight> {
        let now = now();
        // Retired, or on probation and taken, between list and call: more than a few
        // times in a row it is not chance but the end.
        for _ in 0..8 {
            let current = self.current.load();
            let question = Question::new(head, key, now, tried);
            let (endpoint, anyway) = current.pick(&question)?;
            if let Some(place) = endpoint.enter(anyway, now) {
                return Some(place);
            }
        }
        None
    }

    /// An endpoint for a call, as soon as there is one.
    pub(crate) async fn wait(
        self: Arc<Self>,
        head: Head,
        key: Option<HashKey>,
        until: time::Instant,
    ) -> Option<InFlight> {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(place) = self.pick(&head, key, &[]) {
                return Some(place);
            }
            timeout_at(until, changes.changed()).await.ok()?.ok()?;
        }
    }

    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        self.current.load().endpoints.clone()
    }

    pub(crate) fn health(&self) -> WatchHealth {
        self.watch.health()
    }

    pub(crate) fn service(&self) -> &str {
        self.watch.service()
    }

    pub(crate) fn begin(&self, place: &InFlight, request: Request) -> Exchange {
        place.endpoint().connection(&*self.connect).start(request)
    }

    pub(crate) fn deposit(&self) {
        self.budget.deposit(now());
    }

    pub(crate) fn withdraw(&self) -> bool {
        self.budget.withdraw(now())
    }

    /// A call has its first answer.
    pub(crate) fn answered(&self, place: &InFlight) {
        let (now, endpoint) = (self.observe(place, Ending::Answered), place.endpoint());
        endpoint.set_known(true);
        self.budget.over(true);
        if self.policy.ejection.is_some() && endpoint.health().succeeded(place.is_probe(), now) {
            tracing::info!(endpoint = %endpoint.key(), "the endpoint works again");
            endpoint.restarts(now);
            self.outdated();
        }
    }

    /// A call ended without an answer, or with an error for one.
    pub(crate) fn ended(&self, place: &InFlight, verdict: Verdict, answered: bool) {
        let endpoint = place.endpoint();
        match verdict {
            Verdict::Unknown if self.is_stranger(endpoint) => {
                tracing::warn!(
                    endpoint = %endpoint.key(),
                    "it does not know the service; its address may have gone to another program"
                );
                self.failed(place, Fault::Stranger);
                self.watch.refresh();
            }
            Verdict::Unknown => {}
            Verdict::Answered if answered => {}
            Verdict::Answered => self.answered(place),
            Verdict::Failed(fault) => self.failed(place, fault),
            Verdict::Nothing => self.abandoned(place),
        }
    }

    fn failed(&self, place: &InFlight, fault: Fault) {
        place.failed();
        let (now, endpoint) = (self.observe(place, Ending::Failed), place.endpoint());
        self.budget.over(false);
        if fault != Fault::Refused {
            endpoint.set_known(false);
        }
        self.judge_failure(place, fault, now);
    }

    /// An endpoint that does not know the service is to blame if others do know it;
    /// if nobody does, the caller is.
    fn is_stranger(&self, endpoint: &Endpoint) -> bool {
        let others = &self.current.load().endpoints;
        !endpoint.is_known() && others.iter().any(Endpoint::is_known)
    }

    /// A call was given up.
    pub(crate) fn abandoned(&self, place: &InFlight) {
        self.observe(place, Ending::Abandoned);
    }

    fn observe(&self, place: &InFlight, ending: Ending) -> Instant {
        let now = now();
        let latency = now.saturating_duration_since(place.since());
        let outcome = Outcome::new(latency, ending, now);
        self.policy.balance.observe(place.endpoint(), &outcome);
        now
    }

    fn judge_failure(&self, place: &InFlight, fault: Fault, now: Instant) {
        let Some(options) = &self.policy.ejection else {
            return;
        };
        let endpoint = place.endpoint();
        let failed = endpoint
            .health()
            .failed(fault, place.is_probe(), options, now);
        let Some(state) = failed else {
            return;
        };
        let judge = self.judge();
        if state == EndpointState::Ejected {
            let current = self.current.load();
            let others = current.endpoints.iter().filter(|other| {
                other.state() == EndpointState::Ejected && !other.is_same(endpoint)
            });
            let most = current.endpoints.len() as u64 * u64::from(options.max_percent);
            if (others.count() as u64 + 1) * 100 > most {
                return;
            }
        }
        tracing::info!(endpoint = %endpoint.key(), ?state, "the endpoint gets no calls");
        endpoint.health().eject(state, options, now);
        drop(judge);
        self.outdated();
    }

    /// Another picker is needed: one for all that changes at once, by the task that
    /// follows the registry. Until then a picker asks what is allowed.
    fn outdated(&self) {
        self.dirty.store(true, Ordering::Relaxed);
        self.tend.notify_one();
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

impl Current {
    fn new(endpoints: Vec<Endpoint>, policy: &Policy) -> Self {
        let state = |endpoint: &Endpoint| match endpoint.state() {
            EndpointState::Unreachable => (false, false),
            EndpointState::Ejected => (true, false),
            EndpointState::Serving | EndpointState::Probation => (true, true),
        };
        let states: Vec<_> = endpoints.iter().map(state).collect();
        let reachable = states.iter().filter(|(reachable, _)| *reachable).count();
        let working = states.iter().filter(|(_, works)| *works).count();
        let panicking = working * 100 < reachable * PANIC_PERCENT || working == 0;
        let none_reachable = reachable == 0;
        let (mut usable, mut unusable) = (Vec::with_capacity(working), Vec::new());
        for (endpoint, state) in endpoints.iter().zip(states) {
            let (reachable, works) = state;
            let may = works || panicking && (reachable || none_reachable);
            match may {
                true => usable.push(endpoint.clone()),
                false => unusable.push(endpoint.clone()),
            }
        }
        let candidates = Candidates::new(usable, unusable);
        Self {
            picker: policy.balance.picker(&candidates),
            panicking,
            endpoints,
        }
    }

    /// An endpoint for a call, and whether it gets it although it fails.
    fn pick(&self, question: &Question<'_>) -> Option<(&Endpoint, bool)> {
        let question = question.panicking(self.panicking);
        let picked = self.picker.pick(&question);
        if let Some(endpoint) = picked.filter(|endpoint| question.allows(endpoint)) {
            return Some((endpoint, self.panicking));
        }
        let start = fastrand::usize(..self.endpoints.len().max(1));
        let (before, after) = self.endpoints.split_at_checked(start)?;
        let around = || after.iter().chain(before);
        if let Some(allowed) = around().find(|endpoint| question.allows(endpoint)) {
            // The picker did not ask what is allowed; or it wants none of them.
            return picked.map(|_| (allowed, self.panicking));
        }
        // All that work had the call, or have failed since the picker was made. For
        // the first attempt, anything is better than nothing; a later one would
        // only wait for a dial that fails.
        let question = question.panicking(true);
        let first = question.attempt() == 0;
        let unreachable = |endpoint: &Endpoint| endpoint.state() == EndpointState::Unreachable;
        around()
            .filter(|endpoint| question.allows(endpoint) && (first || !unreachable(endpoint)))
            .min_by_key(|endpoint| unreachable(endpoint))
            .map(|endpoint| (endpoint, true))
    }
}
