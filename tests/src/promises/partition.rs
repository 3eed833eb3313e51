//! A partition that goes one way: what a server is sent arrives, and nothing of what it
//! says.

use std::time::{Duration, Instant};

use gobrpc_client::Client;
use gobrpc_registry::client::Dial;
use gobrpc_registry::{
    Balanced, EndpointState, HedgePolicy, MethodPolicy, Policy, RegisterOptions, Registry,
    ServiceEntry,
};
use tokio::time::sleep;

use super::who::numbered;
use super::world::until_shown;
use super::{Link, Load, TTL, World, serve};

/// Without timeouts of a second a case would take a minute. The default is 10 s and 5 s
/// of silence, and 3 s for a dial.
fn dial() -> Dial {
    let second = Duration::from_secs(1);
    let client = Client::builder()
        .backoff(second / 100, second / 10)
        .connect_timeout(second)
        .keepalive(second, second);
    Dial::new(client)
}

fn caller(registry: &Registry, policy: Policy) -> Balanced {
    Balanced::new(registry.watch("who").unwrap(), dial(), policy).unwrap()
}

/// Each call may run twice, and is asked of another one after 50 ms.
fn hedged() -> Policy {
    let mut method = MethodPolicy::default();
    method.idempotent = true;
    method.hedge = Some(HedgePolicy::new(Duration::from_millis(50)));
    Policy::default().for_all(method)
}

/// The replies of one server of three vanish. Its calls cannot be told from those of a
/// server that thinks: they end when keepalive gives the connection up, and may have
/// run. From then on no call is lost: the server cannot be dialled, and is out. What is
/// hedged loses none at all. And the registry, which hears the server well, is right to
/// list it all the time.
pub async fn replies_vanish(world: &mut World) {
    let registry = world.registry();
    let deaf = numbered(2, None).start("127.0.0.1:0").await.unwrap();
    let Some(link) = Link::to(deaf.host(), world.peer).await else {
        world.noted("SKIPPED: needs root, and ip of iproute2");
        return;
    };
    let servers = [
        serve(&registry, 0, "127.0.0.1:0", None).await,
        serve(&registry, 1, "127.0.0.1:0", None).await,
    ];
    let entry = ServiceEntry::new("who", "v1", link.address()).unwrap();
    let options = RegisterOptions::default().with_ttl(TTL);
    let third = registry.register(entry, options).unwrap();
    let mut ports = vec![third.entry().addr().port().unwrap()];
    for server in &servers {
        server.registrations()[0].settled().await.unwrap();
        ports.extend(server.registrations()[0].entry().addr().port());
    }
    third.settled().await.unwrap();
    ports.sort_unstable();
    let watch = registry.watch("who").unwrap();
    until_shown(&watch, &ports).await;
    let state = |who: &Balanced| {
        let endpoints = who.endpoints();
        let mut all = endpoints.iter();
        let found = all.find(|one| one.entry().addr().as_str() == link.address());
        found.map(|endpoint| endpoint.state())
    };
    let plain = Load::over(caller(&registry, Policy::default()), 100);
    let hedged = Load::over(caller(&registry, hedged()), 100);
    sleep(Duration::from_secs(2)).await;
    assert!(
        plain.tally().servers.contains_key(&2),
        "{:?}",
        plain.tally().servers
    );

    link.cut_replies();
    let cut = Instant::now();
    while state(&plain.who) != Some(EndpointState::Unreachable) {
        assert!(
            cut.elapsed() < Duration::from_secs(60),
            "it still gets calls"
        );
        sleep(Duration::from_millis(20)).await;
    }
    // Silence, the ping, and the dial of a call that comes then: a second each.
    world.measured("out of use after", cut.elapsed(), Duration::from_secs(5));
    let failed = plain.tally().failed.len();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(plain.tally().failed.len(), failed, "more calls are lost");
    // It lives, and the registry hears it.
    assert_eq!(watch.current().map(|set| set.len()), Some(3));

    link.mend_replies();
    let mended = Instant::now();
    while state(&plain.who) != Some(EndpointState::Serving) {
        assert!(
            mended.elapsed() < Duration::from_secs(60),
            "it never comes back"
        );
        sleep(Duration::from_millis(20)).await;
    }
    world.noted(format_args!(
        "mended: in use again after {:.1} s",
        mended.elapsed().as_secs_f64()
    ));
    let (plain, hedged) = (plain.stop().await, hedged.stop().await);
    world.noted(format_args!("no second attempt: {}", plain.line()));
    world.noted(format_args!("hedged: {}", hedged.line()));
    // Each of them was under way at the server that was cut off; more of them are if the
    // machine stood still, and then made up for it.
    let stalled = world.pulse.stalled_since(cut);
    let most = 20 + stalled.as_millis() as usize / 10;
    assert!(plain.failed.len() <= most, "{:?}", plain.failed);
    for (_, delivery, error) in &plain.failed {
        assert!(
            !delivery.cannot_have_run(),
            "could have run elsewhere: {error}"
        );
    }
    hedged.assert_none_failed();
}
