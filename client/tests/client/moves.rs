//! Calls whose connection ends before they are sent.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gobrpc_client::connector::{self, BoxedIo, Connector};
use gobrpc_client::{Client, Code, Delivery, Phase};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;

use crate::server::{Peer, pipes};

/// Whether the client's end of a pipe still takes bytes; once it does not, it breaks
/// when it is told to.
#[derive(Clone, Default)]
struct Valve(Arc<Mutex<Flow>>);

#[derive(Default)]
struct Flow {
    /// How many bytes are let through, if not all are.
    left: Option<usize>,
    broken: bool,
    wakers: Vec<Waker>,
}

impl Valve {
    fn close(&self, left: usize) {
        self.0.lock().unwrap().left = Some(left);
    }

    fn open(&self) {
        let mut flow = self.0.lock().unwrap();
        flow.left = None;
        flow.wakers.drain(..).for_each(Waker::wake);
    }

    fn break_off(&self) {
        let mut flow = self.0.lock().unwrap();
        flow.broken = true;
        flow.wakers.drain(..).for_each(Waker::wake);
    }
}

struct Piped {
    stream: DuplexStream,
    valve: Valve,
}

impl AsyncRead for Piped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut flow = self.valve.0.lock().unwrap();
        if flow.broken {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        flow.wakers.push(cx.waker().clone());
        drop(flow);
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Piped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let valve = self.valve.clone();
        let mut flow = valve.0.lock().unwrap();
        let most = flow.left.map_or(buf.len(), |left| left.min(buf.len()));
        if most == 0 {
            flow.wakers.push(cx.waker().clone());
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, &buf[..most]);
        if let (Poll::Ready(Ok(count)), Some(left)) = (&written, &mut flow.left) {
            *left -= count;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A connector of pipes with valves that let so much through, and the servers' ends.
fn valves(
    left: Option<usize>,
) -> (
    impl Connector,
    mpsc::UnboundedReceiver<(Peer<DuplexStream>, Valve)>,
) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let connector = connector::from_fn("a pipe", move || {
        let (ours, theirs) = tokio::io::duplex(4096);
        let valve = Valve::default();
        valve.0.lock().unwrap().left = left;
        let given = sender.send((Peer::new(theirs), valve.clone()));
        async move {
            given.map_err(|_| gobrpc_client::Error::unavailable("nobody listens"))?;
            let stream = Piped {
                stream: ours,
                valve,
            };
            Ok(Box::new(stream) as BoxedIo)
        }
    });
    (connector, receiver)
}

/// Answers one call, so that the connection has been of use.
async fn prove(peer: &mut Peer<DuplexStream>, client: &Client) {
    let reply = client.call::<i64, _>("A.B", &0_i64).start();
    let (seq, value) = peer.next_int().await.unwrap();
    peer.reply_int(seq, value).await;
    assert_eq!(reply.await.unwrap(), 0);
}

/// A connection that an idle server has closed, which nobody has noticed yet.
#[tokio::test]
async fn a_call_on_a_connection_that_is_closed_already_goes_by_the_next() {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().connect_with(connector);
    for n in 0..20_i64 {
        let reply = client.call::<i64, _>("A.B", &n).start();
        let mut peer = Peer::new(servers.recv().await.unwrap());
        let (seq, value) = peer.next_int().await.unwrap();
        assert_eq!((seq, value), (0, n));
        peer.reply_int(seq, value).await;
        reply.await.unwrap();
        drop(peer);
        assert!(client.is_connected(), "nobody has looked yet");
        let moved = client.call::<i64, _>("A.B", &-n).start();
        let one_way = client.call::<i64, _>("A.B", &-n).one_way().start();
        let mut peer = Peer::new(servers.recv().await.unwrap());
        for _ in 0..2 {
            let (seq, value) = peer.next_int().await.unwrap();
            assert_eq!(value, -n);
            peer.reply_int(seq, value).await;
        }
        assert_eq!(moved.await.unwrap(), -n);
        one_way.await.unwrap();
        drop(peer);
        // Has it noticed, so that the next round begins with a dial.
        while client.is_connected() {
            tokio::task::yield_now().await;
        }
    }
}

/// Of those that wait to be written, what was begun is never made again; and the order
/// is kept, before those that came later.
#[tokio::test]
async fn what_was_not_begun_is_made_again_in_its_order() {
    let (connector, mut servers) = valves(None);
    let client = Client::builder().max_in_flight(4).connect_with(connector);
    client.ready().await.unwrap();
    let (mut peer, valve) = servers.recv().await.unwrap();
    prove(&mut peer, &client).await;
    let sent = client.call::<i64, _>("A.B", &1_i64).start();
    peer.next_int().await.unwrap();
    valve.close(3);
    let call = |n: i64| client.call::<i64, _>("A.B", &n).start();
    let part = call(2);
    tokio::task::yield_now().await;
    let moved = [call(3), call(4)];
    let queued = [call(5), call(6)];
    assert_eq!(client.in_flight(), 6);
    valve.break_off();
    assert_eq!(sent.await.unwrap_err().delivery(), Delivery::Sent);
    assert_eq!(part.await.unwrap_err().delivery(), Delivery::PartSent);
    let (mut peer, _) = servers.recv().await.unwrap();
    for expected in 3..=6 {
        let (seq, value) = peer.next_int().await.unwrap();
        assert_eq!(value, expected);
        peer.reply_int(seq, value).await;
    }
    for (reply, expected) in moved.into_iter().chain(queued).zip(3..) {
        assert_eq!(reply.await.unwrap(), expected);
    }
}

/// However long its timeout is.
#[tokio::test(start_paused = true)]
async fn a_call_moves_three_times_and_no_more() {
    const MOST: usize = 3;
    for broken in [MOST, MOST + 1] {
        let (connector, mut servers) = valves(Some(0));
        let client = Client::builder()
            .backoff(Duration::from_millis(1), Duration::from_millis(1))
            .connect_with(connector);
        let call = client.call::<i64, _>("A.B", &7_i64);
        let reply = call.timeout(Duration::from_secs(1 << 20)).start();
        for _ in 0..broken {
            let (_, valve) = servers.recv().await.unwrap();
            valve.break_off();
        }
        if broken == MOST {
            let (mut peer, valve) = servers.recv().await.unwrap();
            valve.open();
            assert_eq!(peer.next_int().await, Some((0, 7)));
            peer.reply_int(0, 7).await;
            assert_eq!(reply.await.unwrap(), 7);
        } else {
            let error = reply.await.unwrap_err();
            assert_eq!(error.code(), Code::Unavailable);
            assert_eq!(error.delivery(), Delivery::NotSent);
            assert_eq!(error.phase(), Phase::Write);
            assert!(servers.try_recv().is_err(), "nobody waits for another");
        }
    }
}

/// What must not be dialled for before a pause ends is not waited for by who has no
/// time for it.
#[tokio::test(start_paused = true)]
async fn a_call_moves_within_its_time_alone() {
    let (connector, mut servers) = valves(Some(0));
    let client = Client::builder()
        .backoff(Duration::from_secs(1 << 20), Duration::from_secs(1 << 20))
        .connect_with(connector);
    let call = || client.call::<i64, _>("A.B", &7_i64);
    let replies = [
        call().start(),
        call().timeout(Duration::from_millis(1)).start(),
    ];
    let (_, valve) = servers.recv().await.unwrap();
    valve.break_off();
    for reply in replies {
        assert_eq!(reply.await.unwrap_err().delivery(), Delivery::NotSent);
    }
    assert!(servers.try_recv().is_err());
}

/// A connection that the server wants to end breaks before it took what was on its way.
#[tokio::test]
async fn a_call_moves_from_a_connection_that_leaves() {
    for connected in [false, true] {
        let (connector, mut servers) = valves(None);
        let client = Client::builder().connect_with(connector);
        client.ready().await.unwrap();
        let (mut peer, valve) = servers.recv().await.unwrap();
        prove(&mut peer, &client).await;
        valve.close(0);
        let moved = client.call::<i64, _>("A.B", &7_i64).start();
        assert!(peer.connection.go_away());
        peer.flush().await.unwrap();
        while client.is_connected() {
            tokio::task::yield_now().await;
        }
        let mut next = None;
        if connected {
            client.ready().await.unwrap();
            next = servers.recv().await;
        }
        valve.break_off();
        let (mut peer, _) = match next {
            Some(next) => next,
            None => servers.recv().await.unwrap(),
        };
        assert_eq!(peer.next_int().await, Some((0, 7)));
        peer.reply_int(0, 7).await;
        assert_eq!(moved.await.unwrap(), 7);
    }
}

#[tokio::test]
async fn a_client_that_does_not_reconnect_moves_nothing() {
    let (connector, mut servers) = valves(Some(0));
    let client = Client::builder().reconnect(false).connect_with(connector);
    let reply = client.call::<i64, _>("A.B", &7_i64).start();
    let (_, valve) = servers.recv().await.unwrap();
    valve.break_off();
    assert_eq!(reply.await.unwrap_err().delivery(), Delivery::NotSent);
    assert!(client.is_closed());
}
