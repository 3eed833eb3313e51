//! Closing in good order.

use std::time::Duration;

use gobrpc_client::{Client, Code, Delivery, Phase};

use crate::server::{Peer, echo, pipes};

fn assert_closed(error: &gobrpc_client::Error) {
    assert_eq!(error.message(), "the client is closed");
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.phase(), Phase::Queue);
    assert!(error.peer().is_some());
}

#[tokio::test]
async fn close_sends_what_was_called_and_reads_the_replies() {
    let (ours, theirs) = tokio::io::duplex(16);
    let client = Client::builder().max_in_flight(2).from_io(ours);
    let mut peer = Peer::new(theirs);
    let replies: Vec<_> = (0..5_i64)
        .map(|n| client.call::<i64, _>("A.B", &n).start())
        .collect();
    let closing = tokio::spawn({
        let client = client.clone();
        async move { client.close().await }
    });
    let mut served = 0;
    while let Some((seq, value)) = peer.next_int().await {
        assert!(!closing.is_finished());
        served += 1;
        // The last one is answered after the client's end of file.
        if served == 5 {
            assert!(peer.next().await.is_none());
        }
        peer.reply_int(seq, value).await;
    }
    assert_eq!(served, 5, "those in the queue as well");
    closing.await.unwrap();
    assert_closed(&client.call::<i64, _>("A.B", &1_i64).await.unwrap_err());
    assert_closed(&client.ready().await.unwrap_err());
    assert!(client.is_closed() && !client.is_connected());
    for (n, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.await.unwrap(), n as i64);
    }
    client.close().await;
}

#[tokio::test]
async fn retire_refuses_new_calls_and_ends_the_old_ones() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    let mut peer = Peer::new(servers.recv().await.unwrap());
    let (seq, _) = peer.next_int().await.unwrap();
    client.retire();
    assert!(client.is_connected());
    assert_closed(&client.call::<i64, _>("A.B", &2_i64).await.unwrap_err());
    assert!(peer.next().await.is_none());
    peer.reply_int(seq, 3).await;
    assert_eq!(reply.await.unwrap(), 3);
    client.close().await;
    assert!(!client.is_connected());
}

#[tokio::test]
async fn close_before_any_call() {
    let client = Client::connect("127.0.0.1:1");
    client.close().await;
    assert_closed(&client.call::<i64, _>("A.B", &1_i64).await.unwrap_err());
}

#[tokio::test]
async fn close_of_an_idle_connection() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    client.ready().await.unwrap();
    let server = tokio::spawn(echo(servers.recv().await.unwrap()));
    client.close().await;
    assert_eq!(server.await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_a_dial_that_calls_wait_for() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    let reply = client.call::<i64, _>("A.B", &4_i64).start();
    let closing = tokio::spawn({
        let client = client.clone();
        async move { client.close().await }
    });
    tokio::spawn(echo(servers.recv().await.unwrap()));
    assert_eq!(reply.await.unwrap(), 4);
    closing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_lets_a_closing_client_go() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    peer.next_int().await.unwrap();
    let closing = tokio::spawn(async move { client.close().await });
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!closing.is_finished());
    drop(reply);
    closing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_close_as_well() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let reply = client
        .call::<i64, _>("A.B", &1_i64)
        .timeout(Duration::from_secs(5))
        .start();
    let waiting = tokio::spawn(reply);
    peer.next_int().await.unwrap();
    client.close().await;
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}
