//! What our client and our server do for each other beyond net/rpc, and what of
//! it real Go peers see.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gobrpc_client::{Client, Code, Delivery};
use gobrpc_protocol::TraceContext;
use gobrpc_server::{
    Cancel, Context, Error, ErrorDetails, Result, Running, Server, ServerConfig, service,
};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::local::eventually;
use gobrpc_tests::model::{Args, ArithClient, Delay, MiscClient};
use gobrpc_tests::registries;

/// Looks at its calls from inside.
#[service]
trait Probe {
    /// Never ends by itself.
    async fn hang(&self, cx: &Context, id: u64) -> Result<()>;
    /// Keeps a thread busy until it is told not to.
    ///
    /// # Errors
    ///
    /// Never.
    #[rpc(blocking)]
    fn spin(&self, cx: &Context) -> Result<()>;
    /// Milliseconds that are left; 0 for no bound.
    async fn remaining(&self, cx: &Context) -> Result<u64>;
    /// Takes so many milliseconds, then asks what is left at another server.
    async fn relay(&self, cx: &Context, millis: u64) -> Result<u64>;
    /// The trace that the call belongs to, there and at the other server.
    async fn traces(&self, cx: &Context) -> Result<Vec<String>>;
    /// Sends the metadata back.
    async fn mirror(&self, cx: &Context, fail: bool) -> Result<u64>;
    /// Fails as the other server does, and perhaps says all of it.
    async fn upstream(&self, forward: bool) -> Result<()>;
    /// Fails with everything that an error can say.
    async fn fail(&self) -> Result<()>;
}

#[derive(Default)]
struct Counts {
    running: AtomicUsize,
    cancelled: AtomicUsize,
    begun: AtomicUsize,
}

#[derive(Clone)]
struct Prober {
    counts: Arc<Counts>,
    other: Option<ProbeClient<Client>>,
}

