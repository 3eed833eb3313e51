//! Servers that send their clients to another connection: because they stop, or the
//! connection is old or idle. Nothing is lost by it, and Go's clients are served on.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use gobrpc_client::{Client, Code, Delivery};
use gobrpc_server::{
    Accepting, Cancel, Context, Io, Listener, Result, Running, Server, ServerConfig, Streaming,
    service,
};
use gobrpc_tests::local::eventually;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

const GRACE: Duration = Duration::from_secs(30);

/// Of which version of the program is this?
#[service]
trait Version {
    /// The number of the server's start.
    async fn get(&self) -> Result<u64>;
    /// Says when it began, and ends when it may.
    async fn wait(&self, cx: &Context) -> Result<u64>;
    /// Doubles what comes, as it comes.
    async fn double(&self, numbers: Streaming<u64>) -> Result<Streaming<u64>>;
}

#[derive(Clone)]
struct Program {
    version: u64,
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    cancelled: mpsc::UnboundedSender<Cancel>,
}

impl Version for Program {
    async fn get(&self) -> Result<u64> {
        Ok(self.version)
    }

    async fn wait(&self, cx: &Context) -> Result<u64> {
        let (cx, cancelled) = (cx.clone(), self.cancelled.clone());
        tokio::spawn(async move { cancelled.send(cx.cancelled().await) });
        self.begun.notify_one();
        self.go_on.notified().await;
        Ok(self.version)
    }

    async fn double(&self, numbers: Streaming<u64>) -> Result<Streaming<u64>> {
        use futures::StreamExt;
        Ok(Streaming::from_stream(numbers.map(|it| Ok(2 * it?))))
    }
}

/// One listening socket that goes from a server to the next, as systemd hands it to
/// each start of a program: none who connects is ever turned away.
#[derive(Clone)]
struct Handed {
    socket: Arc<TcpListener>,
    accepted: Arc<AtomicUsize>,
}

impl Listener for Handed {
    fn accept(&mut self) -> Accepting<'_> {
        Box::pin(async {
            let (stream, peer) = self.socket.accept().await?;
            self.accepted.fetch_add(1, Ordering::SeqCst);
            Ok((Box::new(stream) as Box<dyn Io>, peer.to_string()))
        })
    }

    fn local_address(&self) -> io::Result<String> {
        Ok(format!("tcp://{}", self.socket.local_addr()?))
    }
}

/// Starts of one program on one socket.
struct Machine {
    listener: Handed,
    program: Program,
    config: ServerConfig,
    cancellations: mpsc::UnboundedReceiver<Cancel>,
}

impl Machine {
    async fn new(config: ServerConfig) -> Self {
        let (cancelled, cancellations) = mpsc::unbounded_channel();
        Self {
            listener: Handed {
                socket: Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap()),
                accepted: Arc::default(),
            },
            program: Program {
                version: 0,
                begun: Arc::default(),
                go_on: Arc::default(),
                cancelled,
            },
            config,
            cancellations,
        }
    }

    fn accepted(&self) -> usize {
        self.listener.accepted.load(Ordering::SeqCst)
    }

    async fn start(&mut self) -> Running {
        self.program.version += 1;
        Server::new()
            .with_config(self.config.clone())
            .register(VersionServer::new(self.program.clone()))
            .unwrap()
            .start_on(self.listener.clone())
            .await
            .unwrap()
    }
}

/// Twenty restarts under load, at one address and without a registry: each call is
/// answered, none is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_under_load_lose_no_call() {
    const RESTARTS: u64 = 20;
    let mut machine = Machine::new(ServerConfig::default()).await;
    let mut running = machine.start().await;
    let client = Client::connect(running.address());
    let newest = Arc::new(AtomicU64::new(0));
    let callers = (0..8).map(|_| {
        let program = VersionClient::new(client.clone());
        let newest = Arc::clone(&newest);
        tokio::spawn(async move {
            let mut calls = 0_u64;
            while newest.load(Ordering::SeqCst) <= RESTARTS {
                let version = program.get().await.expect("no call is lost");
                newest.fetch_max(version, Ordering::SeqCst);
                calls += 1;
            }
            calls
        })
    });
    let callers: Vec<_> = callers.collect();
    for _ in 0..RESTARTS {
        // It serves at all before it is replaced.
        let version = machine.program.version;
        eventually("the server is called", || {
            newest.load(Ordering::SeqCst) >= version
        })
        .await;
        let next = machine.start().await;
        let report = std::mem::replace(&mut running, next).shutdown(GRACE).await;
        assert_eq!(report.cut, 0);
    }
    let calls: u64 = join_all(callers)
        .await
        .into_iter()
        .map(|it| it.unwrap())
        .sum();
    assert!(calls >= RESTARTS);
    assert!(machine.accepted() as u64 > RESTARTS);
}

