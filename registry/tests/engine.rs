//! The promises of the engine, over a registry that fails, in tokio's paused time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::sync::Arc;

use common::{Link, Mode, World, entry, ms, ports, secs};
use gobrpc_registry::backend::Claim;
use gobrpc_registry::{
    Backend, Error, Event, Memory, RegisterOptions, Registration, RegistrationState, Registry,
    RegistryOptions, Selector, ServiceSet, State, Watch,
};
use tokio::time::{Instant, sleep, timeout};

/// The TTL that is registered with.
const TTL: std::time::Duration = secs(10);

fn world() -> World {
    World::new(Memory::new())
}

fn registry(link: &Arc<Link>) -> Registry {
    Registry::new(Arc::clone(link) as Arc<dyn Backend>)
}

fn register(registry: &Registry, port: u16) -> Registration {
    let options = RegisterOptions::default().with_ttl(TTL);
    registry.register(entry(port), options).unwrap()
}

async fn registered(registry: &Registry, port: u16) -> Registration {
    let registration = register(registry, port);
    timeout(secs(60), registration.settled())
        .await
        .unwrap()
        .unwrap();
    registration
}

async fn get(registry: &Registry) -> Vec<u16> {
    ports(&registry.get("user", &Selector::new()).await.unwrap())
}

/// Waits for a state of the registry itself, not of a cache.
async fn until(world: &World, len: usize) -> std::time::Duration {
    let start = Instant::now();
    while world.memory().len() != len {
        assert!(
            start.elapsed() < secs(300),
            "{} entries",
            world.memory().len()
        );
        sleep(ms(10)).await;
    }
    start.elapsed()
}

async fn snapshot(watch: &mut Watch) -> ServiceSet {
    match watch.next().await {
        Event::Snapshot(set) => set,
        other => panic!("{other:?}"),
    }
}

