//! [`PeakEwma`]: the one that is expected to answer sooner, of two.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::p2c::OfTwo;
use super::{Balance, Candidates, Ending, Outcome, Picker};
use crate::endpoint::Endpoint;

/// The one that is expected to answer sooner, of two that chance chose.
///
/// What is expected is a moving average of latencies, times the calls under way
/// and this one. It jumps up to a latency that is higher than itself at once, and
/// comes down slowly (Finagle's and linkerd's "peak EWMA"): one slow answer is
/// believed, many quick ones are needed to forget it.
///
/// A failure is no latency: an endpoint that fails fast would draw all calls to
/// itself. It makes what is expected of the endpoint ten times as much, up to the
/// time in which that is forgotten. A call that was given up counts for as long
/// as it lasted, if that is more than expected.
///
/// Weights of entries say how often an endpoint is one of the two, and no more: how
/// fast it answers says better what it can bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeakEwma {
    /// After so long without a call, 63 % of what was seen is forgotten (10 s).
    pub decay: Duration,
    /// What is expected of an endpoint that nothing is known of (30 ms).
    pub default_rtt: Duration,
}

/// What a failure multiplies.
const PENALTY: f32 = 10.0;

impl PeakEwma {
    /// With linkerd's numbers.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            decay: Duration::from_secs(10),
            default_rtt: Duration::from_millis(30),
        }
    }
}

impl Default for PeakEwma {
    fn default() -> Self {
        Self::new()
    }
}

impl Balance for PeakEwma {
    fn picker(&self, candidates: &Candidates) -> Box<dyn Picker> {
        let options = *self;
        Box::new(OfTwo::new(candidates, move |one, other, question| {
            let load = |endpoint: &Endpoint| {
                let cost = endpoint.ewma().cost(endpoint.age(question.now()), &options);
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "nobody has 2^24 calls under way"
                )]
                let pending = endpoint.in_flight() as f32 + 1.0;
                cost * pending
            };
            load(one) <= load(other)
        }))
    }

    fn observe(&self, endpoint: &Endpoint, outcome: &Outcome) {
        endpoint
            .ewma()
            .observe(endpoint.age(outcome.at), outcome, self);
    }
}

/// A moving average, and when it was taken: both in one word, so that there is no
/// lock. Pure: time is an argument, counted from the making of the endpoint.
#[derive(Debug, Default)]
pub(crate) struct Ewma(AtomicU64);

impl Ewma {
    /// What to expect, in microseconds.
    fn cost(&self, age: Duration, options: &PeakEwma) -> f32 {
        match unpack(self.0.load(Ordering::Relaxed)) {
            // It decays as well: else whoever is new never gets a call among others
            // that are quicker than that.
            None => micros(options.default_rtt) * kept(age, 0, options.decay),
            // What is long ago counts less: the endpoint gets another chance.
            Some((cost, at)) => cost * kept(age, at, options.decay),
        }
    }

    fn observe(&self, age: Duration, outcome: &Outcome, options: &PeakEwma) {
        let latency = micros(outcome.latency);
        let relaxed = Ordering::Relaxed;
        // It fails only if the closure gives nothing.
        let _ = self.0.fetch_update(relaxed, relaxed, |word| {
            let known = unpack(word).map(|(cost, at)| (cost, kept(age, at, options.decay)));
            let cost = match (outcome.ending, known) {
                (Ending::Answered, None) => latency,
                (Ending::Answered, Some((cost, _))) if latency > cost => latency,
                (Ending::Answered, Some((cost, kept))) => cost * kept + latency * (1.0 - kept),
                (Ending::Failed, known) => {
                    let cost = known.map_or(0.0, |(cost, kept)| cost * kept);
                    let most = micros(options.decay);
                    (cost.max(micros(options.default_rtt)) * PENALTY).min(most)
                }
                (Ending::Abandoned, None) => latency.max(micros(options.default_rtt)),
                (Ending::Abandoned, Some((cost, kept))) => latency.max(cost * kept),
            };
            Some(pack(cost, age))
        });
    }
}

