//! Layers of a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gobrpc_client::layer::{Answer, Layer, Layered, Next};
use gobrpc_client::{Client, Code, Delivery, Error, Result};
use gobrpc_protocol::Request;
use gobrpc_server::{Context, Server, Streaming};
use gobrpc_tests::local::eventually;

use crate::service::{LONG, Log, WorkClient, collect, start};

/// Notes what it sees.
struct Watching(&'static str, Log);

impl Layer for Watching {
    async fn call(&self, mut request: Request, next: Next) -> Result<Answer> {
        let Self(name, log) = self;
        let _guard = log.guard("layer dropped");
        log.push(format!("{name} {}", request.head.service_method));
        request.head.metadata.set("tenant", name);
        let result = next.run(request).await;
        log.push(match &result {
            Ok(answer) => format!(
                "{name} ok {}",
                answer.metadata.get_str("handler").unwrap_or("none")
            ),
            Err(error) => format!("{name} {:?} {:?}", error.code(), error.delivery()),
        });
        result
    }
}

#[tokio::test]
async fn the_first_is_the_outermost_and_all_see_the_outcome() {
    let log = Log::default();
    let (running, _) = start(Server::new(), &Log::default()).await;
    let client = Client::builder()
        .layer(Watching("first", log.clone()))
        .layer(Watching("second", log.clone()))
        .connect(running.address());
    let around = Layered::new(client.clone()).with_layer(Watching("zeroth", log.clone()));
    let work = WorkClient::new(around);
    assert_eq!(work.double(4).await.unwrap(), 8);
    assert_eq!(
        log.take(),
        [
            "zeroth Work.Double",
            "first Work.Double",
            "second Work.Double",
            "second ok was here",
            "layer dropped",
            "first ok was here",
            "layer dropped",
            "zeroth ok was here",
            "layer dropped",
        ]
    );
    assert_eq!(work.said().await.unwrap(), "nothing for second");
    log.take();
    let error = work.double(-1).await.unwrap_err();
    assert_eq!(error.message(), "negative");
    assert!(log.has("zeroth OutOfRange Answered"));
    running.shutdown(LONG).await;
    log.take();
    let error = work.double(1).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert!(log.has("zeroth Unavailable NotSent"), "{:?}", log.take());
}

#[tokio::test]
async fn a_layer_spans_a_stream_to_its_trailers() {
    let log = Log::default();
    let (running, _) = start(Server::new(), &Log::default()).await;
    let client = Client::builder()
        .layer(Watching("watch", log.clone()))
        .connect(running.address());
    let work = WorkClient::new(client);
    let (items, error, stream) = collect(work.count(1000).await.unwrap()).await;
    assert_eq!(items, (1..=1000).collect::<Vec<_>>());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(stream.trailers().get_str("handler"), Some("was here"));
    assert_eq!(
        log.take(),
        ["watch Work.Count", "watch ok was here", "layer dropped"]
    );
    let (items, error, _) = collect(work.count(3).await.unwrap()).await;
    assert_eq!(
        (items, error.unwrap().code()),
        (vec![1, 2, 3], Code::OutOfRange)
    );
    assert!(log.has("watch OutOfRange Answered"));
    let doubles = work
        .doubles(Streaming::from_values(1..=1000))
        .await
        .unwrap();
    let (items, error, _) = collect(doubles).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(items.len(), 1000);
    assert_eq!(work.sum(Streaming::from_values(1..=4)).await.unwrap(), 10);
    log.take();
    let mut stream = work.trickle().await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), 1);
    drop(stream);
    assert_eq!(log.take(), ["watch Work.Trickle", "layer dropped"]);
}

/// Runs what is inside again while that is allowed.
struct Again;

impl Layer for Again {
    async fn call(&self, request: Request, next: Next) -> Result<Answer> {
        loop {
            match next.clone().run(request.clone()).await {
                Err(error) if next.may_repeat(&request, &error) => {}
                result => return result,
            }
        }
    }
}

/// A server that refuses two calls of three, and says that nothing of them ran.
fn refusing(asked: &Arc<AtomicUsize>) -> Server {
    let asked = Arc::clone(asked);
    Server::new().with_layer(move |cx: Context, next: gobrpc_server::Next| {
        let count = asked.fetch_add(1, Ordering::SeqCst);
        async move {
            if count % 3 != 2 {
                return Err(Error::unavailable("not now").not_processed());
            }
            next.run(cx).await
        }
    })
}

