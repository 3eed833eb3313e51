//! A thousand servers and a thousand clients in virtual time: the real engine, the
//! real policies, and everything below them simulated.
//!
//! Runs on a current-thread runtime whose clock is paused, so that hours take
//! seconds. Chance is seeded by [`seed`].

pub mod balancers;
pub mod fleet;
mod net;
mod wire;

use std::time::Duration;

pub use net::{Net, Tally};
pub use wire::{Traffic, Wire};

/// Makes the chance of this thread come out the same each time.
pub fn seed(seed: u64) {
    fastrand::seed(seed);
}

/// A time until the next event of a kind that comes once in `mean`, by chance.
fn exponential(mean: Duration) -> Duration {
    mean.mul_f64(-(1.0 - fastrand::f64()).ln())
}

/// The value below which a share of the values is. The values are sorted by this.
#[must_use]
pub fn quantile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (values.len() as f64 * share) as usize;
    let last = values.len().saturating_sub(1);
    values.get(index.min(last)).copied().unwrap_or_default()
}

/// How much more than the average the busiest one has.
#[must_use]
pub fn spread(loads: &[u64]) -> f64 {
    let sum: u64 = loads.iter().sum();
    let most = loads.iter().max().copied().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let spread = most as f64 * loads.len() as f64 / sum.max(1) as f64;
    spread
}
