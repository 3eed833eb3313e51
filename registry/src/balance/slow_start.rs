//! [`SlowStart`]: little at first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Balance, Candidates, Outcome, Picker, Question};
use crate::endpoint::Endpoint;

/// An endpoint that is new, or works again, gets little at first: 10 % of its
/// share, growing to all of it in 10 s.
///
/// Envoy's slow start with its default aggression of 1, around any policy: what
/// that picks is taken with this probability, else it is asked again without that
/// endpoint. Endpoints that were there when the client came are not new, nor is
/// any while there are no others.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SlowStart<B> {
    /// How long it takes (10 s).
    pub window: Duration,
    /// What a new one gets, in percent of its share (10); at most 100.
    pub floor_percent: u32,
    inner: B,
}

impl<B> SlowStart<B> {
    /// A slow start for another policy.
    pub const fn new(inner: B) -> Self {
        Self {
            window: Duration::from_secs(10),
            floor_percent: 10,
            inner,
        }
    }
}

impl<B: Balance> Balance for SlowStart<B> {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let inner = self.inner.picker(candidates);
        let starts = candidates.usable().iter().filter_map(Endpoint::started_at);
        let warm = starts.filter_map(|at| at.checked_add(self.window)).max();
        match warm {
            None => inner,
            Some(at) => Box::new(Warming {
                window: self.window,
                floor: f64::from(self.floor_percent.min(100)) / 100.0,
                warm: AtomicBool::new(false),
                at,
                inner,
            }),
        }
    }

    fn observe(&self, endpoint: &Endpoint, outcome: &Outcome) {
        self.inner.observe(endpoint, outcome);
    }
}

struct Warming {
    window: Duration,
    floor: f64,
    /// All are warm, since `at`.
    warm: AtomicBool,
    at: Instant,
    inner: Box<dyn Picker>,
}

/// Endpoints that are passed over: after as many it does not matter any more, or
/// all are new.
const PASSED_OVER: u32 = 4;

impl Warming {
    /// How much of its share an endpoint gets.
    fn factor(&self, endpoint: &Endpoint, now: Instant) -> f64 {
        let Some(started) = endpoint.started_at() else {
            return 1.0;
        };
        let passed = now.saturating_duration_since(started).as_secs_f64();
        (passed / self.window.as_secs_f64()).clamp(self.floor, 1.0)
    }

    fn pick<'a>(&'a self, question: &Question<'_>, more: u32) -> Option<&'a Endpoint> {
        let endpoint = self.inner.pick(question)?;
        let factor = self.factor(endpoint, question.now());
        if more == 0 || factor >= 1.0 || fastrand::f64() < factor {
            return Some(endpoint);
        }
        let other = question.without(endpoint, |question| self.pick(question, more - 1));
        Some(other.unwrap_or(endpoint))
    }
}

impl Picker for Warming {
    fn pick<'a>(&'a self, question: &Question<'_>) -> Option<&'a Endpoint> {
        if self.warm.load(Ordering::Relaxed) {
            return self.inner.pick(question);
        }
        if question.now() >= self.at {
            self.warm.store(true, Ordering::Relaxed);
        }
        self.pick(question, PASSED_OVER)
    }
}
