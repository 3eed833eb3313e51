//! [`Attempts`]: one call, on one endpoint after the other.

mod hedge;
mod runs;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gobrpc_protocol::retry::{RetryPolicy, mark, mark_error};
use gobrpc_protocol::{Code, Error as CallError, Item, Phase, Replies, Request, Result};
use tokio::time::{Instant, Sleep, sleep};

use crate::balance::HashKey;
use crate::endpoint::{Endpoint, InFlight};
use crate::policy::{HedgePolicy, MethodPolicy};
use crate::pool::Pool;
use crate::verdict::{Verdict, may_run_elsewhere, never_left};
use hedge::Hedge;
use runs::{Run, Runs};

/// One call, on one endpoint after the other until one of them may have run it; or on
/// several at once, if it is hedged.
pub(crate) struct Attempts {
    pool: Arc<Pool>,
    method: Option<Arc<MethodPolicy>>,
    request: Request,
    key: Option<HashKey>,
    started: Instant,
    /// Those that had the call, and those that have it as soon as another one is looked
    /// for.
    tried: Vec<Endpoint>,
    /// How often it was sent. What never left this process is none of them.
    sent: usize,
    /// When it was sent last.
    sent_at: Instant,
    hedge: Option<Hedge>,
    stage: Stage,
}

enum Stage {
    /// No endpoint was there yet. Made when it is first polled, as timers need a
    /// runtime, and starting a call does not.
    Idle,
    Waiting(Pin<Box<dyn Future<Output = Option<InFlight>> + Send>>),
    Running(Runs),
    /// One of them has answered, and is the only one left.
    Answered(Run),
    /// Before the call is sent again, and what it failed with.
    Pausing(Pin<Box<Sleep>>, CallError),
    Over,
}

/// What becomes of a call of which an attempt failed.
enum Again {
    /// The request never left: another endpoint, and nothing is counted.
    Freely,
    Now,
    AfterPause,
    Never,
}

/// How many endpoints a call that could not be sent is carried to. If half of all were
/// gone, and nobody knew it yet, one call in a million would fail.
const MAX_TRIED: usize = 20;

impl Attempts {
    pub(crate) fn start(pool: Arc<Pool>, mut request: Request, key: Option<HashKey>) -> Self {
        pool.deposit();
        let method = pool.policy().method(&request.head).cloned();
        if let Some(method) = &method {
            let limits = [request.head.timeout, method.timeout];
            request.head.timeout = limits.into_iter().flatten().min();
            request.head.idempotent |= method.idempotent;
        }
        let now = Instant::now();
        let mut attempts = Self {
            hedge: Hedge::of(method.as_ref(), &request.head),
            pool,
            method,
            request,
            key,
            started: now,
            tried: Vec::new(),
            sent: 0,
            sent_at: now,
            stage: Stage::Idle,
        };
        if let Some(place) = attempts.pick() {
            attempts.run(place, attempts.request.head.timeout);
        }
        attempts
    }

    fn pick(&self) -> Option<InFlight> {
        self.pool.pick(&self.request.head, self.key, &self.tried)
    }

    /// An endpoint that neither had the call nor has it.
    fn pick_another(&mut self) -> Option<InFlight> {
        if let Stage::Running(runs) = &self.stage {
            for endpoint in runs.endpoints() {
                if !self.tried.iter().any(|old| old.is_same(endpoint)) {
                    self.tried.push(endpoint.clone());
                }
            }
        }
        self.pick()
    }

    /// Starts the call on an endpoint, beside others under way.
    fn run(&mut self, place: InFlight, timeout: Option<Duration>) {
        let mut request = self.request.clone();
        request.head.timeout = timeout;
        mark(&mut request.head.metadata, self.sent);
        let run = Run {
            exchange: self.pool.begin(&place, request),
            place,
            before: self.sent,
        };
        self.sent += 1;
        if let Some(hedge) = &mut self.hedge {
            hedge.restart();
            self.sent_at = Instant::now();
        }
        match &mut self.stage {
            Stage::Running(runs) => runs.push(run),
            stage => {
                let mut runs = Runs::new();
                runs.push(run);
                *stage = Stage::Running(runs);
            }
        }
    }

