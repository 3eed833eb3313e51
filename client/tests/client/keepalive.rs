//! Pings to a silent peer, under a clock that stands still until nothing else is to
//! do.

use std::time::Duration;

use gobrpc_client::{Client, Code, Delivery};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};

use crate::server::Peer;

fn client(stream: tokio::io::DuplexStream) -> Client {
    Client::builder()
        .keepalive(Duration::from_secs(30), Duration::from_secs(20))
        .from_io(stream)
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up() {
    // It is known to be one of ours, or not known at all.
    for acquainted in [false, true] {
        let (ours, theirs) = tokio::io::duplex(4096);
        let client = client(ours);
        let mut peer = Peer::new(theirs);
        if acquainted {
            let reply = client.call::<i64, _>("A.B", &1_i64).start();
            let (seq, _) = peer.next_int().await.unwrap();
            peer.reply_int(seq, 1).await;
            assert_eq!(reply.await.unwrap(), 1);
            tokio::time::sleep(Duration::from_secs(1000)).await;
        }
        let start = Instant::now();
        let error = client.call::<i64, _>("A.B", &2_i64).await.unwrap_err();
        assert_eq!(start.elapsed().as_secs(), 50);
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.delivery(), Delivery::Sent);
        assert!(error.message().contains("silent"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_peer_that_answers_pings_is_waited_for() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = client(ours);
    let mut peer = Peer::new(theirs);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    let start = Instant::now();
    // It answers pings, and nothing else.
    let mut pings = std::collections::BTreeSet::new();
    while start.elapsed() < Duration::from_secs(600) {
        let read = timeout(
            Duration::from_secs(31),
            peer.stream.read_buf(peer.connection.input()),
        );
        if matches!(read.await, Ok(Ok(count)) if count > 0) {
            // One may come in two pieces.
            pings.insert(start.elapsed().as_secs());
        }
        assert!(peer.connection.poll_request().unwrap().is_none());
        peer.flush().await.unwrap();
    }
    assert_eq!(pings, (1..=20).map(|ping| 30 * ping).collect());
    peer.reply_int(seq, 7).await;
    assert_eq!(reply.await.unwrap(), 7);
    assert_eq!(client.in_flight(), 0);
}

/// A machine that stood still is no silence of the peer, which may be on it.
#[tokio::test(start_paused = true)]
async fn a_pause_of_ones_own_is_not_counted() {
    let (ours, _theirs) = tokio::io::duplex(4096);
    let client = client(ours);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    // It is asked after 30 s; and nothing runs when its 20 s are over.
    tokio::time::sleep(Duration::from_secs(40)).await;
    tokio::time::advance(Duration::from_secs(1000)).await;
    let woken = Instant::now();
    reply.await.unwrap_err();
    assert_eq!(woken.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_left_alone() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = client(ours);
    let mut peer = Peer::new(theirs);
    for call in 0..3 {
        let reply = client.call::<i64, _>("A.B", &call).start();
        let (seq, _) = peer.next_int().await.unwrap();
        peer.reply_int(seq, call).await;
        assert_eq!(reply.await.unwrap(), call);
        // Nor does it cost the next call anything that this lasted.
        let hour = Duration::from_secs(3600);
        let read = timeout(hour, peer.stream.read_buf(peer.connection.input()));
        assert!(read.await.is_err(), "a ping, though nobody waits");
        assert!(client.is_connected());
    }
}

/// Time without end is no overflow.
#[tokio::test(start_paused = true)]
async fn extremes_are_survived() {
    for (silence, wait) in [
        (Duration::MAX, Duration::MAX),
        (Duration::ZERO, Duration::MAX),
        (Duration::ZERO, Duration::ZERO),
    ] {
        let (ours, _theirs) = tokio::io::duplex(4096);
        let client = Client::builder().keepalive(silence, wait).from_io(ours);
        let call = client.call::<i64, _>("A.B", &1_i64);
        let outcome = timeout(Duration::from_secs(3600), call.into_future()).await;
        // Without any patience the peer is lost after the shortest silence.
        assert_eq!(outcome.is_ok(), wait.is_zero());
    }
}
