//! Long bodies beside short calls, between our client and our server; whole to and
//! from Go.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use gobrpc_client::{Client, Code, Delivery, Limits};
use gobrpc_server::{Error, Result, Server, ServerConfig, service};
use gobrpc_tests::go::GoServer;
use gobrpc_tests::local::eventually;
use tokio::task::JoinHandle;

const MIB: usize = 1 << 20;

/// Keeps blobs.
#[service]
trait Blobs {
    /// So many bytes.
    async fn get(&self, length: u64) -> Result<Vec<u8>>;
    /// How many bytes it was.
    async fn put(&self, blob: Vec<u8>) -> Result<u64>;
    /// Gives it back.
    async fn echo(&self, blob: Vec<u8>) -> Result<Vec<u8>>;
    /// The next number.
    async fn count(&self) -> Result<u64>;
}

#[derive(Clone, Default)]
struct Store(Arc<AtomicUsize>);

impl Blobs for Store {
    async fn get(&self, length: u64) -> Result<Vec<u8>> {
        Ok(vec![7; usize::try_from(length).map_err(Error::from_error)?])
    }

    async fn put(&self, blob: Vec<u8>) -> Result<u64> {
        Ok(blob.len() as u64)
    }

    async fn echo(&self, blob: Vec<u8>) -> Result<Vec<u8>> {
        Ok(blob)
    }

    async fn count(&self) -> Result<u64> {
        Ok(self.0.fetch_add(1, Ordering::SeqCst) as u64)
    }
}

fn limits() -> Limits {
    let bytes = 65 * MIB;
    Limits::default()
        .with_message_bytes(bytes)
        .with_memory_bytes(4 * bytes)
}

/// A client over a pipe that holds one chunk: what overtakes does so in the peers.
fn piped() -> (Client, BlobsClient<Client>) {
    let (client, blobs, _) = connected();
    (client, blobs)
}

/// That, and the task of the server.
fn connected() -> (Client, BlobsClient<Client>, JoinHandle<()>) {
    let server = Server::new()
        .with_config(ServerConfig::default().with_limits(limits()))
        .register(BlobsServer::new(Store::default()))
        .unwrap();
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let serving = tokio::spawn(async move {
        server.serve_connection(theirs, "pipe").await;
    });
    let client = Client::builder().limits(limits()).from_io(ours);
    (client.clone(), BlobsClient::new(client), serving)
}

#[tokio::test]
async fn short_calls_go_on_beside_a_reply_of_64_mib() {
    let (_client, blobs) = piped();
    assert_eq!(blobs.count().await.unwrap(), 0);
    let mut long = Box::pin(blobs.get(64 * MIB as u64).start());
    // It has begun.
    assert!(futures::poll!(&mut long).is_pending());
    for number in 1..=20 {
        assert_eq!(blobs.count().await.unwrap(), number);
    }
    assert!(futures::poll!(&mut long).is_pending());
    assert_eq!(long.await.unwrap().len(), 64 * MIB);
}

#[tokio::test]
async fn short_calls_go_on_beside_an_argument_of_64_mib() {
    let (client, blobs) = piped();
    assert_eq!(blobs.count().await.unwrap(), 0);
    let mut long = Box::pin(blobs.put(vec![7; 64 * MIB]).start());
    for number in 1..=20 {
        let counted = blobs.count().await;
        assert_eq!(counted.unwrap(), number);
    }
    assert!(futures::poll!(&mut long).is_pending());
    assert_eq!(long.await.unwrap(), 64 * MIB as u64);
    // And one that is given up on the way is broken off.
    let long = blobs.put(vec![7; 64 * MIB]).start();
    assert!(blobs.count().await.is_ok());
    drop(long);
    eventually("it is over", || client.in_flight() == 0).await;
    assert!(blobs.count().await.is_ok());
}

#[tokio::test]
async fn an_argument_that_the_end_of_its_connection_cuts_is_sent_in_part() {
    let (_client, blobs, serving) = connected();
    assert_eq!(blobs.count().await.unwrap(), 0);
    let long = blobs.put(vec![7; 64 * MIB]).start();
    assert_eq!(blobs.count().await.unwrap(), 1);
    serving.abort();
    let error = long.await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::PartSent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_long_bodies_both_ways_at_once() {
    let server = Server::new()
        .register(BlobsServer::new(Store::default()))
        .unwrap();
    let running = server.start("127.0.0.1:0").await.unwrap();
    let blobs = BlobsClient::new(Client::connect(running.address()));
    let calls = (0..24).map(|call| {
        let blobs = blobs.clone();
        async move {
            let blob = vec![call as u8; call * 100_000];
            assert_eq!(blobs.echo(blob.clone()).await.unwrap(), blob);
        }
    });
    join_all(calls).await;
    // What is too long is that call's fault alone.
    let error = blobs.get(17 * MIB as u64).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(blobs.put(vec![1; MIB]).await.unwrap(), MIB as u64);
    let report = running.shutdown(std::time::Duration::from_secs(30)).await;
    assert_eq!(report.cut, 0);
}

#[tokio::test]
async fn go_gets_and_sends_long_bodies_in_one_piece() {
    let Ok(server) = GoServer::start("serve", &[]) else {
        return;
    };
    let client = Client::connect(server.address());
    for length in [3, 64 << 10, MIB, 4 * MIB] {
        let blob = vec![7_u8; length];
        let echo: Vec<u8> = client.call("Echo.Bytes", &blob).await.unwrap();
        assert_eq!(echo, blob);
    }
}