/// Counts what runs, by being dropped.
struct Guard(Arc<Counts>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Prober {
    fn guard(&self) -> Guard {
        self.counts.begun.fetch_add(1, Ordering::SeqCst);
        self.counts.running.fetch_add(1, Ordering::SeqCst);
        Guard(Arc::clone(&self.counts))
    }

    fn other(&self) -> Result<&ProbeClient<Client>> {
        self.other.as_ref().ok_or_else(|| Error::new("no other"))
    }
}

impl Probe for Prober {
    async fn hang(&self, cx: &Context, _: u64) -> Result<()> {
        let guard = self.guard();
        // What the handler has started elsewhere learns of it, too.
        let (counts, cancelled) = (Arc::clone(&self.counts), cx.cancelled());
        tokio::spawn(async move {
            cancelled.await;
            counts.cancelled.fetch_add(1, Ordering::SeqCst);
        });
        std::future::pending::<()>().await;
        drop(guard);
        Ok(())
    }

    fn spin(&self, cx: &Context) -> Result<()> {
        let _guard = self.guard();
        loop {
            if let Some(reason) = cx.cancellation() {
                self.counts.cancelled.fetch_add(1, Ordering::SeqCst);
                return Err(reason.into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    async fn remaining(&self, cx: &Context) -> Result<u64> {
        let remaining = cx.remaining(Instant::now());
        Ok(remaining.map_or(0, |left| left.as_millis().try_into().unwrap()))
    }

    async fn relay(&self, cx: &Context, millis: u64) -> Result<u64> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.other()?.remaining().within(cx).await
    }

    async fn traces(&self, cx: &Context) -> Result<Vec<String>> {
        let mut traces = vec![cx.trace().map_or_else(String::new, |it| it.to_string())];
        if let Some(other) = &self.other {
            // By the trait, the context is handed on without a word.
            traces.extend(Probe::traces(other, cx).await?);
        }
        Ok(traces)
    }

    async fn mirror(&self, cx: &Context, fail: bool) -> Result<u64> {
        for (key, value) in cx.metadata().iter() {
            cx.reply_metadata(key, value);
        }
        match fail {
            true => Err(Error::not_found("as asked")),
            false => Ok(cx.metadata().len() as u64),
        }
    }

    async fn upstream(&self, forward: bool) -> Result<()> {
        self.other()?
            .fail()
            .await
            .map_err(|error| if forward { error.forward() } else { error })
    }

    async fn fail(&self) -> Result<()> {
        let mut metadata = gobrpc_protocol::Metadata::new();
        metadata.append("secret", "hunter2");
        Err(Error::permission_denied("the password is hunter2")
            .with_details(ErrorDetails::new("BAD_PASSWORD"))
            .with_metadata(metadata))
    }
}

struct Fixture {
    running: Running,
    client: Client,
    probe: ProbeClient<Client>,
    counts: Arc<Counts>,
}

async fn fixture(config: ServerConfig) -> Fixture {
    with_other(config, None).await
}

async fn with_other(config: ServerConfig, other: Option<ProbeClient<Client>>) -> Fixture {
    let counts = Arc::new(Counts::default());
    let prober = Prober {
        counts: Arc::clone(&counts),
        other,
    };
    let running = Server::new()
        .register(ProbeServer::new(prober))
        .unwrap()
        .with_config(config)
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let client = Client::connect(running.address());
    Fixture {
        probe: ProbeClient::new(client.clone()),
        client,
        running,
        counts,
    }
}

impl Fixture {
    async fn running(&self, count: usize) {
        eventually(&format!("{count} handlers run"), || {
            self.counts.running.load(Ordering::SeqCst) == count
        })
        .await;
    }

    async fn cancelled(&self, count: usize) {
        eventually(&format!("{count} handlers were told"), || {
            self.counts.cancelled.load(Ordering::SeqCst) == count
        })
        .await;
    }
}

#[tokio::test]
async fn dropping_a_call_drops_its_handler() {
    let fixture = fixture(ServerConfig::default()).await;
    // The very first call: nothing is known of the server yet.
    let first = fixture.probe.hang(0).start();
    fixture.running(1).await;
    drop(first);
    fixture.running(0).await;
    fixture.cancelled(1).await;
    // And among others.
    let mut calls: Vec<_> = (0..10).map(|id| fixture.probe.hang(id).start()).collect();
    fixture.running(10).await;
    calls.truncate(7);
    fixture.running(7).await;
    fixture.cancelled(4).await;
    assert_eq!(fixture.probe.remaining().await.unwrap(), 0);
    drop(calls);
    fixture.running(0).await;
    eventually("all are answered", || fixture.client.in_flight() == 0).await;
}

#[tokio::test]
async fn a_blocking_handler_is_told_and_keeps_its_thread_until_it_ends() {
    let fixture = fixture(ServerConfig::default()).await;
    let call = fixture.probe.spin().start();
    fixture.running(1).await;
    drop(call);
    fixture.running(0).await;
    let error = fixture
        .probe
        .spin()
        .timeout(Duration::from_millis(30))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    fixture.running(0).await;
    fixture.cancelled(2).await;
}

#[tokio::test]
async fn the_server_enforces_deadlines() {
    let local = fixture(ServerConfig::default()).await;
    let error = local
        .probe
        .hang(1)
        .timeout(Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    local.running(0).await;

    // The server's own bound holds for those who name none.
    let config = ServerConfig::default().with_max_timeout(Duration::from_millis(50));
    let bounded = fixture(config).await;
    let error = bounded.probe.hang(1).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::Answered);
    bounded.running(0).await;
    let error = bounded.probe.spin().await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    let plain = Client::builder()
        .plain_go(true)
        .connect(bounded.running.address());
    let error = ProbeClient::new(plain).hang(1).await.unwrap_err();
    assert_eq!(error.message(), "the call's time is up");
    let left = bounded
        .probe
        .remaining()
        .timeout(Duration::from_secs(60))
        .await
        .unwrap();
    assert!((1..=50).contains(&left), "{left}");
}

#[tokio::test]
async fn extreme_timeouts_have_defined_results() {
    let fixture = fixture(ServerConfig::default()).await;
    let probe = &fixture.probe;
    let error = probe.remaining().timeout(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::NotSent);
    let error = probe
        .hang(0)
        .timeout(Duration::from_nanos(1))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    for timeout in [
        Duration::from_nanos(i64::MAX as u64),
        Duration::from_nanos(u64::MAX),
        Duration::from_secs(u64::MAX),
        Duration::MAX,
    ] {
        let left = probe.remaining().timeout(timeout).await.unwrap();
        assert!(left == 0 || left > 1 << 40, "{left}");
        drop(probe.hang(0).timeout(timeout).start());
    }
    fixture.running(0).await;
}

/// Requests whose time is up when they are taken are not even decoded.
#[tokio::test]
async fn late_requests_are_dropped_undecoded() {
    let config = ServerConfig::default().with_handlers_per_connection(1);
    let fixture = fixture(config).await;
    let blocker = fixture.probe.hang(0).start();
    fixture.running(1).await;
    let begun = fixture.counts.begun.load(Ordering::SeqCst);
    let late: Vec<_> = (0..10)
        .map(|id| {
            fixture
                .probe
                .hang(id)
                .timeout(Duration::from_millis(20))
                .start()
        })
        .collect();
    for call in late {
        assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
    }
    drop(blocker);
    assert_eq!(fixture.probe.remaining().await.unwrap(), 0);
    assert_eq!(fixture.counts.begun.load(Ordering::SeqCst), begun);
    fixture.running(0).await;
}

#[tokio::test]
async fn what_is_left_of_a_deadline_goes_downstream() {
    let end = fixture(ServerConfig::default()).await;
    let middle = with_other(ServerConfig::default(), Some(end.probe.clone())).await;
    let left = middle
        .probe
        .relay(100)
        .timeout(Duration::from_secs(10))
        .await
        .unwrap();
    assert!((1..=9_900).contains(&left), "{left}");
    assert_eq!(middle.probe.relay(0).await.unwrap(), 0, "none stays none");
    // The earlier of both counts.
    let error = middle
        .probe
        .relay(10_000)
        .timeout(Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_trace_goes_through_all_servers() {
    let end = fixture(ServerConfig::default()).await;
    let middle = with_other(ServerConfig::default(), Some(end.probe.clone())).await;
    let trace = TraceContext::new(0x1234, 0x56, true).unwrap().to_string();
    let traces = middle
        .probe
        .traces()
        .meta("traceparent", &trace)
        .meta("other", "stays here")
        .await
        .unwrap();
    assert_eq!(traces, [trace.clone(), trace]);
    assert_eq!(middle.probe.traces().await.unwrap(), ["", ""]);
}

#[tokio::test]
async fn metadata_goes_there_and_back() {
    let fixture = fixture(ServerConfig::default()).await;
    let call = || {
        fixture
            .probe
            .mirror(false)
            .meta("k", "v")
            .meta("k", [0xff, 0])
            .meta("empty", "")
    };
    let (count, metadata) = call().start().with_metadata().await.unwrap();
    assert_eq!(count, 3);
    let back: Vec<_> = metadata.iter().collect();
    assert_eq!(
        back,
        [(&b"k"[..], &b"v"[..]), (b"k", &[0xff, 0]), (b"empty", b"")]
    );
    let error = fixture.probe.mirror(true).meta("k", "v").await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.metadata().get_str("k"), Some("v"));
    // The next call has none of it.
    let (count, metadata) = fixture
        .probe
        .mirror(false)
        .start()
        .with_metadata()
        .await
        .unwrap();
    assert_eq!((count, metadata.len()), (0, 0));
}

#[tokio::test]
async fn an_error_crosses_a_server_as_its_code_unless_it_is_forwarded() {
    let end = fixture(ServerConfig::default()).await;
    let middle = with_other(ServerConfig::default(), Some(end.probe.clone())).await;
    let error = middle.probe.upstream(false).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert_eq!((error.details(), error.metadata().len()), (None, 0));
    let error = middle.probe.upstream(true).await.unwrap_err();
    assert_eq!(error.message(), "the password is hunter2");
    assert_eq!(error.details().unwrap().reason, "BAD_PASSWORD");
    assert_eq!(error.metadata().get_str("secret"), Some("hunter2"));
}

/// A peer that starts calls only to cancel them (HTTP/2's rapid reset): at no time
/// do more handlers run than the connection may have, and other connections do
/// not notice.
#[tokio::test]
async fn a_flood_of_cancellations_is_bounded() {
    let config = ServerConfig::default().with_handlers_per_connection(16);
    let fixture = fixture(config).await;
    fixture.probe.remaining().await.unwrap();
    let other = ProbeClient::new(Client::connect(fixture.running.address()));
    let mut most = 0;
    for round in 0..200 {
        let calls: Vec<_> = (0..50).map(|id| fixture.probe.hang(id).start()).collect();
        if round % 10 == 0 {
            assert_eq!(other.remaining().await.unwrap(), 0);
        }
        drop(calls);
        most = most.max(fixture.counts.running.load(Ordering::SeqCst));
    }
    assert!(most <= 16, "{most} handlers ran at once");
    assert_eq!(fixture.probe.remaining().await.unwrap(), 0);
    fixture.running(0).await;
    eventually("all are answered", || fixture.client.in_flight() == 0).await;
    println!(
        "10,000 calls cancelled; {} were begun, at most {most} seen at once",
        fixture.counts.begun.load(Ordering::SeqCst)
    );
}

/// Handlers that nobody waits for make room, also for calls that came before the
/// word of it: the server reads on while all of them are busy.
#[tokio::test]
async fn cancellations_are_seen_behind_requests_that_wait() {
    let config = ServerConfig::default().with_handlers_per_connection(2);
    let fixture = fixture(config).await;
    fixture.probe.remaining().await.unwrap();
    let busy: Vec<_> = (0..2).map(|id| fixture.probe.hang(id).start()).collect();
    fixture.running(2).await;
    let waits = fixture.probe.hang(9).start();
    let after = fixture.probe.remaining().start();
    // Given up before it was begun.
    drop(waits);
    drop(busy);
    assert_eq!(after.await.unwrap(), 0);
    assert_eq!(fixture.counts.begun.load(Ordering::SeqCst), 2);
    fixture.running(0).await;
}

#[tokio::test]
async fn a_lost_connection_cancels_what_it_asked_for() {
    let config = ServerConfig::default().with_cancel_on_eof(true);
    let fixture = fixture(config).await;
    // As a Go client that closes: it says nothing but the end.
    let plain = Client::builder()
        .plain_go(true)
        .connect(fixture.running.address());
    let call = ProbeClient::new(plain.clone()).hang(0).start();
    fixture.running(1).await;
    drop(call);
    drop(plain);
    fixture.running(0).await;
    fixture.cancelled(1).await;
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let fixture = fixture(ServerConfig::default()).await;
    let call = fixture.probe.hang(0).start();
    fixture.running(1).await;
    let report = fixture.running.shutdown(Duration::from_millis(50)).await;
    assert_eq!(report.cut, 1);
    assert_eq!(call.await.unwrap_err().code(), Code::Unavailable);
    eventually("the handler is gone", || {
        fixture.counts.running.load(Ordering::SeqCst) == 0
    })
    .await;
    assert_eq!(fixture.counts.cancelled.load(Ordering::SeqCst), 1);
    assert_eq!(Error::from(Cancel::Shutdown).code(), Code::Unavailable);
}

/// Deadlines, metadata and cancellations do a Go server no harm: the first two it
/// ignores, and of the last it never hears.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_server_ignores_what_it_does_not_know() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-network", "tcp"]).unwrap();
    let client = Client::connect(server.address());
    let arith = ArithClient::new(client.clone());
    let misc = MiscClient::new(client.clone());
    // The first call of the connection is dropped, so that the client asks.
    drop(misc.delay(Delay { millis: 50, tag: 0 }).start());
    for round in 0..100_i64 {
        let slow = misc.delay(Delay { millis: 30, tag: 1 }).start();
        let product = arith
            .multiply(Args { a: round, b: 2 })
            .timeout(Duration::from_secs(5))
            .meta("traceparent", "00-\u{ff}")
            .meta("k", [0xff; 100])
            .idempotent()
            .await
            .unwrap();
        assert_eq!(product, round * 2);
        if round % 10 == 0 {
            assert_eq!(slow.await.unwrap(), 1);
        } else {
            drop(slow);
        }
    }
    eventually("all are answered", || client.in_flight() == 0).await;
    let error = client
        .call::<(), _>("_goRPC_.Hello", &())
        .await
        .unwrap_err();
    assert_eq!(error.message(), "rpc: can't find service _goRPC_.Hello");
    assert_eq!(error.code(), Code::Unimplemented);
}

/// To Go a ping is a call of a service that it does not have, which proves life.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_go_server_answers_pings() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-network", "tcp"]).unwrap();
    for plain in [false, true] {
        let client = Client::builder()
            .plain_go(plain)
            .keepalive(Duration::from_secs(1), Duration::from_secs(1))
            .connect(server.address());
        let misc = MiscClient::new(client.clone());
        let delay = Delay {
            millis: 2500,
            tag: 7,
        };
        assert_eq!(misc.delay(delay).await.unwrap(), 7);
        assert_eq!(client.in_flight(), 0);
    }
}

/// A peer that is stopped, as its machine is when it is lost: nothing comes, and
/// no end either.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_server_that_stands_still_is_given_up() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-network", "tcp"]).unwrap();
    let client = Client::builder()
        .keepalive(Duration::from_secs(1), Duration::from_secs(1))
        .connect(server.address());
    let arith = ArithClient::new(client);
    arith.multiply(Args { a: 6, b: 7 }).await.unwrap();
    registries::signal("STOP", server.id());
    let error = arith.multiply(Args { a: 6, b: 7 }).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert_eq!(error.delivery(), Delivery::Sent);
    registries::signal("CONT", server.id());
    eventually_answers(&arith).await;
}

#[cfg(unix)]
async fn eventually_answers(arith: &ArithClient<Client>) {
    for _ in 0..100 {
        if arith.multiply(Args { a: 6, b: 7 }).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never answers again");
}
