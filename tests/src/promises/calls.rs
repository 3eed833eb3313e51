//! Calls while the registry, or a server, is away.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use gobrpc_client::Delivery;
use gobrpc_registry::announce::Announced;
use gobrpc_registry::{Registry, Watch};
use tokio::time::sleep;

use super::world::{shows, until_shown};
use super::{Link, Load, Peer, Proxy, TTL, World, serve};

/// Three servers in this process, and their ports.
pub(super) async fn servers(registry: &Registry) -> (Vec<Announced>, Vec<u16>) {
    let (mut servers, mut ports) = (Vec::new(), Vec::new());
    for number in 0..3 {
        let server = serve(registry, number, "127.0.0.1:0", None).await;
        server.registrations()[0].settled().await.unwrap();
        ports.extend(server.registrations()[0].entry().addr().port());
        servers.push(server);
    }
    ports.sort_unstable();
    (servers, ports)
}

/// When a watch says that it hears nothing.
async fn until_stale(watch: &Watch) -> Duration {
    let start = Instant::now();
    while !watch.health().stale {
        assert!(start.elapsed() < Duration::from_secs(60), "never noticed");
        sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

/// P3: killed, its data lost, away for 30 s under a thousand calls each second.
pub async fn without_a_registry(world: &mut World) {
    let registry = world.registry();
    let (servers, ports) = servers(&registry).await;
    let watch = registry.watch("who").unwrap();
    until_shown(&watch, &ports).await;
    let load = Load::start(&registry, 1000);
    sleep(Duration::from_secs(2)).await;
    world.kill();
    let noticed = until_stale(&watch).await;
    world.measured("killed; noticed after", noticed, Duration::from_secs(5));
    shows(&watch, &ports, Duration::from_secs(30) * world.factor).await;
    world.restart(true);
    // Twice the TTL: what the guard holds would have gone by then.
    shows(&watch, &ports, TTL * 2 + Duration::from_secs(2)).await;
    assert!(!watch.health().stale);
    let health = watch.health();
    world.noted(format_args!(
        "{} snapshots, {} holds",
        health.resyncs, health.guard_holds
    ));
    let tally = load.stop().await;
    world.noted(format_args!("30 s without a registry: {}", tally.line()));
    tally.assert_none_failed();
    drop(servers);
}

/// P4: stopped for two TTLs, after which it sweeps all leases at once.
pub async fn registry_paused(world: &mut World) {
    let (registry, client) = (world.registry(), world.registry());
    let (servers, ports) = servers(&registry).await;
    let watch = client.watch("who").unwrap();
    until_shown(&watch, &ports).await;
    let load = Load::start(&client, 100);
    sleep(Duration::from_secs(2)).await;
    tokio::task::block_in_place(|| world.site.process().pause());
    let noticed = until_stale(&watch).await;
    world.measured("paused; noticed after", noticed, Duration::from_secs(5));
    shows(
        &watch,
        &ports,
        (TTL * 2 + Duration::from_secs(2)).saturating_sub(noticed),
    )
    .await;
    tokio::task::block_in_place(|| world.site.process().resume());
    let back = world.until_listed(&ports).await;
    shows(&watch, &ports, TTL * 3).await;
    world.until_listed(&ports).await;
    let acquired: Vec<u64> = servers
        .iter()
        .map(|server| server.registrations()[0].status().acquisitions)
        .collect();
    world.noted(format_args!(
        "it goes on: all listed after {:.2} s; leases taken {acquired:?}",
        back.as_secs_f64()
    ));
    let tally = load.stop().await;
    world.noted(format_args!(
        "the registry paused for 12 s: {}",
        tally.line()
    ));
    tally.assert_none_failed();
}

/// P4: the link is cut, between all of them and the registry, for two TTLs.
pub async fn link_cut(world: &mut World) {
    let Some(link) = Link::to(&world.site.address(), world.peer).await else {
        world.noted("SKIPPED: needs root, and ip of iproute2");
        return;
    };
    let (registry, client) = (
        world.registry_at(link.address()),
        world.registry_at(link.address()),
    );
    let (servers, ports) = servers(&registry).await;
    let watch = client.watch("who").unwrap();
    until_shown(&watch, &ports).await;
    let load = Load::start(&client, 100);
    sleep(Duration::from_secs(2)).await;
    link.cut();
    let noticed = until_stale(&watch).await;
    world.measured(
        "the link is cut; noticed after",
        noticed,
        Duration::from_secs(5),
    );
    shows(
        &watch,
        &ports,
        (TTL * 2 + Duration::from_secs(2)).saturating_sub(noticed),
    )
    .await;
    // The leases are over, and the client, which cannot know, does not care.
    assert!(world.listed(&world.backend()).await.is_empty());
    link.mend();
    let back = world.until_listed(&ports).await;
    world.measured(
        "mended; all back after",
        back,
        TTL / 3 + Duration::from_secs(2),
    );
    shows(&watch, &ports, TTL * 3).await;
    let start = Instant::now();
    while watch.health().stale {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{:?}",
            watch.health()
        );
        sleep(Duration::from_millis(20)).await;
    }
    let tally = load.stop().await;
    world.noted(format_args!("the link cut for 12 s: {}", tally.line()));
    tally.assert_none_failed();
    drop(servers);
}

/// P3: the registry answers, but late: an answer of head and body takes 2 s of a TTL of
/// 5 s, and is to be there in the first third.
pub async fn slow_registry(world: &mut World) {
    let proxy = Proxy::to(&world.site.address()).await;
    let (registry, client) = (
        world.registry_at(proxy.address()),
        world.registry_at(proxy.address()),
    );
    let (servers, ports) = servers(&registry).await;
    let watch = client.watch("who").unwrap();
    until_shown(&watch, &ports).await;
    let load = Load::start(&client, 100);
    for delay in [500, 1000] {
        proxy.set_delay(Duration::from_millis(delay));
        shows(&watch, &ports, TTL * 2).await;
        let leases = |server: &Announced| server.registrations()[0].status().acquisitions;
        let leases: Vec<u64> = servers.iter().map(leases).collect();
        let listed = world.listed(&world.backend()).await.len();
        world.noted(format_args!(
            "each answer {delay} ms late for {} s: leases taken {leases:?}, {listed} listed, \
             {} outages seen",
            (TTL * 2).as_secs(),
            watch.health().outages
        ));
    }
    proxy.set_delay(Duration::ZERO);
    shows(&watch, &ports, TTL * 2).await;
    world.until_listed(&ports).await;
    let tally = load.stop().await;
    world.noted(tally.line());
    tally.assert_none_failed();
}

/// P6: three servers are restarted, one after the other, at their addresses.
pub async fn rolling_restart(world: &mut World) {
    roll(world, false).await;
}

/// P6, right after the registry itself was killed, and its data lost: clients hold
/// back removals then, and still believe who says that it leaves.
pub async fn rolling_restart_after_an_outage(world: &mut World) {
    roll(world, true).await;
}

async fn roll(world: &mut World, after_outage: bool) {
    let registry = world.registry();
    let mut servers: Vec<Peer> = (0..3)
        .map(|number| world.server(number, "127.0.0.1:0"))
        .collect();
    let ports: Vec<u16> = servers.iter().map(Peer::port).collect();
    let mut sorted = ports.clone();
    sorted.sort_unstable();
    let watch = registry.watch("who").unwrap();
    until_shown(&watch, &sorted).await;
    let load = Load::start(&registry, 300);
    if after_outage {
        world.kill();
        sleep(TTL + Duration::from_secs(1)).await;
        world.restart(true);
        world.until_listed(&sorted).await;
        // Nothing is right yet, as far as the client knows.
        while watch.health().stale {
            sleep(Duration::from_millis(20)).await;
        }
    }
    for round in 0..3 * u64::from(world.factor) {
        let which = (round % 3) as usize;
        let cut = servers.remove(0).leave();
        assert_eq!(cut, "0", "connections that were cut");
        let again = world.server(3 + round, &format!("127.0.0.1:{}", ports[which]));
        again.wait("registered ");
        servers.push(again);
        until_shown(&watch, &sorted).await;
    }
    sleep(Duration::from_secs(1)).await;
    let tally = load.stop().await;
    world.noted(format_args!(
        "3 servers restarted one by one: {}",
        tally.line()
    ));
    assert!(tally.servers.len() >= 6, "{:?}", tally.servers);
    tally.assert_none_failed();
}

/// Calls each second, while servers are killed.
const RATE: u32 = 300;

/// Servers are killed under load, again and again. What a server wrote down is
/// compared with what its clients were told: no ticket runs twice, none that was
/// answered is missing, none hangs. A call that was under way fails, and says that
/// nobody knows whether it ran.
pub async fn servers_killed(world: &mut World) {
    let registry = world.registry();
    let folder = std::env::temp_dir().join(format!(
        "gobrpc-books-{}-{}",
        std::process::id(),
        world.kind.name
    ));
    std::fs::create_dir_all(&folder).unwrap();
    let book = |number: u64| folder.join(number.to_string());
    let start = |number: u64, listen: &str| {
        let registry = world.site.address();
        Peer::server_with_book(world, &registry, number, listen, Some(&book(number)))
    };
    let mut servers: Vec<Peer> = (0..3).map(|number| start(number, "127.0.0.1:0")).collect();
    let ports: Vec<u16> = servers.iter().map(Peer::port).collect();
    let mut sorted = ports.clone();
    sorted.sort_unstable();
    let watch = registry.watch("who").unwrap();
    until_shown(&watch, &sorted).await;
    let load = Load::start(&registry, RATE);
    let began = Instant::now();
    let rounds = 6 * u64::from(world.factor);
    for round in 0..rounds {
        sleep(Duration::from_millis(500 + round * 37 % 100)).await;
        servers.remove(0).kill();
        // Away for a moment, in which its entry is still there.
        sleep(Duration::from_millis(300)).await;
        let port = ports[(round % 3) as usize];
        let again = start(3 + round, &format!("127.0.0.1:{port}"));
        again.wait("registered ");
        servers.push(again);
    }
    sleep(Duration::from_secs(1)).await;
    let tally = load.stop().await;
    let mut ran: BTreeMap<u64, u32> = BTreeMap::new();
    for number in 0..3 + rounds {
        let text = std::fs::read_to_string(book(number)).unwrap_or_default();
        for line in text.lines() {
            *ran.entry(line.parse().unwrap()).or_default() += 1;
        }
    }
    drop(std::fs::remove_dir_all(&folder));
    let twice = ran.values().filter(|times| **times > 1).count();
    let missing = tally
        .answered
        .iter()
        .filter(|t| !ran.contains_key(t))
        .count();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = HashSet::new();
    for (ticket, delivery, error) in &tally.failed {
        *kinds.entry(format!("{delivery:?}")).or_default() += 1;
        if delivery.cannot_have_run() && ran.contains_key(ticket) {
            wrong.insert((ticket, error));
        }
    }
    world.noted(format_args!(
        "{rounds} servers killed under load: {}; failed as {kinds:?}; answered and not run \
         {missing}, run twice {twice}, said not to have run and did {}",
        tally.line(),
        wrong.len()
    ));
    assert_eq!((missing, twice), (0, 0));
    assert!(wrong.is_empty(), "{wrong:?}");
    let refused = |failed: &&(u64, Delivery, String)| failed.1.cannot_have_run();
    let refused: Vec<_> = tally.failed.iter().filter(refused).take(5).collect();
    assert!(refused.is_empty(), "could have run elsewhere: {refused:#?}");
    // At most what was under way when each of them died: what comes in a tenth of a
    // second, and in the time that the machine stood still.
    let stalled = world.pulse.stalled_since(began);
    let most = rounds * u64::from(RATE / 10) + u64::from(RATE) * (stalled.as_secs() + 1);
    assert!(
        tally.failed.len() as u64 <= most,
        "{} failed, in spite of {stalled:?}",
        tally.failed.len()
    );
}
