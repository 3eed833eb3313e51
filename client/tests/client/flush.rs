//! How calls are put together into writes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use gobrpc_client::Client;
use gobrpc_client::protocol::Response;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Peer, echo};

/// A pipe that counts what is asked of it, and may refuse writes.
struct Counted<S> {
    pipe: S,
    reads: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
    writes_max: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.pipe).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.writes.fetch_add(1, Ordering::Relaxed) >= self.writes_max {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.pipe).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

fn counted(writes_max: usize) -> (Counted<DuplexStream>, DuplexStream, Arc<AtomicUsize>) {
    let (pipe, theirs) = tokio::io::duplex(1 << 20);
    let ours = Counted {
        pipe,
        reads: Arc::default(),
        writes: Arc::default(),
        writes_max,
    };
    let writes = ours.writes.clone();
    (ours, theirs, writes)
}

// This runtime runs what was woken last first: without giving way, the client
// would write after each first call of a round.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn calls_of_many_tasks_go_out_together() {
    let (listening, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                listening.send(listener.local_addr().unwrap()).unwrap();
                echo(listener.accept().await.unwrap().0).await;
            });
    });
    let writes: Arc<AtomicUsize> = Arc::default();
    let client = Client::from_io(Counted {
        pipe: TcpStream::connect(address.recv().unwrap()).await.unwrap(),
        reads: Arc::default(),
        writes: writes.clone(),
        writes_max: usize::MAX,
    });
    client.ready().await.unwrap();
    let tasks: Vec<_> = (0..64_i64)
        .map(|task| {
            let client = client.clone();
            tokio::spawn(async move {
                for n in 0..100 {
                    let value = task * 100 + n;
                    assert_eq!(client.call::<i64, _>("A.B", &value).await.unwrap(), value);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // 6,400 calls, 64 at a time: some 200 writes, and 6,400 without giving way.
    let writes = writes.load(Ordering::Relaxed);
    assert!(writes < 2000, "{writes} writes");
}

#[tokio::test]
async fn a_lone_call_is_written_at_once() {
    let (ours, mut theirs, writes) = counted(usize::MAX);
    let reads = ours.reads.clone();
    let client = Client::from_io(ours);
    client.ready().await.unwrap();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let before = reads.load(Ordering::Relaxed);
    let _reply = client.call::<i64, _>("A.B", &1_i64).start();
    assert!(theirs.read_u8().await.is_ok());
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    // The client's task looks for replies once each time that it runs.
    assert_eq!(reads.load(Ordering::Relaxed) - before, 1);
}

/// A server that answers, closes its reading side and goes: what it answered
/// counts, though our writing fails first.
#[tokio::test]
async fn replies_are_read_when_writing_fails() {
    let (ours, theirs, _) = counted(1);
    let client = Client::from_io(ours);
    let mut peer = Peer::new(theirs);
    client.ready().await.unwrap();
    let first = client.call::<i64, _>("A.B", &1_i64).start();
    let (seq, _) = peer.next_int().await.unwrap();
    peer.reply(seq, Response::unary(&10_i64)).await.unwrap();
    let second = client.call::<i64, _>("A.B", &2_i64).start();
    assert_eq!(first.await.unwrap(), 10);
    let error = second.await.unwrap_err();
    assert!(error.delivery().cannot_have_run(), "{error:?}");
    assert!(error.message().contains("writing failed"), "{error}");
}

#[tokio::test]
async fn plain_go_headers_hold_no_field_that_go_does_not_know() {
    for (plain, extended) in [(true, false), (false, true)] {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let client = Client::builder().plain_go(plain).from_io(ours);
        let _reply = client.call::<i64, _>("A.B", &1_i64).start();
        let mut sent = [0; 4096];
        let length = theirs.read(&mut sent).await.unwrap();
        let caps = sent[..length].windows(4).any(|bytes| bytes == b"Caps");
        assert_eq!(caps, extended);
    }
}
