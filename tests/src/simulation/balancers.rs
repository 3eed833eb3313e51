//! Policies compared: the same calls, spread by each.

use std::sync::Arc;
use std::time::Duration;

use gobrpc_protocol::Payload;
use gobrpc_registry::balance::{
    Balance, ConsistentHash, HashKey, P2c, PeakEwma, Random, RoundRobin, Subset,
};
use gobrpc_registry::{Balanced, Policy, RegisterOptions, Registry};
use tokio::time::sleep;

use super::{Net, Tally, Wire, exponential, quantile, spread};

/// A policy and its name.
pub type Named = (&'static str, fn() -> Policy);

/// What is compared.
pub const POLICIES: [Named; 8] = [
    ("random", || Policy::new(Random::new())),
    ("round robin", || Policy::new(RoundRobin::new())),
    ("p2c", || Policy::new(P2c::new())),
    ("peak EWMA", || Policy::new(PeakEwma::new())),
    ("consistent hash", || Policy::new(ConsistentHash::new())),
    ("subset of 20, round robin", || subset(RoundRobin::new())),
    ("subset of 20, p2c", || subset(P2c::new())),
    ("subset of 20, peak EWMA", || subset(PeakEwma::new())),
];

fn subset(inner: impl Balance) -> Policy {
    Policy::new(Subset::new(20, inner))
}

/// How many there are, and what they do.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Chance is seeded by it.
    pub seed: u64,
    /// Servers with four workers each, of 100 ms for a call on average.
    pub servers: usize,
    /// Clients that make 20 calls a second each, by chance.
    pub clients: usize,
    /// How many servers of a hundred take ten times as long.
    pub slow_percent: usize,
    /// How long calls are made before it counts.
    pub warm_up: Duration,
    /// How long they count.
    pub time: Duration,
}

/// How a policy did.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The policy.
    pub name: &'static str,
    /// Calls of the busiest server, of those that are as fast as most, by the
    /// average of these.
    pub spread: f64,
    /// Of a hundred calls, those that went to the slow servers.
    pub slow_calls: f64,
    /// The latency below which that many of a hundred calls were.
    pub quantiles: Vec<(f64, Duration)>,
}

/// The quantiles of a score.
pub const QUANTILES: [f64; 7] = [0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];

impl Score {
    /// The latency at a quantile that is one of [`QUANTILES`].
    #[must_use]
    pub fn at(&self, quantile: f64) -> Duration {
        let found = self.quantiles.iter().find(|(at, _)| *at >= quantile);
        found.map_or(Duration::ZERO, |(_, latency)| *latency)
    }
}

/// Runs the calls of a setting under a policy. Nothing is ejected: that is not what
/// is compared.
///
/// # Panics
///
/// If there is no runtime.
#[expect(
    clippy::unwrap_used,
    reason = "a simulation that cannot run is no result"
)]
pub async fn run(name: &'static str, policy: fn() -> Policy, setting: Setting) -> Score {
    super::seed(setting.seed);
    let is_slow = |host: usize| host * 100 < setting.servers * setting.slow_percent;
    let mean = |host| Duration::from_millis(if is_slow(host) { 1000 } else { 100 });
    let net = Net::new(4, (0..setting.servers).map(mean));
    let wire = Wire::default();
    let registry = Registry::new(wire.link());
    let mut registrations = Vec::new();
    for host in 0..setting.servers {
        let entry = Net::entry(host, "");
        registrations.push(
            registry
                .register(entry, RegisterOptions::default())
                .unwrap(),
        );
    }
    sleep(Duration::from_secs(1)).await;
    let tally = Arc::new(Tally::default());
    // One cache for all: what differs is how they spread their calls.
    let tasks: Vec<_> = (0..setting.clients)
        .map(|_| {
            let mut policy = policy();
            policy.ejection = None;
            let watch = registry.watch("user").unwrap();
            let balanced = Balanced::new(watch, net.clone(), policy).unwrap();
            let tally = Arc::clone(&tally);
            tokio::spawn(calls(balanced, tally, Duration::from_millis(50)))
        })
        .collect();
    sleep(setting.warm_up).await;
    let _ = (net.take_calls(), tally.take_latencies());
    sleep(setting.time).await;
    let calls = net.take_calls();
    for task in &tasks {
        task.abort();
    }
    // Those in the queues count as well.
    while tally.running() > 0 {
        sleep(Duration::from_secs(1)).await;
    }
    let mut latencies = tally.take_latencies();
    let slow = setting.servers * setting.slow_percent / 100;
    let (slow_calls, fast_calls) = calls.split_at(slow);
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let share = slow_calls.iter().sum::<u64>() as f64 * 100.0 / calls.iter().sum::<u64>() as f64;
    Score {
        name,
        spread: spread(fast_calls),
        slow_calls: share,
        quantiles: QUANTILES
            .map(|at| (at, quantile(&mut latencies, at)))
            .into(),
    }
}

/// The calls of a client, by chance, one in `mean`.
#[expect(clippy::unwrap_used, reason = "a number can be encoded")]
async fn calls(balanced: Balanced, tally: Arc<Tally>, mean: Duration) {
    let body = Payload::new(&0_i64).unwrap();
    loop {
        sleep(exponential(mean)).await;
        let key = HashKey::of_number(fastrand::u64(..100_000));
        tokio::spawn(Arc::clone(&tally).call(balanced.keyed(key), body.clone()));
    }
}
