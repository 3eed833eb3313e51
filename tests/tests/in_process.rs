//! Services without a socket: the client type over them, and mocks.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gobrpc_client::protocol::health::{HealthClient, ServingStatus};
use gobrpc_client::{Caller, Code, Streaming};
use gobrpc_server::{Error, InProcess, Result, Server, service};
use gobrpc_tests::local::eventually;
use gobrpc_tests::model::{
    self, Args, Arith, ArithClient, ArithServer, Delay, EchoClient, ExtraClient, MiscClient, Model,
    Quotient,
};

/// Code under test: where the service is, is not its business.
async fn percent(arith: &impl Arith, part: i64, whole: i64) -> Result<i64> {
    let hundred = arith.multiply(Args { a: part, b: 100 }).await?;
    let quotient = arith
        .divide(Args {
            a: hundred,
            b: whole,
        })
        .await?;
    Ok(quotient.quo)
}

/// A mock is an implementation of the trait.
struct Broken;

impl Arith for Broken {
    async fn multiply(&self, _: Args) -> Result<i64> {
        Ok(1)
    }
    async fn divide(&self, _: Args) -> Result<Quotient> {
        Err(Error::unavailable("out of paper"))
    }
}

#[tokio::test]
async fn a_client_is_the_service_and_a_mock_is_one_too() {
    let client = ArithClient::new(InProcess::new(ArithServer::new(Model)));
    assert_eq!(percent(&client, 1, 4).await.unwrap(), 25);
    assert_eq!(percent(&Model, 1, 4).await.unwrap(), 25);
    assert_eq!(
        percent(&Broken, 1, 4).await.unwrap_err().code(),
        Code::Unavailable
    );

    // A mock behind the client type, for code that wants that.
    let mocked = ArithClient::new(InProcess::new(ArithServer::new(Broken)));
    let error = mocked.divide(Args::default()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::Unavailable, "out of paper")
    );
    assert!(error.is_answer());

    // Behind the default type of clients, too.
    let caller: Arc<dyn Caller> = Arc::new(InProcess::new(ArithServer::new(Model)));
    assert_eq!(
        percent(&<ArithClient>::new(caller), 3, 4).await.unwrap(),
        75
    );
}

#[tokio::test]
async fn all_services_of_a_server_are_there() {
    let caller = model::server().unwrap().in_process();
    let echo = EchoClient::new(caller.clone());
    let bytes = vec![7; 1 << 20];
    assert_eq!(echo.bytes(bytes.clone()).await.unwrap(), bytes);
    let status = HealthClient::new(caller.clone())
        .check("Echo")
        .await
        .unwrap()
        .status;
    assert_eq!(status, ServingStatus::Serving);
    let extra = ExtraClient::new(caller.clone());
    assert_eq!(extra.whoami().await.unwrap(), "in-process");
    assert_eq!(extra.busy(1).await.unwrap(), 1);

    // What goes wrong is what it is over a connection.
    for later in [false, true] {
        let error = extra.panic(later).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert!(error.message().contains("panicked"), "{error}");
    }
    let misc = MiscClient::new(caller.clone());
    let error = misc.fail("as asked".to_owned()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unknown, "as asked"));
    let call = gobrpc_client::Call::<i64, _>::new(caller.clone(), "Nope.Foo", &());
    assert_eq!(
        call.await.unwrap_err().message(),
        "rpc: can't find service Nope.Foo"
    );
    let call = gobrpc_client::Call::<i64, _>::new(caller, "Arith.Multiply", &"text");
    assert_eq!(call.await.unwrap_err().code(), Code::InvalidArgument);
    let late = misc.delay(Delay {
        millis: 60_000,
        tag: 1,
    });
    let error = late.timeout(Duration::from_millis(5)).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

/// Waits for ever, and notes when it is dropped.
#[service]
trait Endless {
    async fn wait(&self) -> Result<()>;
}

struct Noted(Arc<AtomicBool>);

impl Endless for Noted {
    async fn wait(&self) -> Result<()> {
        struct OnDrop(Arc<AtomicBool>);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let _note = OnDrop(Arc::clone(&self.0));
        std::future::pending().await
    }
}

/// Counts.
#[service]
trait Counter {
    async fn count(&self, to: u64) -> Result<Streaming<u64>>;
    async fn sum(&self, numbers: Streaming<u64>) -> Result<u64>;
}

struct UpTo;

impl Counter for UpTo {
    async fn count(&self, to: u64) -> Result<Streaming<u64>> {
        Ok(Streaming::from_stream(futures::stream::iter((1..=to).map(
            move |number| {
                assert!(to < 1000, "as asked");
                Ok(number)
            },
        ))))
    }

    async fn sum(&self, mut numbers: Streaming<u64>) -> Result<u64> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }
}

/// What streams do is in `streams.rs`, beside what they do over a connection.
#[tokio::test]
async fn the_client_of_streams_is_the_service_too() {
    async fn total(counter: &impl Counter) -> Result<u64> {
        let numbers = counter.count(4).await?;
        counter.sum(numbers).await
    }
    let client = CounterClient::new(InProcess::new(CounterServer::new(UpTo)));
    assert_eq!(total(&UpTo).await.unwrap(), 10);
    assert_eq!(total(&client).await.unwrap(), 10);

    // A stream that panics is an error, and the caller's program lives.
    let mut numbers = client.count(1000).await.unwrap();
    let error = numbers.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().contains("panicked"), "{error}");
    assert!(numbers.next().await.is_none());
}

#[test]
fn streams_need_a_runtime_and_say_so() {
    let client = CounterClient::new(InProcess::new(CounterServer::new(UpTo)));
    let mut numbers = client.count(3).start();
    let error = futures::executor::block_on(numbers.next())
        .unwrap()
        .unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition, "{error}");
    // Other calls that need no timer need none.
    let client = ArithClient::new(InProcess::new(ArithServer::new(Model)));
    let product = futures::executor::block_on(client.multiply(Args { a: 6, b: 7 }).into_future());
    assert_eq!(product.unwrap(), 42);
}

#[tokio::test]
async fn dropping_a_call_drops_its_handler() {
    let dropped = Arc::new(AtomicBool::new(false));
    let server = Server::new()
        .register(EndlessServer::new(Noted(Arc::clone(&dropped))))
        .unwrap();
    let client = EndlessClient::new(server.in_process());
    let call = client.wait().timeout(Duration::from_millis(5)).await;
    assert_eq!(call.unwrap_err().code(), Code::DeadlineExceeded);
    eventually("the handler is dropped", || dropped.load(Ordering::SeqCst)).await;
}
