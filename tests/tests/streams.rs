//! Streams between our client and our server, and what real Go peers see of them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use futures::{Stream, StreamExt};
use gobrpc_client::{Call, Caller, Client, Code, Delivery, StreamCall};
use gobrpc_protocol::StreamKind;
use gobrpc_server::{
    Context, Error, Result, Running, Server, ServerConfig, ServiceInfo, Streaming, service,
};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::local::eventually;
use gobrpc_tests::model::{Args, ArithClient, ArithServer, Model};

/// Moves numbers and bytes in streams.
#[service]
trait Flow {
    /// The numbers from 1 to `to`, then an error if it is odd.
    async fn count(&self, to: u64) -> Result<Streaming<u64>>;
    /// The sum of what comes.
    async fn sum(&self, numbers: Streaming<u64>) -> Result<u64>;
    /// Doubles what comes, as it comes.
    async fn double(&self, numbers: Streaming<i64>) -> Result<Streaming<i64>>;
    /// Blocks of so many bytes, without end.
    async fn blocks(&self, bytes: u64) -> Result<Streaming<Vec<u8>>>;
    /// Takes the first items of a stream, so many, and leaves the rest.
    async fn first(&self, cx: &Context, numbers: Streaming<u64>) -> Result<u64>;
    /// Waits for one item of a stream before it says anything.
    async fn wait(&self, numbers: Streaming<u64>) -> Result<Streaming<u64>>;
    /// Fails at once.
    async fn refuse(&self, text: String) -> Result<Streaming<u64>>;
    /// Ends with metadata.
    async fn trailers(&self, cx: &Context) -> Result<Streaming<u64>>;
    /// A stream that fills itself from elsewhere.
    async fn ticks(&self, every: u64) -> Result<Streaming<u64>>;
    /// Hands on what another server counts.
    async fn relay(&self, cx: &Context, to: u64) -> Result<Streaming<u64>>;
    /// How many streams run.
    async fn running(&self) -> Result<u64>;
}

#[derive(Clone, Default)]
struct Flows {
    running: Arc<AtomicUsize>,
    made: Arc<AtomicU64>,
    other: Option<FlowClient>,
}

/// A stream that is counted while it lives, and whose items are.
struct Counted<S> {
    items: S,
    running: Arc<AtomicUsize>,
    made: Arc<AtomicU64>,
}

impl<S> Drop for Counted<S> {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<S: Stream + Unpin> Stream for Counted<S> {
    type Item = S::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<S::Item>> {
        self.made.fetch_add(1, Ordering::SeqCst);
        self.items.poll_next_unpin(cx)
    }
}

impl Flows {
    fn counted<T>(
        &self,
        items: impl Stream<Item = Result<T>> + Send + Unpin + 'static,
    ) -> Streaming<T> {
        self.running.fetch_add(1, Ordering::SeqCst);
        Streaming::from_stream(Counted {
            items,
            running: Arc::clone(&self.running),
            made: Arc::clone(&self.made),
        })
    }
}

impl Flow for Flows {
    async fn count(&self, to: u64) -> Result<Streaming<u64>> {
        let numbers = (1..=to).map(Ok);
        let end = (to % 2 == 1).then(|| Err(Error::out_of_range("that is odd")));
        Ok(self.counted(futures::stream::iter(numbers.chain(end))))
    }

    async fn sum(&self, mut numbers: Streaming<u64>) -> Result<u64> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    async fn double(&self, numbers: Streaming<i64>) -> Result<Streaming<i64>> {
        Ok(self.counted(numbers.map(|number| Ok(2 * number?))))
    }

    async fn blocks(&self, bytes: u64) -> Result<Streaming<Vec<u8>>> {
        let block = vec![7; usize::try_from(bytes).unwrap()];
        Ok(self.counted(futures::stream::repeat_with(move || Ok(block.clone()))))
    }

    async fn first(&self, cx: &Context, mut numbers: Streaming<u64>) -> Result<u64> {
        let count: u64 = cx.metadata().get_str("count").unwrap().parse().unwrap();
        let mut sum = 0;
        for _ in 0..count {
            sum += numbers.next().await.unwrap()?;
        }
        Ok(sum)
    }

