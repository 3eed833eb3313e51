//! What takes other net/rpc implementations down: each is a test here, over real
//! sockets. `research` of the faults: go-netrpc 0.1.0 and Go's own package.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use gobrpc_client::{Client, Code, Delivery};
use gobrpc_server::{Accepting, Listener, Result, ServerConfig, service};
use gobrpc_tests::local::{eventually, server};
use gobrpc_tests::model::{self, Args, ArithClient, Delay, EchoClient, ExtraClient, MiscClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// In go-netrpc, a handler that panics leaves its caller waiting for ever; in Go,
/// it takes the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_an_error_reply() {
    let running = server(ServerConfig::default()).await;
    let client = Client::connect(running.address());
    let extra = ExtraClient::new(client.clone());
    for later in [false, true] {
        for _ in 0..50 {
            let error = extra.panic(later).await.unwrap_err();
            assert_eq!(error.code(), Code::Internal);
            assert_eq!(error.message(), "rpc: the handler of Extra.Panic panicked");
        }
    }
    let product = ArithClient::new(client).multiply(Args { a: 6, b: 7 }).await;
    assert_eq!(product.unwrap(), 42);
}

/// In go-netrpc, an error without a text kills the connection.
#[tokio::test]
async fn an_error_without_a_text_is_still_one() {
    let running = server(ServerConfig::default()).await;
    let extra = ExtraClient::new(Client::connect(running.address()));
    for _ in 0..3 {
        let error = extra.silent_error().await.unwrap_err();
        assert_eq!(error.message(), "unknown error");
    }
}

/// In go-netrpc, a call that is dropped in the middle of its write leaves half a
/// message on the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_dropped_at_any_moment_harms_no_other() {
    let running = server(ServerConfig::default()).await;
    let client = Client::connect(running.address());
    let echo = EchoClient::new(client);
    let large = vec![7_u8; 300 << 10];
    for round in 0..300_u64 {
        let call = echo.bytes(large.clone());
        // Dropped before, while, and after its bytes are written.
        let _ = timeout(Duration::from_micros(round * 5), async { call.await }).await;
        let text = format!("round {round}");
        let reply = timeout(Duration::from_secs(20), async {
            echo.string(text.clone().into()).await
        });
        assert_eq!(reply.await.expect("it hangs").unwrap(), text.as_str());
    }
}

/// In go-netrpc, a client that is dropped never closes its connection.
#[tokio::test]
async fn a_dropped_client_closes_its_connection() {
    let running = server(ServerConfig::default()).await;
    for _ in 0..20 {
        let client = Client::connect(running.address());
        let misc = MiscClient::new(client.clone());
        misc.nothing().await.unwrap();
        let reply = misc.delay(Delay { millis: 1, tag: 5 }).start();
        drop((client, misc));
        assert_eq!(reply.await.unwrap(), 5, "a reply outlives its client");
    }
    eventually("all connections are closed", || running.connections() == 0).await;
}

/// Any bytes on the port: the connection ends, the server does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_bytes_end_one_connection() {
    let running = server(ServerConfig::default()).await;
    let inputs: Vec<Vec<u8>> = [
        vec![0x00],
        vec![0x80; 64],
        vec![0xf8; 64],
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"CONNECT /elsewhere HTTP/1.0\n\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        gobrpc_codec::to_vec(&"no header").unwrap(),
    ]
    .into_iter()
    .chain((0..200).map(|_| {
        (0..fastrand::usize(1..200))
            .map(|_| fastrand::u8(..))
            .collect()
    }))
    .collect();
    for input in inputs {
        let mut socket = TcpStream::connect(running.host()).await.unwrap();
        socket.write_all(&input).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A reset is an end, too.
        let _ = timeout(Duration::from_secs(10), socket.read_to_end(&mut answer))
            .await
            .unwrap_or_else(|_| panic!("{input:x?} keeps the connection open"));
    }
    let arith = ArithClient::new(Client::connect(running.address()));
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    drop(arith);
    eventually("all connections are closed", || running.connections() == 0).await;
}

