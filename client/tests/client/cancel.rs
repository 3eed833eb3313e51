//! Replies that are dropped, at any moment.

use std::time::Duration;

use gobrpc_client::Client;
use tokio::io::AsyncReadExt;

use crate::server::{Peer, echo, pipes};

/// Some tasks drop their replies at random moments, through a pipe so narrow
/// that calls are written in pieces, while others check each answer. The server
/// decodes everything.
async fn drop_at_random(size: usize) {
    let (ours, theirs) = tokio::io::duplex(size);
    let server = tokio::spawn(echo(theirs));
    let client = Client::builder()
        .max_in_flight(40)
        .max_write_buffer(300)
        .from_io(ours);
    let mut tasks = Vec::new();
    for task in 0..50_i64 {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..100_i64 {
                let value = task * 1000 + n;
                let reply = client.call::<i64, _>("Service.Method", &value).start();
                if task % 2 == 0 {
                    assert_eq!(reply.await.unwrap(), value);
                    continue;
                }
                let patience = fastrand::u32(0..6);
                tokio::select! {
                    biased;
                    got = reply => assert_eq!(got.unwrap(), value),
                    () = async {
                        for _ in 0..patience {
                            tokio::task::yield_now().await;
                        }
                    } => {}
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(client.call::<i64, _>("A.B", &-1_i64).await.unwrap(), -1);
    client.close().await;
    let served = server.await.unwrap();
    assert!((2501..=5001).contains(&served), "{served}");
}

#[tokio::test]
async fn dropped_replies_harm_nobody() {
    for size in [1, 7, 64, 4096] {
        drop_at_random(size).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dropped_replies_harm_nobody_on_four_threads() {
    for size in [7, 4096] {
        drop_at_random(size).await;
    }
}

#[tokio::test]
async fn a_late_reply_is_dropped() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let dropped = client.call::<i64, _>("A.B", &1_i64).start();
    let (late, _) = peer.next_int().await.unwrap();
    drop(dropped);
    assert_eq!(client.in_flight(), 1, "the peer still works on it");
    let kept = client.call::<i64, _>("A.B", &2_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(late, 100).await;
    peer.reply_int(seq, 200).await;
    assert_eq!(kept.await.unwrap(), 200);
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn a_call_that_is_dropped_in_the_queue_is_never_sent() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::builder().max_in_flight(1).from_io(ours);
    let mut peer = Peer::new(theirs);
    let first = client.call::<i64, _>("A.B", &1_i64).start();
    let second = client.call::<i64, _>("A.B", &2_i64).start();
    let third = client.call::<i64, _>("A.B", &3_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    drop(second);
    assert_eq!(client.in_flight(), 2);
    peer.reply_int(seq, 1).await;
    first.await.unwrap();
    assert_eq!(peer.next_int().await.unwrap().1, 3);
    drop(third);
}

#[tokio::test]
async fn dropping_the_client_closes_the_connection() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let mut peer = Peer::new(theirs);
    let client = Client::from_io(ours);
    client.ready().await.unwrap();
    let copy = client.clone();
    drop(client);
    let reply = copy.call::<i64, _>("A.B", &1_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(seq, 1).await;
    reply.await.unwrap();
    drop(copy);
    assert!(peer.next().await.is_none());
}

#[tokio::test]
async fn dropping_a_client_that_never_called_closes_its_stream() {
    let (ours, mut theirs) = tokio::io::duplex(4096);
    drop(Client::from_io(ours));
    assert_eq!(
        theirs.read_u8().await.unwrap_err().kind(),
        std::io::ErrorKind::UnexpectedEof
    );
}

#[tokio::test]
async fn replies_outlive_the_client() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let mut peer = Peer::new(theirs);
    let client = Client::from_io(ours);
    let first = client.call::<i64, _>("A.B", &1_i64).start();
    let second = client.call::<i64, _>("A.B", &2_i64).start();
    let third = client.call::<i64, _>("A.B", &3_i64).start();
    drop(client);
    let mut seqs = Vec::new();
    while let Some((seq, _)) = peer.next_int().await {
        seqs.push(seq);
    }
    assert_eq!(
        seqs.len(),
        3,
        "all were sent, then the write side was closed"
    );
    peer.reply_int(seqs[1], 20).await;
    assert_eq!(second.await.unwrap(), 20);
    drop(first);
    peer.reply_int(seqs[2], 30).await;
    assert_eq!(third.await.unwrap(), 30);
    // Nobody waits for the first: the client is gone now.
    tokio::time::timeout(Duration::from_secs(10), async {
        while peer
            .reply(seqs[0], Err(gobrpc_client::Error::new("late")))
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn dropping_the_client_and_its_replies_stops_a_dial() {
    let (connector, mut servers) = pipes(64);
    let client = Client::builder().connect_with(connector);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    drop(client);
    drop(reply);
    // The task lets go of the connector, whose end of the channel goes with it.
    let server = tokio::time::timeout(Duration::from_secs(10), servers.recv())
        .await
        .unwrap();
    assert!(server.is_none());
}