    async fn wait(&self, mut numbers: Streaming<u64>) -> Result<Streaming<u64>> {
        let first = numbers.next().await.unwrap()?;
        Ok(Streaming::from_values([first]))
    }

    async fn refuse(&self, text: String) -> Result<Streaming<u64>> {
        Err(Error::permission_denied(text))
    }

    async fn trailers(&self, cx: &Context) -> Result<Streaming<u64>> {
        cx.reply_metadata("checksum", [0xff, 1]);
        Ok(Streaming::from_values([1, 2]))
    }

    async fn ticks(&self, every: u64) -> Result<Streaming<u64>> {
        let (mut sender, ticks) = Streaming::channel(1);
        let running = Arc::clone(&self.running);
        running.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            let mut tick = 0;
            while sender.send(tick).await.is_ok() {
                tick += 1;
                tokio::time::sleep(Duration::from_millis(every)).await;
            }
            running.fetch_sub(1, Ordering::SeqCst);
        });
        Ok(ticks)
    }

    async fn relay(&self, cx: &Context, to: u64) -> Result<Streaming<u64>> {
        let other = self.other.as_ref().ok_or_else(|| Error::new("no other"))?;
        other.count(to).within(cx).await
    }

    async fn running(&self) -> Result<u64> {
        Ok(self.running.load(Ordering::SeqCst) as u64)
    }
}

/// A service, and the way to it.
struct Fixture {
    caller: Arc<dyn Caller>,
    flow: FlowClient,
    flows: Flows,
    /// What there is besides, if it is a connection.
    connection: Option<(Running, Client)>,
}

fn server(flows: &Flows) -> Server {
    Server::new()
        .register(FlowServer::new(flows.clone()))
        .unwrap()
        .register(ArithServer::new(Model))
        .unwrap()
}

async fn with(config: ServerConfig, flows: Flows) -> Fixture {
    let running = server(&flows)
        .with_config(config)
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let client = Client::connect(running.address());
    let caller: Arc<dyn Caller> = Arc::new(client.clone());
    Fixture {
        flow: FlowClient::new(Arc::clone(&caller)),
        caller,
        flows,
        connection: Some((running, client)),
    }
}

/// Over a connection.
async fn connected() -> Fixture {
    with(ServerConfig::default(), Flows::default()).await
}

/// In this process, without a socket.
fn in_process(flows: Flows) -> Fixture {
    let caller: Arc<dyn Caller> = Arc::new(server(&flows).in_process());
    Fixture {
        flow: FlowClient::new(Arc::clone(&caller)),
        caller,
        flows,
        connection: None,
    }
}

impl Fixture {
    /// Waits until so many streams run.
    async fn streams(&self, count: usize) {
        eventually(&format!("{count} streams run"), || {
            self.flows.running.load(Ordering::SeqCst) == count
        })
        .await;
    }

    /// Waits until the peer has answered all calls.
    async fn idle(&self) {
        if let Some((_, client)) = &self.connection {
            eventually("all is over", || client.in_flight() == 0).await;
        }
    }

    /// The same way to a service that hands on what this one counts.
    async fn before(&self) -> Self {
        let flows = Flows {
            other: Some(self.flow.clone()),
            ..Flows::default()
        };
        match &self.connection {
            Some(_) => with(ServerConfig::default(), flows).await,
            None => in_process(flows),
        }
    }
}

/// Streams are the same with a socket and without.
macro_rules! both {
    ($($test:ident)*) => {
        mod over_a_connection {$(
            #[tokio::test]
            async fn $test() {
                super::$test(super::connected().await).await;
            }
        )*}

        mod without_a_socket {$(
            #[tokio::test]
            async fn $test() {
                super::$test(super::in_process(super::Flows::default())).await;
            }
        )*}
    };
}

both! {
    replies_come_one_after_the_other
    arguments_go_one_after_the_other
    both_ways_at_once
    what_goes_wrong_comes_out_of_the_stream
    dropping_a_stream_ends_it_on_both_sides
    a_handler_need_not_read_all
    deadlines_hold_for_all_of_a_stream
    a_stream_ends_with_its_trailers
    what_waits_for_a_reader_is_bounded
    streams_are_handed_on_through_servers
}

