//! A client is paused; and many of them come back at once.

use std::time::{Duration, Instant};

use gobrpc_registry::backend::{Claim, Delta};
use gobrpc_registry::{Memory, Prefix};
use tokio::time::{sleep, timeout};

use super::proxy::Log;
use super::world::{entry, registered, settled, until_shown};
use super::{Peer, Proxy, TTL, World};

/// P4: connections that break and are made again at once leave no watch behind that
/// is silent: sooner or later each registry's client comes back on its old session,
/// where a server may have forgotten what it was asked to tell.
pub async fn connections_reset(world: &mut World) {
    let proxy = Proxy::to(&world.site.address()).await;
    let servers = world.registry();
    let first = registered(&servers, entry(1)).await;
    let client = world.registry_at(proxy.address());
    let watch = client.watch("who").unwrap();
    until_shown(&watch, &[1]).await;
    for round in 0..3 {
        proxy.reset();
        // Before and after the new connection.
        sleep(Duration::from_secs(2) * round).await;
        let second = registered(&servers, entry(2)).await;
        let time = until_shown(&watch, &[1, 2]).await;
        world.measured("shown after a reset", time, Duration::from_secs(5));
        second.deregister().await.unwrap();
        until_shown(&watch, &[1]).await;
    }
    first.deregister().await.unwrap();
}

/// P7: a client is stopped, and what it would have to hear next is forgotten
/// meanwhile.
pub async fn paused_while_history_is_lost(world: &mut World) {
    let servers = world.registry();
    let first = registered(&servers, entry(1)).await;
    let _second = registered(&servers, entry(2)).await;
    let client = Peer::watcher(world);
    client.wait("sees [1, 2]");
    client.pause();
    // More than any of them keeps for those who lag behind.
    for weight in 0..30 {
        first.update(|entry| entry.weight = weight).unwrap();
        settled(&first).await;
    }
    first.deregister().await.unwrap();
    let _third = registered(&servers, entry(3)).await;
    let compacted = tokio::task::block_in_place(|| world.site.compact());
    // Longer than its connection would be kept by anybody who looks at it.
    sleep(Duration::from_secs(6)).await;
    let start = Instant::now();
    client.resume();
    client.wait("sees [2, 3]");
    let time = start.elapsed();
    world.measured(
        match compacted {
            true => "paused, and the history is compacted: right after",
            false => "paused: right after",
        },
        time,
        // A new list, once the old connection has proved dead.
        Duration::from_secs(5),
    );
}

/// P7: a place in a history that is no longer kept is a gap, or an error, and never
/// silence.
pub async fn stale_cursor(world: &mut World) {
    let backend = world.backend();
    let first = registered(&world.registry(), entry(1)).await;
    let prefix = Prefix::service("who");
    let old = backend.snapshot(&prefix).await.unwrap().cursor;
    for weight in 0..10 {
        first.update(|entry| entry.weight = weight).unwrap();
        settled(&first).await;
    }
    if !tokio::task::block_in_place(|| world.site.compact()) {
        // More than what the memory registry keeps.
        let mut entry = entry(2);
        let lease = backend.acquire(&entry, TTL * 10, Claim::TakeOver).await;
        let lease = lease.unwrap();
        for weight in 0..Memory::HISTORY as u32 {
            if !world.kind.without_history {
                entry.weight = weight;
                backend.update(&lease, &entry).await.unwrap();
            }
        }
    }
    let told = timeout(Duration::from_secs(10), async {
        match backend.tail(&prefix, old).await {
            Ok(mut tail) => tail.next().await,
            Err(error) => Err(error),
        }
    });
    match told.await.unwrap() {
        Ok(Delta::Gap) => world.noted("a forgotten place in the history is a gap"),
        Err(error) if error.may_pass() => world.noted(format_args!(
            "a forgotten place in the history is an error: {error}"
        )),
        // They keep none, and say how things are now, from wherever one is.
        Ok(Delta::Put(record)) if world.kind.without_history => {
            assert_eq!(record.entry.weight, 9);
            world.noted("a forgotten place in the history is a new look at all");
        }
        other => panic!("{other:?}"),
    }
}

/// P10: two hundred clients, and the registry is away for a while.
pub async fn herd(world: &mut World) {
    const CLIENTS: usize = 200;
    let proxy = Proxy::to(&world.site.address()).await;
    let servers = world.registry();
    let _server = registered(&servers, entry(1)).await;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let registry = world.registry_at(proxy.address());
            let watch = registry.watch("who").unwrap();
            (registry, watch)
        })
        .collect();
    for (_, watch) in &clients {
        until_shown(watch, &[1]).await;
    }
    // A watch each; and two hundred of one process are one watch.
    let way = Proxy::to(&world.site.address()).await;
    let process = world.registry_at(way.address());
    let more: Vec<_> = (0..CLIENTS)
        .map(|_| process.watch("who").unwrap())
        .collect();
    for watch in &more {
        until_shown(watch, &[1]).await;
    }
    let connections = way.log().connections.len();
    assert!(connections < 20, "{connections}");
    for (away, spread_promised) in [(1, 0), (15, 5)] {
        let killed = Instant::now();
        world.kill();
        sleep(Duration::from_secs(away)).await;
        world.restart(false);
        let back = Instant::now();
        let mut times: Vec<Option<Duration>> = vec![None; CLIENTS];
        while times.iter().any(Option::is_none) {
            assert!(
                back.elapsed() < Duration::from_secs(60),
                "some never come back"
            );
            for (time, (_, watch)) in times.iter_mut().zip(&clients) {
                if time.is_none() && !watch.health().stale {
                    *time = Some(back.elapsed());
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
        let mut times: Vec<Duration> = times.into_iter().flatten().collect();
        times.sort_unstable();
        let spread = times[CLIENTS - 1] - times[0];
        let log = proxy.log();
        let seconds = killed.elapsed().as_secs() as usize + 1;
        let connections = Log::by_second(&log.connections, killed, seconds);
        let requests = Log::by_second(&log.requests, killed, seconds);
        world.noted(format_args!(
            "away {away} s: {CLIENTS} clients are back within {:.1} to {:.1} s after it; \
             connections by second {connections:?}, requests {requests:?}",
            times[0].as_secs_f64(),
            times[CLIENTS - 1].as_secs_f64(),
        ));
        // Counted, not timed: on a busy machine they come later, and more spread.
        assert!(spread >= Duration::from_secs(spread_promised), "{spread:?}");
        let most = connections.iter().max().copied().unwrap_or(0);
        // All of them, when it goes. ZooKeeper's client library dials on its own, in
        // step with all others and several times a second.
        let theirs = world.kind.name == "zookeeper-3.8";
        let allowed = CLIENTS * if theirs { 8 } else { 3 };
        assert!(most <= allowed, "{most} connections in a second");
        // And while it stays away, each of them ever more seldom.
        let outage = connections.get(5..away as usize).unwrap_or_default();
        let late = outage.iter().max().copied().unwrap_or(0);
        let allowed = if theirs { CLIENTS * 3 } else { CLIENTS * 3 / 4 };
        assert!(late <= allowed, "{late} connections in a later second");
    }
    for watch in more.iter().chain(clients.iter().map(|(_, watch)| watch)) {
        until_shown(watch, &[1]).await;
    }
}
