//! The client for programs without an async runtime.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::thread;
use std::time::Duration;

use gobrpc_client::blocking::{Client, Wait};
use gobrpc_client::layer::Next;
use gobrpc_client::protocol::Request;
use gobrpc_client::{Code, Delivery, Phase};
use gobrpc_server::{Context, Error, InProcess, Result, Running, Server, Streaming, service};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::model::{Args, ArithClient, ArithServer, Model};
use tokio::runtime::Runtime;

/// Moves numbers in streams.
#[service]
trait Flow {
    async fn count(&self, cx: &Context, to: u64) -> Result<Streaming<u64>>;
    async fn sum(&self, numbers: Streaming<u64>) -> Result<u64>;
    async fn double(&self, numbers: Streaming<i64>) -> Result<Streaming<i64>>;
    async fn never(&self) -> Result<()>;
}

struct Flows;

impl Flow for Flows {
    async fn count(&self, cx: &Context, to: u64) -> Result<Streaming<u64>> {
        cx.reply_metadata("counted", to.to_string());
        let end = (to % 2 == 1).then(|| Err(Error::out_of_range("that is odd")));
        Ok(Streaming::from_stream(futures::stream::iter(
            (1..=to).map(Ok).chain(end),
        )))
    }

    async fn sum(&self, mut numbers: Streaming<u64>) -> Result<u64> {
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(sum)
    }

    async fn double(&self, numbers: Streaming<i64>) -> Result<Streaming<i64>> {
        use futures::StreamExt;
        Ok(Streaming::from_stream(numbers.map(|it| Ok(2 * it?))))
    }

    async fn never(&self) -> Result<()> {
        std::future::pending().await
    }
}

/// A server whose runtime is another's business.
fn server() -> (Runtime, Running) {
    let runtime = Runtime::new().unwrap();
    let server = Server::new()
        .register(FlowServer::new(Flows))
        .unwrap()
        .register(ArithServer::new(Model))
        .unwrap();
    let running = runtime.block_on(server.start("127.0.0.1:0")).unwrap();
    (runtime, running)
}

#[test]
fn a_go_server_is_called_without_a_runtime() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-network", "tcp"]).unwrap();
    let client = Client::connect(server.address()).unwrap();
    client.ready().unwrap();
    let product: i64 = client
        .call("Arith.Multiply", &Args { a: 6, b: 7 })
        .wait()
        .unwrap();
    assert_eq!(product, 42);
    let arith = ArithClient::new(client.clone());
    let error = arith.divide(Args { a: 1, b: 0 }).wait().unwrap_err();
    assert_eq!(error.message(), "divide by zero");
    assert_eq!(error.delivery(), Delivery::Answered);
    // All threads of a program share it.
    thread::scope(|scope| {
        for a in 0..8 {
            let arith = &arith;
            scope.spawn(move || {
                for b in 0..100 {
                    assert_eq!(arith.multiply(Args { a, b }).wait().unwrap(), a * b);
                }
            });
        }
    });
    client.close().unwrap();
    let error = arith.multiply(Args::default()).wait().unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[test]
fn streams_are_iterators() {
    let (_runtime, running) = server();
    let client = Client::connect(running.address()).unwrap();
    let flow = FlowClient::new(client.clone());
    let mut numbers = flow.count(1000).wait().unwrap();
    assert!(numbers.trailers().is_empty());
    let all: Vec<u64> = numbers.by_ref().map(Result::unwrap).collect();
    assert_eq!(all, (1..=1000).collect::<Vec<_>>());
    assert_eq!(numbers.trailers().get_str("counted"), Some("1000"));
    assert!(numbers.next().is_none());

    let ends: Vec<_> = flow.count(3).wait().unwrap().collect();
    assert_eq!(ends.len(), 4);
    assert_eq!(
        ends.last().unwrap().as_ref().unwrap_err().code(),
        Code::OutOfRange
    );

    let sum = flow.sum(Streaming::from_values(1..=10_000)).wait();
    assert_eq!(sum.unwrap(), 50_005_000);

    // Both ways, in steps.
    let (mut sender, numbers) = Streaming::channel(1);
    let mut doubled = flow.double(numbers).wait().unwrap();
    for number in 0..100 {
        client.run(sender.send(number)).unwrap().unwrap();
        assert_eq!(doubled.next().unwrap().unwrap(), 2 * number);
    }
    drop(sender);
    assert!(doubled.next().is_none());

    // What is dropped is over, at the sender as well.
    let (mut sender, numbers) = Streaming::channel(1);
    let doubled = flow.double(numbers).wait().unwrap();
    drop(doubled);
    let error = loop {
        if let Err(error) = client.run(sender.send(1)).unwrap() {
            break error;
        }
    };
    assert_eq!(error.code(), Code::Cancelled);
}

