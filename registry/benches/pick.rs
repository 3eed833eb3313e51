//! What a pick costs, by policy, beside round robin in the same run.
//!
//! `cargo bench -p gobrpc-registry --bench pick`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gobrpc_protocol::caller::{Head, Request};
use gobrpc_protocol::{Caller, Error, Exchange, Payload};
use gobrpc_registry::balance::{
    ConsistentHash, HashKey, P2c, PeakEwma, PickFirst, PreferZone, Random, RoundRobin, SlowStart,
    Subset, WeightedRandom, WeightedRoundRobin,
};
use gobrpc_registry::{
    Balanced, Connection, Memory, Policy, RegisterOptions, Registry, ServiceEntry,
};

/// Ends every call at once: what is left is the balancer.
struct Nothing;

impl Caller for Nothing {
    fn start(&self, _: Request) -> Exchange {
        Exchange::ready(Err(Error::not_found("nothing here")))
    }
}

impl Connection for Nothing {
    fn close(&self) {}
}

/// Short rounds, of which the best counts: whatever else runs here only adds.
const ROUNDS: u32 = 100;
const CALLS: u32 = 500;

/// A policy and its name.
type Named = (&'static str, fn() -> Policy);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let policies: [Named; 11] = [
        ("round robin", || Policy::new(RoundRobin::new())),
        ("pick first", || Policy::new(PickFirst::new())),
        ("random", || Policy::new(Random::new())),
        ("weighted random", || Policy::new(WeightedRandom::new())),
        ("weighted round robin", || {
            Policy::new(WeightedRoundRobin::new())
        }),
        ("p2c", || Policy::new(P2c::new())),
        ("peak EWMA", || Policy::new(PeakEwma::new())),
        ("consistent hash", || Policy::new(ConsistentHash::new())),
        ("subset of 20, p2c", || {
            Policy::new(Subset::new(20, P2c::new()))
        }),
        ("zone, p2c", || {
            Policy::new(PreferZone::new("a", P2c::new()))
        }),
        ("slow start, p2c", || {
            Policy::new(SlowStart::new(P2c::new()))
        }),
    ];
    for servers in [3, 100, 1000] {
        let registry = Registry::new(Arc::new(Memory::new()));
        let mut registrations = Vec::new();
        for number in 0..servers {
            let addr = format!("10.0.{}.{}:80", number / 250, number % 250 + 1);
            let entry = ServiceEntry::new("user", "v1", addr).unwrap();
            let entry = entry.with_zone(["a", "b"][number % 2]);
            let entry = entry.with_weight(100 + u32::try_from(number % 3).unwrap() * 50);
            registrations.push(
                registry
                    .register(entry, RegisterOptions::default())
                    .unwrap(),
            );
        }
        for registration in &registrations {
            registration.settled().await.unwrap();
        }
        println!("\n{servers} endpoints: a whole call through the balancer");
        let mut first = None;
        for (name, policy) in policies {
            let connect = |_: &ServiceEntry| Arc::new(Nothing) as Arc<dyn Connection>;
            let watch = registry.watch("user").unwrap();
            let balanced = Balanced::new(watch, connect, policy()).unwrap();
            while balanced.endpoints().len() < servers {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let caller = balanced.keyed(HashKey::of("key"));
            let body = Payload::new(&0_i64).unwrap();
            let call = async || {
                let head = Head::new("User.Name");
                let mut exchange = caller.start(Request {
                    head,
                    body: body.clone(),
                });
                black_box(std::future::poll_fn(|cx| exchange.poll_next(cx)).await);
            };
            let mut best = Duration::MAX;
            for _ in 0..ROUNDS {
                let began = Instant::now();
                for _ in 0..CALLS {
                    call().await;
                }
                best = best.min(began.elapsed() / CALLS);
            }
            let base = *first.get_or_insert(best);
            let ratio = best.as_secs_f64() / base.as_secs_f64();
            println!("{name:24} {best:>10.0?}  {ratio:>6.2} × round robin");
        }
    }
}
