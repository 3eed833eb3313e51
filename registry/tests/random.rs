//! P5: whatever happened, once it is quiet the cache is what the registry lists.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{Mode, World, entry, ms, ports, secs};
use gobrpc_registry::{
    Backend, Event, Memory, RegisterOptions, Registration, Registry, RegistryOptions, Selector,
    ServiceSet,
};
use proptest::prelude::*;
use tokio::time::sleep;

#[derive(Debug, Clone)]
enum Op {
    Register(u16),
    Deregister(u16),
    Drop(u16),
    Update(u16, u32),
    /// Of the servers' way to the registry, or of the client's.
    Fault(bool, Mode),
    Gap,
    Wipe,
    Sleep(u64),
    Read,
}

fn op() -> impl Strategy<Value = Op> {
    let mode = prop_oneof![
        3 => Just(Mode::Up),
        1 => Just(Mode::Down),
        1 => Just(Mode::Hung),
    ];
    prop_oneof![
        6 => (1..7_u16).prop_map(Op::Register),
        2 => (1..7_u16).prop_map(Op::Deregister),
        2 => (1..7_u16).prop_map(Op::Drop),
        2 => (1..7_u16, 0..4_u32).prop_map(|(port, weight)| Op::Update(port, weight)),
        3 => (any::<bool>(), mode).prop_map(|(server, mode)| Op::Fault(server, mode)),
        1 => Just(Op::Gap),
        1 => Just(Op::Wipe),
        6 => (0..15_000_u64).prop_map(Op::Sleep),
        3 => Just(Op::Read),
    ]
}

/// Applies the changes that a watch tells, as a user of it would.
#[derive(Default)]
struct Reader(BTreeMap<u16, u32>);

impl Reader {
    fn read(&mut self, event: Event) {
        let port = |entry: &gobrpc_registry::ServiceEntry| entry.addr().port().unwrap();
        match &event {
            Event::Snapshot(set) => {
                self.0 = set.iter().map(|e| (port(e), e.weight)).collect();
            }
            Event::Change(change) => {
                for entry in &change.removed {
                    assert!(self.0.remove(&port(entry)).is_some());
                }
                for entry in &change.added {
                    assert!(self.0.insert(port(entry), entry.weight).is_none());
                }
                for entry in &change.updated {
                    assert!(self.0.insert(port(entry), entry.weight).is_some());
                }
            }
            _ => {}
        }
        let all = event.all().iter().map(|e| (port(e), e.weight));
        assert_eq!(self.0, all.collect());
    }
}

async fn run(ops: Vec<Op>) {
    let world = World::new(Memory::with_history(8));
    let (servers, client) = (world.link(), world.link());
    let registry = Registry::new(Arc::clone(&servers) as Arc<dyn Backend>);
    // Without the periodic look, which would hide what the tail gets wrong.
    let mut options = RegistryOptions::default();
    options.resync = secs(3600);
    let reading = Registry::with_options(Arc::clone(&client) as Arc<dyn Backend>, options);
    let mut watch = reading.watch("user").unwrap();
    let mut reader = Reader::default();
    let mut live: BTreeMap<u16, Registration> = BTreeMap::new();
    for op in ops {
        match op {
            Op::Register(port) => {
                // The old one is given up after the new one has begun: a restart.
                let new = registry.register(entry(port), RegisterOptions::default());
                live.insert(port, new.unwrap());
            }
            Op::Deregister(port) => {
                if let Some(registration) = live.remove(&port) {
                    let _ = registration.deregister().await;
                }
            }
            Op::Drop(port) => drop(live.remove(&port)),
            Op::Update(port, weight) => {
                if let Some(registration) = live.get(&port) {
                    registration.update(|entry| entry.weight = weight).unwrap();
                }
            }
            Op::Fault(true, mode) => servers.set(mode),
            Op::Fault(false, mode) => client.set(mode),
            Op::Gap => client.gap(),
            Op::Wipe => world.wipe(),
            Op::Sleep(time) => sleep(ms(time)).await,
            Op::Read => {
                if let Ok(event) = tokio::time::timeout(ms(1), watch.next()).await {
                    reader.read(event);
                }
            }
        }
    }
    servers.set(Mode::Up);
    client.set(Mode::Up);
    sleep(secs(60)).await;
    while let Ok(event) = tokio::time::timeout(ms(1), watch.next()).await {
        reader.read(event);
    }
    let known: ServiceSet = reading.get("user", &Selector::new()).await.unwrap();
    let expected: Vec<u16> = live.keys().copied().collect();
    assert_eq!(ports(&known), expected, "what is registered");
    let listed = world
        .memory()
        .snapshot(&gobrpc_registry::Prefix::service("user"))
        .await
        .unwrap();
    assert_eq!(known.records(), listed.records, "what the registry lists");
    for (known, registration) in known.iter().zip(live.values()) {
        assert_eq!(**known, *registration.entry());
    }
    assert_eq!(watch.current().as_ref(), Some(&known));
    assert_eq!(reader.0.len(), known.len());
    let health = watch.health();
    assert!(!health.stale && health.entries == known.len());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn p5_once_it_is_quiet_the_cache_is_what_the_registry_lists(
        seed: u64,
        ops in prop::collection::vec(op(), 0..60),
    ) {
        // A failure prints both arguments: the seed makes the jitter the same again.
        fastrand::seed(seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(ops));
    }
}
