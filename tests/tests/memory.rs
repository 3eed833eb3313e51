//! What a server costs in memory, whatever its peers do. One test at a time: they
//! look at the memory of the whole process.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::time::Duration;

use futures::future::join_all;
use gobrpc_client::Client;
use gobrpc_server::ServerConfig;
use gobrpc_tests::local::{eventually, server};
use gobrpc_tests::model::{Args, ArithClient, Delay, MiscClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// Held by the test that measures.
static ALONE: Mutex<()> = Mutex::const_new(());

/// In go-netrpc, each call leaks: here the memory of the process stays flat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_leak_nothing() {
    let _alone = ALONE.lock().await;
    let running = server(ServerConfig::default()).await;
    let arith = ArithClient::new(Client::connect(running.address()));
    let misc = MiscClient::new(Client::connect(running.address()));
    let calls = async |count: i64| {
        for number in 0..count / 64 {
            let replies = (0..64).map(|at| arith.multiply(Args { a: number, b: at }).start());
            for reply in join_all(replies).await {
                reply.unwrap();
            }
            // Some run as tasks, and some are dropped.
            let kept = misc.delay(Delay { millis: 0, tag: 1 }).start();
            drop(misc.delay(Delay { millis: 0, tag: 2 }).start());
            kept.await.unwrap();
        }
    };
    calls(20_000).await;
    let before = resident_bytes();
    calls(100_000).await;
    let grown = resident_bytes().saturating_sub(before);
    // go-netrpc grows by 65 MB for as many.
    assert!(grown < 8 << 20, "grown by {grown} bytes");
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = statm
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or_default();
    pages * 4096
}

/// A peer that asks for much and reads nothing costs the write buffer and one
/// reply; Go holds two gigabytes for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_does_not_read_costs_little() {
    let _alone = ALONE.lock().await;
    let running = server(ServerConfig::default()).await;
    let before = resident_bytes();
    let mut requests = gobrpc_protocol::ClientConnection::<u64>::new();
    let body = gobrpc_protocol::Payload::new(&(1_u64 << 20)).unwrap();
    for call in 0..2000 {
        requests
            .call(&gobrpc_protocol::Head::new("Extra.Large"), &body, call)
            .unwrap();
    }
    let mut socket = TcpStream::connect(running.host()).await.unwrap();
    socket.write_all(requests.output()).await.unwrap();
    sleep(Duration::from_millis(500)).await;
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "grown by {grown} bytes");
    // The others are served.
    let arith = ArithClient::new(Client::connect(running.address()));
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    // And it gets its replies once it reads.
    let mut replies = 0;
    while replies < 2000 {
        let count = socket.read_buf(requests.input()).await.unwrap();
        assert!(count > 0);
        while let Some(reply) = requests.poll_reply().unwrap() {
            reply.result.unwrap();
            replies += 1;
        }
    }
}

/// Lies about lengths buy no memory: 500 connections that claim 16 MB each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lengths_alone_buy_no_memory() {
    let _alone = ALONE.lock().await;
    let running = server(ServerConfig::default()).await;
    let before = resident_bytes();
    let mut sockets = Vec::new();
    for _ in 0..500 {
        let mut socket = TcpStream::connect(running.host()).await.unwrap();
        // A first message that says it is 65,535 bytes long.
        socket.write_all(&[0xfe, 0xff, 0xff, 0x7f]).await.unwrap();
        sockets.push(socket);
    }
    eventually("all are connected", || running.connections() == 500).await;
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "grown by {grown} bytes");
    let arith = ArithClient::new(Client::connect(running.address()));
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
}
