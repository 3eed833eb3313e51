//! Servers that send their clients to another connection.

use gobrpc_client::{Client, Code, Delivery};

use crate::server::{Peer, pipes};

/// A server that takes a call, answers it not, and sends the client away.
#[tokio::test]
async fn connections_that_leave_are_bounded_and_the_oldest_is_cut() {
    const MOST: usize = 16;
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    let mut peers = Vec::new();
    let mut calls = Vec::new();
    for n in 0..=MOST as i64 {
        calls.push(client.call::<i64, _>("A.B", &n).start());
        let mut peer = Peer::new(servers.recv().await.unwrap());
        assert_eq!(peer.next_int().await, Some((0, n)));
        assert!(peer.part().await.is_empty());
        assert!(!client.is_connected());
        peers.push(peer);
    }
    assert_eq!(client.in_flight(), MOST);
    let error = calls.remove(0).await.unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        (Code::Unavailable, Delivery::Sent)
    );
    // The others are answered where they were made.
    for (n, peer) in peers.iter_mut().enumerate().skip(1) {
        peer.reply_int(0, n as i64).await;
    }
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), n as i64 + 1);
    }
    client.close().await;
}

#[tokio::test]
async fn what_was_under_way_is_answered_and_then_the_client_closes() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    let first = client.call::<i64, _>("A.B", &1_i64).start();
    let mut peer = Peer::new(servers.recv().await.unwrap());
    peer.next_int().await.unwrap();
    // It is on its way when the server says that it takes no more.
    let late = client.call::<i64, _>("A.B", &2_i64).start();
    let requests = peer.part().await;
    assert_eq!(requests.len(), 1);
    peer.reply_int(requests[0].seq, 2).await;
    peer.reply_int(0, 1).await;
    assert_eq!(first.await.unwrap(), 1);
    assert_eq!(late.await.unwrap(), 2);
    // Nothing is left to do: it is the client that closes.
    assert!(peer.next().await.is_none());
}

/// Closing waits for what runs on connections that leave.
#[tokio::test]
async fn a_client_is_closed_when_its_last_connection_has_left() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    let call = client.call::<i64, _>("A.B", &1_i64).start();
    let mut peer = Peer::new(servers.recv().await.unwrap());
    peer.next_int().await.unwrap();
    assert!(peer.part().await.is_empty());
    let closing = tokio::spawn(async move { client.close().await });
    tokio::task::yield_now().await;
    assert!(!closing.is_finished());
    peer.reply_int(0, 7).await;
    assert_eq!(call.await.unwrap(), 7);
    closing.await.unwrap();
}