async fn all<T>(mut stream: Streaming<T>) -> (Vec<T>, Option<Error>) {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => items.push(item),
            Err(error) => {
                assert!(stream.next().await.is_none(), "after an error");
                return (items, Some(error));
            }
        }
    }
    (items, None)
}

async fn replies_come_one_after_the_other(fixture: Fixture) {
    for to in [0, 1, 2, 100, 10_000] {
        // The first of them is also the first call of its connection.
        let (numbers, error) = all(fixture.flow.count(to).await.unwrap()).await;
        assert_eq!(numbers, (1..=to).collect::<Vec<_>>());
        match error {
            None => assert_eq!(to % 2, 0),
            Some(error) => {
                assert_eq!((to % 2, error.code()), (1, Code::OutOfRange));
                assert_eq!(error.message(), "that is odd");
            }
        }
    }
    fixture.streams(0).await;
    fixture.idle().await;
}

async fn arguments_go_one_after_the_other(fixture: Fixture) {
    for to in [0, 1, 100, 50_000_u64] {
        let sum = fixture.flow.sum(Streaming::from_values(1..=to)).await;
        assert_eq!(sum.unwrap(), to * (to + 1) / 2);
    }
    // A stream that breaks off takes its call with it.
    let broken = futures::stream::iter([Ok(1), Err(Error::data_loss("disk")), Ok(2)]);
    let error = fixture
        .flow
        .sum(Streaming::from_stream(broken))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DataLoss);
    // The call itself went out before.
    assert_eq!(error.delivery(), Delivery::Sent);
    fixture.idle().await;
}

/// The last handle of a client goes while its call sends and receives.
#[tokio::test]
async fn a_stream_outlives_its_client() {
    let (running, _) = connected().await.connection.unwrap();
    let client = Client::connect(running.address());
    let (mut sender, numbers) = Streaming::channel(1);
    let mut doubled = FlowClient::new(client).double(numbers).await.unwrap();
    for number in 0..100 {
        sender.send(number).await.unwrap();
        assert_eq!(doubled.next().await.unwrap().unwrap(), 2 * number);
    }
    drop(sender);
    assert!(doubled.next().await.is_none());
}

async fn both_ways_at_once(fixture: Fixture) {
    let (mut sender, numbers) = Streaming::channel(4);
    let mut doubled = fixture.flow.double(numbers).await.unwrap();
    for number in 0..1000 {
        sender.send(number).await.unwrap();
        assert_eq!(doubled.next().await.unwrap().unwrap(), 2 * number);
    }
    drop(sender);
    assert!(doubled.next().await.is_none());
    // All in and all out, each at its own pace.
    let numbers = Streaming::from_values(0..50_000);
    let (doubled, error) = all(fixture.flow.double(numbers).await.unwrap()).await;
    assert!(error.is_none());
    assert_eq!(doubled, (0..50_000).map(|it| 2 * it).collect::<Vec<_>>());
    fixture.streams(0).await;
}

