//! Calls that are sent to several real servers, of ours and of Go's.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gobrpc_client::protocol::metadata::PREVIOUS_ATTEMPTS;
use gobrpc_registry::announce::{Announce, Announced};
use gobrpc_registry::{
    Balanced, HedgePolicy, Memory, MethodPolicy, Policy, RegisterOptions, Registry, Selector,
    ServiceConfig, ServiceEntry, client,
};
use gobrpc_server::{Context, Result, Server, service};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::local::eventually;
use gobrpc_tests::model::{Delay, Misc, MiscClient, MiscServer};
use tokio::sync::Notify;

/// Sells things.
#[service]
trait Shop {
    /// What a thing costs, and how often that was asked elsewhere before.
    #[rpc(idempotent)]
    async fn price(&self, cx: &Context, thing: u64) -> Result<u64>;
    /// Buys a thing.
    async fn buy(&self, thing: u64) -> Result<u64>;
}

/// A shop where everybody waits until the door is opened, or one where nobody does.
#[derive(Clone, Default)]
struct Till {
    slow: bool,
    open: Arc<Notify>,
    came: Arc<AtomicUsize>,
    sold: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
}

struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Till {
    async fn queue(&self, count: &AtomicUsize) {
        count.fetch_add(1, Ordering::SeqCst);
        let _leaves = Leaves(&self.left);
        if self.slow {
            self.open.notified().await;
        }
    }
}

impl Shop for Till {
    async fn price(&self, cx: &Context, _: u64) -> Result<u64> {
        self.queue(&self.came).await;
        Ok(cx.previous_attempts().into())
    }

    async fn buy(&self, thing: u64) -> Result<u64> {
        self.queue(&self.sold).await;
        Ok(thing)
    }
}

async fn announced(registry: &Registry, server: &Server, service: &str) -> Announced {
    let announced = Announce::new(registry)
        .service(service, "v1")
        .drain_delay(Duration::ZERO)
        .start(server, "127.0.0.1:0")
        .await
        .unwrap();
    announced.registrations()[0].settled().await.unwrap();
    announced
}

async fn balanced(registry: &Registry, service: &str, policy: Policy, of: usize) -> Balanced {
    let balanced = client::connect(registry, service, Selector::new(), policy).unwrap();
    eventually("all are known", || balanced.endpoints().len() == of).await;
    balanced
}

/// One after the other, so that the slow one is asked first every second time.
fn hedged(method: &str) -> Policy {
    let mut hedged = MethodPolicy::default();
    hedged.hedge = Some(HedgePolicy::new(Duration::from_millis(10)));
    Policy::round_robin().for_method(method, hedged)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_slow_server_is_asked_and_let_go() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let (quick, slow) = (
        Till::default(),
        Till {
            slow: true,
            ..Till::default()
        },
    );
    let mut servers = Vec::new();
    for till in [&quick, &slow] {
        let server = Server::new()
            .register(ShopServer::new(till.clone()))
            .unwrap();
        servers.push(announced(&registry, &server, "shop").await);
    }
    let policy = hedged("Shop.Price").for_method("Shop.Buy", {
        // Not idempotent, and whoever wrote this does not say that it is.
        let mut method = MethodPolicy::default();
        method.hedge = Some(HedgePolicy::new(Duration::from_millis(10)));
        method
    });
    let shop = ShopClient::new(balanced(&registry, "shop", policy, 2).await);
    let mut hedged = 0;
    for thing in 0..6 {
        let (before, metadata) = shop.price(thing).start().with_metadata().await.unwrap();
        hedged += usize::try_from(before).unwrap();
        let text = (before > 0).then(|| before.to_string());
        assert_eq!(metadata.get_str(PREVIOUS_ATTEMPTS), text.as_deref());
    }
    // Each was answered by the quick one, and some of them were the slow one's first. How
    // many is the machine's: the quick one is late there, and the slow one's call may be
    // cancelled before it begins.
    let count = |count: &AtomicUsize| count.load(Ordering::SeqCst);
    assert_eq!(count(&quick.came), 6);
    assert!((1..=6).contains(&hedged), "{hedged}");
    // Its handlers were dropped, though nobody has opened the door.
    eventually("the losers are cancelled", || {
        count(&slow.came) <= 6 && count(&slow.left) == count(&slow.came)
    })
    .await;
    // What buys something is bought once, however long it takes.
    let (one, two) = (shop.buy(1).start(), shop.buy(2).start());
    eventually("one waits", || count(&slow.sold) == 1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    slow.open.notify_one();
    assert_eq!(one.await.unwrap() + two.await.unwrap(), 3);
    assert_eq!((count(&quick.sold), count(&slow.sold)), (1, 1));
}

/// Answers at once, whatever is asked for.
struct Hasty;

impl Misc for Hasty {
    async fn delay(&self, delay: Delay) -> Result<i64> {
        Ok(-delay.tag)
    }
    async fn fail(&self, _: String) -> Result<i64> {
        Ok(0)
    }
    async fn nothing(&self) -> Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_server_that_is_slow_costs_the_delay_and_its_connection_lives_on() {
    if go::peers().is_none() {
        return;
    }
    let registry = Registry::new(Arc::new(Memory::new()));
    let go = tokio::task::spawn_blocking(|| GoServer::start("serve", &[]).unwrap());
    let go = go.await.unwrap();
    let entry = ServiceEntry::new("misc", "v1", go.address()).unwrap();
    let at_go = registry
        .register(entry, RegisterOptions::default())
        .unwrap();
    at_go.settled().await.unwrap();
    let server = Server::new().register(MiscServer::new(Hasty)).unwrap();
    let ours = announced(&registry, &server, "misc").await;
    // As gRPC writes it, which says that it may run twice.
    let config: ServiceConfig = r#"{
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [{"name": [{"service": "Misc", "method": "Delay"}],
            "hedgingPolicy": {"maxAttempts": 2, "hedgingDelay": "0.01s"}}]
    }"#
    .parse()
    .unwrap();
    let balanced = balanced(&registry, "misc", config.into_policy(), 2).await;
    let misc = MiscClient::new(balanced.clone());
    let long = Delay {
        millis: 600_000,
        tag: 7,
    };
    for _ in 0..4 {
        assert_eq!(misc.delay(long).await.unwrap(), -7);
    }
    let at_go = |balanced: &Balanced| {
        let endpoints = balanced.endpoints();
        let mut endpoints = endpoints.iter();
        let go = endpoints.find(|e| e.entry().addr().as_str() == go.address());
        go.unwrap().stats()
    };
    let stats = at_go(&balanced);
    assert!(stats.calls >= 1, "{stats:?}");
    assert_eq!((stats.errors, stats.in_flight), (0, 0));
    // The same connection takes more calls, whatever Go still does with those. If Go is
    // late by the delay once, it is not each time.
    let short = Delay { millis: 0, tag: 7 };
    let mut by_go = false;
    for _ in 0..200 {
        by_go |= misc.delay(short).await.unwrap() == 7;
        if by_go {
            break;
        }
    }
    assert!(by_go, "it never answers");
    assert_eq!(at_go(&balanced).errors, 0);
    drop(ours);
}
