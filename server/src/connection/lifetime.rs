//! [`Lifetime`]: when a connection is to end, other than by its peer.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::ServerConfig;

/// The timers of a connection, as gRPC has them (gRFC A9): it is told to go when it
/// is old or was idle for long, or when the server drains; then it ends once it is
/// quiet, or is cut.
pub(super) struct Lifetime {
    age: Option<Timer>,
    idle: Option<(Duration, Timer)>,
    /// Since it was told to go.
    quiet: Option<(Duration, Timer)>,
    grace: Option<Timer>,
    /// What had moved when the timers were set.
    traffic: u64,
}

type Timer = Pin<Box<Sleep>>;

/// What is to be done with a connection that was told to go.
pub(super) enum Verdict {
    /// Nothing comes any more.
    Quiet,
    /// It had its time.
    Cut,
}

impl Lifetime {
    pub(super) fn new(config: &ServerConfig) -> Self {
        let idle = config.max_connection_idle;
        Self {
            age: config.max_connection_age.map(|age| timer(jittered(age))),
            idle: idle.map(|idle| (idle, timer(idle))),
            quiet: None,
            grace: None,
            traffic: 0,
        }
    }

    /// True once the connection was told to go.
    pub(super) fn is_leaving(&self) -> bool {
        self.quiet.is_some()
    }

    /// Ready when the connection is old, or was idle for its time: nothing moved
    /// since the timer was set, and nothing does now.
    pub(super) fn poll_term(
        &mut self,
        cx: &mut TaskContext<'_>,
        is_idle: impl FnOnce() -> bool,
        traffic: u64,
    ) -> Poll<()> {
        if let Some(age) = &mut self.age
            && age.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(());
        }
        let Some((period, idle)) = &mut self.idle else {
            return Poll::Pending;
        };
        if idle.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        if traffic == self.traffic && is_idle() {
            return Poll::Ready(());
        }
        self.traffic = traffic;
        *idle = timer(*period);
        idle.as_mut().poll(cx)
    }

    /// Notes that the connection was told to go. It has this grace, if any.
    pub(super) fn leave(&mut self, quiet: Duration, grace: Option<Duration>) {
        self.quiet = Some((quiet, timer(quiet)));
        self.grace = grace.map(timer);
    }

    /// Ready when a connection that was told to go has nothing more to say.
    pub(super) fn poll_quiet(
        &mut self,
        cx: &mut TaskContext<'_>,
        is_idle: bool,
        traffic: u64,
    ) -> Poll<Verdict> {
        if let Some(grace) = &mut self.grace
            && grace.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Verdict::Cut);
        }
        let Some((period, quiet)) = &mut self.quiet else {
            return Poll::Pending;
        };
        if traffic != self.traffic || !is_idle {
            self.traffic = traffic;
            *quiet = timer(*period);
        }
        quiet.as_mut().poll(cx).map(|()| Verdict::Quiet)
    }
}

fn timer(period: Duration) -> Timer {
    Box::pin(sleep(period))
}

/// A tenth more or less, so that connections that were made together do not all end
/// together.
fn jittered(age: Duration) -> Duration {
    (age - age / 10).saturating_add((age / 5).mul_f64(fastrand::f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_varies_by_a_tenth_and_never_overflows() {
        for age in [Duration::ZERO, Duration::from_secs(100), Duration::MAX] {
            for _ in 0..1000 {
                let jittered = jittered(age);
                assert!(jittered >= age - age / 10, "{jittered:?}");
                assert!(jittered <= age.saturating_add(age / 10), "{jittered:?}");
            }
        }
    }
}