/// No change for a while.
async fn quiet(watch: &mut Watch, time: std::time::Duration) {
    if let Ok(event) = timeout(time, watch.next()).await {
        panic!("{event:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_stays_for_as_long_as_it_is_registered() {
    let world = world();
    let registry = registry(&world.link());
    let registration = registered(&registry, 1).await;
    let mut watch = registry.watch("user").unwrap();
    assert_eq!(ports(&snapshot(&mut watch).await), [1]);
    quiet(&mut watch, secs(3600)).await;
    let status = registration.status();
    assert_eq!((status.acquisitions, status.renew_failures), (1, 0));
    registration.deregister().await.unwrap();
    let event = timeout(secs(1), watch.next()).await.unwrap();
    assert!(event.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn p1_a_server_is_back_soon_after_the_registry_is_even_without_its_data() {
    for seed in 0..50 {
        fastrand::seed(seed);
        let world = world();
        let link = world.link();
        let registry = registry(&link);
        let mut registration = registered(&registry, 1).await;
        link.set(if seed % 2 == 0 {
            Mode::Down
        } else {
            Mode::Hung
        });
        sleep(secs(5) + ms(seed * 1100)).await;
        world.wipe();
        link.set(Mode::Up);
        let back = until(&world, 1).await;
        assert!(back <= TTL / 3 + secs(2), "seed {seed}: {back:?}");
        if registration.state() != RegistrationState::Registered {
            assert_eq!(registration.changed().await, RegistrationState::Registered);
        }
        assert!(registration.status().last_error.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn p2_a_dead_server_is_gone_after_its_ttl() {
    let world = world();
    let (server, client) = (world.link(), registry(&world.link()));
    let _dead = registered(&registry(&server), 1).await;
    let mut watch = client.watch("user").unwrap();
    assert_eq!(snapshot(&mut watch).await.len(), 1);
    server.set(Mode::Hung);
    let start = Instant::now();
    assert!(watch.next().await.all().is_empty());
    let gone = start.elapsed();
    assert!(gone <= TTL + secs(1) && gone >= TTL / 2, "{gone:?}");
}

#[tokio::test(start_paused = true)]
async fn p3_no_fault_of_the_registry_shrinks_a_clients_set() {
    for fault in [Mode::Down, Mode::Hung] {
        let world = world();
        let link = world.link();
        let registry = registry(&link);
        let mut servers = Vec::new();
        for port in 1..=3 {
            servers.push(registered(&registry, port).await);
        }
        let mut watch = registry.watch("user").unwrap();
        assert_eq!(snapshot(&mut watch).await.len(), 3);
        // Long enough for all leases to end, and then the data is lost, too.
        link.set(fault);
        for _ in 0..3000 {
            assert_eq!(get(&registry).await, [1, 2, 3]);
            sleep(ms(10)).await;
        }
        let health = watch.health();
        assert!(health.stale && health.last_error.is_some());
        assert!(health.last_contact.is_some());
        world.wipe();
        link.set(Mode::Up);
        quiet(&mut watch, secs(120)).await;
        let health = watch.health();
        assert!(!health.stale && health.last_error.is_none());
        assert_eq!(get(&registry).await, [1, 2, 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn p8_a_restart_on_the_same_address_within_the_ttl_stays_registered() {
    let world = world();
    let (old, new) = (world.link(), world.link());
    let _killed = registered(&registry(&old), 1).await;
    old.set(Mode::Hung);
    sleep(ms(500)).await;
    let registration = registered(&registry(&new), 1).await;
    let mut watch = registry(&new).watch("user").unwrap();
    let set = snapshot(&mut watch).await;
    assert_eq!(set.iter().next().unwrap().id(), registration.entry().id());
    quiet(&mut watch, TTL * 3).await;
    assert_eq!(registration.status().acquisitions, 1);
}

#[tokio::test(start_paused = true)]
async fn p9_a_paused_process_is_back_as_soon_as_it_runs() {
    let world = world();
    let registration = registered(&registry(&world.link()), 1).await;
    // Time passes, and nothing runs meanwhile.
    tokio::time::advance(TTL * 2).await;
    sleep(ms(1)).await;
    assert!(until(&world, 1).await <= secs(1));
    sleep(secs(1)).await;
    assert_eq!(registration.status().acquisitions, 2);
    assert_eq!(registration.state(), RegistrationState::Registered);
}

#[tokio::test(start_paused = true)]
async fn p10_two_hundred_clients_come_back_one_after_the_other() {
    fastrand::seed(10);
    let world = world();
    let link = world.link();
    let _server = registered(&registry(&world.link()), 1).await;
    let clients: Vec<_> = (0..200).map(|_| registry(&link)).collect();
    // And two hundred watchers in one of them are one watch.
    let watches: Vec<_> = (0..200)
        .map(|_| clients[0].watch("user").unwrap())
        .collect();
    for client in &clients {
        assert_eq!(get(client).await, [1]);
    }
    assert_eq!(link.tails(), 200);
    link.set(Mode::Down);
    sleep(secs(40)).await;
    let (back, before) = (Instant::now(), link.lists().len());
    link.set(Mode::Up);
    sleep(secs(11)).await;
    let times: Vec<_> = link.lists()[before..]
        .iter()
        .map(|at| at.duration_since(back))
        .collect();
    assert_eq!(times.len(), 200);
    assert!(times[199] - times[0] >= secs(5));
    for second in 0..11 {
        let burst = times.iter().filter(|at| at.as_secs() == second).count();
        assert!(burst <= 60, "{burst} in second {second}");
    }
    assert_eq!(watches[199].current().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_asked_about_ever_more_seldom() {
    let world = world();
    let link = world.link();
    link.set(Mode::Down);
    let registry = registry(&link);
    let registration = register(&registry, 1);
    let error = registry.get("user", &Selector::new()).await.unwrap_err();
    assert!(error.may_pass(), "{error}");
    sleep(secs(600)).await;
    assert!(link.lists().len() < 300, "{}", link.lists().len());
    assert!(link.acquires() < 800, "{}", link.acquires());
    assert_eq!(registration.state(), RegistrationState::Pending);
    assert!(registration.status().last_error.is_some());
    // An answer without entries is no error.
    link.set(Mode::Up);
    registration.settled().await.unwrap();
    sleep(secs(11)).await;
    assert_eq!(get(&registry).await, [1]);
    let other = registry.get("other", &Selector::new()).await.unwrap();
    assert!(other.is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_a_gap_everything_is_listed_again() {
    let memory = Memory::with_history(4);
    let registry = Registry::new(Arc::new(memory.clone()));
    let mut watch = registry.watch("user").unwrap();
    assert!(snapshot(&mut watch).await.is_empty());
    for port in 1..=100 {
        let claim = Claim::TakeOver;
        memory.acquire(&entry(port), TTL, claim).await.unwrap();
    }
    sleep(secs(2)).await;
    assert_eq!(watch.next().await.all().len(), 100);
    assert!(watch.health().gaps >= 1);

    // A gap that comes again and again does not turn the loop hot.
    let world = world();
    let link = world.link();
    let registry = self::registry(&link);
    assert!(get(&registry).await.is_empty());
    for _ in 0..1000 {
        link.gap();
    }
    sleep(secs(60)).await;
    assert!(link.lists().len() < 100, "{}", link.lists().len());
}

#[tokio::test(start_paused = true)]
async fn a_mass_removal_after_an_outage_is_held_and_then_believed() {
    let world = world();
    let (servers, client) = (world.link(), world.link());
    let mut registrations = Vec::new();
    for port in 1..=5 {
        registrations.push(registered(&registry(&servers), port).await);
    }
    let client = registry(&client);
    let mut watch = client.watch("user").unwrap();
    assert_eq!(snapshot(&mut watch).await.len(), 5);
    // The servers die, and the registry restarts without data.
    servers.set(Mode::Hung);
    let start = Instant::now();
    world.wipe();
    assert!(watch.next().await.all().is_empty());
    let held = start.elapsed();
    assert!((secs(20)..secs(23)).contains(&held), "{held:?}");
    assert_eq!(watch.health().guard_holds, 1);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_stalls_and_then_expires_everybody_changes_nothing() {
    let world = world();
    let (servers, client) = (world.link(), world.link());
    let mut registrations = Vec::new();
    for port in 1..=5 {
        registrations.push(registered(&registry(&servers), port).await);
    }
    let client_registry = registry(&client);
    let mut watch = client_registry.watch("user").unwrap();
    assert_eq!(snapshot(&mut watch).await.len(), 5);
    servers.set(Mode::Hung);
    client.set(Mode::Hung);
    sleep(secs(12)).await;
    client.set(Mode::Up);
    servers.set(Mode::Up);
    quiet(&mut watch, secs(60)).await;
    until(&world, 5).await;
}

#[tokio::test(start_paused = true)]
async fn flapping_shows_as_little_as_can_be() {
    let world = world();
    let registry = registry(&world.link());
    let _steady = registered(&registry, 1).await;
    let mut watch = registry.watch("user").unwrap();
    assert_eq!(snapshot(&mut watch).await.len(), 1);
    let id = entry(2).with_id("two").unwrap();
    let memory = world.memory();
    for _ in 0..100 {
        let lease = memory.acquire(&id, TTL, Claim::TakeOver).await.unwrap();
        sleep(ms(30)).await;
        memory.release(&lease).await.unwrap();
        sleep(ms(30)).await;
    }
    // It came, it went: all else was coalesced.
    assert_eq!(ports(watch.next().await.all()), [1, 2]);
    assert_eq!(ports(watch.next().await.all()), [1]);
    quiet(&mut watch, secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_misses_steps_and_no_state() {
    let world = world();
    let registry = registry(&world.link());
    let mut watch = registry.watch("user").unwrap();
    let mut other = watch.clone().with_selector(Selector::new().tag("x"));
    assert!(snapshot(&mut watch).await.is_empty());
    assert!(snapshot(&mut other).await.is_empty());
    let one = registered(&registry, 1).await;
    sleep(secs(1)).await;
    assert_eq!(ports(watch.next().await.all()), [1]);
    let _two = registered(&registry, 2).await;
    one.update(|entry| entry.weight = 5).unwrap();
    let gone = registered(&registry, 3).await;
    sleep(secs(1)).await;
    gone.deregister().await.unwrap();
    sleep(secs(1)).await;
    let Event::Change(change) = watch.next().await else {
        panic!()
    };
    assert_eq!(ports(&change.all), [1, 2]);
    assert_eq!((change.added.len(), change.removed.len()), (1, 0));
    assert_eq!(change.updated[0].weight, 5);
    quiet(&mut watch, secs(100)).await;
    one.update(|entry| entry.tags.push("x".into())).unwrap();
    assert_eq!(ports(other.next().await.all()), [1]);
}

#[tokio::test(start_paused = true)]
async fn updates_and_drain_reach_the_registry_also_after_an_outage() {
    let world = world();
    let link = world.link();
    let registration = registered(&registry(&link), 1).await;
    let client = registry(&world.link());
    assert_eq!(get(&client).await, [1]);
    link.set(Mode::Down);
    registration.update(|entry| entry.weight = 3).unwrap();
    registration.drain();
    assert!(timeout(secs(2), registration.settled()).await.is_err());
    link.set(Mode::Up);
    registration.settled().await.unwrap();
    sleep(secs(1)).await;
    let set = client.get("user", &Selector::new()).await.unwrap();
    let entry = set.iter().next().unwrap();
    assert_eq!((entry.weight, entry.state), (3, State::Draining));
    // Another entry is another registration.
    let other = common::entry(9);
    let error = registration.update(|entry| *entry = other).unwrap_err();
    assert!(matches!(error, Error::Refused(_)));
    let long = "x".repeat(70_000);
    assert!(registration.update(|entry| entry.zone = long).is_err());
    assert_eq!(registration.entry().addr().port(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn dropping_and_deregistering_take_the_entry_away() {
    let world = world();
    let link = world.link();
    let registry = registry(&link);
    drop(registered(&registry, 1).await);
    sleep(ms(10)).await;
    assert!(world.memory().is_empty());
    registered(&registry, 1).await.deregister().await.unwrap();
    assert!(world.memory().is_empty());
    // Never registered: nothing to take away.
    link.set(Mode::Down);
    register(&registry, 2).deregister().await.unwrap();
    link.set(Mode::Up);
    // Out of reach: at most a TTL, then the lease is over anyway.
    let registration = registered(&registry, 3).await;
    link.set(Mode::Hung);
    let start = Instant::now();
    registration.deregister().await.unwrap_err();
    assert!(start.elapsed() <= TTL);
    until(&world, 0).await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_missing_is_put_back_though_its_lease_seems_fine() {
    let world = world();
    let link = world.link();
    let registration = registered(&registry(&link), 1).await;
    link.lie();
    world.wipe();
    let back = until(&world, 1).await;
    assert!(back <= secs(34), "{back:?}");
    assert_eq!(registration.status().acquisitions, 2);
}

#[tokio::test(start_paused = true)]
async fn two_live_instances_at_one_address_do_not_fight_for_ever() {
    let world = world();
    let (links, mut registrations) = ([world.link(), world.link()], Vec::new());
    for link in &links {
        registrations.push(registered(&registry(link), 1).await);
    }
    sleep(secs(300)).await;
    let before: u64 = registrations.iter().map(|r| r.status().acquisitions).sum();
    sleep(secs(300)).await;
    let after: u64 = registrations.iter().map(|r| r.status().acquisitions).sum();
    assert_eq!(before, after);
    assert!(after <= 8, "{after}");
    let conflict = |r: &Registration| r.state() == RegistrationState::Conflict;
    let loser = registrations.iter().position(conflict).unwrap();
    let loser = registrations.remove(loser);
    let winner = registrations.remove(0);
    assert_eq!(winner.state(), RegistrationState::Registered);
    assert!(matches!(
        loser.status().last_error,
        Some(Error::Conflict { .. })
    ));
    winner.deregister().await.unwrap();
    timeout(TTL, loser.settled()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tail_that_loses_changes_and_says_nothing_is_found_out() {
    let world = world();
    let link = world.link();
    let client = registry(&link);
    assert!(get(&client).await.is_empty());
    assert_eq!(link.lists().len(), 1);
    sleep(secs(73)).await;
    assert_eq!(link.lists().len(), 2);
    sleep(secs(3600)).await;
    let lists = link.lists().len();
    assert!((48..=80).contains(&lists), "{lists}");
}

#[tokio::test(start_paused = true)]
async fn the_last_service_is_followed_and_no_more() {
    let mut options = RegistryOptions::default();
    options.services = 2;
    let registry = Registry::with_options(Arc::new(Memory::new()), options);
    let _one = registry.watch("one").unwrap();
    let two = registry.watch("two").unwrap();
    assert!(matches!(
        registry.watch("three"),
        Err(Error::TooManyServices(2))
    ));
    // One that nobody watches makes place.
    drop(two);
    let _three = registry.watch("three").unwrap();
    assert!(registry.get("four", &Selector::new()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn all_services_are_listed() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let other = gobrpc_registry::ServiceEntry::new("admin", "v1", "10.0.0.9:9").unwrap();
    let _admin = registry
        .register(other, RegisterOptions::default())
        .unwrap();
    let _user = registered(&registry, 1).await;
    let all = registry.list().await.unwrap();
    let names: Vec<_> = all.iter().map(|entry| entry.name()).collect();
    assert_eq!(names, ["admin", "user"]);
    let mut watch = registry.watch_all().unwrap();
    assert_eq!(snapshot(&mut watch).await.len(), 2);
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let error = registry.register(entry(1), RegisterOptions::default());
    assert!(matches!(error, Err(Error::NoRuntime)));
    assert!(matches!(registry.watch("user"), Err(Error::NoRuntime)));
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_dropped_when_it_is_too_old() {
    let world = world();
    let (servers, client) = (world.link(), world.link());
    let _server = registered(&registry(&servers), 1).await;
    let mut options = RegistryOptions::default();
    options.max_stale = Some(secs(60));
    let registry = Registry::with_options(Arc::clone(&client) as Arc<dyn Backend>, options);
    let mut watch = registry.watch("user").unwrap();
    assert_eq!(snapshot(&mut watch).await.len(), 1);
    for fault in [Mode::Down, Mode::Hung] {
        client.set(fault);
        // A heart beats every 2 s, and counts as word of it.
        quiet(&mut watch, secs(58)).await;
        assert_eq!(get(&registry).await, [1]);
        let start = Instant::now();
        assert!(watch.next().await.all().is_empty());
        // The last question to it may take 5 s.
        assert!(start.elapsed() <= secs(7), "{:?}", start.elapsed());
        let error = registry.get("user", &Selector::new()).await.unwrap_err();
        assert!(error.may_pass(), "{error}");
        assert!(watch.health().expired);
        quiet(&mut watch, secs(60)).await;
        client.set(Mode::Up);
        assert_eq!(ports(watch.next().await.all()), [1]);
        assert_eq!(get(&registry).await, [1]);
        assert!(!watch.health().expired);
    }
}

#[tokio::test(start_paused = true)]
async fn how_it_goes_is_told() {
    let world = world();
    let (servers, client) = (world.link(), world.link());
    let registration = registered(&registry(&servers), 1).await;
    let registry = registry(&client);
    let watch = registry.watch("user").unwrap();
    assert_eq!(get(&registry).await, [1]);
    for outage in 1..=2 {
        client.set(Mode::Hung);
        let health = timeout(secs(6), watch.health_changed()).await.unwrap();
        assert!(health.stale && health.last_error.is_some());
        assert_eq!(health.outages, outage);
        sleep(secs(30)).await;
        let silence = watch.health().silence().unwrap();
        // In real time, which has not passed.
        assert!(silence < secs(30));
        client.set(Mode::Up);
        let health = timeout(secs(20), watch.health_changed()).await.unwrap();
        assert!(!health.stale && health.last_error.is_none());
    }
    let all = registry.health();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].0.service_name(), Some("user"));
    assert_eq!((all[0].1.entries, all[0].1.outages), (1, 2));
    assert_eq!(registration.status().re_registrations(), 0);
    world.wipe();
    sleep(secs(20)).await;
    assert_eq!(registration.status().re_registrations(), 1);
}

#[tokio::test(start_paused = true)]
async fn options_beyond_reason_do_no_harm() {
    let world = world();
    let link = world.link();
    let far = std::time::Duration::MAX;
    let mut options = RegistryOptions::default();
    options.empty_grace = far;
    options.max_stale = Some(far);
    options.call_timeout = far;
    options.first_answer = far;
    options.idle = far;
    for resync in [far, secs(0)] {
        options.resync = resync;
        let backend = Arc::clone(&link) as Arc<dyn Backend>;
        let registry = Registry::with_options(backend, options.clone());
        assert!(get(&registry).await.is_empty());
        let before = link.lists().len();
        sleep(secs(10)).await;
        link.set(Mode::Down);
        sleep(secs(10)).await;
        link.set(Mode::Up);
        assert!(link.lists().len() <= before + 25, "{}", link.lists().len());
    }
    let options = RegisterOptions::default().with_ttl(far);
    let registration = registry(&link).register(entry(1), options).unwrap();
    registration.settled().await.unwrap();
}

/// What `gobrpc registry drain` does, and its `--undo`.
#[tokio::test(start_paused = true)]
async fn an_instance_keeps_the_state_that_another_process_asked_for() {
    let world = world();
    let (server, operator, client) = (world.link(), world.link(), registry(&world.link()));
    let registration = registered(&registry(&server), 1).await;
    let mut watch = client.watch("user").unwrap();
    assert_eq!(ports(&snapshot(&mut watch).await), [1]);
    for state in [State::Draining, State::Serving] {
        let mut ordered = (*registration.entry()).clone();
        ordered.state = state;
        let lease = operator.acquire(&ordered, TTL, Claim::TakeOver).await;
        lease.unwrap();
        let event = timeout(secs(1), watch.next()).await.unwrap();
        assert_eq!(event.all().iter().next().unwrap().state, state);
        // Its owner takes it back within a renewal, and leaves it as it is.
        quiet(&mut watch, secs(60)).await;
        let status = registration.status();
        assert_eq!(status.ordered, Some(state));
        assert_eq!(status.state, RegistrationState::Registered);
    }
    // Whatever else changes; and draining by its own will wins.
    registration.update(|entry| entry.weight = 7).unwrap();
    let event = timeout(secs(1), watch.next()).await.unwrap();
    assert_eq!(event.all().iter().next().unwrap().state, State::Serving);
    registration.drain();
    let event = timeout(secs(1), watch.next()).await.unwrap();
    assert_eq!(event.all().iter().next().unwrap().state, State::Draining);
    quiet(&mut watch, secs(60)).await;
    registration.deregister().await.unwrap();
    until(&world, 0).await;
}
