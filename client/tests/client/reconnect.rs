//! Dialling, losing, dialling again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gobrpc_client::connector::{self, BoxedIo, Connector};
use gobrpc_client::{Client, ClientBuilder, Code, Delivery, Error, Phase};
use tokio::time::Instant;

use crate::server::{Peer, echo, pipes};

/// A connector that takes a second and then fails, and how often it was asked.
fn failing() -> (impl Connector, Arc<AtomicUsize>) {
    let dials = Arc::new(AtomicUsize::new(0));
    let count = dials.clone();
    let connector = connector::from_fn("nowhere", move || {
        count.fetch_add(1, Ordering::Relaxed);
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err(Error::unavailable("connection refused"))
        }
    });
    (connector, dials)
}

/// Pauses of ten to twenty hours, so that a test need not guess.
fn long_pauses() -> ClientBuilder {
    Client::builder().backoff(Duration::from_secs(1 << 20), Duration::from_secs(1 << 20))
}

#[tokio::test]
async fn a_lost_connection_is_dialled_again_by_the_next_call() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    for n in 0..5_i64 {
        let reply = client.call::<i64, _>("A.B", &n).start();
        let mut peer = Peer::new(servers.recv().await.unwrap());
        let (seq, value) = peer.next_int().await.unwrap();
        assert_eq!((seq, value), (0, n), "each connection starts anew");
        peer.reply_int(seq, value).await;
        assert_eq!(reply.await.unwrap(), n);
        let lost = client.call::<i64, _>("A.B", &n).start();
        peer.next_int().await.unwrap();
        drop(peer);
        let error = lost.await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.delivery(), Delivery::Sent);
        assert!(!client.is_connected() && !client.is_closed());
    }
}

#[tokio::test]
async fn calls_in_the_queue_move_to_the_next_connection() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().max_in_flight(1).connect_with(connector);
    let answered = client.call::<i64, _>("A.B", &0_i64).start();
    let mut peer = Peer::new(servers.recv().await.unwrap());
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(seq, 0).await;
    answered.await.unwrap();
    let lost = client.call::<i64, _>("A.B", &1_i64).start();
    let moved = client.call::<i64, _>("A.B", &2_i64).start();
    peer.next_int().await.unwrap();
    drop(peer);
    assert_eq!(lost.await.unwrap_err().delivery(), Delivery::Sent);
    tokio::spawn(echo(servers.recv().await.unwrap()));
    assert_eq!(moved.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn all_calls_share_one_dial_and_its_error() {
    let (connector, dials) = failing();
    let client = long_pauses().connect_with(connector);
    let start = Instant::now();
    let replies: Vec<_> = (0..100_i64)
        .map(|n| client.call::<i64, _>("A.B", &n).start())
        .collect();
    // A timeout makes no difference to who is there when the dial fails.
    let patient = client
        .call::<i64, _>("A.B", &1_i64)
        .timeout(Duration::from_secs(1 << 30))
        .start();
    for error in [
        patient.await.unwrap_err(),
        client.ready().await.unwrap_err(),
    ] {
        assert_eq!(error.message(), "connection refused");
    }
    for reply in replies {
        let error = reply.await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.phase(), Phase::Dial);
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert_eq!(error.peer(), Some("nowhere"));
        assert_eq!(error.to_string(), "nowhere: dialling: connection refused");
    }
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert!(
        dials.load(Ordering::Relaxed) <= 2,
        "the second is ready()'s"
    );
}

