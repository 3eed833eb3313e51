//! Servers that send anything.

use std::time::Duration;

use gobrpc_client::protocol::{Response, ServerConnection};
use gobrpc_client::{Client, Code, Delivery};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sends bytes in answer to two calls, and closes: what became of the calls.
async fn answer_by(bytes: &[u8]) -> [gobrpc_client::Result<i64>; 2] {
    let (ours, mut theirs) = tokio::io::duplex(64 << 10);
    let client = Client::from_io(ours);
    let first = client.call::<i64, _>("A.B", &1_i64).start();
    let second = client.call::<i64, _>("A.B", &2_i64).start();
    let mut request = [0; 1024];
    assert!(theirs.read(&mut request).await.unwrap() > 0);
    // The client may have hung up already.
    let _ = theirs.write_all(bytes).await;
    drop(theirs);
    tokio::time::timeout(Duration::from_secs(10), async {
        [first.await, second.await]
    })
    .await
    .expect("a call hangs")
}

fn good_session() -> Vec<u8> {
    let mut server = ServerConnection::new();
    for seq in 0..2 {
        server.reply(seq, "A.B", Response::unary(&(seq as i64 + 40)));
    }
    std::mem::take(server.output())
}

#[tokio::test]
async fn any_bytes_end_every_call() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..random.usize(0..200)).map(|_| random.u8(..)).collect();
        for result in answer_by(&bytes).await {
            let error = result.unwrap_err();
            assert_eq!(error.delivery(), Delivery::Sent, "{error}");
        }
    }
}

#[tokio::test]
async fn any_changed_byte_ends_every_call() {
    let session = good_session();
    let results = answer_by(&session).await;
    assert_eq!(results.map(Result::unwrap), [40, 41]);
    let mut random = fastrand::Rng::with_seed(2);
    for at in 0..session.len() {
        for _ in 0..8 {
            let mut bytes = session.clone();
            bytes[at] = random.u8(..);
            // Some changes are harmless, as of a value: that it ends is enough.
            let _ = answer_by(&bytes).await;
        }
    }
}

#[tokio::test]
async fn every_early_end_is_an_error() {
    let session = good_session();
    for length in 0..session.len() {
        let [_, second] = answer_by(&session[..length]).await;
        let error = second.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{length}: {error}");
        assert_eq!(error.delivery(), Delivery::Sent);
    }
}

#[tokio::test]
async fn garbage_fails_calls_without_waiting_for_the_end() {
    let (ours, mut theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    let mut request = [0; 1024];
    assert!(theirs.read(&mut request).await.unwrap() > 0);
    theirs.write_all(&[0xf0; 16]).await.unwrap();
    let error = reply.await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().contains("gob"), "{error}");
    // The connection is closed then.
    let mut rest = Vec::new();
    theirs.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn a_reply_beyond_the_limit_names_the_limit() {
    let (ours, mut theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    let mut request = [0; 1024];
    assert!(theirs.read(&mut request).await.unwrap() > 0);
    // A message of 1 GB.
    theirs.write_all(&[0xfc, 0x40, 0, 0, 0]).await.unwrap();
    let error = reply.await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert!(error.message().contains("message_bytes"), "{error}");
}