/// How much of what was known at `at` (milliseconds) counts at `age`.
fn kept(age: Duration, at: u32, decay: Duration) -> f32 {
    // Wraps after 49 days, and back: a clock that was read earlier is no time ago.
    let passed = millis(age).wrapping_sub(at);
    let passed = if passed > u32::MAX / 2 { 0 } else { passed };
    #[expect(clippy::cast_precision_loss, reason = "a part of a second in weeks")]
    let passed = passed as f32 * 1000.0;
    (-passed / micros(decay).max(1.0)).exp()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "wrapping is what it is for"
)]
const fn millis(age: Duration) -> u32 {
    age.as_millis() as u32
}

fn micros(time: Duration) -> f32 {
    time.as_secs_f32() * 1e6
}

/// At least 1 in the upper half, so that a word of 0 means nothing yet.
fn pack(cost: f32, age: Duration) -> u64 {
    u64::from(cost.max(0.001).to_bits()) << 32 | u64::from(millis(age))
}

#[expect(clippy::cast_possible_truncation, reason = "two halves of a word")]
const fn unpack(word: u64) -> Option<(f32, u32)> {
    match word {
        0 => None,
        _ => Some((f32::from_bits((word >> 32) as u32), word as u32)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const OPTIONS: PeakEwma = PeakEwma::new();

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn after(outcomes: &[(u64, Ending, u64)]) -> Ewma {
        let ewma = Ewma::default();
        for (at, ending, latency) in outcomes {
            let outcome = Outcome::new(ms(*latency), *ending, Instant::now());
            ewma.observe(ms(*at), &outcome, &OPTIONS);
        }
        ewma
    }

    #[track_caller]
    fn assert_cost(ewma: &Ewma, at: u64, expected: f32) {
        let cost = ewma.cost(ms(at), &OPTIONS) / 1000.0;
        assert!((cost - expected).abs() <= expected * 0.01, "{cost} ms");
    }

    #[test]
    fn what_is_unknown_costs_the_default() {
        assert_cost(&Ewma::default(), 0, 30.0);
        // And is tried before long.
        assert_cost(&Ewma::default(), 10_000, 11.0);
    }

    #[test]
    fn a_peak_is_believed_at_once_and_forgotten_slowly() {
        use Ending::Answered;
        assert_cost(&after(&[(0, Answered, 10), (1, Answered, 500)]), 1, 500.0);
        // 63 % in 10 s, by time alone and by better answers alike.
        assert_cost(&after(&[(0, Answered, 500)]), 10_000, 184.0);
        let better = after(&[(0, Answered, 500), (10_000, Answered, 10)]);
        assert_cost(&better, 10_000, 190.3);
    }

    #[test]
    fn a_fast_failure_is_no_fast_answer() {
        use Ending::{Answered, Failed};
        assert_cost(&after(&[(0, Failed, 0)]), 0, 300.0);
        assert_cost(&after(&[(0, Answered, 50), (0, Failed, 0)]), 0, 500.0);
        // Bounded, however many there are.
        assert_cost(&after(&[(0, Failed, 0); 50]), 0, 10_000.0);
    }

    #[test]
    fn what_was_given_up_took_at_least_so_long() {
        use Ending::{Abandoned, Answered};
        assert_cost(&after(&[(0, Answered, 50), (0, Abandoned, 5)]), 0, 50.0);
        assert_cost(&after(&[(0, Answered, 50), (0, Abandoned, 900)]), 0, 900.0);
    }

    #[test]
    fn a_clock_that_was_read_earlier_is_no_time_ago() {
        let ewma = after(&[(5000, Ending::Answered, 100)]);
        assert_cost(&ewma, 4999, 100.0);
        // And the wrap of the milliseconds is passed.
        let wrap = u64::from(u32::MAX);
        let ewma = after(&[(wrap, Ending::Answered, 100)]);
        assert_cost(&ewma, wrap + 10_000, 36.8);
    }
}
