//! The simulation of `registry/docs/simulation.md`, small, with bounds on what it
//! finds. All times are virtual: nothing here depends on how fast this machine is.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::tests_outside_test_module,
    reason = "an integration test"
)]

use std::time::Duration;

use gobrpc_registry::Policy;
use gobrpc_tests::simulation::balancers::{self, POLICIES, Score, Setting};
use gobrpc_tests::simulation::fleet::{Effect, Fleet};

const SERVERS: usize = 60;
const CLIENTS: usize = 40;

fn simulated<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.unwrap().block_on(work)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[track_caller]
fn assert_effect(effect: &Effect, failed: u64, failures_end: Duration, converged: Duration) {
    println!(
        "{}: {} of {} failed, the last after {:?}; all know after {:?}; busiest {:.2}; {:?}",
        effect.name,
        effect.failed,
        effect.calls,
        effect.last_failure,
        effect.converged,
        effect.spread,
        effect.traffic
    );
    assert!(effect.calls > 1000);
    assert!(effect.failed <= failed, "{}", effect.failed);
    assert!(effect.last_failure.unwrap_or_default() <= failures_end);
    assert!(effect.converged <= converged, "{:?}", effect.converged);
    // About 30 calls for each server in the ten seconds that count.
    assert!(effect.spread < 2.0, "{}", effect.spread);
}

#[test]
fn a_fleet_survives_restarts_the_loss_of_a_zone_and_of_the_registry() {
    simulated(async {
        let (mut fleet, start) = Fleet::start(SERVERS, CLIENTS, 7, Policy::default).await;
        assert_effect(&start, 0, secs(0), secs(1));
        // One watch and one snapshot for each client.
        assert_eq!((start.traffic.watches, start.traffic.snapshots), (1, 1));
        assert_effect(&fleet.rolling_restart(6).await, 0, secs(0), secs(1));
        // Those that were under way: 200 calls/s of 0.1 s, a third of them. What finds
        // dead servers later goes elsewhere.
        assert_effect(
            &fleet.zone_loss("loss of a zone").await,
            20,
            secs(1),
            secs(12),
        );
        assert_effect(&fleet.zone_return().await, 0, secs(0), secs(5));
        let outage = fleet.registry_outage(secs(30)).await;
        assert_effect(&outage, 0, secs(0), secs(10));
    });
}

fn score(name: &str, slow_percent: usize) -> Score {
    let (name, policy) = POLICIES
        .into_iter()
        .find(|(known, _)| *known == name)
        .unwrap();
    let setting = Setting {
        seed: 7,
        servers: SERVERS,
        clients: 60,
        slow_percent,
        warm_up: secs(3),
        time: secs(6),
    };
    let score = simulated(balancers::run(name, policy, setting));
    println!("{score:?}");
    score
}

#[test]
fn policies_that_look_at_load_keep_the_tail_short() {
    let (random, p2c) = (score("random", 5), score("subset of 20, p2c", 5));
    let ewma = score("subset of 20, peak EWMA", 5);
    // A slow server can bear a fifth of its share.
    assert!(random.slow_calls > 3.5, "{random:?}");
    assert!(p2c.slow_calls < random.slow_calls && ewma.slow_calls < random.slow_calls / 2.0);
    assert!(p2c.at(0.99) < random.at(0.99) && ewma.at(0.99) < random.at(0.99));
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    assert_eq!(score("p2c", 5), score("p2c", 5));
}