/// At the limit connections are served, above it they are closed at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_bounded() {
    let running = server(ServerConfig::default().with_connections(3)).await;
    let clients: Vec<_> = (0..3).map(|_| Client::connect(running.address())).collect();
    for client in &clients {
        MiscClient::new(client.clone()).nothing().await.unwrap();
    }
    let over = MiscClient::new(Client::connect(running.address()));
    let error = over.nothing().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    for client in &clients {
        MiscClient::new(client.clone()).nothing().await.unwrap();
    }
    drop(clients);
    eventually("places are free again", || running.connections() == 0).await;
    MiscClient::new(Client::connect(running.address()))
        .nothing()
        .await
        .unwrap();
}

/// Counts the handlers that run.
#[service]
trait Gauge {
    /// Waits a little, and gives how many ran when it began.
    async fn measure(&self) -> Result<u64>;
}

struct Counter(Arc<AtomicUsize>);

impl Gauge for Counter {
    async fn measure(&self) -> Result<u64> {
        let running = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        sleep(Duration::from_millis(20)).await;
        self.0.fetch_sub(1, Ordering::SeqCst);
        Ok(running as u64)
    }
}

/// Handlers of one connection: as many as the limit at a time, never one more,
/// and all are answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_are_bounded() {
    let counter = Arc::new(AtomicUsize::new(0));
    let running = gobrpc_server::Server::new()
        .with_config(ServerConfig::default().with_handlers_per_connection(4))
        .register(GaugeServer::new(Counter(Arc::clone(&counter))))
        .unwrap()
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let gauge = GaugeClient::new(Client::connect(running.address()));
    let replies = (0..40).map(|_| gauge.measure().start());
    let most = join_all(replies)
        .await
        .into_iter()
        .map(Result::unwrap)
        .max();
    assert_eq!(most, Some(4));
}

/// A listener that fails now and then, as when descriptors run out.
struct Flaky {
    listener: TcpListener,
    failures: Arc<AtomicUsize>,
}

impl Listener for Flaky {
    fn accept(&mut self) -> Accepting<'_> {
        if self.failures.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
            return Box::pin(async { Err(io::Error::other("too many open files")) });
        }
        Listener::accept(&mut self.listener)
    }

    fn local_address(&self) -> io::Result<String> {
        self.listener.local_address()
    }
}

/// Go's `Accept` returns for good when it fails once.
#[tokio::test]
async fn failed_accepts_do_not_end_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let failures = Arc::new(AtomicUsize::new(0));
    let flaky = Flaky {
        listener,
        failures: Arc::clone(&failures),
    };
    let running = model::server().unwrap().start_on(flaky).await.unwrap();
    for _ in 0..5 {
        let misc = MiscClient::new(Client::connect(running.address()));
        misc.nothing().await.unwrap();
    }
    assert!(failures.load(Ordering::Relaxed) >= 10);
}

/// A shutdown under load: every call that a client was told to keep has its
/// answer, and clients that half-close are not waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_loses_no_call() {
    for _ in 0..5 {
        let running = server(ServerConfig::default()).await;
        let client = Client::connect(running.address());
        let misc = MiscClient::new(client.clone());
        // Connected: what is not accepted yet is not the server's to answer.
        misc.nothing().await.unwrap();
        let replies: Vec<_> = (0..200)
            .map(|tag| {
                misc.delay(Delay {
                    millis: tag % 40,
                    tag,
                })
                .start()
            })
            .collect();
        let shutdown = tokio::spawn(running.shutdown(Duration::from_secs(20)));
        sleep(Duration::from_millis(5)).await;
        client.retire();
        for (tag, reply) in join_all(replies).await.into_iter().enumerate() {
            assert_eq!(reply.unwrap(), tag as i64);
        }
        assert_eq!(shutdown.await.unwrap().cut, 0);
        let error = misc.nothing().await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
}

/// What runs when the grace is over is cut, and its caller learns it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_grace_of_a_shutdown_ends() {
    let running = server(ServerConfig::default()).await;
    let misc = MiscClient::new(Client::connect(running.address()));
    misc.nothing().await.unwrap();
    let reply = misc
        .delay(Delay {
            millis: 600_000,
            tag: 0,
        })
        .start();
    misc.nothing().await.unwrap();
    let report = running.shutdown(Duration::from_millis(50)).await;
    assert_eq!(report.cut, 1);
    let error = reply.await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.delivery(), Delivery::Sent);
}

/// Keeps its thread until it is let go.
#[service]
trait Door {
    /// Blocks until the door is open.
    #[rpc(blocking)]
    fn pass(&self) -> Result<u64>;
    /// Opens it.
    async fn open(&self) -> Result<()>;
}