async fn what_goes_wrong_comes_out_of_the_stream(fixture: Fixture) {
    let (none, error) = all(fixture.flow.refuse("no".to_owned()).await.unwrap()).await;
    assert!(none.is_empty());
    let error = error.unwrap();
    assert_eq!(
        (error.code(), error.message()),
        (Code::PermissionDenied, "no")
    );
    assert_eq!(error.delivery(), Delivery::Answered);
    // A method that is none, and kinds of calls that are not the method's.
    let caller = &fixture.caller;
    let stream = StreamCall::<u64, _>::new(Arc::clone(caller), "Flow.Nope", &()).start();
    let error = all(stream).await.1.unwrap();
    assert_eq!(error.message(), "rpc: can't find method Flow.Nope");
    let stream =
        StreamCall::<u64, _>::new(Arc::clone(caller), "Arith.Multiply", &Args { a: 6, b: 7 })
            .start();
    let error = all(stream).await.1.unwrap();
    assert_eq!(error.code(), Code::Unimplemented);
    assert_eq!(
        error.message(),
        "rpc: Arith.Multiply is no streaming method"
    );
    let error = Call::<u64, _>::new(Arc::clone(caller), "Flow.Count", &3_u64)
        .await
        .unwrap_err();
    assert!(error.message().contains("is a streaming method"), "{error}");
    let error = Call::<u64, _>::streaming(
        Arc::clone(caller),
        "Flow.Count",
        Streaming::from_values([1_u64]),
    )
    .await
    .unwrap_err();
    assert!(error.message().contains("the other way round"), "{error}");
    // Items of another type.
    let error = Call::<u64, _>::streaming(
        Arc::clone(caller),
        "Flow.Sum",
        Streaming::from_values(["text".to_owned()]),
    )
    .await
    .unwrap_err();
    assert!(
        error.message().starts_with("gob: the argument: "),
        "{error}"
    );
    let stream = StreamCall::<String, _>::new(Arc::clone(caller), "Flow.Count", &3_u64).start();
    let error = all(stream).await.1.unwrap();
    assert!(error.message().starts_with("gob: "), "{error}");
    fixture.streams(0).await;
    let arith = <ArithClient>::new(Arc::clone(caller));
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    fixture.idle().await;
}

async fn dropping_a_stream_ends_it_on_both_sides(fixture: Fixture) {
    let mut blocks = fixture.flow.blocks(1000).await.unwrap();
    let mut ticks = fixture.flow.ticks(1).await.unwrap();
    for _ in 0..10 {
        assert_eq!(blocks.next().await.unwrap().unwrap().len(), 1000);
        ticks.next().await.unwrap().unwrap();
    }
    fixture.streams(2).await;
    drop(blocks);
    fixture.streams(1).await;
    drop(ticks);
    fixture.streams(0).await;
    // One that nobody has ever polled.
    drop(fixture.flow.blocks(10).await.unwrap());
    // Sending is no reason to live on.
    let (mut sender, numbers) = Streaming::channel(1);
    let call = fixture.flow.sum(numbers).start();
    sender.send(1).await.unwrap();
    drop(call);
    eventually("the sender learns of it", || sender.is_closed()).await;
    assert_eq!(sender.send(2).await.unwrap_err().code(), Code::Cancelled);
    fixture.streams(0).await;
    fixture.idle().await;
}

/// A handler may answer before all has come; what still comes is dropped.
async fn a_handler_need_not_read_all(fixture: Fixture) {
    for _ in 0..10 {
        let endless = futures::stream::iter((1..).map(Ok));
        let sum = fixture
            .flow
            .first(Streaming::from_stream(endless))
            .meta("count", "3")
            .await
            .unwrap();
        assert_eq!(sum, 6);
    }
    assert_eq!(fixture.flow.running().await.unwrap(), 0);
}

async fn deadlines_hold_for_all_of_a_stream(fixture: Fixture) {
    let mut ticks = fixture
        .flow
        .ticks(1)
        .timeout(Duration::from_millis(100))
        .start();
    let mut seen = 0;
    let error = loop {
        match ticks.next().await.unwrap() {
            Ok(_) => seen += 1,
            Err(error) => break error,
        }
    };
    assert!(seen > 0);
    assert_eq!(error.code(), Code::DeadlineExceeded);
    fixture.streams(0).await;
    // Also where the peer waits for the first item.
    let (_sender, numbers) = Streaming::channel(1);
    let stream = fixture
        .flow
        .wait(numbers)
        .timeout(Duration::from_millis(30))
        .start();
    assert_eq!(all(stream).await.1.unwrap().code(), Code::DeadlineExceeded);
}

async fn a_stream_ends_with_its_trailers(fixture: Fixture) {
    let mut stream = fixture.flow.trailers().await.unwrap();
    assert!(stream.trailers().is_empty());
    while let Some(item) = stream.next().await {
        item.unwrap();
    }
    assert_eq!(stream.trailers().get("checksum"), Some(&[0xff, 1][..]));
}