#[test]
fn times_are_up_without_a_runtime() {
    let (_runtime, running) = server();
    let client = Client::connect(running.address()).unwrap();
    let flow = FlowClient::new(client);
    let error = flow.never().timeout(Duration::from_millis(20)).wait();
    assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    let (_sender, numbers) = Streaming::channel(1);
    let mut doubled = flow
        .double(numbers)
        .timeout(Duration::from_millis(20))
        .wait()
        .unwrap();
    let error = doubled.next().unwrap().unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(doubled.next().is_none());
}

/// The thread lives as long as somebody needs it.
#[test]
fn a_reply_outlives_its_client() {
    let (_runtime, running) = server();
    let reply = {
        let client = Client::connect(running.address()).unwrap();
        client
            .call::<i64, _>("Arith.Multiply", &Args { a: 6, b: 7 })
            .start()
    };
    assert_eq!(reply.wait().unwrap(), 42);
    let flow = FlowClient::new(Client::connect(running.address()).unwrap());
    let numbers = flow.count(1000).wait().unwrap();
    drop(flow);
    assert_eq!(numbers.map(Result::unwrap).count(), 1000);
}

/// Layers find a runtime, whatever thread they run on.
#[test]
fn layers_may_use_timers() {
    let (_runtime, running) = server();
    let client = gobrpc_client::Client::builder()
        .layer(|request: Request, next: Next| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            next.run(request).await
        })
        .connect(running.address());
    let client = Client::new(client).unwrap();
    let product = ArithClient::new(client)
        .multiply(Args { a: 6, b: 7 })
        .wait();
    assert_eq!(product.unwrap(), 42);
}

/// Other callers, too, on one thread.
#[test]
fn a_service_of_this_process_is_called_without_a_runtime() {
    let (_runtime, running) = server();
    let client = Client::connect(running.address()).unwrap();
    let local = client.beside(InProcess::new(FlowServer::new(Flows)));
    let numbers = FlowClient::new(local).count(4).wait().unwrap();
    assert_eq!(numbers.map(Result::unwrap).sum::<u64>(), 10);
}

#[tokio::test]
async fn inside_of_a_runtime_it_is_an_error_and_no_panic() {
    let running = Server::new()
        .register(FlowServer::new(Flows))
        .unwrap()
        .start("127.0.0.1:0")
        .await
        .unwrap();
    // To make one blocks nothing, nor does to start a call.
    let client = Client::connect(running.address()).unwrap();
    let flow = FlowClient::new(client.clone());
    let check = |error: Error, delivery| {
        assert_eq!(error.code(), Code::FailedPrecondition, "{error}");
        assert!(error.message().contains("gobrpc_client::Client"), "{error}");
        assert_eq!(error.delivery(), delivery);
    };
    let call = flow.sum(Streaming::from_values([1])).wait();
    check(call.unwrap_err(), Delivery::NotSent);
    check(flow.count(2).wait().unwrap_err(), Delivery::NotSent);
    check(client.ready().unwrap_err(), Delivery::NotSent);
    check(client.close().unwrap_err(), Delivery::NotSent);
    assert!(!client.get_ref().is_closed());
    // This one is under way.
    let error = flow.never().start().wait().unwrap_err();
    check(error.clone(), Delivery::Sent);
    assert_eq!(error.phase(), Phase::Wait);
    let mut items: gobrpc_client::blocking::Items<_> = flow.count(2).start().into();
    assert!(items.next().unwrap().is_err());
    assert!(items.next().is_none());
    // It still works where it may, and can be awaited here as well.
    let waited = thread::spawn({
        let flow = flow.clone();
        move || flow.sum(Streaming::from_values([1, 2])).wait()
    });
    assert_eq!(flow.sum(Streaming::from_values([3, 4])).await.unwrap(), 7);
    let waited = tokio::task::spawn_blocking(|| waited.join()).await.unwrap();
    assert_eq!(waited.unwrap().unwrap(), 3);
    // Nor does dropping the last one panic, with a call under way.
    let reply = flow.never().start();
    drop((flow, client));
    drop(reply);
}

#[test]
fn an_address_that_is_none_is_said_by_the_first_call() {
    let client = Client::connect("nowhere at all").unwrap();
    let call = client.call::<i64, _>("Arith.Multiply", &Args::default());
    let error = call.wait().unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
}