#[tokio::test]
async fn what_cannot_have_run_may_run_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (running, _) = start(refusing(&asked), &Log::default()).await;
    let client = Client::builder().layer(Again).connect(running.address());
    let work = WorkClient::new(client);
    assert_eq!(work.double(4).await.unwrap(), 8);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    let (items, error, _) = collect(work.count(4).await.unwrap()).await;
    assert_eq!((items.len(), error.is_none()), (4, true));
    assert_eq!(asked.load(Ordering::SeqCst), 6);
    // A stream of arguments is sent once only.
    let error = work.sum(Streaming::from_values(1..=4)).await.unwrap_err();
    assert_eq!(error.message(), "not now");
    assert_eq!(asked.load(Ordering::SeqCst), 7);
}

#[tokio::test]
async fn a_stream_that_has_begun_does_not_run_again() {
    let (running, _) = start(Server::new(), &Log::default()).await;
    let client = Client::builder()
        .layer(|request: Request, next: Next| async move {
            let first = next.clone().run(request.clone()).await;
            let error = first.unwrap_err();
            assert!(!next.may_repeat(&request, &error));
            next.run(request).await
        })
        .connect(running.address());
    let (items, error, _) = collect(WorkClient::new(client).count(3).await.unwrap()).await;
    assert_eq!(items, [1, 2, 3]);
    assert_eq!(error.unwrap().code(), Code::FailedPrecondition);
}

/// Layers see that a one-way call was sent, and the server's how it ended.
#[tokio::test]
async fn one_way_calls_go_through_layers() {
    let (ours, theirs) = (Log::default(), Log::default());
    let ended = theirs.clone();
    let server = Server::new().with_layer(move |cx: Context, next: gobrpc_server::Next| {
        let ended = ended.clone();
        async move {
            let one_way = cx.is_one_way();
            let result = next.run(cx).await;
            ended.push(format!("one way: {one_way}, ok: {}", result.is_ok()));
            result
        }
    });
    let (running, _) = start(server, &Log::default()).await;
    let client = Client::builder()
        .layer(Watching("watch", ours.clone()))
        .connect(running.address());
    let work = WorkClient::new(client);
    // A server that was not heard of yet gets it as a plain call.
    work.said().await.unwrap();
    ours.take();
    for number in [1, -1] {
        work.double(number).one_way().await.unwrap();
        assert_eq!(
            ours.take(),
            ["watch Work.Double", "watch ok none", "layer dropped"]
        );
    }
    eventually("both ran", || {
        theirs.has("one way: true, ok: true") && theirs.has("one way: true, ok: false")
    })
    .await;
}

/// As without layers, a call that was started is under way, looked at or not.
#[tokio::test]
async fn a_call_is_sent_when_it_is_started() {
    let log = Log::default();
    let (running, _) = start(Server::new(), &log).await;
    let client = Client::builder()
        .layer(|request: Request, next: Next| next.run(request))
        .connect(running.address());
    let work = WorkClient::new(client);
    let call = work.hang().start();
    eventually("running", || log.has("handler")).await;
    drop(call);
    eventually("dropped", || log.has("handler dropped")).await;
}

#[tokio::test]
async fn a_layer_that_waits_does_not_outlast_the_timeout() {
    let (running, _) = start(Server::new(), &Log::default()).await;
    let log = Log::default();
    let layer_log = log.clone();
    let client = Client::builder()
        .layer(move |_: Request, _: Next| {
            let guard = layer_log.guard("layer dropped");
            async move {
                let _guard = guard;
                std::future::pending().await
            }
        })
        .connect(running.address());
    let work = WorkClient::new(client);
    let call = work.double(1).timeout(Duration::from_millis(20));
    let error = call.await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(log.take(), ["layer dropped"]);
}

/// The timeout is that of the call, not of each attempt.
#[tokio::test]
async fn attempts_share_the_timeout() {
    let log = Log::default();
    let (running, _) = start(Server::new(), &log).await;
    let client = Client::builder()
        .layer(|request: Request, next: Next| async move {
            let _ = next.clone().run(request.clone()).await;
            next.run(request).await
        })
        .connect(running.address());
    let work = WorkClient::new(client);
    let error = work
        .hang()
        .timeout(Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.delivery(), Delivery::NotSent, "no time was left");
    let begun = log.take().iter().filter(|it| *it == "handler").count();
    assert_eq!(begun, 1);
}
