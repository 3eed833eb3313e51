//! Counts of calls, on both sides, and their page.

use std::time::Duration;

use gobrpc_client::layer::{CallMetrics, Metrics};
use gobrpc_client::{Client, Code};
use gobrpc_server::{Context, Error, Next, Server, ServerConfig};
use gobrpc_tests::local::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{LONG, Log, WorkClient, collect, start};

async fn get(host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn both_sides_count_how_calls_end() {
    let (of_server, of_client) = (
        CallMetrics::new("rpc_server"),
        CallMetrics::new("rpc_client"),
    );
    let log = Log::default();
    let server = Server::new().with_metrics(of_server.clone()).with_layer(
        |cx: Context, next: Next| async move {
            if cx.metadata().get("refuse").is_some() {
                return Err(Error::resource_exhausted("no").not_processed());
            }
            next.run(cx).await
        },
    );
    let (running, _) = start(server, &log).await;
    let client = Client::builder().layer(Metrics::new(of_client.clone()));
    let work = WorkClient::new(client.connect(running.address()));
    for number in 0..5 {
        work.double(number).await.unwrap();
    }
    work.double(-1).await.unwrap_err();
    work.double(1).meta("refuse", "").await.unwrap_err();
    let (items, ..) = collect(work.count(3).await.unwrap()).await;
    assert_eq!(items.len(), 3);
    let call = work.hang().start();
    eventually("running", || of_server.running("Work.Hang") == 1).await;
    assert_eq!(of_client.running("Work.Hang"), 1);
    drop(call);
    eventually("dropped", || of_server.running("Work.Hang") == 0).await;
    for metrics in [&of_server, &of_client] {
        let double = |code| metrics.count("Work.Double", code);
        assert_eq!(double(None), 5);
        assert_eq!(double(Some(Code::OutOfRange)), 1);
        assert_eq!(double(Some(Code::ResourceExhausted)), 1);
        assert_eq!(metrics.count("Work.Count", Some(Code::OutOfRange)), 1);
        assert_eq!(metrics.count("Work.Hang", Some(Code::Cancelled)), 1);
        assert_eq!(metrics.running("Work.Double"), 0);
    }
    let page = get(running.host(), "/metrics").await;
    assert!(
        page.starts_with("HTTP/1.1 200 OK") || page.starts_with("HTTP/1.0 200 OK"),
        "{page}"
    );
    assert!(page.contains("text/plain; version=0.0.4"), "{page}");
    let line = "rpc_server_calls_total{method=\"Work.Double\",code=\"Ok\"} 5\n";
    assert!(page.contains(line), "{page}");
    running.shutdown(LONG).await;
}

#[tokio::test]
async fn there_is_no_page_without_metrics() {
    let (running, _) = start(Server::new(), &Log::default()).await;
    let page = get(running.host(), "/metrics").await;
    assert!(page.contains("404"), "{page}");
}

/// What no layer sees is counted all the same, by its code and not by a name that
/// anybody can make up.
#[tokio::test]
async fn calls_that_reach_no_service_are_counted() {
    let metrics = CallMetrics::new("rpc_server");
    let server = Server::new().with_metrics(metrics.clone());
    let (running, _) = start(server, &Log::default()).await;
    let client = Client::connect(running.address());
    for method in ["Work.Nothing", "Nowhere.Work", "nodot"] {
        let call = client.call::<i64, _>(method, &1_i64);
        call.await.unwrap_err();
    }
    assert_eq!(metrics.refused_count(Code::Unimplemented), 2);
    assert_eq!(metrics.refused_count(Code::InvalidArgument), 1);
    let page = get(running.host(), "/metrics").await;
    let line = "rpc_server_calls_refused_total{code=\"Unimplemented\"} 2\n";
    assert!(page.contains(line), "{page}");
    assert!(!page.contains("Nowhere"), "{page}");
    running.shutdown(LONG).await;

    let config = ServerConfig::default().with_max_timeout(Duration::ZERO);
    let late = CallMetrics::new("rpc_server");
    let server = Server::new().with_config(config).with_metrics(late.clone());
    let (running, work) = start(server, &Log::default()).await;
    let error = work.double(1).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(late.refused_count(Code::DeadlineExceeded), 1);
    running.shutdown(LONG).await;
}
