//! Calls that a server makes to services that its client hosts.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gobrpc_client::{Call, Client, ClientBuilder, Code, Delivery, Phase};
use gobrpc_protocol::{Head, Payload, PeerCaller, ServerConnection, StreamCall};
use gobrpc_server::{
    Context, Error, ErrorDetails, Layered, Next, Result, Running, Server, ServerConfig, service,
};
use gobrpc_tests::go;
use gobrpc_tests::local::eventually;
use gobrpc_tests::model;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

/// What clients host.
#[service]
trait User {
    /// Echoes, with the metadata that came.
    async fn echo(&self, cx: &Context, text: String) -> Result<String>;
    /// How many milliseconds are left.
    async fn remaining(&self, cx: &Context) -> Result<u64>;
    /// Waits until the test lets it go.
    async fn hang(&self, cx: &Context, number: u64) -> Result<u64>;
    /// The same on a thread of its own, until it is told to stop.
    #[rpc(blocking)]
    fn spin(&self, cx: &Context) -> Result<()>;
    async fn fail(&self) -> Result<()>;
    async fn panic(&self) -> Result<()>;
    /// Calls the server again.
    async fn again(&self, cx: &Context, depth: u64) -> Result<u64>;
}

/// What the server offers.
#[service]
trait Desk {
    /// Asks the caller, and answers what it says.
    async fn ask(&self, cx: &Context, text: String) -> Result<String>;
    /// What the caller sees of the time.
    async fn remaining(&self, cx: &Context) -> Result<u64>;
    /// Keeps a way to the caller.
    async fn subscribe(&self, cx: &Context) -> Result<()>;
    /// Goes back and forth so often, and counts.
    async fn bounce(&self, cx: &Context, depth: u64) -> Result<u64>;
    /// Has the caller hang.
    async fn wait(&self, cx: &Context, number: u64) -> Result<u64>;
}

#[derive(Clone, Default)]
struct Someone(Arc<State>);

#[derive(Default)]
struct State {
    /// Handlers that have begun, and those that run.
    begun: AtomicUsize,
    running: AtomicUsize,
    /// Lets those that hang go.
    go: LazySemaphore,
    seen: Mutex<Vec<&'static str>>,
}

struct LazySemaphore(Semaphore);