    /// What is left of the time that the call may take: `None` in it for any
    /// time, `None` around it for no time at all.
    fn time_left(&self) -> Option<Option<Duration>> {
        let Some(timeout) = self.request.head.timeout else {
            return Some(None);
        };
        let left = timeout.saturating_sub(self.started.elapsed());
        (!left.is_zero()).then_some(Some(left))
    }

    fn wait(&self) -> Stage {
        let longest = self.method.as_ref().and_then(|method| method.wait);
        let longest = longest.unwrap_or_else(|| self.pool.policy().wait);
        let wait = self
            .request
            .head
            .timeout
            .map_or(longest, |timeout| timeout.min(longest));
        // Nobody waits for years, and `Instant` has an end.
        let until = self.started + wait.min(Duration::from_secs(24 * 60 * 60));
        let head = self.request.head.clone();
        Stage::Waiting(Box::pin(Arc::clone(&self.pool).wait(head, self.key, until)))
    }

    fn retry(&self) -> &RetryPolicy {
        let method = self
            .method
            .as_ref()
            .and_then(|method| method.retry.as_ref());
        method.unwrap_or_else(|| &self.pool.policy().retry)
    }

    fn hedging(&self) -> Option<&HedgePolicy> {
        self.hedge.as_ref().and_then(Hedge::policy)
    }

    /// How often the call may be sent.
    fn most(&self) -> usize {
        self.hedging()
            .map_or_else(|| self.retry().attempts, |policy| policy.attempts)
    }

    fn may_run_again(&self, error: &CallError) -> Again {
        if error.code() == Code::Cancelled {
            return Again::Never;
        }
        let head = &self.request.head;
        if never_left(error, head) {
            return match self.tried.len() < MAX_TRIED {
                true => Again::Freely,
                false => Again::Never,
            };
        }
        if may_run_elsewhere(error, head) {
            return Again::Now;
        }
        if error.phase() == Phase::Encode {
            return Again::Never;
        }
        if let Some(policy) = self.hedging() {
            // What is no answer says nothing about what others will answer.
            let goes_on = Verdict::of(error, head).is_failure();
            return match goes_on || policy.codes.contains(&error.code()) {
                true => Again::Now,
                false => Again::Never,
            };
        }
        match head.idempotent && self.retry().codes.contains(&error.code()) {
            true => Again::AfterPause,
            false => Again::Never,
        }
    }

    /// Starts the call on another endpoint after a failure, if it may be; or gives the
    /// error back, unless others have the call.
    fn again(&mut self, error: CallError) -> Result<(), CallError> {
        match self.may_run_again(&error) {
            Again::Never => return Err(error),
            Again::Freely => {
                self.sent -= 1;
                if let (Some(timeout), Some(place)) = (self.time_left(), self.pick_another()) {
                    self.run(place, timeout);
                    return Ok(());
                }
            }
            Again::Now => {
                if self.run_another() {
                    return Ok(());
                }
            }
            Again::AfterPause => {
                let pause = self.retry().pause(self.sent, fastrand::f64());
                let fits = |left: Option<Duration>| left.is_none_or(|left| left > pause);
                if self.sent < self.most()
                    && self.time_left().is_some_and(fits)
                    && self.pool.withdraw()
                {
                    self.stage = Stage::Pausing(Box::pin(sleep(pause)), error);
                    return Ok(());
                }
            }
        }
        match &self.stage {
            Stage::Running(runs) if !runs.is_empty() => Ok(()),
            _ => Err(error),
        }
    }

    /// Starts the call on one endpoint more, if that may be.
    fn run_another(&mut self) -> bool {
        if self.sent >= self.most() {
            return false;
        }
        match (self.time_left(), self.pick_another()) {
            (Some(timeout), Some(place)) if self.pool.withdraw() => {
                self.run(place, timeout);
                true
            }
            _ => false,
        }
    }

