//! Layers of a server.

use std::time::Duration;

use gobrpc_client::{Client, Code, Delivery, StreamCall};
use gobrpc_server::{
    Context, Error, Gob, InProcess, Layer, Layered, Next, Response, Result, Server, Streaming,
};
use gobrpc_tests::local::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{LONG, Log, Said, WorkClient, WorkServer, Worker, collect, start};

/// Notes what it sees.
struct Watching(&'static str, Log);

impl Layer for Watching {
    async fn handle(&self, cx: Context, next: Next) -> Result<Response> {
        let Self(name, log) = self;
        let _guard = log.guard("layer dropped");
        log.push(format!("{name} {} {}", cx.service(), cx.method()));
        let result = next.run(cx).await;
        log.push(match &result {
            Ok(response) => format!(
                "{name} ok {}",
                response.metadata().get_str("handler").unwrap_or("none")
            ),
            Err(error) => format!("{name} {:?}", error.code()),
        });
        result
    }
}

#[tokio::test]
async fn the_first_is_the_outermost_and_all_see_the_outcome() {
    let log = Log::default();
    let inner = Layered::new(WorkServer::new(Worker { log: log.clone() }))
        .with_layer(Watching("third", log.clone()));
    let server = Server::new()
        .with_layer(Watching("first", log.clone()))
        .with_layer(Watching("second", log.clone()))
        .register(inner)
        .unwrap();
    let running = server.start("127.0.0.1:0").await.unwrap();
    let over_socket = WorkClient::new(Client::connect(running.address()));
    assert_eq!(over_socket.double(4).await.unwrap(), 8);
    let order = [
        "first Work Double",
        "second Work Double",
        "third Work Double",
        "handler",
        "third ok was here",
        "layer dropped",
        "second ok was here",
        "layer dropped",
        "first ok was here",
        "layer dropped",
    ];
    assert_eq!(log.take(), order);
    // In one process they are the same.
    let in_process: WorkClient<InProcess> = WorkClient::new(server.in_process());
    assert_eq!(in_process.double(4).await.unwrap(), 8);
    assert_eq!(log.take(), order);
    let (items, error, stream) = collect(in_process.count(100).await.unwrap()).await;
    assert_eq!((items.len(), error.is_none()), (100, true));
    assert_eq!(stream.trailers().get_str("handler"), Some("was here"));
    assert!(log.has("first ok was here"));
    log.take();
    let error = over_socket.double(-1).await.unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange);
    let seen = log.take();
    for name in ["first", "second", "third"] {
        assert!(seen.contains(&format!("{name} OutOfRange")), "{seen:?}");
    }
}

#[tokio::test]
async fn a_layer_changes_what_the_handler_and_the_caller_see() {
    let log = Log::default();
    let server = Server::new().with_layer(|mut cx: Context, next: Next| async move {
        cx.metadata_mut().set("tenant", "acme");
        cx.extensions_mut().insert(Said("hello".to_owned()));
        let mut response = next.run(cx).await?;
        response.metadata_mut().append("layer", "was here");
        Ok(response)
    });
    let (_running, work) = start(server, &log).await;
    let (said, metadata) = work
        .said()
        .meta("tenant", "evil")
        .start()
        .with_metadata()
        .await
        .unwrap();
    assert_eq!(said, "hello for acme");
    assert_eq!(metadata.get_str("layer"), Some("was here"));
}

/// Refuses before anything of the argument is looked at: one that does not decode
/// would be an error of another kind.
#[tokio::test]
async fn a_refusal_comes_before_the_argument_is_decoded() {
    let log = Log::default();
    let server = Server::new().with_layer(|cx: Context, next: Next| async move {
        if cx.metadata().get_str("token") != Some("good") {
            return Err(Error::unauthenticated("who are you?").not_processed());
        }
        assert!(!next.body()?.bytes().is_empty());
        assert_eq!(next.method().unwrap().name, cx.method());
        next.run(cx).await
    });
    let (running, _) = start(server, &log).await;
    let client = Client::connect(running.address());
    let call = || client.call::<i64, _>("Work.Double", &"no number");
    let error = call().await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert_eq!(error.delivery(), Delivery::Refused);
    let error = call().meta("token", "good").await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    let mut stream = StreamCall::<u64, _>::new(client.clone(), "Work.Count", &"no number").start();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert!(log.take().is_empty(), "the handler never ran");
}

