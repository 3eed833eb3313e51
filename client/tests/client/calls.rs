//! Calls that go well, and errors of one call alone.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gobrpc_client::protocol::{Response, codec};
use gobrpc_client::{Call, Caller, Client, Code, Delivery, Error, Phase, Reply};
use tokio::io::AsyncWriteExt;

use crate::server::{Peer, echo};

fn assert_traits<T: Clone + Send + Sync + Unpin + 'static>() {}

#[tokio::test]
async fn handles_are_as_promised() {
    assert_traits::<Client>();
    fn assert_send<T: Send + 'static>(_: &T) {}
    let client = Client::connect("127.0.0.1:1");
    let call: Call<i64, Client> = client.call("A.B", &1_i64);
    assert_send(&call);
    let reply: Reply<i64> = call.start();
    assert_send(&reply);
    let _object: std::sync::Arc<dyn Caller> = std::sync::Arc::new(client);
}

#[tokio::test]
async fn replies_come_in_any_order() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let replies: Vec<_> = (0..10_i64)
        .map(|n| client.call::<i64, _>("A.B", &n).start())
        .collect();
    let mut requests = Vec::new();
    for _ in 0..10 {
        requests.push(peer.next_int().await.unwrap());
    }
    fastrand::shuffle(&mut requests);
    for (seq, value) in requests {
        peer.reply_int(seq, value * 2).await;
    }
    for (n, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.await.unwrap(), n as i64 * 2);
    }
}

#[tokio::test]
async fn a_lone_call_is_answered_without_another_wake() {
    // One call, polled by hand: it must not wait for company.
    let (ours, theirs) = tokio::io::duplex(4096);
    tokio::spawn(echo(theirs));
    let client = Client::from_io(ours);
    for n in 0..100_i64 {
        let call = client.call::<i64, _>("A.B", &n);
        assert_eq!(
            tokio::time::timeout(Duration::from_secs(10), call)
                .await
                .unwrap()
                .unwrap(),
            n
        );
    }
}

async fn ten_thousand() {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let server = tokio::spawn(echo(theirs));
    let client = Client::from_io(ours);
    let tasks: Vec<_> = (0..10_000_i64)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                let value: i64 = client.call("A.B", &n).await.unwrap();
                assert_eq!(value, n);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(client.in_flight(), 0);
    drop(client);
    assert_eq!(server.await.unwrap(), 10_000);
}

#[tokio::test]
async fn ten_thousand_at_once_on_one_thread() {
    ten_thousand().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_at_once_on_four_threads() {
    ten_thousand().await;
}

#[tokio::test]
async fn started_calls_go_out_before_they_are_awaited() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let _reply = client.call::<i64, _>("A.B", &1_i64).start();
    assert_eq!(peer.next_int().await.unwrap().1, 1);
    assert_eq!(client.in_flight(), 1);
}

#[tokio::test]
async fn errors_of_the_server_fail_one_call() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let bad = client.call::<i64, _>("A.B", &1_i64).start();
    let good = client.call::<i64, _>("A.B", &2_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply(seq, Err(Error::not_found("no such thing")))
        .await
        .unwrap();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(seq, 2).await;
    let error = bad.await.unwrap_err();
    assert_eq!(error.message(), "no such thing");
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.delivery(), Delivery::Answered);
    assert_eq!(error.peer(), Some("a given stream"));
    assert_eq!(good.await.unwrap(), 2);
}

#[tokio::test]
async fn a_reply_of_another_type_fails_one_call() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let bad = client.call::<i64, _>("A.B", &1_i64).start();
    let good = client.call::<i64, _>("A.B", &2_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply(seq, Response::unary(&"text")).await.unwrap();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(seq, 2).await;
    let error = bad.await.unwrap_err();
    assert_eq!(error.phase(), Phase::Decode);
    assert_eq!(error.delivery(), Delivery::Answered);
    assert_eq!(good.await.unwrap(), 2);
}

/// A body whose bytes are no gob value of its type, between good ones.
#[tokio::test]
async fn a_malformed_reply_fails_one_call() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let first = client.call::<Vec<i64>, _>("A.B", &1_i64).start();
    let second = client.call::<Vec<i64>, _>("A.B", &2_i64).start();
    let third = client.call::<Vec<i64>, _>("A.B", &3_i64).start();
    for _ in 0..3 {
        peer.next_int().await.unwrap();
    }
    let values = vec![7_i64, 8];
    for seq in 0..3 {
        let before = peer.connection.output().len();
        peer.connection.reply(seq, "A.B", Response::unary(&values));
        let output = peer.connection.output();
        if seq == 1 {
            // [.., 0, count, 14, 16]: a count of three with two elements.
            let at = output.len() - 3;
            assert!(at > before);
            assert_eq!(output[at], 2);
            output[at] = 3;
        }
    }
    peer.flush().await.unwrap();
    assert_eq!(first.await.unwrap(), values);
    assert_eq!(second.await.unwrap_err().phase(), Phase::Decode);
    assert_eq!(third.await.unwrap(), values);
}

#[tokio::test]
async fn an_argument_that_cannot_travel_fails_one_call() {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    tokio::spawn(echo(theirs));
    let client = Client::builder()
        .limits(codec::Limits::default().with_message_bytes(1000))
        .from_io(ours);
    assert_eq!(client.call::<i64, _>("A.B", &1_i64).await.unwrap(), 1);
    let error = client
        .call::<i64, _>("A.B", &vec![0_u8; 2000])
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.phase(), Phase::Encode);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(client.in_flight(), 0);
    assert_eq!(client.call::<i64, _>("A.B", &2_i64).await.unwrap(), 2);
}

#[tokio::test]
async fn replies_to_nobody_are_dropped() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(seq + 77, 5).await;
    peer.reply_int(seq, 6).await;
    peer.reply_int(seq, 7).await;
    assert_eq!(reply.await.unwrap(), 6);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply_int(seq, 8).await;
    assert_eq!(reply.await.unwrap(), 8);
}

#[test]
fn a_call_outside_of_a_runtime_fails() {
    let client = Client::connect("127.0.0.1:1");
    for call in [
        client.call::<i64, _>("A.B", &1_i64),
        client
            .call::<i64, _>("A.B", &1_i64)
            .timeout(Duration::from_secs(1)),
    ] {
        let mut reply = pin!(call.start());
        let Poll::Ready(result) = reply.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("it waits");
        };
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::FailedPrecondition);
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
}

#[test]
fn a_runtime_that_shuts_down_fails_its_calls_and_the_next_works() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    };
    let (connector, mut servers) = crate::server::pipes(4096);
    let client = Client::builder().connect_with(connector);
    let first = runtime();
    let (reply, _peer) = first.block_on(async {
        let reply = client.call::<i64, _>("A.B", &1_i64).start();
        let mut peer = Peer::new(servers.recv().await.unwrap());
        peer.next_int().await.unwrap();
        (reply, peer)
    });
    drop(first);
    let second = runtime();
    second.block_on(async {
        let error = reply.await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.delivery(), Delivery::Sent);
        let reply = client.call::<i64, _>("A.B", &2_i64).start();
        tokio::spawn(echo(servers.recv().await.unwrap()));
        assert_eq!(reply.await.unwrap(), 2);
    });
}

#[tokio::test]
async fn what_was_read_with_the_last_reply_of_a_closing_server_counts() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.connection.reply(seq, "A.B", Response::unary(&9_i64));
    peer.flush().await.unwrap();
    peer.stream.shutdown().await.unwrap();
    drop(peer);
    assert_eq!(reply.await.unwrap(), 9);
}
