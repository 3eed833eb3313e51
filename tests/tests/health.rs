//! Health, as services and over HTTP; the debug page.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::time::Duration;

use gobrpc_client::protocol::health::{HealthClient, ServingStatus};
use gobrpc_client::{Client, Code};
use gobrpc_server::Health;
use gobrpc_tests::local::eventually;
use gobrpc_tests::model::{self, Args, ArithClient, Delay, MiscClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Status line and body of what a path gives.
async fn http(host: &str, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap();
    (status.to_owned(), body.to_owned())
}

async fn get(host: &str, path: &str) -> (String, String) {
    http(host, "GET", path).await
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_status_is_checked_and_watched() {
    let running = model::server().unwrap().start("127.0.0.1:0").await.unwrap();
    let client = Client::connect(running.address());
    let health = HealthClient::new(client.clone());
    let ours = running.health();
    for service in ["", "Arith", "gobrpc.Health"] {
        let status = health.check(service).await.unwrap().status;
        assert_eq!(status, ServingStatus::Serving, "{service:?}");
    }
    let error = health.check("Nobody").await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);

    // The first status, then each change.
    let first = health
        .watch("Arith", ServingStatus::Unknown, LONG)
        .await
        .unwrap();
    assert_eq!(first.status, ServingStatus::Serving);
    let changed = health.watch("Arith", ServingStatus::Serving, LONG).start();
    // It waits while others change and calls go on.
    ours.set("Echo", ServingStatus::NotServing);
    assert_eq!(
        health.check("Echo").await.unwrap().status,
        ServingStatus::NotServing
    );
    ours.set("Arith", ServingStatus::NotServing);
    assert_eq!(changed.await.unwrap().status, ServingStatus::NotServing);
    // One that is not to be called can be called.
    let arith = ArithClient::new(client.clone());
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);

    // Time is up, and nothing has changed.
    let wait = Duration::from_millis(5);
    let same = health
        .watch("Arith", ServingStatus::NotServing, wait)
        .await
        .unwrap();
    assert_eq!(same.status, ServingStatus::NotServing);
    // A service that comes.
    let coming = health
        .watch("Later", ServingStatus::ServiceUnknown, LONG)
        .start();
    ours.set("Later", ServingStatus::Serving);
    assert_eq!(coming.await.unwrap().status, ServingStatus::Serving);

    let list = health.list().await.unwrap().statuses;
    let of = |name: &str| {
        list.iter()
            .find(|named| named.service == name)
            .unwrap()
            .status
    };
    assert_eq!(of("Echo"), ServingStatus::NotServing);
    assert_eq!(of(""), ServingStatus::Serving);
}

#[tokio::test]
async fn http_tells_it_too() {
    let health = Health::new();
    health.set("", ServingStatus::NotServing);
    let server = model::server().unwrap().with_health(health.clone());
    let running = server.start("127.0.0.1:0").await.unwrap();
    let host = running.host();

    assert_eq!(
        get(host, "/healthz").await,
        ("HTTP/1.0 200 OK".into(), "ok\n".into())
    );
    let (status, body) = get(host, "/readyz").await;
    assert_eq!(
        (status.as_str(), body.as_str()),
        ("HTTP/1.0 503 Service Unavailable", "NOT_SERVING\n")
    );
    health.set("", ServingStatus::Serving);
    let (status, body) = get(host, "/readyz?verbose").await;
    assert_eq!(
        (status.as_str(), body.as_str()),
        ("HTTP/1.0 200 OK", "SERVING\n")
    );
    health.set("Arith", ServingStatus::NotServing);
    assert!(get(host, "/readyz/Arith").await.0.contains(" 503 "));
    assert!(get(host, "/readyz/Echo").await.0.contains(" 200 "));
    assert!(get(host, "/readyz/Nobody").await.0.contains(" 404 "));
    let (status, body) = http(host, "HEAD", "/readyz").await;
    assert!(status.contains(" 200 ") && body.is_empty());
    assert!(http(host, "POST", "/readyz").await.0.contains(" 405 "));
    assert!(get(host, "/elsewhere").await.0.contains(" 404 "));

    let (status, page) = get(host, "/debug/rpc").await;
    assert!(status.contains(" 200 "));
    for text in [
        "Service <b>Arith</b> (NOT_SERVING)",
        "<code>Multiply(model.Args, *int64) error</code>",
        "The product of two numbers.",
        "map[string]int64",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let hidden = server
        .without_reflection()
        .start("127.0.0.1:0")
        .await
        .unwrap();
    assert!(get(hidden.host(), "/debug/rpc").await.0.contains(" 404 "));
}

/// Watchers learn of a drain before it is over, and lose no call by it.
#[tokio::test]
async fn a_drain_shows() {
    let running = model::server().unwrap().start("127.0.0.1:0").await.unwrap();
    let client = Client::connect(running.address());
    let health = HealthClient::new(client.clone());
    let watching = health.watch("Arith", ServingStatus::Serving, LONG).start();
    let slow = MiscClient::new(client.clone())
        .delay(Delay {
            millis: 300,
            tag: 7,
        })
        .start();
    health.check("").await.unwrap();
    let handle = running.health();
    let shutdown = tokio::spawn(running.shutdown(LONG));
    assert_eq!(watching.await.unwrap().status, ServingStatus::NotServing);
    assert_eq!(slow.await.unwrap(), 7);
    client.close().await;
    assert_eq!(shutdown.await.unwrap().cut, 0);
    // It stays so.
    handle.set("Arith", ServingStatus::Serving);
    eventually("nothing serves", || {
        handle.status("Arith") == Some(ServingStatus::NotServing)
    })
    .await;
}
