//! Nothing grows without bound.

use gobrpc_client::{Client, Code, Delivery, Phase};

use crate::server::{Peer, echo};

#[tokio::test]
async fn the_cap_of_calls_in_flight_at_the_maximum_and_one_more() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::builder()
        .max_in_flight(3)
        .max_queued(2)
        .from_io(ours);
    let mut peer = Peer::new(theirs);
    // A connection first: what waits for the dial waits in the queue, too.
    client.ready().await.unwrap();
    let mut replies: Vec<_> = (0..3_i64)
        .map(|n| client.call::<i64, _>("A.B", &n).start())
        .collect();
    let mut seqs = Vec::new();
    for n in 0..3 {
        let (seq, value) = peer.next_int().await.unwrap();
        assert_eq!(value, n);
        seqs.push(seq);
    }
    // One more waits here, until one is answered.
    replies.extend((3..5_i64).map(|n| client.call::<i64, _>("A.B", &n).start()));
    tokio::task::yield_now().await;
    assert_eq!(client.in_flight(), 5);
    {
        let mut next = std::pin::pin!(peer.next());
        for _ in 0..20 {
            tokio::select! {
                biased;
                _ = &mut next => panic!("the cap was passed"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let error = client.call::<i64, _>("A.B", &5_i64).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.phase(), Phase::Queue);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.message().contains("max_queued"), "{error}");

    peer.reply_int(seqs[1], 1).await;
    let (seq, value) = peer.next_int().await.unwrap();
    assert_eq!(value, 3);
    peer.reply_int(seq, 3).await;
    let (seq, value) = peer.next_int().await.unwrap();
    assert_eq!(value, 4);
    peer.reply_int(seq, 4).await;
    peer.reply_int(seqs[0], 0).await;
    peer.reply_int(seqs[2], 2).await;
    for (n, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.await.unwrap(), n as i64);
    }
}

#[tokio::test]
async fn calls_that_were_given_up_count_until_they_are_answered() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let client = Client::builder().max_in_flight(1).from_io(ours);
    let mut peer = Peer::new(theirs);
    drop(client.call::<i64, _>("A.B", &1_i64).start());
    let kept = client.call::<i64, _>("A.B", &2_i64).start();
    // The first was dropped before there was a connection: it never went out.
    let (seq, value) = peer.next_int().await.unwrap();
    assert_eq!(value, 2);
    drop(kept);
    let next = client.call::<i64, _>("A.B", &3_i64).start();
    assert_eq!(client.in_flight(), 2);
    peer.reply_int(seq, 2).await;
    let (seq, value) = peer.next_int().await.unwrap();
    assert_eq!(value, 3);
    peer.reply_int(seq, 3).await;
    assert_eq!(next.await.unwrap(), 3);
}

#[tokio::test]
async fn a_peer_that_never_reads_makes_calls_wait_then_fail() {
    let (ours, theirs) = tokio::io::duplex(1024);
    let client = Client::builder()
        .max_write_buffer(10_000)
        .max_queued_bytes(20_000)
        .from_io(ours);
    client.ready().await.unwrap();
    let argument = vec![7_u8; 1000];
    let mut waiting = Vec::new();
    let error = loop {
        assert!(waiting.len() < 100, "no bound");
        let mut reply = client.call::<i64, _>("A.B", &argument).start();
        tokio::select! {
            biased;
            result = &mut reply => break result.unwrap_err(),
            () = tokio::task::yield_now() => waiting.push(reply),
        }
    };
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert!(error.message().contains("max_queued_bytes"), "{error}");
    // What the pipe holds, the write buffer and the queue.
    assert!((28..=34).contains(&waiting.len()), "{}", waiting.len());
    // Giving up makes room again.
    drop(waiting.pop());
    let last = client.call::<i64, _>("A.B", &argument).start();
    waiting.push(last);

    // It reads after all: everything goes out.
    let count = waiting.len();
    let server = tokio::spawn(async move {
        let mut peer = Peer::new(theirs);
        let mut served = 0;
        while let Some(request) = peer.next().await {
            assert_eq!(
                request.body.unwrap().decode::<Vec<u8>>().unwrap().len(),
                1000
            );
            peer.reply_int(request.seq, 1).await;
            served += 1;
        }
        served
    });
    for reply in waiting {
        assert_eq!(reply.await.unwrap(), 1);
    }
    client.close().await;
    assert_eq!(server.await.unwrap(), count);
}

#[tokio::test]
async fn one_call_may_exceed_every_buffer() {
    let (ours, theirs) = tokio::io::duplex(512);
    let client = Client::builder()
        .max_write_buffer(100)
        .max_queued_bytes(100)
        .from_io(ours);
    let mut peer = Peer::new(theirs);
    let argument = vec![7_u8; 100_000];
    let first = client.call::<i64, _>("A.B", &argument).start();
    let request = peer.next().await.unwrap();
    peer.reply_int(request.seq, 1).await;
    assert_eq!(first.await.unwrap(), 1);
    let second = client.call::<i64, _>("A.B", &argument).start();
    let third = client.call::<i64, _>("A.B", &argument).start();
    for _ in 0..2 {
        let request = peer.next().await.unwrap();
        peer.reply_int(request.seq, 2).await;
    }
    assert_eq!(second.await.unwrap() + third.await.unwrap(), 4);
}

/// The peer writes replies and does not read on until they are read, as we write
/// calls: whoever stops reading to write would lock up both.
#[tokio::test]
async fn a_peer_that_is_slow_to_read_does_not_stop_our_reading() {
    let (ours, theirs) = tokio::io::duplex(64);
    tokio::spawn(echo(theirs));
    let client = Client::from_io(ours);
    let replies: Vec<_> = (0..2000_i64)
        .map(|n| client.call::<i64, _>("A.B", &n).start())
        .collect();
    for (n, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.await.unwrap(), n as i64);
    }
}