#[tokio::test]
async fn streams_and_calls_that_run_end_where_they_began() {
    let mut machine = Machine::new(ServerConfig::default()).await;
    let old = machine.start().await;
    let client = Client::connect(old.address());
    let version = VersionClient::new(client.clone());
    let (mut numbers, arguments) = Streaming::channel(1);
    let mut doubled = version.double(arguments).await.unwrap();
    numbers.send(1).await.unwrap();
    assert_eq!(doubled.next().await.unwrap().unwrap(), 2);
    let waiting = version.wait().start();
    machine.program.begun.notified().await;

    let new = machine.start().await;
    let shutdown = tokio::spawn(old.shutdown(GRACE));
    // Until the client has heard it, calls go to the old one.
    while version.get().await.unwrap() == 1 {}
    assert_eq!(version.get().await.unwrap(), 2);
    assert_eq!(client.in_flight(), 2);
    for number in 2..100 {
        numbers.send(number).await.unwrap();
        assert_eq!(doubled.next().await.unwrap().unwrap(), 2 * number);
    }
    assert!(!shutdown.is_finished());
    drop(numbers);
    assert!(doubled.next().await.is_none());
    machine.program.go_on.notify_one();
    assert_eq!(waiting.await.unwrap(), 1);
    assert_eq!(shutdown.await.unwrap().cut, 0);
    assert_eq!(version.get().await.unwrap(), 2);
    drop((client, version));
    assert_eq!(new.shutdown(GRACE).await.cut, 0);
}

/// A call that is given up on a connection that leaves is cancelled there.
#[tokio::test]
async fn a_cancellation_reaches_the_server_that_stops() {
    let mut machine = Machine::new(ServerConfig::default()).await;
    let old = machine.start().await;
    let version = VersionClient::new(Client::connect(old.address()));
    version.get().await.unwrap();
    let waiting = version.wait().start();
    machine.program.begun.notified().await;
    let _new = machine.start().await;
    let shutdown = tokio::spawn(old.shutdown(GRACE));
    while version.get().await.unwrap() == 1 {}
    drop(waiting);
    assert_eq!(machine.cancellations.recv().await, Some(Cancel::ByCaller));
    assert_eq!(shutdown.await.unwrap().cut, 0);
}

#[tokio::test]
async fn clients_that_are_idle_go_at_once() {
    // Whoever is not told is waited for so long.
    let config = ServerConfig::default().with_quiet(Duration::from_secs(1 << 20));
    let mut machine = Machine::new(config).await;
    let running = machine.start().await;
    let clients: Vec<_> = (0..10)
        .map(|_| Client::connect(running.address()))
        .collect();
    for client in &clients {
        VersionClient::new(client.clone()).get().await.unwrap();
    }
    assert_eq!(running.shutdown(GRACE).await.cut, 0);
    eventually("no client is connected", || {
        !clients.iter().any(Client::is_connected)
    })
    .await;
}

#[tokio::test]
async fn connections_that_are_old_are_replaced_without_a_loss() {
    let config = ServerConfig::default().with_max_connection_age(Duration::from_millis(20));
    let mut machine = Machine::new(config).await;
    let running = machine.start().await;
    let version = VersionClient::new(Client::connect(running.address()));
    while machine.accepted() < 10 {
        version.get().await.expect("no call is lost");
    }
    eventually("the old ones are gone", || running.connections() <= 2).await;
}

#[tokio::test]
async fn connections_that_are_idle_are_closed_and_dialled_again() {
    let config = ServerConfig::default().with_max_connection_idle(Duration::from_millis(20));
    let mut machine = Machine::new(config).await;
    let running = machine.start().await;
    let client = Client::connect(running.address());
    let version = VersionClient::new(client.clone());
    for connections in 1..=3 {
        version.get().await.unwrap();
        assert!(machine.accepted() >= connections);
        eventually("the idle connection is closed", || {
            running.connections() == 0 && !client.is_connected()
        })
        .await;
    }
}

/// A client and a server over a pipe, in virtual time.
async fn piped(config: ServerConfig) -> (Machine, Client) {
    let machine = Machine::new(config.clone()).await;
    let server = Server::new()
        .with_config(config)
        .register(VersionServer::new(machine.program.clone()))
        .unwrap();
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move { server.serve_connection(theirs, "pipe").await });
    (machine, Client::from_io(ours))
}

#[tokio::test(start_paused = true)]
async fn what_runs_on_an_old_connection_has_its_grace_and_no_more() {
    let config = ServerConfig::default()
        .with_max_connection_age(Duration::from_secs(1000))
        .with_max_connection_age_grace(Duration::from_secs(100));
    let (mut machine, client) = piped(config).await;
    let begin = tokio::time::Instant::now();
    let error = VersionClient::new(client).wait().await.unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        (Code::Unavailable, Delivery::Sent)
    );
    assert_eq!(machine.cancellations.recv().await, Some(Cancel::Connection));
    let seconds = begin.elapsed().as_secs();
    assert!((1000..=1200).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_a_call_on_it_is_not_idle() {
    let config = ServerConfig::default().with_max_connection_idle(Duration::from_secs(10));
    let (machine, client) = piped(config).await;
    let version = VersionClient::new(client.clone());
    let waiting = version.wait().start();
    machine.program.begun.notified().await;
    tokio::time::sleep(Duration::from_secs(1000)).await;
    machine.program.go_on.notify_one();
    assert_eq!(waiting.await.unwrap(), 0);
    assert!(client.is_connected());
    tokio::time::sleep(Duration::from_secs(21)).await;
    assert!(!client.is_connected());
}
