//! [`Attempts`]: one call, on one endpoint after the other.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gobrpc_protocol::{Code, Error as CallError, Exchange, Item, Phase, Replies, Request, Result};
use tokio::time::{Instant, Sleep, sleep};

use crate::balance::HashKey;
use crate::endpoint::{Endpoint, InFlight};
use crate::policy::{MethodPolicy, RetryPolicy};
use crate::pool::Pool;
use crate::verdict::{Verdict, may_run_elsewhere};

/// One call, on one endpoint after the other until one of them may have run it.
pub(crate) struct Attempts {
    pool: Arc<Pool>,
    method: Option<Arc<MethodPolicy>>,
    request: Request,
    key: Option<HashKey>,
    started: Instant,
    tried: Vec<Endpoint>,
    stage: Stage,
}

enum Stage {
    /// No endpoint was there yet. Made when it is first polled, as timers need a
    /// runtime, and starting a call does not.
    Idle,
    Waiting(Pin<Box<dyn Future<Output = Option<InFlight>> + Send>>),
    Running {
        exchange: Exchange,
        place: InFlight,
        answered: bool,
    },
    /// Before the call is sent again, and what it failed with.
    Pausing(Pin<Box<Sleep>>, CallError),
    Over,
}

/// When a call that failed may be sent again.
enum Again {
    Now,
    AfterPause,
    Never,
}

impl Attempts {
    pub(crate) fn start(pool: Arc<Pool>, mut request: Request, key: Option<HashKey>) -> Self {
        pool.deposit();
        let method = pool.policy().method(&request.head).cloned();
        if let Some(method) = &method {
            let limits = [request.head.timeout, method.timeout];
            request.head.timeout = limits.into_iter().flatten().min();
            request.head.idempotent |= method.idempotent;
        }
        let mut attempts = Self {
            pool,
            method,
            request,
            key,
            started: Instant::now(),
            tried: Vec::new(),
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

    /// Starts the call on an endpoint.
    fn run(&mut self, place: InFlight, timeout: Option<Duration>) {
        let mut request = self.request.clone();
        request.head.timeout = timeout;
        self.stage = Stage::Running {
            exchange: self.pool.begin(&place, request),
            place,
            answered: false,
        };
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

    fn may_run_again(&self, error: &CallError) -> Again {
        if self.tried.len() >= self.retry().attempts || error.code() == Code::Cancelled {
            return Again::Never;
        }
        if may_run_elsewhere(error, &self.request.head) {
            return Again::Now;
        }
        let repeatable = self.request.head.idempotent && error.phase() != Phase::Encode;
        match repeatable && self.retry().codes.contains(&error.code()) {
            true => Again::AfterPause,
            false => Again::Never,
        }
    }

    /// Starts the call on another endpoint, if it may be; or gives the error back.
    fn again(&mut self, endpoint: &Endpoint, error: CallError) -> Result<(), CallError> {
        self.tried.push(endpoint.clone());
        match self.may_run_again(&error) {
            Again::Never => Err(error),
            Again::Now => match (self.time_left(), self.pick()) {
                (Some(timeout), Some(place)) if self.pool.withdraw() => {
                    self.run(place, timeout);
                    Ok(())
                }
                _ => Err(error),
            },
            Again::AfterPause => {
                let pause = self.retry().pause(self.tried.len());
                match self.time_left() {
                    Some(left) if left.is_none_or(|left| left > pause) && self.pool.withdraw() => {
                        self.stage = Stage::Pausing(Box::pin(sleep(pause)), error);
                        Ok(())
                    }
                    _ => Err(error),
                }
            }
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
                Stage::Running {
                    exchange,
                    place,
                    answered,
                } => {
                    let error = match ready!(exchange.poll_next(cx)) {
                        Some(Ok(item)) => {
                            if !std::mem::replace(answered, true) {
                                this.pool.answered(place);
                            }
                            return Poll::Ready(Some(Ok(item)));
                        }
                        None => {
                            this.stage = Stage::Over;
                            return Poll::Ready(None);
                        }
                        Some(Err(error)) => error,
                    };
                    let endpoint = place.endpoint().clone();
                    let verdict = Verdict::of(&error, &this.request.head);
                    let answered = *answered;
                    this.pool.ended(place, verdict, answered);
                    // The place is free before the next one is taken.
                    this.stage = Stage::Over;
                    let result = match answered {
                        true => Err(error),
                        false => this.again(&endpoint, error),
                    };
                    if let Err(error) = result {
                        let blamed = verdict.is_failure() && error.peer().is_none();
                        return Poll::Ready(Some(Err(match blamed {
                            true => error.with_peer(endpoint.entry().addr().as_str()),
                            false => error,
                        })));
                    }
                }
            }
        }
    }
}

impl Drop for Attempts {
    fn drop(&mut self) {
        if let Stage::Running {
            place,
            answered: false,
            ..
        } = &self.stage
        {
            self.pool.abandoned(place);
        }
    }
}
