//! A server dies, is paused, or is cut off.

use std::time::{Duration, Instant};

use gobrpc_registry::{Error, Registration, RegistrationState};
use tokio::time::{sleep, timeout};

use super::world::{entry, ports, registered, settled, shows, until_shown};
use super::{Proxy, TTL, World};

/// P2: killed.
pub async fn killed(world: &mut World) {
    let server = world.server(0, "127.0.0.1:0");
    let port = server.port();
    let client = world.registry();
    let watch = client.watch("who").unwrap();
    until_shown(&watch, &[port]).await;
    // Renewed for a while, as it is in life.
    sleep(TTL).await;
    server.kill();
    let start = Instant::now();
    until_shown(&watch, &[]).await;
    let gone = start.elapsed();
    world.measured(
        "a killed server is gone after",
        gone,
        TTL + Duration::from_secs(1),
    );
}

/// P8: killed, and started at the same address at once.
pub async fn restarted_at_once(world: &mut World) {
    let first = world.server(0, "127.0.0.1:0");
    let port = first.port();
    let client = world.registry();
    let watch = client.watch("who").unwrap();
    until_shown(&watch, &[port]).await;
    let id = |watch: &gobrpc_registry::Watch| {
        let set = watch.current().unwrap();
        set.iter().next().unwrap().id().to_owned()
    };
    let before = id(&watch);
    first.kill();
    let killed = Instant::now();
    let second = world.server(1, &format!("127.0.0.1:{port}"));
    second.wait("registered ");
    world.noted(format_args!(
        "registered again {:.2} s after the kill",
        killed.elapsed().as_secs_f64()
    ));
    crate::local::eventually("the new one is seen", || id(&watch) != before).await;
    // The end of the first one's lease is not that of the second's entry.
    let backend = world.backend();
    let until = Instant::now() + TTL * 3;
    while Instant::now() < until {
        shows(&watch, &[port], Duration::from_millis(100)).await;
        assert_eq!(world.listed(&backend).await, [port]);
    }
    world.noted("and there for three TTLs");
}

/// P9: stopped for two TTLs.
pub async fn paused(world: &mut World) {
    let server = world.server(0, "127.0.0.1:0");
    let port = server.port();
    world.until_listed(&[port]).await;
    server.pause();
    sleep(TTL * 2).await;
    let gone = TTL * 2 + world.until_listed(&[]).await;
    world.measured("a paused server is gone after", gone, TTL * 2);
    server.resume();
    let back = world.until_listed(&[port]).await;
    world.measured(
        "a paused server is back after",
        back,
        Duration::from_secs(1),
    );
}

/// P11: an old owner, who was cut off, comes back after a new one took over, and
/// leaves.
pub async fn cut_off_while_another_takes_over(world: &mut World) {
    let proxy = Proxy::to(&world.site.address()).await;
    let cut_off = world.registry_at(proxy.address());
    let other = world.registry();
    let old = registered(&cut_off, entry(1)).await;
    let watch = other.watch("who").unwrap();
    until_shown(&watch, &[1]).await;
    proxy.set_open(false);
    let new = registered(&other, entry(1)).await;
    // It leaves, and its release comes through when the new one is there.
    let leaving = tokio::spawn(old.deregister());
    sleep(Duration::from_millis(500)).await;
    proxy.set_open(true);
    leaving.await.unwrap().ok();
    shows(&watch, &[1], TTL * 2).await;
    let set = watch.current().unwrap();
    assert_eq!(set.iter().next().unwrap().id(), new.entry().id());
    assert_eq!(new.status().acquisitions, 1);
    world.noted("the release of the old owner did nothing to the new one");
}

/// Two live servers at one address, as nobody's fault but that of whoever set them
/// up so: they do not take it from each other for ever.
pub async fn two_at_one_address(world: &mut World) {
    let (one, other) = (world.registry(), world.registry());
    let mut both = vec![
        registered(&one, entry(1)).await,
        registered(&other, entry(1)).await,
    ];
    let start = Instant::now();
    let conflict = |r: &Registration| r.state() == RegistrationState::Conflict;
    while !both.iter().any(conflict) {
        assert!(start.elapsed() < Duration::from_secs(60), "{both:?}");
        sleep(Duration::from_millis(20)).await;
    }
    let leases =
        |both: &[Registration]| -> u64 { both.iter().map(|one| one.status().acquisitions).sum() };
    world.noted(format_args!(
        "one of two gives in after {:.1} s and {} leases",
        start.elapsed().as_secs_f64(),
        leases(&both)
    ));
    sleep(TTL).await;
    let before = leases(&both);
    assert!(before <= 8, "{before}");
    sleep(TTL * 2).await;
    assert_eq!(leases(&both), before);
    let loser = both.iter().position(conflict).unwrap();
    let loser = both.remove(loser);
    let winner = both.remove(0);
    assert_eq!(winner.state(), RegistrationState::Registered);
    let error = loser.status().last_error;
    assert!(matches!(error, Some(Error::Conflict { .. })), "{error:?}");
    winner.deregister().await.unwrap();
    let gone = Instant::now();
    settled(&loser).await;
    world.measured(
        "and takes over, when the other has left, after",
        gone.elapsed(),
        TTL * 2,
    );
}

/// A server comes and goes as fast as it can: clients hear of it in few steps, never
/// miss the one that stays, and are right in the end.
pub async fn flapping(world: &mut World) {
    const TIMES: usize = 10;
    let servers = world.registry();
    let _steady = registered(&servers, entry(1)).await;
    let mut watch = world.registry().watch("who").unwrap();
    until_shown(&watch, &[1]).await;
    let seen = watch.clone();
    let steps = tokio::spawn(async move {
        let mut steps = 0;
        loop {
            let event = watch.next().await;
            let shown = ports(event.all());
            assert_eq!(shown.first(), Some(&1), "{event:?}");
            steps += 1;
            if shown.contains(&3) {
                return steps;
            }
        }
    });
    for _ in 0..TIMES {
        let flaps = registered(&servers, entry(2)).await;
        flaps.deregister().await.unwrap();
    }
    let _last = registered(&servers, entry(3)).await;
    let steps = timeout(TTL * 2, steps).await.unwrap().unwrap();
    until_shown(&seen, &[1, 3]).await;
    world.noted(format_args!(
        "one that came and went {TIMES} times: {steps} steps"
    ));
    // What is there, each coming, each going, and the last one.
    assert!(steps <= 2 * TIMES + 3, "{steps}");
}
