//! Real servers and clients over loopback: P6, with nothing in between faked.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gobrpc_client::Call;
use gobrpc_registry::announce::{Announce, Announced};
use gobrpc_registry::client::Dial;
use gobrpc_registry::{Balanced, Memory, Policy, Registry, Selector, State};
use gobrpc_server::{Context, Result, Server, service};
use tokio::sync::Barrier;

/// Says who answers.
#[service]
pub trait Who {
    /// The number of the instance.
    async fn number(&self, pause_ms: u64) -> Result<u64>;
}

struct Instance(u64);

impl Who for Instance {
    async fn number(&self, pause_ms: u64) -> Result<u64> {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        Ok(self.0)
    }
}

const DRAIN: Duration = Duration::from_millis(300);

async fn start(registry: &Registry, number: u64) -> Announced {
    let server = Server::new()
        .register(WhoServer::new(Instance(number)))
        .unwrap();
    let announced = Announce::new(registry)
        .service("who", "v1")
        .drain_delay(DRAIN)
        .start(&server, "127.0.0.1:0")
        .await
        .unwrap();
    announced.registrations()[0].settled().await.unwrap();
    announced
}

async fn call(who: &Balanced, pause_ms: u64) -> Result<u64> {
    Call::new(who.clone(), "Who.Number", &pause_ms)
        .timeout(Duration::from_secs(20))
        .await
}

#[tokio::test]
async fn p6_a_rolling_restart_under_load_loses_no_call() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let mut servers = Vec::new();
    for number in 0..3 {
        servers.push(start(&registry, number).await);
    }
    let who =
        gobrpc_registry::client::connect(&registry, "who", Selector::new(), Policy::default())
            .unwrap();
    let (stop, calls) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let (who, stop, calls) = (who.clone(), Arc::clone(&stop), Arc::clone(&calls));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    call(&who, worker).await.unwrap();
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for number in 3..6 {
        let old = servers.remove(0);
        let began = Instant::now();
        let report = old.shutdown(Duration::from_secs(10)).await;
        assert_eq!(report.cut, 0, "it closes by itself");
        assert!(began.elapsed() >= DRAIN);
        servers.push(start(&registry, number).await);
    }
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await.unwrap();
    }
    assert!(calls.load(Ordering::Relaxed) > 100);
    let errors: u64 = who.endpoints().iter().map(|e| e.stats().errors).sum();
    assert_eq!(errors, 0);
}

/// Serves something else.
#[service]
pub trait Other {
    /// Nothing.
    async fn nothing(&self) -> Result<u64>;
}

struct Nothing;

impl Other for Nothing {
    async fn nothing(&self) -> Result<u64> {
        Ok(0)
    }
}

#[tokio::test]
async fn a_server_that_leaves_says_so_first_and_serves_on() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let mut watch = registry.watch("who").unwrap();
    let server = start(&registry, 0).await;
    let address = server.running().address().to_owned();
    while watch.next().await.all().is_empty() {}
    let leaving = tokio::spawn(server.shutdown(Duration::from_secs(10)));
    let marked = watch.next().await;
    let state = marked.all().iter().next().unwrap().state;
    assert_eq!(state, State::Draining);
    assert!(watch.next().await.all().is_empty());
    // The slowest client has not heard of it yet.
    let late = gobrpc_client::Client::connect(&address);
    let number: u64 = Call::new(late, "Who.Number", &0_u64).await.unwrap();
    assert_eq!(number, 0);
    assert_eq!(leaving.await.unwrap().cut, 0);
}

/// An address at which nobody listens, of a port that nobody gets who asks for any.
fn unused() -> std::net::SocketAddr {
    let from = 12_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let mut free = (from..from + 1000).map(|port| ([127, 0, 0, 1], port).into());
    free.find(|address: &std::net::SocketAddr| std::net::TcpListener::bind(address).is_ok())
        .unwrap()
}