/// So does one that could not be read for any type, such as an empty message, of
/// which the caller learns no more than of any other.
#[tokio::test]
async fn a_refusal_comes_before_the_body_is_read() {
    let server = Server::new().with_layer(|cx: Context, next: Next| async move {
        assert!(next.body().is_err());
        if cx.method() == "Double" {
            return Err(Error::unauthenticated("who are you?"));
        }
        next.run(cx).await
    });
    let log = Log::default();
    let (running, _) = start(server, &log).await;
    for (method, answer) in [("Double", "who are you?"), ("Hang", "gob: ")] {
        let header = Request {
            service_method: format!("Work.{method}"),
            seq: 1,
        };
        let mut stream = TcpStream::connect(running.host()).await.unwrap();
        let mut bytes = gobrpc_codec::to_vec(&header).unwrap();
        bytes.push(0);
        stream.write_all(&bytes).await.unwrap();
        let mut reply = String::new();
        while !reply.contains(answer) {
            let mut bytes = [0; 1024];
            let count = stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "{reply}");
            reply.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }
    assert!(log.take().is_empty(), "no handler ran");
}

/// Go's header of a request.
#[derive(Gob)]
#[gob(package = "rpc")]
struct Request {
    service_method: String,
    seq: u64,
}

#[tokio::test]
async fn a_layer_spans_a_stream_from_its_opening_to_its_end() {
    let log = Log::default();
    let server = Server::new()
        .with_layer(Watching("watch", log.clone()))
        .with_layer(|cx: Context, next: Next| async move {
            let mut response = next.run(cx).await?;
            response.metadata_mut().append("layer", "saw the end");
            Ok(response)
        });
    let (_running, work) = start(server, &log).await;

    let (items, error, stream) = collect(work.count(1000).await.unwrap()).await;
    assert_eq!(items, (1..=1000).collect::<Vec<_>>());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(stream.trailers().get_str("handler"), Some("was here"));
    assert_eq!(stream.trailers().get_str("layer"), Some("saw the end"));
    assert_eq!(
        log.take(),
        ["watch Work Count", "watch ok was here", "layer dropped"]
    );

    let (items, error, _) = collect(work.count(3).await.unwrap()).await;
    assert_eq!(items, [1, 2, 3]);
    assert_eq!(error.unwrap().code(), Code::OutOfRange);
    assert_eq!(
        log.take(),
        ["watch Work Count", "watch OutOfRange", "layer dropped"]
    );

    // While it runs, the layer has not seen an end.
    let mut stream = work.trickle().await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), 1);
    assert_eq!(log.take(), ["watch Work Trickle"]);
    drop(stream);
    eventually("dropped", || log.has("layer dropped")).await;
    assert_eq!(log.take(), ["handler dropped", "layer dropped"]);
}

#[tokio::test]
async fn streams_of_arguments_go_through_layers() {
    let log = Log::default();
    let server = Server::new().with_layer(Watching("watch", log.clone()));
    let (_running, work) = start(server, &log).await;
    let sum = work.sum(Streaming::from_values(1..=100_000)).await.unwrap();
    assert_eq!(sum, 100_000 * 100_001 / 2);
    let doubles = work
        .doubles(Streaming::from_values(1..=1000))
        .await
        .unwrap();
    let (items, error, _) = collect(doubles).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(items, (1..=1000).map(|it| 2 * it).collect::<Vec<i64>>());
}

/// A layer may hand the rest to a task of its own: items come out all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_inside_may_run_elsewhere() {
    let log = Log::default();
    let server = Server::new().with_layer(|cx: Context, next: Next| async move {
        tokio::spawn(next.run(cx))
            .await
            .map_err(Error::from_error)?
    });
    let (_running, work) = start(server, &log).await;
    assert_eq!(work.double(4).await.unwrap(), 8);
    let (items, error, stream) = collect(work.count(1000).await.unwrap()).await;
    assert_eq!(items, (1..=1000).collect::<Vec<_>>());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(stream.trailers().get_str("handler"), Some("was here"));
}

