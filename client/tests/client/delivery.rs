//! What a call learns of its delivery when the connection is cut.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::{cell::Cell, io};

use gobrpc_client::protocol::ServerConnection;
use gobrpc_client::{Client, Code, Delivery, Phase};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A socket that accepts so many bytes and then breaks.
struct Cut {
    left: usize,
    /// At most so many bytes by one write.
    step: usize,
    accepted: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Cut {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Cut {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let count = buf.len().min(self.left).min(self.step);
        self.left -= count;
        self.accepted
            .lock()
            .unwrap()
            .extend_from_slice(&buf[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Three calls, of which a server gets the first `left` bytes: the deliveries
/// that the client claims, and the numbers of the calls that a server would run.
async fn session(left: usize, step: usize) -> (Vec<Delivery>, Vec<u64>, usize) {
    let accepted = Arc::new(Mutex::new(Vec::new()));
    let client = Client::from_io(Cut {
        left,
        step,
        accepted: accepted.clone(),
    });
    let first = client.call::<i64, _>("A.B", &1_i64).start();
    let second = client.call::<i64, _>("A.B", &vec!["x".repeat(40)]).start();
    let third = client.call::<i64, _>("A.B", &3_i64).start();
    let whole = Cell::new(false);
    let mut deliveries = Vec::new();
    for reply in [first, second, third] {
        let error = tokio::select! {
            biased;
            result = reply => result.unwrap_err(),
            // All was accepted, and nothing breaks: nothing to learn.
            () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {
                whole.set(true);
                break;
            }
        };
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.peer(), Some("a given stream"));
        let phase = match error.delivery() {
            Delivery::Sent => Phase::Wait,
            _ => Phase::Write,
        };
        assert_eq!(error.phase(), phase);
        deliveries.push(error.delivery());
    }
    let mut server = ServerConnection::new();
    let accepted = accepted.lock().unwrap().clone();
    server.input().extend_from_slice(&accepted);
    let mut run = Vec::new();
    while let Some(request) = server.poll_request().unwrap() {
        run.push(request.seq);
    }
    (deliveries, run, accepted.len())
}

#[tokio::test(start_paused = true)]
async fn every_cut_is_told_as_it_is() {
    let (_, run, length) = session(usize::MAX, usize::MAX).await;
    assert_eq!(run, [0, 1, 2]);
    let mut seen = Vec::new();
    for step in [1, 3, usize::MAX] {
        for left in 0..length {
            let (deliveries, run, _) = session(left, step).await;
            for (seq, delivery) in deliveries.iter().enumerate() {
                assert_eq!(
                    run.contains(&(seq as u64)),
                    *delivery == Delivery::Sent,
                    "cut at {left} by {step}: call {seq} is {delivery:?}, {run:?} ran"
                );
            }
            seen.push(deliveries);
        }
    }
    seen.sort_by_key(|deliveries| format!("{deliveries:?}"));
    seen.dedup();
    let (n, p, s) = (Delivery::NotSent, Delivery::PartSent, Delivery::Sent);
    let mut expected = vec![
        vec![n, n, n],
        vec![p, n, n],
        vec![s, n, n],
        vec![s, p, n],
        vec![s, s, n],
        vec![s, s, p],
    ];
    expected.sort_by_key(|deliveries| format!("{deliveries:?}"));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_end_of_file_leaves_sent_calls_unknown() {
    use tokio::io::AsyncReadExt;
    let (ours, mut theirs) = tokio::io::duplex(4096);
    let client = Client::from_io(ours);
    let reply = client.call::<i64, _>("A.B", &1_i64).start();
    theirs.read_u8().await.unwrap();
    drop(theirs);
    let error = reply.await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.delivery(), Delivery::Sent);
    assert_eq!(error.phase(), Phase::Wait);
    assert_eq!(error.message(), "the connection was closed by the peer");
    assert_eq!(
        error.to_string(),
        "a given stream: waiting for the reply: the connection was closed by the peer \
         (the request was sent and may have run)"
    );
}