struct Closed(SyncSender<()>, Mutex<Receiver<()>>);

impl Door for Closed {
    fn pass(&self) -> Result<u64> {
        let door = self.1.lock().unwrap();
        door.recv_timeout(Duration::from_secs(60)).unwrap();
        Ok(7)
    }

    async fn open(&self) -> Result<()> {
        self.0.try_send(()).unwrap();
        Ok(())
    }
}

/// A blocking method keeps neither its connection nor the others waiting: on one thread,
/// the call that lets it go would never come.
#[tokio::test]
async fn a_blocking_method_blocks_nobody() {
    let (open, door) = std::sync::mpsc::sync_channel(1);
    let service = DoorServer::new(Closed(open, Mutex::new(door)));
    let server = gobrpc_server::Server::new().register(service).unwrap();
    let running = server.start("127.0.0.1:0").await.unwrap();
    let door = DoorClient::new(Client::connect(running.address()));
    let passed = door.pass().start();
    door.open().await.unwrap();
    assert_eq!(passed.await.unwrap(), 7);
}

/// The server knows its callers, and reflection tells what it offers.
#[tokio::test]
async fn reflection_lists_services_methods_and_types() {
    let running = server(ServerConfig::default()).await;
    let client = Client::connect(running.address());
    let whoami = ExtraClient::new(client.clone()).whoami().await.unwrap();
    assert!(whoami.starts_with("127.0.0.1:"), "{whoami}");
    let listing: gobrpc_protocol::reflection::Listing = client
        .call(gobrpc_protocol::reflection::LIST, &())
        .await
        .unwrap();
    let names: Vec<_> = listing
        .services
        .iter()
        .map(|service| &service.name[..])
        .collect();
    assert_eq!(
        names,
        [
            "Arith",
            "Echo",
            "Extra",
            "Misc",
            "Shapes",
            "gobrpc.Health",
            "gobrpc.Reflection"
        ]
    );
    let method = listing.method("Arith.Divide").unwrap();
    assert_eq!(method.docs, "Quotient and remainder.");
    assert_eq!(method.args.text, "model.Args");
    assert_eq!(method.reply.text, "model.Quotient");
    // The schema is good enough to call by.
    let nested = listing.method("Echo.Nested").unwrap();
    let schema = listing.schema(&nested.args).unwrap();
    assert_eq!(schema.to_string(), "model.Nested");
}

/// Registering a name twice is a value, not a panic, and has Go's text.
#[tokio::test]
async fn a_name_is_taken_once() {
    let server = model::server().unwrap();
    let error = server
        .clone()
        .register(model::ArithServer::new(model::Model))
        .unwrap_err();
    assert_eq!(error.message(), "rpc: service already defined: Arith");
    let server = server
        .register_name("Other.Arith", model::ArithServer::new(model::Model))
        .unwrap();
    let running = server.start("127.0.0.1:0").await.unwrap();
    let client = Client::connect(running.address());
    let product: i64 = client
        .call("Other.Arith.Multiply", &Args { a: 6, b: 7 })
        .await
        .unwrap();
    assert_eq!(product, 42);
}

/// A peer that begins a request, and does not go on, loses its place; one that has
/// not begun, or is between two, keeps it. Go waits for ever.
#[tokio::test]
async fn a_request_that_does_not_go_on_ends_its_connection() {
    let stall = Duration::from_millis(50);
    let running = server(ServerConfig::default().with_max_request_stall(stall)).await;
    let between = ArithClient::new(Client::connect(running.address()));
    assert_eq!(between.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    let mut silent = TcpStream::connect(running.host()).await.unwrap();
    // In a header, in its length, and in what tells which protocol it is.
    for begun in [&b"\x2d\xff\x81\x03\x01"[..], b"\xfe", b"{", b"CONNECT /_go"] {
        let mut stream = TcpStream::connect(running.host()).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let mut rest = Vec::new();
        // A reset is as good an end.
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"", "{begun:?}");
    }
    assert_eq!(between.multiply(Args { a: 2, b: 3 }).await.unwrap(), 6);
    silent
        .write_all(b"GET /healthz HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    let mut page = Vec::new();
    silent.read_to_end(&mut page).await.unwrap();
    assert!(
        page.starts_with(b"HTTP/1.0 200"),
        "{}",
        String::from_utf8_lossy(&page)
    );
}
