//! [`Attempts`]: one call, on one endpoint after the other.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gobrpc_protocol::{
    Code, Delivery, Error as CallError, Exchange, Item, Phase, Replies, Request, Result,
};
use tokio::time::Instant;

use crate::balanced::Pool;
use crate::endpoint::{Endpoint, InFlight};

/// One call, on one endpoint after the other until one of them may have run it.
pub(crate) struct Attempts {
    pool: Arc<Pool>,
    request: Request,
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
    Over,
}

impl Attempts {
    pub(crate) fn start(pool: Arc<Pool>, request: Request) -> Self {
        pool.deposit();
        let place = pool.pick(&request.head, &[]);
        let mut attempts = Self {
            pool,
            request,
            started: Instant::now(),
            tried: Vec::new(),
            stage: Stage::Idle,
        };
        if let Some(place) = place {
            attempts.run(place, attempts.request.head.timeout);
        }
        attempts
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
        let longest = self.pool.policy().wait;
        let wait = self
            .request
            .head
            .timeout
            .map_or(longest, |timeout| timeout.min(longest));
        // Nobody waits for years, and `Instant` has an end.
        let until = self.started + wait.min(Duration::from_secs(24 * 60 * 60));
        let head = self.request.head.clone();
        Stage::Waiting(Box::pin(Arc::clone(&self.pool).wait(head, until)))
    }

    /// Starts the call on another endpoint, if it may be; or gives the error back.
    fn again(&mut self, endpoint: &Endpoint, error: CallError) -> Result<(), CallError> {
        self.tried.push(endpoint.clone());
        if !may_run_elsewhere(&error) || self.tried.len() >= self.pool.policy().attempts {
            return Err(error);
        }
        let Some(timeout) = self.time_left() else {
            return Err(error);
        };
        match self.pool.pick(&self.request.head, &self.tried) {
            Some(place) if self.pool.withdraw() => {
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
                Stage::Running {
                    exchange,
                    place,
                    answered,
                } => {
                    let error = match ready!(exchange.poll_next(cx)) {
                        Some(Ok(item)) => {
                            *answered = true;
                            return Poll::Ready(Some(Ok(item)));
                        }
                        None => {
                            this.stage = Stage::Over;
                            return Poll::Ready(None);
                        }
                        Some(Err(error)) => error,
                    };
                    let endpoint = place.endpoint().clone();
                    if failed_on_the_way(&error) {
                        place.failed();
                    }
                    let answered = *answered;
                    // The place is free before the next one is taken.
                    this.stage = Stage::Over;
                    let result = match answered {
                        true => Err(error),
                        false => this.again(&endpoint, error),
                    };
                    if let Err(error) = result {
                        return Poll::Ready(Some(Err(with_peer(error, &endpoint))));
                    }
                }
            }
        }
    }
}

/// True for the error of a handler in this process, which is marked like one
/// that was never sent.
fn is_local_answer(error: &CallError) -> bool {
    error.phase() == Phase::Handler && error.delivery() == Delivery::NotSent
}

/// True if the endpoint, or the way to it, is to blame.
fn failed_on_the_way(error: &CallError) -> bool {
    !error.is_answer()
        && !is_local_answer(error)
        && error.phase() != Phase::Encode
        && error.code() != Code::Cancelled
}

/// True if the call did not run, and another endpoint may do better.
fn may_run_elsewhere(error: &CallError) -> bool {
    error.delivery().cannot_have_run()
        && failed_on_the_way(error)
        && error.code() != Code::DeadlineExceeded
}

/// Says which endpoint it was, if nobody said so.
fn with_peer(error: CallError, endpoint: &Endpoint) -> CallError {
    if error.peer().is_some() || !failed_on_the_way(&error) {
        return error;
    }
    error.with_peer(endpoint.entry().addr().as_str())
}
