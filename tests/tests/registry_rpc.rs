//! The registry that processes share by RPC: with Go programs, which use it by
//! net/rpc (`peers/go/cmd/registry`), and through restarts.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_registry::backend::{Claim, Delta, Standing, rpc};
use gobrpc_registry::{
    Backend, Error, Key, Memory, Prefix, RegisterOptions, Registry, Rpc, Selector, ServiceEntry,
};
use gobrpc_server::{Running, Server};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::model::{self, Args, ArithClient};

async fn serve(address: &str) -> Running {
    Server::new()
        .register(rpc::service(&Memory::new()))
        .unwrap()
        .start(address)
        .await
        .unwrap()
}

fn remote(running: &Running) -> Rpc {
    Rpc::connect(&format!("tcp://{}", running.host())).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_server_registers_and_is_called_by_rust() {
    if go::peers().is_none() {
        return;
    }
    let running = serve("127.0.0.1:0").await;
    let registry = Registry::new(Arc::new(remote(&running)));
    let host = running.host().to_owned();
    let server = tokio::task::spawn_blocking(move || {
        GoServer::start("registry", &["serve", "-registry", &host]).unwrap()
    });
    let server = server.await.unwrap();
    let set = registry.get("arith", &Selector::new()).await.unwrap();
    let entry = set.iter().next().expect("one");
    assert_eq!(entry.addr().as_str(), server.address());
    assert_eq!(
        (entry.version(), &*entry.zone, entry.weight),
        ("v1", "go", 100)
    );
    assert_eq!(entry.tags, ["a", "b"]);
    assert_eq!(entry.metadata["language"], "Go");
    assert!(entry.is_serving() && !entry.id().is_empty());
    let arith = ArithClient::new(Client::connect(&entry.url()));
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    // Its lease is renewed.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(
        registry.get("arith", &Selector::new()).await.unwrap().len(),
        1
    );
    tokio::task::spawn_blocking(|| server.stop().unwrap())
        .await
        .unwrap();
    for _ in 0..500 {
        if registry
            .get("arith", &Selector::new())
            .await
            .unwrap()
            .is_empty()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is still registered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_client_finds_a_rust_server_and_watches() {
    if go::peers().is_none() {
        return;
    }
    let running = serve("127.0.0.1:0").await;
    let backend = remote(&running);
    let arith = model::server().unwrap().start("127.0.0.1:0").await.unwrap();
    let mut entry = ServiceEntry::new("arith", "v1", arith.host())
        .unwrap()
        .with_zone("rust")
        .with_tag("t")
        .with_metadata("k", "v");
    let ttl = Duration::from_secs(60);
    let lease = backend.acquire(&entry, ttl, Claim::TakeOver).await.unwrap();

    let host = running.host().to_owned();
    let call = move || go::run("registry", &["call", "-registry", &host]).unwrap();
    let output = tokio::task::spawn_blocking(call).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        text.trim(),
        format!("arith v1 {} 100 rust serving [t] map[k:v] 42", arith.host()),
        "{error}"
    );

    let host = running.host().to_owned();
    let (changes, seen) = std::sync::mpsc::channel();
    let watch = std::thread::spawn(move || {
        use std::io::BufRead as _;
        let program = go::peers().unwrap().join("registry");
        let mut child = std::process::Command::new(program)
            .args(["watch", "-registry", &host, "-count", "2"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        for line in output.lines() {
            changes.send(line.unwrap()).unwrap();
        }
        assert!(child.wait().unwrap().success());
    });
    let mut lines = Vec::new();
    let mut next = || {
        let line = seen.recv_timeout(Duration::from_secs(20)).unwrap();
        lines.push(line.clone());
        line
    };
    while next() != "WATCH" {}
    entry.weight = 0;
    backend.update(&lease, &entry).await.unwrap();
    next();
    backend.release(&lease).await.unwrap();
    next();
    let host = arith.host();
    assert_eq!(
        lines,
        [
            format!("HAVE {host} 100"),
            "WATCH".to_owned(),
            format!("PUT {host} -1"),
            format!("DELETE {host}"),
        ]
    );
    watch.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registrations_and_watches_outlive_a_restart() {
    let running = serve("127.0.0.1:0").await;
    let address = running.host().to_owned();
    let registry = Registry::new(Arc::new(remote(&running)));
    let entry = ServiceEntry::new("user", "v1", "10.0.0.1:1").unwrap();
    let options = RegisterOptions::default();
    let registration = registry.register(entry.clone(), options).unwrap();
    registration.settled().await.unwrap();
    // Another life of the registry, which knows nothing, at the same address.
    running.shutdown(Duration::from_millis(100)).await;
    let running = serve(&address).await;
    let other = remote(&running);
    let prefix = Prefix::service("user");
    for _ in 0..300 {
        if !other.snapshot(&prefix).await.unwrap().records.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(other.snapshot(&prefix).await.unwrap().records.len(), 1);
    assert_eq!(
        registry.get("user", &Selector::new()).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_lease_of_another_life_is_lost_and_its_cursor_is_a_gap() {
    let running = serve("127.0.0.1:0").await;
    let address = running.host().to_owned();
    let backend = remote(&running);
    let entry = ServiceEntry::new("user", "v1", "10.0.0.1:1").unwrap();
    let ttl = Duration::from_secs(60);
    let lease = backend.acquire(&entry, ttl, Claim::TakeOver).await.unwrap();
    let prefix = Prefix::service("user");
    let cursor = backend.snapshot(&prefix).await.unwrap().cursor;
    running.shutdown(Duration::from_millis(100)).await;
    let running = serve(&address).await;
    // Its number is that of another lease in this life.
    let again = remote(&running);
    let other = ServiceEntry::new("user", "v1", "10.0.0.2:1").unwrap();
    again.acquire(&other, ttl, Claim::TakeOver).await.unwrap();
    assert_eq!(again.renew(&lease).await.unwrap(), Standing::Lost);
    again.release(&lease).await.unwrap();
    let there = again.snapshot(&prefix).await.unwrap().records;
    assert_eq!(there.len(), 1);
    let mut tail = again.tail(&prefix, cursor).await.unwrap();
    assert_eq!(tail.next().await.unwrap(), Delta::Gap);
}

#[tokio::test]
async fn what_is_wrong_is_said_with_the_address() {
    let ttl = Duration::from_secs(10);
    let entry = ServiceEntry::new("user", "v1", "10.0.0.1:1").unwrap();
    // Nobody.
    let nobody = Rpc::connect("tcp://127.0.0.1:1").unwrap();
    let error = nobody
        .acquire(&entry, ttl, Claim::TakeOver)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    // Another service.
    let running = model::server().unwrap().start("127.0.0.1:0").await.unwrap();
    let other = remote(&running);
    let error = other.snapshot(&Prefix::all()).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(running.host()) && text.contains("no registry"),
        "{text}"
    );
    // What is no entry, from a program that checks nothing.
    let running = serve("127.0.0.1:0").await;
    let client = Client::connect(&format!("tcp://{}", running.host()));
    let args = rpc::wire::RegisterArgs {
        entry: rpc::wire::Entry {
            name: "user".to_owned(),
            version: "v1".to_owned(),
            addr: "0.0.0.0:80".to_owned(),
            ..Default::default()
        },
        ..Default::default()
    };
    let error = client
        .call::<rpc::wire::Grant, _>("Registry.Register", &args)
        .await
        .unwrap_err();
    assert!(
        error.message().contains("say which one others shall dial"),
        "{error}"
    );
    // An entry does not move.
    let backend = remote(&running);
    let lease = backend.acquire(&entry, ttl, Claim::TakeOver).await.unwrap();
    let elsewhere = ServiceEntry::new("user", "v1", "10.0.0.2:1").unwrap();
    assert!(matches!(
        backend.update(&lease, &elsewhere).await,
        Err(Error::Refused(_))
    ));
    assert_eq!(lease.key, Key::of(&entry));
    assert!(Rpc::connect("ftp://x").is_err());
}
