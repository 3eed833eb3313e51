//! [`Backoff`]: how long to wait before trying again.

use std::time::Duration;

/// How long to wait before trying again: a random time up to a bound that doubles.
///
/// Full jitter, since after an outage everybody starts over at once
/// ([teleport#6889](https://github.com/gravitational/teleport/issues/6889)); with a
/// floor, since a loop without one gets hot
/// ([go-kit#627](https://github.com/go-kit/kit/issues/627)).
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
    random: fastrand::Rng,
}

impl Backoff {
    pub(crate) fn new(base: Duration, cap: Duration, random: fastrand::Rng) -> Self {
        Self {
            base: base.min(cap),
            cap,
            failures: 0,
            random,
        }
    }

    /// The next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        let doubled = self.base.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        between(&mut self.random, self.base / 4, doubled.min(self.cap))
    }

    /// What was tried works again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// A time around `middle`, off by up to `percent` percent.
    pub(crate) fn around(&mut self, middle: Duration, percent: u32) -> Duration {
        let off = middle.mul_f64(f64::from(percent) / 100.0);
        between(
            &mut self.random,
            middle.saturating_sub(off),
            middle.saturating_add(off),
        )
    }
}

fn between(random: &mut fastrand::Rng, low: Duration, high: Duration) -> Duration {
    low + high.saturating_sub(low).mul_f64(random.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_cap_and_have_a_floor() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(200), ms(10_000), fastrand::Rng::with_seed(1));
        for round in 0..100_u32 {
            let pause = backoff.pause();
            let most = ms(200 * (1 << round.min(10))).min(ms(10_000));
            assert!((ms(50)..=most).contains(&pause), "{round}: {pause:?}");
        }
        backoff.reset();
        assert!(backoff.pause() <= ms(200));
        for _ in 0..100 {
            let around = backoff.around(ms(1000), 10);
            assert!((ms(900)..=ms(1100)).contains(&around));
        }
    }
}
