//! Policies: who gets which calls.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::net::{Behaviour, REFUSED, Setup, setup, without_ejection};
use common::{entry, ms, secs};
use gobrpc_protocol::{Call, Code, Delivery, Phase};
use gobrpc_registry::balance::{
    ConsistentHash, HashKey, P2c, PeakEwma, PickFirst, PreferZone, Random, RoundRobin, SlowStart,
    Subset, WeightedRandom, WeightedRoundRobin,
};
use gobrpc_registry::{Policy, ServiceEntry};
use proptest::prelude::*;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

/// Chance is the same each time: what is asserted of it either holds or does not.
fn seed() {
    fastrand::seed(4);
}

/// Who got calls since the last look, how many.
fn shares(setup: &Setup) -> BTreeMap<u16, usize> {
    let mut shares = BTreeMap::new();
    for port in setup.net.ports() {
        *shares.entry(port).or_default() += 1;
    }
    shares
}

async fn calls(setup: &Setup, calls: usize) -> BTreeMap<u16, usize> {
    for _ in 0..calls {
        setup.call().await.unwrap();
        // Else nothing else runs, as these calls are answered at once.
        yield_now().await;
    }
    shares(setup)
}

async fn with_entries(policy: Policy, entries: impl IntoIterator<Item = ServiceEntry>) -> Setup {
    let mut setup = setup(0, policy).await;
    for entry in entries {
        setup.add_entry(entry).await;
    }
    // Nobody is new any more.
    sleep(secs(30)).await;
    setup
}

/// Within four standard deviations.
#[track_caller]
fn assert_share(shares: &BTreeMap<u16, usize>, port: u16, share: f64) {
    let calls: usize = shares.values().sum();
    let expected = calls as f64 * share;
    let got = shares.get(&port).copied().unwrap_or(0) as f64;
    let deviation = (calls as f64 * share * (1.0 - share)).sqrt();
    assert!(
        (got - expected).abs() <= 4.0 * deviation + 1e-9,
        "{port}: {got} for {expected}"
    );
}

