//! How much is let in.

use std::time::Duration;

use gobrpc_client::{Client, Code, Delivery};
use gobrpc_server::layer::{ConcurrencyLimit, RateLimit, Timeout, by};
use gobrpc_server::{Context, Next, Server};
use gobrpc_tests::local::eventually;

use crate::service::{LONG, Log, WorkClient, start};

#[tokio::test]
async fn a_rate_is_kept_and_one_more_is_refused() {
    let server = Server::new().with_layer(
        RateLimit::new(10, LONG * 60)
            .with_burst(3)
            .of("Work.*")
            .unwrap()
            .by(by::metadata("tenant"))
            .by(by::method()),
    );
    let (running, work) = start(server, &Log::default()).await;
    for tenant in ["acme", "globex"] {
        for _ in 0..3 {
            assert_eq!(work.double(4).meta("tenant", tenant).await.unwrap(), 8);
        }
        let error = work.double(4).meta("tenant", tenant).await.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert_eq!(error.delivery(), Delivery::Refused);
        let details = error.details().unwrap();
        assert_eq!(details.reason, "RATE_LIMITED");
        let wait = details.retry_after().unwrap();
        assert!(wait > LONG && wait <= LONG * 6, "{wait:?}");
        // Another method has a bucket of its own.
        assert!(work.said().meta("tenant", tenant).await.is_ok());
    }
    let client = Client::connect(running.address());
    for _ in 0..5 {
        let health = client.call::<(), _>("gobrpc.Health.List", &());
        assert!(health.await.is_ok(), "other services have no limit");
    }
}

#[tokio::test]
async fn so_many_run_so_many_wait_and_one_more_is_refused() {
    let log = Log::default();
    let waits = Log::default();
    let seen = waits.clone();
    let server = Server::new()
        .with_layer(move |cx: Context, next: Next| {
            let seen = seen.clone();
            async move {
                seen.push(cx.method());
                next.run(cx).await
            }
        })
        .with_layer(ConcurrencyLimit::new(2).with_queue(1, LONG));
    let (running, work) = start(server, &log).await;
    let trickle = work.trickle().await.unwrap();
    let hang = work.hang().start();
    eventually("both run", || log.has("handler") && waits.has("Trickle")).await;
    let waiting = tokio::spawn(work.double(4).into_future());
    eventually("one waits", || waits.has("Double")).await;
    let error = work.double(5).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.delivery(), Delivery::Refused);
    assert_eq!(error.details().unwrap().reason, "OVERLOADED");
    assert!(!waiting.is_finished());
    // A stream runs until it has ended.
    drop(trickle);
    assert_eq!(waiting.await.unwrap().unwrap(), 8);
    drop(hang);
    eventually("dropped", || log.has("handler dropped")).await;
    assert_eq!(work.double(5).await.unwrap(), 10);
    running.shutdown(LONG).await;
}

#[tokio::test]
async fn who_waits_too_long_is_refused_and_who_leaves_gives_its_place_back() {
    let log = Log::default();
    let limit = ConcurrencyLimit::new(1).with_queue(1, Duration::from_millis(20));
    let (_running, work) = start(Server::new().with_layer(limit.of("Work.*").unwrap()), &log).await;
    let hang = work.hang().start();
    eventually("running", || log.has("handler")).await;
    for _ in 0..3 {
        let error = work.double(4).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
        assert!(error.message().contains("too long"), "{error}");
    }
    drop(hang);
    eventually("dropped", || log.has("handler dropped")).await;
    assert_eq!(work.double(4).await.unwrap(), 8);
}

#[tokio::test]
async fn a_server_ends_what_takes_too_long() {
    let log = Log::default();
    let timeout = Timeout::new()
        .of("*", LONG)
        .unwrap()
        .of("Work.Hang", Duration::from_millis(20))
        .unwrap()
        .of("Work.Trickle", Duration::from_millis(20))
        .unwrap();
    let (_running, work) = start(Server::new().with_layer(timeout), &log).await;
    let error = work.hang().await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(log.has("handler dropped"));
    log.take();
    let mut stream = work.trickle().await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), 1);
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(log.has("handler dropped"));
    assert_eq!(work.double(4).await.unwrap(), 8);
}

#[tokio::test]
async fn a_client_gives_timeouts_to_calls_without() {
    use gobrpc_client::layer::Timeout;
    let (running, _) = start(Server::new(), &Log::default()).await;
    let client = Client::builder()
        .layer(
            Timeout::new()
                .of("Work.*", Duration::from_millis(20))
                .unwrap(),
        )
        .connect(running.address());
    let work = WorkClient::new(client);
    let error = work.hang().await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    // One of its own counts, be it longer.
    let call = work.hang().timeout(LONG).start();
    let unfinished = tokio::time::timeout(Duration::from_millis(60), call).await;
    assert!(unfinished.is_err());
}