#[tokio::test(start_paused = true)]
async fn calls_in_a_pause_fail_at_once_unless_their_timeout_outlasts_it() {
    let (connector, dials) = failing();
    let client = long_pauses().connect_with(connector);
    client.call::<i64, _>("A.B", &1_i64).await.unwrap_err();
    let start = Instant::now();
    for call in [
        client.call::<i64, _>("A.B", &1_i64),
        client
            .call::<i64, _>("A.B", &1_i64)
            .timeout(Duration::from_millis(1)),
    ] {
        let error = call.await.unwrap_err();
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.phase(), Phase::Dial);
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(
            error
                .message()
                .starts_with("connection refused (the next dial is in"),
            "{error}"
        );
    }
    assert_eq!(dials.load(Ordering::Relaxed), 1);
    let patient = client
        .call::<i64, _>("A.B", &1_i64)
        .timeout(Duration::from_secs(1 << 30))
        .start();
    // While it waits for the pause to end, others still fail at once.
    tokio::task::yield_now().await;
    let error = client.call::<i64, _>("A.B", &1_i64).await.unwrap_err();
    assert!(error.message().contains("the next dial"), "{error}");
    // It sees one dial, and no more.
    assert_eq!(patient.await.unwrap_err().message(), "connection refused");
    assert_eq!(dials.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn the_next_call_after_the_pause_dials() {
    let (connector, dials) = failing();
    let client = Client::builder()
        .backoff(Duration::from_secs(1), Duration::from_secs(10))
        .connect_with(connector);
    for n in 1..=20 {
        let error = client.call::<i64, _>("A.B", &1_i64).await.unwrap_err();
        assert_eq!(error.message(), "connection refused");
        assert_eq!(dials.load(Ordering::Relaxed), n);
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dial_without_end_is_given_up() {
    let connector = connector::from_fn("nowhere", std::future::pending);
    let client = Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .connect_with(connector);
    let start = Instant::now();
    let error = client.call::<i64, _>("A.B", &1_i64).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 3);
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.phase(), Phase::Dial);
    assert!(error.message().contains("connect_timeout"), "{error}");
}

/// Accepting and closing at once must not make us dial without a pause.
#[tokio::test(start_paused = true)]
async fn a_server_that_only_accepts_is_dialled_with_pauses() {
    let (connector, mut servers) = pipes(4096);
    let client = long_pauses().connect_with(connector);
    let server = tokio::spawn(async move {
        let mut accepted = 0;
        while let Some(stream) = servers.recv().await {
            accepted += 1;
            drop(stream);
        }
        accepted
    });
    let error = client.call::<i64, _>("A.B", &1_i64).await.unwrap_err();
    assert!(error.message().contains("closed by the peer") || error.message().contains("broke"));
    for _ in 0..100 {
        let error = client.call::<i64, _>("A.B", &1_i64).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(error.message().contains("the next dial"), "{error}");
    }
    drop(client);
    assert_eq!(server.await.unwrap(), 1);
}

#[tokio::test]
async fn without_reconnecting_a_loss_closes_the_client() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().reconnect(false).connect_with(connector);
    client.ready().await.unwrap();
    drop(servers.recv().await.unwrap());
    client.close().await;
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().reconnect(false).connect_with(connector);
    let lost = client.call::<i64, _>("A.B", &1_i64).start();
    let mut peer = Peer::new(servers.recv().await.unwrap());
    peer.next_int().await.unwrap();
    drop(peer);
    lost.await.unwrap_err();
    assert!(client.is_closed());
    let error = client.call::<i64, _>("A.B", &1_i64).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.message().contains("reconnecting is off"), "{error}");
    assert!(error.message().contains("closed by the peer"), "{error}");
}

#[tokio::test]
async fn a_connector_that_panics_fails_its_calls_alone() {
    let dials = AtomicUsize::new(0);
    let (inner, mut servers) = pipes(4096);
    let inner = Arc::new(inner);
    let connector = connector::from_fn("a pipe", move || {
        let inner = inner.clone();
        let first = dials.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            assert!(!first, "as a faulty connector might");
            let stream: BoxedIo = inner.connect().await?;
            Ok(stream)
        }
    });
    let client = Client::builder().connect_with(connector);
    let error = client.call::<i64, _>("A.B", &1_i64).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.delivery(), Delivery::NotSent);
    let reply = client.call::<i64, _>("A.B", &2_i64).start();
    tokio::spawn(echo(servers.recv().await.unwrap()));
    assert_eq!(reply.await.unwrap(), 2);
}

#[tokio::test]
async fn ready_dials_and_sees_what_comes_of_it() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    let (first, second) = tokio::join!(client.ready(), client.ready());
    first.unwrap();
    second.unwrap();
    client.ready().await.unwrap();
    assert!(servers.try_recv().is_ok());
    assert!(servers.try_recv().is_err(), "one dial for all");
}
