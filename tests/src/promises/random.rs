//! P5: whatever happens, once it is quiet the cache is what the registry lists.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gobrpc_registry::{Event, Prefix, RegisterOptions, Registration, ServiceSet};
use tokio::time::{sleep, timeout};

use super::world::{entry, ports};
use super::{Proxy, TTL, World};

/// Random operations and faults, over ways that can be cut, with the history
/// compacted every second; then the cache, what a watch told, and what the registry
/// lists are compared.
pub async fn cache_is_what_is_listed(world: &mut World) {
    let seed = match std::env::var("GOBRPC_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => fastrand::u64(..),
    };
    let mut random = fastrand::Rng::with_seed(seed);
    // Before anything, so that it is known whatever happens.
    eprintln!("{} p5_random: GOBRPC_SEED={seed}", world.kind.name);
    let address = world.site.address();
    let (to_servers, to_client) = (Proxy::to(&address).await, Proxy::to(&address).await);
    let servers = world.registry_at(to_servers.address());
    let client = world.registry_at(to_client.address());
    let mut watch = client.watch("who").unwrap();
    let mut live: BTreeMap<u16, Registration> = BTreeMap::new();
    let mut told: Option<Vec<u16>> = None;
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let until = Instant::now() + Duration::from_secs(20) * world.factor;
    let mut compacted = Instant::now();
    while Instant::now() < until {
        let port = random.u16(1..8);
        let what = match random.u32(0..100) {
            0..35 => {
                let options = RegisterOptions::default().with_ttl(TTL);
                // The old one is given up after the new one has begun: a restart.
                live.insert(port, servers.register(entry(port), options).unwrap());
                "registered"
            }
            35..50 => {
                drop(live.remove(&port));
                "dropped"
            }
            50..65 => {
                if let Some(registration) = live.get(&port) {
                    let weight = random.u32(0..100);
                    registration.update(|entry| entry.weight = weight).unwrap();
                }
                "updated"
            }
            65..70 => {
                to_servers.set_open(random.bool());
                "servers cut or mended"
            }
            70..75 => {
                to_client.set_open(random.bool());
                "client cut or mended"
            }
            75..77 => {
                world.kill();
                sleep(Duration::from_millis(random.u64(0..1500))).await;
                world.restart(random.u32(0..3) == 0);
                "registry killed"
            }
            77..79 => {
                tokio::task::block_in_place(|| world.site.process().pause());
                sleep(Duration::from_millis(random.u64(0..1500))).await;
                tokio::task::block_in_place(|| world.site.process().resume());
                "registry paused"
            }
            _ => {
                sleep(Duration::from_millis(random.u64(0..400))).await;
                "waited"
            }
        };
        *counts.entry(what).or_default() += 1;
        if compacted.elapsed() >= Duration::from_secs(1) {
            compacted = Instant::now();
            if tokio::task::block_in_place(|| world.site.compact()) {
                *counts.entry("compacted").or_default() += 1;
            }
        }
        while let Ok(event) = timeout(Duration::from_millis(1), watch.next()).await {
            follow(&mut told, &event);
        }
    }
    to_servers.set_open(true);
    to_client.set_open(true);
    let expected: Vec<u16> = live.keys().copied().collect();
    let quiet = Instant::now();
    let backend = world.backend();
    // Twice the TTL for what the guards hold, and the TTL for what was cut off.
    let mut last = String::new();
    loop {
        while let Ok(event) = timeout(Duration::from_millis(1), watch.next()).await {
            follow(&mut told, &event);
        }
        let known: ServiceSet = watch.current().unwrap_or_default();
        let listed = backend.snapshot(&Prefix::service("who")).await;
        if let Ok(mut listed) = listed {
            listed.records.sort_by(|one, other| one.key.cmp(&other.key));
            let same = known.records() == listed.records
                && ports(&known) == expected
                && told.as_deref() == Some(&expected[..])
                && known
                    .iter()
                    .zip(live.values())
                    .all(|(k, r)| **k == *r.entry());
            if same {
                break;
            }
            let listed: Vec<_> = listed.records.iter().map(|r| r.key.to_string()).collect();
            last = format!("expected {expected:?}, cache {known:?}, listed {listed:?}");
        }
        assert!(
            quiet.elapsed() < TTL * 6,
            "GOBRPC_SEED={seed}: {last}; {:?}; {:?}",
            watch.health(),
            live.values().map(Registration::status).collect::<Vec<_>>()
        );
        sleep(Duration::from_millis(100)).await;
    }
    let (time, health) = (quiet.elapsed(), watch.health());
    world.noted(format_args!(
        "seed {seed}: {counts:?}; the same {:.1} s after it is quiet; {} snapshots, {} gaps, {} holds",
        time.as_secs_f64(),
        health.resyncs,
        health.gaps,
        health.guard_holds
    ));
}

/// Applies what a watch tells, as a user of it would.
fn follow(told: &mut Option<Vec<u16>>, event: &Event) {
    let port = |entry: &gobrpc_registry::ServiceEntry| entry.addr().port().unwrap();
    let told = match event {
        Event::Snapshot(all) => told.insert(ports(all)),
        Event::Change(change) => {
            let told = told.as_mut().expect("a snapshot first");
            for entry in &change.removed {
                let at = told.iter().position(|known| *known == port(entry));
                told.remove(at.expect("what is removed was there"));
            }
            told.extend(change.added.iter().map(|entry| port(entry)));
            told.sort_unstable();
            told
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(*told, ports(event.all()));
}