#[tokio::test]
async fn a_layer_may_end_a_stream_that_has_begun() {
    let log = Log::default();
    let server = Server::new().with_layer(|cx: Context, next: Next| async move {
        let cancel = cx.metadata().get_str("patience").is_some();
        let running = next.run(cx);
        if !cancel {
            return running.await;
        }
        tokio::time::timeout(Duration::from_millis(20), running)
            .await
            .map_err(|_| Error::deadline_exceeded("no patience"))?
    });
    let (_running, work) = start(server, &log).await;
    let stream = work.trickle().meta("patience", "none").await.unwrap();
    let (items, error, _) = collect(stream).await;
    assert_eq!(items, [1]);
    assert_eq!(error.unwrap().message(), "no patience");
    assert_eq!(log.take(), ["handler dropped"]);
}

#[tokio::test]
async fn a_call_that_is_dropped_drops_handler_and_layers() {
    let log = Log::default();
    let server = Server::new().with_layer(Watching("watch", log.clone()));
    let (_running, work) = start(server, &log).await;
    let call = work.hang().start();
    eventually("running", || log.has("handler")).await;
    drop(call);
    eventually("dropped", || log.has("layer dropped")).await;
    assert_eq!(
        log.take(),
        [
            "watch Work Hang",
            "handler",
            "handler dropped",
            "layer dropped"
        ]
    );
}

#[tokio::test]
async fn a_deadline_drops_handler_and_layers() {
    let log = Log::default();
    let server = Server::new().with_layer(Watching("watch", log.clone()));
    let (_running, work) = start(server, &log).await;
    let error = work
        .hang()
        .timeout(Duration::from_millis(30))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    eventually("dropped", || log.has("layer dropped")).await;
}

/// Panics where it is told to.
struct Fragile;

impl Layer for Fragile {
    async fn handle(&self, cx: Context, next: Next) -> Result<Response> {
        let place = cx.metadata().get_str("panic").map(str::to_owned);
        assert!(place.as_deref() != Some("before"), "as asked");
        if place.as_deref() == Some("later") {
            tokio::task::yield_now().await;
            panic!("as asked");
        }
        let result = next.run(cx).await;
        assert!(place.as_deref() != Some("after"), "as asked");
        result
    }
}

#[tokio::test]
async fn a_panic_is_an_error_that_layers_outside_of_it_see() {
    let log = Log::default();
    let server = Server::new()
        .with_layer(Watching("watch", log.clone()))
        .with_layer(Fragile);
    let (running, work) = start(server, &log).await;
    let check = |result: Result<i64>| {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{error}");
        assert!(error.message().contains("panicked"), "{error}");
        assert!(!error.message().contains("as asked"), "{error}");
        let seen = log.take();
        assert!(seen.contains(&"watch Internal".to_owned()), "{seen:?}");
    };
    for place in ["before", "later", "after"] {
        check(work.double(1).meta("panic", place).await);
    }
    check(work.panic(false).await);
    check(work.panic(true).await);
    check(work.busy(true).await.map(|_| 0));
    assert_eq!(work.busy(false).await.unwrap(), 7);
    // In the outermost layer, the server catches it.
    let (fragile, outer) = start(Server::new().with_layer(Fragile), &log).await;
    for place in ["before", "later", "after"] {
        let error = outer.double(1).meta("panic", place).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{error}");
    }
    assert_eq!(outer.double(1).await.unwrap(), 2);
    for running in [running, fragile] {
        assert_eq!(running.shutdown(LONG).await.cut, 0);
    }
}

/// Health and reflection are services as well.
#[tokio::test]
async fn the_servers_own_services_are_behind_its_layers() {
    let log = Log::default();
    let server = Server::new().with_layer(|_: Context, _: Next| async {
        Err::<Response, _>(Error::permission_denied("nobody may do anything"))
    });
    let (running, _) = start(server, &log).await;
    let client = Client::connect(running.address());
    for method in ["gobrpc.Health.List", "gobrpc.Reflection.List"] {
        let error = client.call::<(), _>(method, &()).await.unwrap_err();
        assert_eq!(error.code(), Code::PermissionDenied, "{method}: {error}");
    }
    let error = client.call::<(), _>("No.Such", &()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
}