impl Default for LazySemaphore {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

struct Guard(Arc<State>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Someone {
    fn guard(&self) -> Guard {
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        self.0.running.fetch_add(1, Ordering::SeqCst);
        Guard(Arc::clone(&self.0))
    }

    fn running(&self) -> usize {
        self.0.running.load(Ordering::SeqCst)
    }

    fn let_go(&self, handlers: usize) {
        self.0.go.0.add_permits(handlers);
    }
}

impl User for Someone {
    async fn echo(&self, cx: &Context, text: String) -> Result<String> {
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        for (key, value) in cx.metadata().iter() {
            cx.reply_metadata(key, value);
        }
        Ok(text)
    }

    async fn remaining(&self, cx: &Context) -> Result<u64> {
        let left = cx.remaining(Instant::now());
        Ok(left.map_or(0, |left| left.as_millis().try_into().unwrap()))
    }

    async fn hang(&self, cx: &Context, number: u64) -> Result<u64> {
        let _guard = self.guard();
        let (state, cancelled) = (Arc::clone(&self.0), cx.cancelled());
        tokio::spawn(async move {
            cancelled.await;
            state.seen.lock().unwrap().push("cancelled");
        });
        self.0.go.0.acquire().await.unwrap().forget();
        Ok(number)
    }

    fn spin(&self, cx: &Context) -> Result<()> {
        let _guard = self.guard();
        loop {
            if let Some(reason) = cx.cancellation() {
                return Err(reason.into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    async fn fail(&self) -> Result<()> {
        Err(Error::not_found("nobody here").with_details(ErrorDetails::new("NOBODY")))
    }

    async fn panic(&self) -> Result<()> {
        panic!("as the test wants");
    }

    async fn again(&self, cx: &Context, depth: u64) -> Result<u64> {
        let desk = DeskClient::new(cx.peer_caller()?);
        Ok(1 + desk.bounce(depth).within(cx).await?)
    }
}

#[derive(Clone, Default)]
struct Office(Arc<Mutex<Vec<PeerCaller>>>);

impl Desk for Office {
    async fn ask(&self, cx: &Context, text: String) -> Result<String> {
        let user = UserClient::new(cx.peer_caller()?);
        user.echo(text).within(cx).await
    }

    async fn remaining(&self, cx: &Context) -> Result<u64> {
        UserClient::new(cx.peer_caller()?)
            .remaining()
            .within(cx)
            .await
    }

    async fn subscribe(&self, cx: &Context) -> Result<()> {
        let caller = cx.peer_caller()?;
        self.0.lock().unwrap().push(caller);
        Ok(())
    }

    async fn bounce(&self, cx: &Context, depth: u64) -> Result<u64> {
        if depth == 0 {
            return Ok(0);
        }
        let user = UserClient::new(cx.peer_caller()?);
        Ok(1 + user.again(depth - 1).within(cx).await?)
    }

    async fn wait(&self, cx: &Context, number: u64) -> Result<u64> {
        let user = UserClient::new(cx.peer_caller()?);
        user.hang(number).within(cx).await
    }
}

struct Fixture {
    running: Running,
    client: Client,
    desk: DeskClient<Client>,
    office: Office,
    someone: Someone,
}

fn server(office: &Office, config: ServerConfig) -> Server {
    let server = Server::new().with_config(config);
    server.register(DeskServer::new(office.clone())).unwrap()
}

async fn fixture() -> Fixture {
    with(ServerConfig::default(), |builder| builder).await
}

async fn with(
    config: ServerConfig,
    options: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Fixture {
    let (office, someone) = (Office::default(), Someone::default());
    let running = server(&office, config).start("127.0.0.1:0").await.unwrap();
    let builder = Client::builder()
        .host(UserServer::new(someone.clone()))
        .unwrap();
    let client = options(builder).connect(running.address());
    Fixture {
        running,
        desk: DeskClient::new(client.clone()),
        client,
        office,
        someone,
    }
}

impl Fixture {
    /// The server's way to the client, which outlives the handler that got it.
    async fn user(&self) -> UserClient<PeerCaller> {
        self.desk.subscribe().await.unwrap();
        UserClient::new(self.office.0.lock().unwrap().pop().unwrap())
    }
}

#[tokio::test]
async fn a_handler_calls_its_caller() {
    let fixture = fixture().await;
    for number in 0..100 {
        let text = format!("question {number}");
        assert_eq!(fixture.desk.ask(text.clone()).await.unwrap(), text);
    }
    // Many at a time, both ways.
    let asked: Vec<_> = (0..100)
        .map(|number| fixture.desk.ask(number.to_string()).start())
        .collect();
    for (number, reply) in asked.into_iter().enumerate() {
        assert_eq!(reply.await.unwrap(), number.to_string());
    }
}

#[tokio::test]
async fn a_way_to_the_client_outlives_its_handler_and_not_the_connection() {
    let fixture = fixture().await;
    let user = fixture.user().await;
    for _ in 0..10 {
        assert_eq!(user.echo("news".to_owned()).await.unwrap(), "news");
    }
    let (text, metadata) = user
        .echo("x".to_owned())
        .meta("k", [0xff, 0])
        .start()
        .with_metadata()
        .await
        .unwrap();
    assert_eq!(text, "x");
    assert_eq!(
        metadata.iter().collect::<Vec<_>>(),
        [(&b"k"[..], &[0xff, 0][..])]
    );

    let waits = user.hang(1).start();
    eventually("it hangs", || fixture.someone.running() == 1).await;
    fixture.client.retire();
    fixture.someone.let_go(1);
    // What runs is waited for, and then the connection is gone.
    assert_eq!(waits.await.unwrap(), 1);
    eventually("it is closed", || fixture.running.connections() == 0).await;
    let error = user.echo("late".to_owned()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.phase(), Phase::Queue);
    assert!(error.peer().unwrap().starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn errors_are_those_of_any_call() {
    let fixture = fixture().await;
    let user = fixture.user().await;
    let error = user.fail().await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.message(), "nobody here");
    assert_eq!(error.details().unwrap().reason, "NOBODY");
    assert_eq!(error.delivery(), Delivery::Answered);
    let error = user.panic().await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(
        error.message(),
        "rpc: the handler of User.Panic panicked",
        "and not what it said"
    );
    fixture.desk.subscribe().await.unwrap();
    let caller = { fixture.office.0.lock().unwrap().pop() }.unwrap();
    for (method, text) in [
        ("User.Nothing", "rpc: can't find method User.Nothing"),
        ("Nobody.Home", "rpc: can't find service Nobody.Home"),
        ("nothing", "rpc: service/method request ill-formed: nothing"),
    ] {
        let call = Call::<(), _>::new(&caller, method, &());
        let error = call.await.unwrap_err();
        assert_eq!(error.message(), text);
    }
    // An argument that does not fit.
    let call = Call::<String, _>::new(&caller, "User.Echo", &7_i64);
    assert_eq!(call.await.unwrap_err().code(), Code::InvalidArgument);
    // One that is too long to be sent, and metadata that is.
    let call = Call::<String, _>::new(&caller, "User.Echo", &"x");
    let error = call.meta("k", vec![0; 70_000]).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
    // Streams there are none.
    let call = StreamCall::<i64, _>::new(&caller, "User.Echo", &"x");
    let error = call.start().next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert_eq!(error.delivery(), Delivery::NotSent);
    // The connection is as good as before.
    assert_eq!(user.echo("x".to_owned()).await.unwrap(), "x");
    assert_eq!(fixture.desk.ask("x".to_owned()).await.unwrap(), "x");
    assert_eq!(fixture.running.connections(), 1);
}

#[tokio::test]
async fn deadlines_go_there_and_shrink_on_the_way() {
    let fixture = fixture().await;
    let minute = Duration::from_secs(60);
    let left = fixture.desk.remaining().timeout(minute).await.unwrap();
    assert!((1..=60_000).contains(&left), "{left} ms");
    assert_eq!(fixture.desk.remaining().await.unwrap(), 0, "no bound");

    let user = fixture.user().await;
    for timeout in [Duration::ZERO, Duration::from_nanos(1)] {
        let error = user.hang(1).timeout(timeout).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
    }
    assert_eq!(
        user.remaining().timeout(Duration::MAX).await.unwrap(),
        0,
        "292 years and more are no bound"
    );
    let error = user.hang(1).timeout(Duration::from_millis(20)).await;
    assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    let error = user.spin().timeout(Duration::from_millis(20)).await;
    assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    eventually("nothing runs", || fixture.someone.running() == 0).await;
}

#[tokio::test]
async fn giving_up_reaches_the_handler() {
    let fixture = fixture().await;
    let user = fixture.user().await;
    let (hangs, spins) = (user.hang(1).start(), user.spin().start());
    eventually("both run", || fixture.someone.running() == 2).await;
    drop((hangs, spins));
    eventually("nothing runs", || fixture.someone.running() == 0).await;
    eventually("it was told", || {
        *fixture.someone.0.seen.lock().unwrap() == ["cancelled"]
    })
    .await;
    // One whose own caller gives up.
    let waits = fixture.desk.wait(1).start();
    eventually("it runs", || fixture.someone.running() == 1).await;
    drop(waits);
    eventually("nothing runs", || fixture.someone.running() == 0).await;
    assert_eq!(user.echo("x".to_owned()).await.unwrap(), "x");
}

/// A handler on a thread is told when the runtime goes, on either side: else the runtime
/// would wait for it without end.
#[test]
fn a_runtime_that_shuts_down_tells_blocking_handlers() {
    for hosted in [true, false] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let someone = Someone::default();
        runtime.block_on(async {
            if hosted {
                let fixture = fixture().await;
                let user = fixture.user().await;
                let spins = user.spin().start();
                eventually("it spins", || fixture.someone.running() == 1).await;
                // Neither end closes anything any more.
                std::mem::forget((fixture, spins));
                return;
            }
            let server = Server::new().register(UserServer::new(someone.clone()));
            let running = server.unwrap().start("127.0.0.1:0").await.unwrap();
            let user = UserClient::new(Client::connect(running.address()));
            let spins = user.spin().start();
            eventually("it spins", || someone.running() == 1).await;
            std::mem::forget((running, spins));
        });
        drop(runtime);
        assert_eq!(someone.running(), 0);
    }
}

#[tokio::test]
async fn a_lost_connection_ends_both_sides() {
    let fixture = fixture().await;
    let user = fixture.user().await;
    let hangs = user.hang(1).start();
    eventually("it runs", || fixture.someone.running() == 1).await;
    // The server goes without a word.
    fixture.running.shutdown(Duration::ZERO).await;
    let error = hangs.await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert_eq!(error.delivery(), Delivery::Sent);
    eventually("nothing runs", || fixture.someone.running() == 0).await;
}

#[tokio::test]
async fn a_server_that_stops_waits_for_what_the_client_answers() {
    let fixture = fixture().await;
    let waits = fixture.desk.wait(7).start();
    eventually("it runs", || fixture.someone.running() == 1).await;
    let Fixture {
        running, someone, ..
    } = fixture;
    let stops = tokio::spawn(async move { running.shutdown(Duration::from_secs(20)).await });
    someone.let_go(1);
    assert_eq!(waits.await.unwrap(), 7);
    assert_eq!(stops.await.unwrap().cut, 0);
}

#[tokio::test]
async fn a_client_that_closes_answers_while_its_calls_need_it() {
    let fixture = fixture().await;
    let waits = fixture.desk.wait(7).start();
    eventually("it runs", || fixture.someone.running() == 1).await;
    let again = fixture.desk.bounce(2).start();
    let closes = tokio::spawn({
        let client = fixture.client.clone();
        async move { client.close().await }
    });
    eventually("it is closed", || fixture.client.is_closed()).await;
    // Its handlers may not begin anything at a client that is closed.
    let _ = again.await;
    fixture.someone.let_go(1);
    assert_eq!(waits.await.unwrap(), 7);
    closes.await.unwrap();
}

#[tokio::test]
async fn handlers_of_the_client_are_bounded() {
    let fixture = with(ServerConfig::default(), |builder| builder.max_hosted(3)).await;
    let user = fixture.user().await;
    let hangs: Vec<_> = (0..3).map(|number| user.hang(number).start()).collect();
    eventually("three run", || fixture.someone.running() == 3).await;
    let error = user.hang(4).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert_eq!(error.delivery(), Delivery::Refused);
    assert!(error.is_not_processed());
    fixture.someone.let_go(3);
    for (number, reply) in (0..).zip(hangs) {
        assert_eq!(reply.await.unwrap(), number);
    }
    assert_eq!(fixture.someone.0.begun.load(Ordering::SeqCst), 3);
    // As many again and again: a place is free when its reply is there.
    for _ in 0..50 {
        let echoes: Vec<_> = (0..3).map(|_| user.echo("x".to_owned()).start()).collect();
        for echo in echoes {
            assert_eq!(echo.await.unwrap(), "x");
        }
    }
}

/// A server that calls without end and reads no reply: what waits for it is bounded, and
/// then it is given up.
#[tokio::test]
async fn a_server_that_reads_no_replies_is_given_up() {
    let someone = Someone::default();
    let (ours, theirs) = tokio::io::duplex(1024);
    let client = Client::builder()
        .host(UserServer::new(someone.clone()))
        .unwrap()
        .max_hosted(3)
        .from_io(ours);
    let call = client.call::<(), _>("A.B", &()).start();
    let (mut read, mut write) = tokio::io::split(theirs);
    let mut server = ServerConnection::new();
    while server.poll_request().unwrap().is_none() {
        assert!(read.read_buf(server.input()).await.unwrap() > 0);
    }
    let text = Payload::new(&"x".repeat(1000)).unwrap();
    let mut calls = 0;
    loop {
        let head = Head::new("User.Echo");
        server.call(calls, &head, &text).unwrap();
        calls += 1;
        let sent = write.write_all(&std::mem::take(server.output())).await;
        if sent.is_err() {
            break;
        }
        assert!(calls < 10_000, "no bound");
    }
    let error = call.await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert!(error.message().contains("reads no replies"), "{error}");
    // The pipe holds one reply.
    let begun = someone.0.begun.load(Ordering::SeqCst);
    assert!((3..=4).contains(&begun), "{begun} were handled");
}

#[tokio::test]
async fn calls_of_the_server_are_bounded() {
    let fixture = with(ServerConfig::default().with_peer_calls(3), |it| it).await;
    let user = fixture.user().await;
    let mut hangs: Vec<_> = (0..3).map(|number| user.hang(number).start()).collect();
    let error = user.echo("x".to_owned()).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.message().contains("peer_calls"), "{error}");
    eventually("three run", || fixture.someone.running() == 3).await;
    // One that was given up counts until it is answered.
    drop(hangs.pop());
    eventually("two run", || fixture.someone.running() == 2).await;
    fixture.someone.let_go(2);
    for (number, reply) in (0..).zip(hangs) {
        assert_eq!(reply.await.unwrap(), number);
    }
    assert_eq!(fixture.desk.ask("x".to_owned()).await.unwrap(), "x");
}

#[tokio::test]
async fn one_way_is_over_when_it_is_sent() {
    let fixture = with(ServerConfig::default().with_peer_calls(3), |it| it).await;
    let user = fixture.user().await;
    for number in 0..3 {
        user.hang(number).one_way().await.unwrap();
    }
    // They count until they are answered, so that none can be lost at the client.
    let error = user.hang(4).one_way().await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    eventually("three run", || fixture.someone.running() == 3).await;
    fixture.someone.let_go(3);
    eventually("nothing runs", || fixture.someone.running() == 0).await;
}

/// All handlers wait for the client, whose answers are behind more requests than the
/// server lets wait: those are refused, and everything ends.
#[tokio::test]
async fn a_connection_that_is_full_is_no_deadlock() {
    for (pipe, size) in [(64, 10), (16 << 10, 1000), (1 << 20, 20_000)] {
        let office = Office::default();
        let config = ServerConfig::default()
            .with_handlers_per_connection(4)
            .with_waiting_bytes(4 << 10)
            .with_write_buffer_bytes(4 << 10);
        let (ours, theirs) = tokio::io::duplex(pipe);
        let server = server(&office, config);
        let serves = tokio::spawn(async move { server.serve_connection(theirs, "pipe").await });
        let client = Client::builder()
            .host(UserServer::new(Someone::default()))
            .unwrap()
            .max_write_buffer(8 << 10)
            .from_io(ours);
        let desk = DeskClient::new(client.clone());
        let text = "x".repeat(size);
        let asked: Vec<_> = (0..300).map(|_| desk.ask(text.clone()).start()).collect();
        let mut answered = 0;
        for reply in asked {
            match reply.await {
                Ok(reply) => {
                    assert_eq!(reply, text);
                    answered += 1;
                }
                Err(error) => {
                    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
                    assert!(
                        error.is_not_processed(),
                        "it did not run, and may be sent again"
                    );
                }
            }
        }
        assert!(answered >= 4, "{answered} of 300");
        client.close().await;
        serves.await.unwrap();
    }
}

#[tokio::test]
async fn calls_go_back_and_forth() {
    let fixture = fixture().await;
    assert_eq!(fixture.desk.bounce(0).await.unwrap(), 0);
    assert_eq!(fixture.desk.bounce(20).await.unwrap(), 40);
}

#[tokio::test]
async fn layers_are_around_what_is_hosted() {
    let office = Office::default();
    let running = server(&office, ServerConfig::default())
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let hosted = Layered::new(UserServer::new(Someone::default())).with_layer(
        |cx: Context, next: Next| async move {
            if cx.metadata().get_str("token") != Some("right") {
                return Err(Error::unauthenticated("who asks?"));
            }
            next.run(cx).await
        },
    );
    let builder = Client::builder().host(hosted).unwrap();
    let desk = DeskClient::new(builder.connect(running.address()));
    desk.subscribe().await.unwrap();
    let user = UserClient::new({ office.0.lock().unwrap().pop() }.unwrap());
    let error = user.echo("x".to_owned()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    let call = user.echo("x".to_owned()).meta("token", "right");
    assert_eq!(call.await.unwrap(), "x");
}

/// Who hosts nothing is never called, and the handler learns it at once.
#[tokio::test]
async fn peers_that_host_nothing_are_never_called() {
    let office = Office::default();
    let server = server(&office, ServerConfig::default());
    let running = server.start("127.0.0.1:0").await.unwrap();
    let plain = || {
        let builder = Client::builder();
        builder.host(UserServer::new(Someone::default())).unwrap()
    };
    for client in [
        Client::connect(running.address()),
        plain().plain_go(true).connect(running.address()),
    ] {
        let error = DeskClient::new(client).ask("x".to_owned()).await;
        let error = error.unwrap_err();
        // A header of Go's has no code.
        assert!(matches!(error.code(), Code::Unimplemented | Code::Unknown));
        assert!(error.message().contains("hosts no services"), "{error}");
    }
    let desk = DeskClient::new(server.in_process());
    let error = desk.ask("x".to_owned()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);

    let builder = plain();
    let error = builder.host(UserServer::new(Someone::default()));
    assert_eq!(error.unwrap_err().code(), Code::AlreadyExists);
    let error = plain().host_name("_goRPC_", UserServer::new(Someone::default()));
    assert_eq!(error.unwrap_err().code(), Code::InvalidArgument);
}

/// Nothing is known of it that a Go client could notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_client_hosts_nothing() {
    if go::peers().is_none() {
        return;
    }
    let refused = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refused);
    let running = model::server()
        .unwrap()
        .with_layer(move |cx: Context, next: Next| {
            let count = Arc::clone(&count);
            async move {
                let error = cx.peer_caller().unwrap_err();
                assert_eq!(error.code(), Code::Unimplemented);
                count.fetch_add(1, Ordering::SeqCst);
                next.run(cx).await
            }
        })
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let address = running.host().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let args = ["-network", "tcp", "-addr", &address, "-only", "multiply"];
        go::run("call", &args).unwrap()
    })
    .await
    .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(refused.load(Ordering::SeqCst) > 100);
}

/// A client that hosts something is to a Go server what it was before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_server_is_called_as_ever() {
    if go::peers().is_none() {
        return;
    }
    let server = go::GoServer::start("serve", &["-network", "tcp"]).unwrap();
    let client = Client::builder()
        .host(UserServer::new(Someone::default()))
        .unwrap()
        .connect(server.address());
    let arith = model::ArithClient::new(client.clone());
    for a in 0..10 {
        let args = model::Args { a, b: 7 };
        assert_eq!(arith.multiply(args).await.unwrap(), 7 * a);
    }
    client.close().await;
}
