//! What a server announces: that it listens, and where others reach it.

use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_registry::Event;
use tokio::time::timeout;

use super::world::until_shown;
use super::{Link, Peer, TTL, WhoClient, World, serve};

/// Whoever is listed listens: each of ten servers is called in the moment in which a watch
/// shows it, over a connection of its own and without a second attempt.
pub async fn listed_listens(world: &mut World) {
    const SERVERS: u64 = 10;
    let registry = world.registry();
    let mut watch = world.registry().watch("who").unwrap();
    let calls = tokio::spawn(async move {
        let mut answered = Vec::new();
        while answered.len() < SERVERS as usize {
            let entries = match watch.next().await {
                Event::Snapshot(all) => all.iter().cloned().collect(),
                Event::Change(change) => change.added,
                other => panic!("{other:?}"),
            };
            for entry in entries {
                let client = Client::connect(&entry.url());
                let answer = WhoClient::new(client).number(0).await;
                answered.push(answer.unwrap_or_else(|error| panic!("{}: {error}", entry.addr())));
            }
        }
        answered
    });
    let mut servers = Vec::new();
    for number in 0..SERVERS {
        servers.push(serve(&registry, number, "127.0.0.1:0", None).await);
    }
    let mut answered = timeout(TTL * 6, calls).await.unwrap().unwrap();
    answered.sort_unstable();
    assert_eq!(answered, (0..SERVERS).collect::<Vec<_>>());
    world.noted(format_args!(
        "{SERVERS} servers, each called as soon as it was listed: all answered"
    ));
}

/// A server on all interfaces announces the address that this machine has on its way to
/// the registry: a client on the far side of that way, which is on a network of its own,
/// finds and calls it there.
pub async fn all_interfaces(world: &mut World) {
    let Some(link) = Link::to(&world.site.address(), world.peer).await else {
        world.noted("SKIPPED: needs root, and ip of iproute2");
        return;
    };
    let registry = world.registry_at(link.address());
    let server = serve(&registry, 7, "0.0.0.0:0", None).await;
    let registration = &server.registrations()[0];
    registration.settled().await.unwrap();
    let entry = registration.entry();
    assert_eq!(entry.addr().host(), Some(link.here()));
    let port = entry.addr().port().unwrap();
    until_shown(&world.registry().watch("who").unwrap(), &[port]).await;
    let client = Peer::caller(world, &link);
    assert_eq!(client.wait("answered "), "7");
    world.noted(format_args!(
        "listening on 0.0.0.0, announced as {}, called from another network",
        entry.addr()
    ));
    let left = server.shutdown(Duration::ZERO).await;
    assert_eq!(left.cut, 0);
}