async fn streams_are_handed_on_through_servers(end: Fixture) {
    let middle = end.before().await;
    let (numbers, error) = all(middle.flow.relay(1000).await.unwrap()).await;
    assert_eq!((numbers.len(), error.is_none()), (1000, true));
    let (numbers, error) = all(middle.flow.relay(999).await.unwrap()).await;
    let error = error.unwrap();
    assert_eq!((numbers.len(), error.code()), (999, Code::OutOfRange));
    assert!(!error.message().contains("odd"), "{error}");
    // What is dropped here ends there.
    let mut stream = middle.flow.relay(1_000_000).await.unwrap();
    stream.next().await.unwrap().unwrap();
    end.streams(1).await;
    drop(stream);
    end.streams(0).await;
}

/// The memory of a stream that nobody reads is its credit; the connection and all
/// other streams go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_reader_harms_no_other() {
    let config = ServerConfig::default().with_handlers_per_connection(2000);
    let fixture = with(config, Flows::default()).await;
    const BLOCK: u64 = 8 << 10;
    let mut stalled = fixture.flow.blocks(BLOCK).await.unwrap();
    stalled.next().await.unwrap().unwrap();
    let mut others = Vec::new();
    for _ in 0..999 {
        others.push(fixture.flow.blocks(4000).await.unwrap());
    }
    let before = fixture.flows.made.load(Ordering::SeqCst);
    let read: Vec<u64> = join_all(others.iter_mut().map(async |stream| {
        let mut bytes = 0;
        for _ in 0..100 {
            bytes += stream.next().await.unwrap().unwrap().len() as u64;
        }
        bytes
    }))
    .await;
    assert_eq!(read, vec![400_000; 999]);
    assert!(fixture.flows.made.load(Ordering::SeqCst) > before);
    drop(others);
    fixture.streams(1).await;
    // The stalled one has made as much as its credit, and stands still.
    let made = || fixture.flows.made.load(Ordering::SeqCst);
    let mut last = made();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        last = made();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(made(), last, "it stands still");
    let arith = <ArithClient>::new(Arc::clone(&fixture.caller));
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    // And what waits for it: not more than that.
    let mut waiting = 0;
    while let Ok(Some(block)) =
        tokio::time::timeout(Duration::from_millis(200), stalled.next()).await
    {
        waiting += block.unwrap().len();
        if waiting >= 4 << 20 {
            break;
        }
    }
    assert!(waiting >= 4 << 20, "it goes on when it is read");
}

