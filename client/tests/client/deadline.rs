//! Timeouts, under a clock that stands still until nothing else is to do.

use std::time::Duration;

use gobrpc_client::{Client, Code, Delivery, Phase};
use tokio::time::Instant;

use crate::server::{Peer, pipes};

#[tokio::test(start_paused = true)]
async fn time_counts_from_the_start() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let start = Instant::now();
    let reply = client
        .call::<i64, _>("A.B", &1_i64)
        .timeout(Duration::from_secs(5))
        .start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let error = reply.await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.phase(), Phase::Wait);
    assert_eq!(error.delivery(), Delivery::Sent);
    assert_eq!(error.peer(), Some("a given stream"));

    // The connection is as good as before.
    let (late, _) = peer.next_int().await.unwrap();
    let reply = client
        .call::<i64, _>("A.B", &2_i64)
        .timeout(Duration::from_secs(5))
        .start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(late, 1).await;
    peer.reply_int(seq, 2).await;
    assert_eq!(reply.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_came_in_time_counts_when_it_is_looked_at_late() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let reply = client
        .call::<i64, _>("A.B", &1_i64)
        .timeout(Duration::from_secs(5))
        .start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(seq, 7).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(reply.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_up_in_the_queue_is_never_sent() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::builder().max_in_flight(1).from_io(ours);
    let mut peer = Peer::new(theirs);
    let first = client.call::<i64, _>("A.B", &1_i64).start();
    let second = client
        .call::<i64, _>("A.B", &2_i64)
        .timeout(Duration::from_secs(1))
        .start();
    // Not looked at before its time is up.
    let third = client
        .call::<i64, _>("A.B", &3_i64)
        .timeout(Duration::from_secs(1))
        .start();
    let fourth = client.call::<i64, _>("A.B", &4_i64).start();
    let error = second.await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.phase(), Phase::Queue);
    assert_eq!(error.delivery(), Delivery::NotSent);
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(seq, 1).await;
    assert_eq!(first.await.unwrap(), 1);
    assert_eq!(peer.next_int().await.unwrap().1, 4);
    let error = third.await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::NotSent);
    drop(fourth);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_dial_counts() {
    let connector = gobrpc_client::connector::from_fn("nowhere", std::future::pending);
    let client = Client::builder().connect_with(connector);
    let start = Instant::now();
    let error = client
        .call::<i64, _>("A.B", &1_i64)
        .timeout(Duration::from_secs(2))
        .await
        .unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 2);
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.phase(), Phase::Queue);
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[tokio::test(start_paused = true)]
async fn odd_timeouts() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    let error = client
        .call::<i64, _>("A.B", &1_i64)
        .timeout(Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(servers.try_recv().is_err(), "nothing was dialled");
    for timeout in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
        let reply = client
            .call::<i64, _>("A.B", &1_i64)
            .timeout(timeout)
            .start();
        let waiting = tokio::spawn(reply);
        tokio::time::sleep(Duration::from_secs(86_400 * 365)).await;
        assert!(!waiting.is_finished());
        waiting.abort();
    }
}