#[tokio::test(start_paused = true)]
async fn pick_first_stays_with_one_and_has_others_standing_by() {
    seed();
    let setup = setup(3, Policy::new(PickFirst::new())).await;
    assert_eq!(calls(&setup, 50).await, BTreeMap::from([(1, 50)]));
    setup.net.set(1, REFUSED);
    assert_eq!(calls(&setup, 50).await, BTreeMap::from([(1, 1), (2, 50)]));
    setup.net.set(1, Behaviour::Answer);
    sleep(secs(3)).await;
    assert_eq!(calls(&setup, 50).await, BTreeMap::from([(1, 50)]));
    // Shuffled, each client has one of its own.
    let mut firsts = BTreeSet::new();
    for _ in 0..40 {
        let setup = self::setup(3, Policy::new(PickFirst::shuffled())).await;
        let shares = calls(&setup, 5).await;
        assert_eq!(shares.len(), 1);
        firsts.extend(shares.into_keys());
    }
    assert_eq!(firsts.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn round_robin_skips_who_fails_without_doubling_the_next() {
    let setup = setup(4, Policy::round_robin()).await;
    setup.net.set(2, REFUSED);
    calls(&setup, 10).await;
    assert_eq!(
        calls(&setup, 300).await,
        BTreeMap::from([(1, 100), (3, 100), (4, 100)])
    );
}

#[tokio::test(start_paused = true)]
async fn weights_are_kept_by_all_that_look_at_them() {
    seed();
    for policy in [
        Policy::new(WeightedRandom::new()),
        Policy::new(WeightedRoundRobin::new()),
        Policy::new(P2c::new()),
    ] {
        let weights = [100, 300, 0, 200];
        let entries = weights
            .iter()
            .zip(1..)
            .map(|(weight, port)| entry(port).with_weight(*weight));
        let setup = with_entries(policy, entries).await;
        let shares = calls(&setup, 6000).await;
        for (port, share) in [(1, 1.0 / 6.0), (2, 0.5), (3, 0.0), (4, 1.0 / 3.0)] {
            assert_share(&shares, port, share);
        }
    }
    // One who takes turns is exact.
    let entries = [(1, 1), (2, 2), (3, 5)].map(|(port, weight)| entry(port).with_weight(weight));
    let setup = with_entries(Policy::new(WeightedRoundRobin::new()), entries).await;
    let shares = calls(&setup, 8000).await;
    for (port, share) in [(1, 1000), (2, 2000), (3, 5000)] {
        assert!(shares[&port].abs_diff(share) <= 2, "{shares:?}");
    }
    // If all weigh nothing, they are alike.
    for policy in [
        Policy::new(WeightedRandom::new()),
        Policy::new(WeightedRoundRobin::new()),
    ] {
        let setup = with_entries(policy, [1, 2].map(|port| entry(port).with_weight(0))).await;
        assert_share(&calls(&setup, 1000).await, 1, 0.5);
    }
}

#[tokio::test(start_paused = true)]
async fn p2c_and_ewma_avoid_the_one_that_is_busy() {
    for policy in [Policy::new(P2c::new()), Policy::new(PeakEwma::new())] {
        let setup = setup(3, policy).await;
        setup.net.set(1, Behaviour::Hold);
        // Slower than what is expected of one that nothing is known of.
        setup.net.set(2, Behaviour::Slow(40));
        setup.net.set(3, Behaviour::Slow(40));
        // Until it has a call.
        let held = loop {
            let mut reply = setup.call().start();
            if timeout(ms(50), &mut reply).await.is_err() {
                break reply;
            }
        };
        setup.net.ports();
        // Two seconds, in which little is forgotten.
        let shares = calls(&setup, 50).await;
        assert_eq!(shares.get(&1), None, "{shares:?}");
        drop(held);
    }
}

#[tokio::test(start_paused = true)]
async fn ewma_avoids_the_one_that_is_slow_and_finds_when_it_is_not() {
    seed();
    let setup = setup(3, Policy::new(PeakEwma::new())).await;
    setup.net.set(1, Behaviour::Slow(500));
    setup.net.set(2, Behaviour::Slow(10));
    setup.net.set(3, Behaviour::Slow(10));
    calls(&setup, 30).await;
    let shares = calls(&setup, 1000).await;
    assert!(shares.get(&1).copied().unwrap_or(0) < 10, "{shares:?}");
    setup.net.set(1, Behaviour::Slow(10));
    sleep(secs(60)).await;
    // It is asked again; how often hangs on the fourth digit of its latency.
    let shares = calls(&setup, 1000).await;
    assert!(shares[&1] >= 20, "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn ewma_is_not_drawn_to_who_fails_fast() {
    seed();
    let setup = setup(2, without_ejection(Policy::new(PeakEwma::new()))).await;
    setup.net.set(
        1,
        Behaviour::Fail(Code::Unavailable, Phase::Wait, Delivery::Sent),
    );
    setup.net.set(2, Behaviour::Slow(100));
    let mut failed = 0;
    for _ in 0..1000 {
        failed += usize::from(setup.call().await.is_err());
    }
    // Half of them would go there, or all as it is so quick.
    assert!(failed < 100, "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_zone_keeps_its_calls_until_too_few_work() {
    seed();
    let zone = |port: u16| entry(port).with_zone(if port <= 4 { "a" } else { "b" });
    let policy = || Policy::new(PreferZone::new("a", Random::new()));
    let own = |shares: &BTreeMap<u16, usize>| {
        let own: usize = shares
            .iter()
            .filter(|(port, _)| **port <= 4)
            .map(|(_, calls)| calls)
            .sum();
        own as f64 / shares.values().sum::<usize>() as f64
    };
    let setup = with_entries(policy(), (1..=8).map(zone)).await;
    assert_eq!(own(&calls(&setup, 500).await), 1.0);
    // 3 of 4: 105 % of the calls. 2 of 4: 70 %. 1 of 4: 35 %. None: none.
    for (gone, share) in [(1, 1.0), (2, 0.7), (3, 0.35), (4, 0.0)] {
        setup.net.set(gone, REFUSED);
        while setup.balanced.endpoints()[usize::from(gone) - 1]
            .stats()
            .errors
            == 0
        {
            setup.call().await.unwrap();
        }
        sleep(ms(1)).await;
        setup.net.ports();
        let shares = calls(&setup, 2000).await;
        assert!((own(&shares) - share).abs() < 0.05, "{gone}: {shares:?}");
    }
    // A zone without endpoints, and a service without others.
    let setup = with_entries(
        Policy::new(PreferZone::new("c", Random::new())),
        (1..=8).map(zone),
    )
    .await;
    assert_eq!(calls(&setup, 400).await.len(), 8);
    let setup = with_entries(policy(), (1..=2).map(zone)).await;
    assert_eq!(calls(&setup, 100).await.len(), 2);
    // Fewer than make a zone keep what they can bear.
    let mut balance = PreferZone::new("a", Random::new());
    balance.at_least = 4;
    let setup = with_entries(Policy::new(balance), [zone(1), zone(5), zone(6)]).await;
    assert_share(&calls(&setup, 2000).await, 1, 0.25);
}

#[tokio::test(start_paused = true)]
async fn a_new_endpoint_gets_little_at_first() {
    seed();
    for policy in [
        Policy::new(SlowStart::new(RoundRobin::new())),
        Policy::new(SlowStart::new(Random::new())),
        Policy::new(SlowStart::new(P2c::new())),
        Policy::new(SlowStart::new(WeightedRoundRobin::new())),
    ] {
        // Those that come one after the other are new to each other for a while.
        let mut setup = with_entries(policy, (1..=4).map(entry)).await;
        assert_share(&calls(&setup, 1000).await, 1, 0.25);
        setup.add(5).await;
        sleep(ms(300)).await;
        // A tenth of a fifth; the times before were 0.3 to 0.5 s of 10.
        let shares = calls(&setup, 5000).await;
        let share = shares.get(&5).copied().unwrap_or(0) as f64 / 5000.0;
        assert!((0.014..0.028).contains(&share), "{share}");
        sleep(ms(4600)).await;
        let shares = calls(&setup, 5000).await;
        let share = shares[&5] as f64 / 5000.0;
        assert!((0.09..0.125).contains(&share), "{share}");
        sleep(secs(5)).await;
        assert_share(&calls(&setup, 5000).await, 5, 0.2);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_works_again_starts_slowly_and_the_first_ones_do_not() {
    seed();
    let setup = setup(0, Policy::new(SlowStart::new(RoundRobin::new()))).await;
    let mut setup = setup;
    setup.add(1).await;
    assert_eq!(calls(&setup, 10).await[&1], 10);
    drop(setup);

    setup = with_entries(
        Policy::new(SlowStart::new(RoundRobin::new())),
        (1..=4).map(entry),
    )
    .await;
    setup.net.set(1, REFUSED);
    calls(&setup, 10).await;
    setup.net.set(1, Behaviour::Answer);
    sleep(secs(2)).await;
    // The call that finds out, and some.
    calls(&setup, 50).await;
    let shares = calls(&setup, 1000).await;
    assert!((5..80).contains(&shares[&1]), "{shares:?}");
    sleep(secs(10)).await;
    assert_eq!(calls(&setup, 1000).await[&1], 250);
}

/// Where keys live.
async fn homes(setup: &Setup, keys: u64) -> BTreeMap<u64, u16> {
    let mut homes = BTreeMap::new();
    for key in 0..keys {
        let caller = setup.balanced.keyed(HashKey::of_number(key));
        let port: i64 = Call::new(caller, "User.Port", &0_i64).await.unwrap();
        homes.insert(key, u16::try_from(port).unwrap());
    }
    homes
}

#[tokio::test(start_paused = true)]
async fn a_key_lives_in_one_place_for_all_clients() {
    let one = setup(5, Policy::new(ConsistentHash::new())).await;
    let other = setup(5, Policy::new(ConsistentHash::new())).await;
    let homes_of_one = homes(&one, 200).await;
    assert_eq!(homes_of_one, homes(&other, 200).await);
    assert_eq!(homes_of_one, homes(&one, 200).await);
    // Without a key, anybody will do; a function may find one.
    one.net.ports();
    assert_eq!(calls(&one, 200).await.len(), 5);
    let by_method = ConsistentHash::by(|head| Some(HashKey::of(&*head.service_method)));
    let setup = setup(5, Policy::new(by_method)).await;
    assert_eq!(calls(&setup, 50).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_home_fails_only_its_keys_move() {
    let setup = setup(5, Policy::new(ConsistentHash::new())).await;
    let before = homes(&setup, 300).await;
    setup.net.set(3, REFUSED);
    homes(&setup, 300).await;
    let during = homes(&setup, 300).await;
    for (key, home) in &before {
        match home {
            3 => assert_ne!(during[key], 3),
            home => assert_eq!(during[key], *home),
        }
    }
    setup.net.set(3, Behaviour::Answer);
    sleep(secs(4)).await;
    homes(&setup, 300).await;
    assert_eq!(homes(&setup, 300).await, before);
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_more_than_a_quarter_above_its_share() {
    for (percent, most) in [(125, 13), (200, 20), (u32::MAX, 40)] {
        let mut hash = ConsistentHash::new();
        hash.load_percent = percent;
        let setup = setup(4, Policy::new(hash)).await;
        for port in 1..=4 {
            setup.net.set(port, Behaviour::Hold);
        }
        // One hot key, 40 calls at a time: the share is 10.
        let caller = setup.balanced.keyed(HashKey::of("hot"));
        let held: Vec<_> = (0..40)
            .map(|_| Call::<i64, _>::new(caller.clone(), "User.Port", &0_i64).start())
            .collect();
        let mut loads: Vec<_> = setup
            .balanced
            .endpoints()
            .iter()
            .map(|e| e.in_flight())
            .collect();
        loads.sort_unstable();
        assert_eq!(loads.iter().sum::<usize>(), 40);
        assert!(loads[3] <= most && loads[3] + 1 >= most, "{loads:?}");
        drop(held);
    }
}

#[tokio::test(start_paused = true)]
async fn a_subset_is_small_and_another_for_each_client() {
    let mut users = BTreeMap::<u16, usize>::new();
    for client in 0..60 {
        let policy = Policy::new(Subset::new(5, RoundRobin::new()).client(client));
        let setup = setup(20, policy).await;
        let shares = calls(&setup, 50).await;
        assert_eq!(shares.len(), 5, "{shares:?}");
        assert!(shares.values().all(|calls| *calls == 10));
        for port in shares.into_keys() {
            *users.entry(port).or_default() += 1;
        }
    }
    // 15 on average, by chance: five standard deviations.
    assert_eq!(users.len(), 20);
    assert!(
        users.values().all(|users| (1..=33).contains(users)),
        "{users:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn when_one_of_a_subset_fails_one_other_takes_its_place() {
    let policy = Policy::new(Subset::new(5, RoundRobin::new()).client(7));
    let setup = setup(20, policy).await;
    let before: BTreeSet<_> = calls(&setup, 50).await.into_keys().collect();
    let gone = *before.first().unwrap();
    setup.net.set(gone, REFUSED);
    calls(&setup, 50).await;
    let after: BTreeSet<_> = calls(&setup, 50).await.into_keys().collect();
    assert_eq!(after.len(), 5);
    assert_eq!(after.intersection(&before).count(), 4);
    setup.net.set(gone, Behaviour::Answer);
    sleep(secs(4)).await;
    calls(&setup, 50).await;
    assert_eq!(
        calls(&setup, 50).await.into_keys().collect::<BTreeSet<_>>(),
        before
    );
}

fn paused<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true);
    runtime.build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever instances there are, and whichever comes or goes: keys move to the one
    /// that comes or from the one that goes, and no others do.
    #[test]
    fn keys_move_only_to_who_comes_and_from_who_goes(
        ports in proptest::collection::btree_set(1_u16.., 2..12),
        weighted in any::<bool>(),
    ) {
        paused(async {
            let weight = |port: u16| if weighted { u32::from(port % 5) + 1 } else { 100 };
            let entries = ports.iter().map(|port| entry(*port).with_weight(weight(*port)));
            let mut setup = with_entries(Policy::new(ConsistentHash::new()), entries).await;
            let with = homes(&setup, 100).await;
            let last = setup.servers.pop().unwrap();
            let gone = last.entry().addr().port().unwrap();
            last.deregister().await.unwrap();
            sleep(secs(1)).await;
            let without = homes(&setup, 100).await;
            for (key, home) in &with {
                if *home == gone {
                    prop_assert_ne!(without[key], gone);
                } else {
                    prop_assert_eq!(without[key], *home);
                }
            }
            Ok(())
        })?;
    }

    /// Keys spread by weight: by chance, within five standard deviations.
    #[test]
    fn keys_spread_by_weight(
        weights in proptest::collection::vec(1_u32..10, 2..6),
        first in 1_u16..60_000,
    ) {
        paused(async {
            let entries = weights.iter().zip(first..).map(|(w, port)| entry(port).with_weight(*w));
            let setup = with_entries(Policy::new(ConsistentHash::new()), entries).await;
            homes(&setup, 1000).await;
            let shares = shares(&setup);
            let all: u32 = weights.iter().sum();
            for (weight, port) in weights.iter().zip(first..) {
                let share = f64::from(*weight) / f64::from(all);
                let got = shares.get(&port).copied().unwrap_or(0) as f64;
                let deviation = (1000.0 * share * (1.0 - share)).sqrt();
                prop_assert!((got - 1000.0 * share).abs() < 5.0 * deviation, "{:?} {:?}", weights, shares);
            }
            Ok(())
        })?;
    }

    /// A subset changes by one at most when an instance comes or goes.
    #[test]
    fn a_subset_changes_by_one_at_most(
        ports in proptest::collection::btree_set(1_u16.., 2..16),
        size in 1_usize..8,
        client: u64,
    ) {
        paused(async {
            let policy = Policy::new(Subset::new(size, RoundRobin::new()).client(client));
            let mut setup = with_entries(policy, ports.iter().map(|port| entry(*port))).await;
            let subset = async |setup: &Setup| -> BTreeSet<u16> {
                calls(setup, size).await.into_keys().collect()
            };
            let with = subset(&setup).await;
            prop_assert_eq!(with.len(), size.min(ports.len()));
            let last = setup.servers.pop().unwrap();
            let gone = last.entry().addr().port().unwrap();
            last.deregister().await.unwrap();
            sleep(secs(1)).await;
            let without = subset(&setup).await;
            prop_assert_eq!(without.len(), size.min(ports.len() - 1));
            if !with.contains(&gone) {
                prop_assert_eq!(&with, &without);
            }
            prop_assert!(with.difference(&without).count() <= 1);
            Ok(())
        })?;
    }
}