/// One stream that is not read takes one credit of memory, whatever the size of
/// its items.
async fn what_waits_for_a_reader_is_bounded(fixture: Fixture) {
    for bytes in [1_u64, 1000, 100_000, 1 << 20] {
        let before = fixture.flows.made.load(Ordering::SeqCst);
        let stream = fixture.flow.blocks(bytes).start();
        let made = || fixture.flows.made.load(Ordering::SeqCst) - before;
        eventually("the stream has begun", || made() > 0).await;
        let mut last = 0;
        while made() != last {
            last = made();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // The last item may be longer than what is left of the credit, and one
        // more waits for it.
        let cost = bytes + 64;
        let most = (256 << 10) / cost + 3;
        println!("{bytes} bytes: {last} items were made, at most {most} may be");
        assert!(last <= most, "{last} items of {bytes} bytes");
        drop(stream);
        fixture.streams(0).await;
    }
}

/// Handlers that wait for their items get them also while calls wait for a handler.
#[tokio::test]
async fn items_come_past_requests_that_wait() {
    let config = ServerConfig::default()
        .with_handlers_per_connection(2)
        .with_waiting_bytes(10_000);
    let fixture = with(config, Flows::default()).await;
    fixture.flow.running().await.unwrap();
    let (mut first, numbers) = Streaming::channel(1);
    let one = fixture.flow.sum(numbers).start();
    let (mut second, numbers) = Streaming::channel(1);
    let two = fixture.flow.sum(numbers).start();
    first.send(1).await.unwrap();
    second.send(1).await.unwrap();
    let calls: Vec<_> = (0..100).map(|_| fixture.flow.running().start()).collect();
    let late = fixture.flow.sum(Streaming::from_values([5, 6])).start();
    first.send(2).await.unwrap();
    second.send(3).await.unwrap();
    drop((first, second));
    assert_eq!((one.await.unwrap(), two.await.unwrap()), (3, 4));
    let mut refused = 0;
    for call in calls {
        if let Err(error) = call.await {
            // More than may wait.
            assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
            assert_eq!(error.delivery(), Delivery::Refused);
            refused += 1;
        }
    }
    assert!((1..100).contains(&refused), "{refused}");
    match late.await {
        Ok(sum) => assert_eq!(sum, 11),
        Err(error) => assert_eq!(error.delivery(), Delivery::Refused),
    }
    assert_eq!(fixture.flow.running().await.unwrap(), 0);
}

#[tokio::test]
async fn a_lost_connection_ends_all_streams() {
    let fixture = connected().await;
    let mut ticks = fixture.flow.ticks(1).await.unwrap();
    ticks.next().await.unwrap().unwrap();
    let (mut sender, numbers) = Streaming::channel(1);
    let sum = fixture.flow.sum(numbers).start();
    sender.send(1).await.unwrap();
    let (running, _) = fixture.connection.unwrap();
    let report = running.shutdown(Duration::from_millis(50)).await;
    assert_eq!(report.cut, 1);
    let error = loop {
        if let Err(error) = ticks.next().await.unwrap() {
            break error;
        }
    };
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(sum.await.unwrap_err().code(), Code::Unavailable);
    eventually("the sender learns of it", || sender.is_closed()).await;
    eventually("the handlers are gone", || {
        fixture.flows.running.load(Ordering::SeqCst) == 0
    })
    .await;
}

#[test]
fn the_service_tells_which_sides_are_streams() {
    const INFO: ServiceInfo = FLOW;
    let kind = |name| {
        let method = INFO.methods.iter().find(|method| method.name == name);
        let method = method.unwrap();
        (
            method.streams,
            (method.args)().to_string(),
            (method.reply)().to_string(),
        )
    };
    let uint = || "uint64".to_owned();
    assert_eq!(kind("Count"), (StreamKind::Server, uint(), uint()));
    assert_eq!(kind("Sum"), (StreamKind::Client, uint(), uint()));
    assert_eq!(kind("Double").0, StreamKind::Both);
    assert_eq!(kind("Running").0, StreamKind::Unary);
}

/// The client type is the service again, so a service can stand in for it.
#[tokio::test]
async fn a_service_is_called_without_a_connection() {
    async fn total(flow: &impl Flow) -> u64 {
        let numbers = flow.count(4).await.unwrap();
        flow.sum(numbers).await.unwrap()
    }
    let fixture = connected().await;
    assert_eq!(total(&Flows::default()).await, 10);
    assert_eq!(total(&fixture.flow).await, 10);
}

/// To Go a stream would be a call of a method; so it is never sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_to_a_go_server_fail_here() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-network", "tcp"]).unwrap();
    let client = Client::connect(server.address());
    let arith = ArithClient::new(client.clone());
    for _ in 0..3 {
        // At first the server is not known, later it is.
        let stream =
            StreamCall::<i64, _>::new(client.clone(), "Arith.Multiply", &Args { a: 6, b: 7 })
                .start();
        let error = all(stream).await.1.unwrap();
        assert_eq!(error.code(), Code::Unimplemented, "{error}");
        assert_eq!(error.delivery(), Delivery::NotSent);
        let numbers = Streaming::from_values([1_u64, 2]);
        let error = Call::<i64, _>::streaming(client.clone(), "Arith.Multiply", numbers)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented, "{error}");
        assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    }
    let plain = Client::builder().plain_go(true).connect(server.address());
    let stream = StreamCall::<i64, _>::new(plain, "Arith.Multiply", &Args { a: 6, b: 7 }).start();
    assert_eq!(all(stream).await.1.unwrap().code(), Code::Unimplemented);
}

/// A Go client that calls a streaming method gets one clear error, and its
/// connection lives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_client_calls_a_streaming_method() {
    if go::peers().is_none() {
        return;
    }
    let fixture = connected().await;
    let address = fixture.connection.as_ref().unwrap().0.host().to_owned();
    let output =
        tokio::task::spawn_blocking(move || go::run("stream", &["-addr", &address]).unwrap())
            .await
            .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fixture.streams(0).await;
}