#[tokio::test]
async fn a_server_that_is_gone_without_a_word_costs_no_call_and_is_found_when_it_is_back() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let mut servers = vec![start(&registry, 0).await, start(&registry, 1).await];
    let who =
        gobrpc_registry::client::connect(&registry, "who", Selector::new(), Policy::default())
            .unwrap();
    // An entry of a server that listens no more.
    let gone = unused();
    let entry = gobrpc_registry::ServiceEntry::new("who", "v1", gone).unwrap();
    let ghost = registry.register(entry, Default::default()).unwrap();
    ghost.settled().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(who.endpoints().len(), 3);
    // As many as the calls: more than the retry budget would pay for.
    for _ in 0..1000 {
        assert!(call(&who, 0).await.unwrap() < 2);
    }
    let errors: u64 = who.endpoints().iter().map(|e| e.stats().errors).sum();
    assert_eq!(errors, 1);
    // It is dialled in the background, and gets calls when it is there.
    let server = Server::new().register(WhoServer::new(Instance(7))).unwrap();
    let running = server.start(&gone.to_string()).await.unwrap();
    let back = async { while call(&who, 0).await.unwrap() != 7 {} };
    tokio::time::timeout(Duration::from_secs(20), back)
        .await
        .unwrap();
    drop(running);
    let _ = servers.remove(0).shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_address_that_went_to_another_program_is_left() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let _servers = [start(&registry, 0).await, start(&registry, 1).await];
    let who =
        gobrpc_registry::client::connect(&registry, "who", Selector::new(), Policy::default())
            .unwrap();
    call(&who, 0).await.unwrap();
    let stranger = Server::new().register(OtherServer::new(Nothing)).unwrap();
    let stranger = stranger.start("127.0.0.1:0").await.unwrap();
    let entry = gobrpc_registry::ServiceEntry::new("who", "v1", stranger.host()).unwrap();
    let ghost = registry.register(entry, Default::default()).unwrap();
    ghost.settled().await.unwrap();
    let mut failed = Vec::new();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) || failed.is_empty() {
        failed.extend(call(&who, 0).await.err());
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    // One, and one for each time that it is tried again.
    assert!(failed.len() <= 3, "{failed:?}");
    assert!(
        failed[0]
            .message()
            .contains("can't find service Who.Number")
    );
}

#[tokio::test]
async fn all_interfaces_are_not_announced() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let announce = Announce::new(&registry).service("who", "v1");
    let error = announce.start(&Server::new(), "0.0.0.0:0").await;
    assert!(error.unwrap_err().to_string().contains("all interfaces"));
    let announce = Announce::new(&registry).service("who", "v1").host("node1");
    let announced = announce.start(&Server::new(), "0.0.0.0:0").await.unwrap();
    let entry = announced.registrations()[0].entry();
    assert_eq!(entry.addr().host(), Some("node1"));
}

/// Tells by which connection a call came.
#[service]
pub trait Peer {
    /// The address of the caller; once twelve of them are there, if it waits.
    async fn address(&self, cx: &Context, waits: bool) -> Result<String>;
}

struct Counter(Barrier);

impl Peer for Counter {
    async fn address(&self, cx: &Context, waits: bool) -> Result<String> {
        if waits {
            self.0.wait().await;
        }
        Ok(cx.peer().address.clone())
    }
}

#[tokio::test]
async fn calls_at_once_are_spread_over_the_connections_of_an_instance() {
    let registry = Registry::new(Arc::new(Memory::new()));
    let server = Server::new();
    let server = server.register(PeerServer::new(Counter(Barrier::new(12))));
    let announced = Announce::new(&registry)
        .service("peer", "v1")
        .start(&server.unwrap(), "127.0.0.1:0")
        .await
        .unwrap();
    announced.registrations()[0].settled().await.unwrap();
    let watch = registry.watch("peer").unwrap();
    let dial = Dial::default().connections(3);
    let peer = PeerClient::new(Balanced::new(watch, dial, Policy::default()).unwrap());
    let mut one_by_one = HashSet::new();
    for _ in 0..6 {
        one_by_one.insert(peer.address(false).await.unwrap());
    }
    assert_eq!(one_by_one.len(), 1);
    let replies: Vec<_> = (0..12).map(|_| peer.address(true).start()).collect();
    let mut at_once = HashMap::new();
    for reply in replies {
        *at_once.entry(reply.await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(at_once.into_values().collect::<Vec<_>>(), [4; 3]);
}
