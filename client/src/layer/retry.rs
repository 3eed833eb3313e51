//! [`Retry`]: sends calls again.

use std::time::Duration;

use gobrpc_protocol::retry::{Budget, BudgetOptions, RetryPolicy, mark, mark_error};
use gobrpc_protocol::{Code, Delivery, Error, Methods, Phase, Request, Result};
use tokio::time::{Instant, sleep};

use super::{Answer, Layer, Next};

/// Sends calls again that failed, where that is safe.
///
/// - A call that **certainly did not run**
///   ([`Delivery::cannot_have_run`](gobrpc_protocol::Delivery::cannot_have_run)),
///   because the server was not reached, or refused it as it has too much to do or
///   stops, is sent again after a pause, whatever it does.
/// - An **idempotent** call, by `#[rpc(idempotent)]` or
///   [`Call::idempotent`](crate::Call::idempotent), is also sent again if it failed with
///   one of the [`codes`](RetryPolicy::codes), be it that it may have run.
/// - Nothing else is: not a call that sends a stream, nor one of whose replies the
///   caller has seen some.
///
/// The pauses are those of the policy; one that ends after the call's deadline is not
/// begun. A server that says when to come back
/// ([`ErrorDetails::retry_after`](gobrpc_protocol::ErrorDetails::retry_after)) is
/// obeyed, unless it wants longer than the longest pause: then the error is the
/// caller's. All of it costs a budget that the calls of the client share, by default a
/// fifth of its calls and 10 each second, so that a server with too much to do does not
/// get more of it.
///
/// How often the call was sent before is in the metadata of the request and of the
/// answer, as [`PREVIOUS_ATTEMPTS`](gobrpc_protocol::metadata::PREVIOUS_ATTEMPTS);
/// what never left is not counted.
///
/// A timeout of the call is that of all attempts together. For one of each, put a
/// [`Timeout`](super::Timeout) inside: a layer that is added later.
///
/// # Examples
///
/// ```
/// use gobrpc_client::layer::Retry;
/// use gobrpc_client::protocol::retry::RetryPolicy;
/// use gobrpc_client::{Client, Code};
///
/// let mut reads = RetryPolicy::default();
/// reads.attempts = 5;
/// reads.codes = vec![Code::Unavailable, Code::DeadlineExceeded];
/// let client = Client::builder()
///     .layer(Retry::new(RetryPolicy::default()).of("Catalog.*", reads)?)
///     .connect("127.0.0.1:1234");
/// # Ok::<(), gobrpc_client::Error>(())
/// ```
#[derive(Debug)]
pub struct Retry {
    policies: Methods<RetryPolicy>,
    budget: Budget,
}

impl Retry {
    /// By this policy, for all methods.
    #[must_use]
    pub fn new(policy: RetryPolicy) -> Self {
        Self {
            policies: Methods::all(policy),
            budget: Budget::new(BudgetOptions::default(), now()),
        }
    }

    /// By another policy for these methods: `Arith.Multiply`, `Arith.*`.
    ///
    /// # Errors
    ///
    /// If no method can fit the pattern.
    pub fn of(mut self, pattern: &str, policy: RetryPolicy) -> Result<Self> {
        self.policies.set(pattern, policy)?;
        Ok(self)
    }

    /// Within another budget.
    #[must_use]
    pub fn budget(mut self, options: BudgetOptions) -> Self {
        self.budget = Budget::new(options, now());
        self
    }

    /// The pause after which the call is to be sent again, if it is.
    fn pause(
        &self,
        policy: &RetryPolicy,
        request: &Request,
        error: &Error,
        attempts: usize,
    ) -> Option<Duration> {
        let unrun = error.delivery().cannot_have_run() && may_pass(error);
        let listed = request.head.idempotent && policy.codes.contains(&error.code());
        if attempts >= policy.attempts || !(unrun || listed) || error.phase() == Phase::Encode {
            return None;
        }
        let pause = policy.pause(attempts, fastrand::f64());
        let wanted = error.details().and_then(|it| it.retry_after());
        if wanted.is_some_and(|wanted| wanted > policy.max_backoff) {
            return None;
        }
        let pause = wanted.map_or(pause, |wanted| wanted.max(pause));
        let fits = match request.head.deadline {
            Some(deadline) => deadline.saturating_duration_since(now()) > pause,
            None => true,
        };
        (fits && self.budget.withdraw(now())).then_some(pause)
    }
}

impl Layer for Retry {
    async fn call(&self, request: Request, next: Next) -> Result<Answer> {
        let Some(policy) = self.policies.get(&request.head.service_method) else {
            return next.run(request).await;
        };
        self.budget.deposit(now());
        let (mut attempts, mut sent) = (0, 0);
        loop {
            let mut attempt = request.clone();
            mark(&mut attempt.head.metadata, sent);
            let error = match next.clone().run(attempt).await {
                Ok(mut answer) => {
                    self.budget.over(true);
                    mark(&mut answer.metadata, sent);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            attempts += 1;
            let answered = error.is_answer() && !policy.codes.contains(&error.code());
            self.budget.over(answered);
            let pause = match next.is_fresh(&request) {
                true => self.pause(policy, &request, &error, attempts),
                false => None,
            };
            let Some(pause) = pause else {
                return Err(mark_error(error, sent));
            };
            sent += usize::from(error.delivery() != Delivery::NotSent);
            sleep(pause).await;
        }
    }
}

/// True if what did not run because of this may run later.
fn may_pass(error: &Error) -> bool {
    matches!(error.code(), Code::Unavailable | Code::ResourceExhausted)
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