    /// Starts the call again after a pause.
    fn resume(&mut self, error: CallError) -> Result<(), CallError> {
        // One that had it may have recovered, if there is no other.
        let any = || self.pool.pick(&self.request.head, self.key, &[]);
        match (self.time_left(), self.pick().or_else(any)) {
            (Some(timeout), Some(place)) => {
                self.run(place, timeout);
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// Starts what is due beside those under way.
    fn poll_hedge(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(hedge) = &mut self.hedge else {
            return Poll::Pending;
        };
        ready!(hedge.poll(self.sent_at, cx));
        let is_last = self.sent >= self.most();
        if !self.run_another()
            && let Some(hedge) = &mut self.hedge
        {
            if is_last {
                hedge.stop();
            } else {
                // Another endpoint may come while the call waits, or the budget.
                hedge.put_off();
            }
        }
        Poll::Ready(())
    }

    /// Judges the endpoint by an error, and says in that whose it is.
    fn ended(&self, run: &Run, error: CallError, answered: bool) -> CallError {
        let verdict = Verdict::of(&error, &self.request.head);
        self.pool.ended(&run.place, verdict, answered);
        let error = match verdict.is_failure() && error.peer().is_none() {
            true => error.with_peer(run.place.endpoint().entry().addr().as_str()),
            false => error,
        };
        mark_error(error, run.before)
    }

    /// Cancels what is under way.
    fn give_up(&mut self) {
        if let Stage::Running(runs) = std::mem::replace(&mut self.stage, Stage::Over) {
            for run in runs.iter() {
                self.pool.abandoned(&run.place);
            }
        }
    }

    /// An attempt failed: goes on with another one, or gives the error that the caller
    /// gets.
    fn failed(&mut self, run: Run, error: CallError) -> Result<(), CallError> {
        let error = self.ended(&run, error, false);
        self.tried.push(run.place.endpoint().clone());
        // The place is free before the next one is taken.
        drop(run);
        self.again(error)
    }
}

impl Replies for Attempts {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>> {
        let this = &mut *self;
        loop {
            match &mut this.stage {
                Stage::Over => return Poll::Ready(None),
                Stage::Idle => this.stage = this.wait(),
                Stage::Waiting(place) => {
                    match (ready!(place.as_mut().poll(cx)), this.time_left()) {
                        (Some(place), Some(timeout)) => this.run(place, timeout),
                        _ => {
                            this.stage = Stage::Over;
                            return Poll::Ready(Some(Err(this.pool.no_endpoints())));
                        }
                    }
                }
                Stage::Pausing(pause, error) => {
                    ready!(pause.as_mut().poll(cx));
                    let error = error.clone();
                    this.stage = Stage::Over;
                    if let Err(error) = this.resume(error) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                Stage::Running(runs) => {
                    let Poll::Ready((run, said)) = runs.poll(cx) else {
                        ready!(this.poll_hedge(cx));
                        continue;
                    };
                    match said {
                        Some(Ok(mut item)) => {
                            this.give_up();
                            this.pool.answered(&run.place);
                            mark(&mut item.metadata, run.before);
                            this.stage = Stage::Answered(run);
                            return Poll::Ready(Some(Ok(item)));
                        }
                        Some(Err(error)) => {
                            if let Err(error) = this.failed(run, error) {
                                this.give_up();
                                return Poll::Ready(Some(Err(error)));
                            }
                        }
                        None => {
                            this.give_up();
                            return Poll::Ready(None);
                        }
                    }
                }
                Stage::Answered(run) => {
                    let said = match ready!(run.exchange.poll_next(cx)) {
                        Some(Ok(item)) => return Poll::Ready(Some(Ok(item))),
                        said => said,
                    };
                    let Stage::Answered(run) = std::mem::replace(&mut this.stage, Stage::Over)
                    else {
                        return Poll::Ready(None);
                    };
                    let ended = |result: Result<Item>| {
                        result.map_err(|error| this.ended(&run, error, true))
                    };
                    return Poll::Ready(said.map(ended));
                }
            }
        }
    }
}

impl Drop for Attempts {
    fn drop(&mut self) {
        self.give_up();
    }
}
