//! Go's client against a server with layers.

use std::time::Duration;

use gobrpc_server::layer::{Authorize, Bearer, Principal, RateLimit, by, who};
use gobrpc_server::{Context, Next, Server};
use gobrpc_tests::{go, model};

/// Runs a Go program against a server; it fails with what it prints.
async fn run(server: Server, program: &'static str, args: &'static [&str]) {
    if go::peers().is_none() {
        return;
    }
    let running = server.start("127.0.0.1:0").await.unwrap();
    let address = running.host().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        go::run(program, &[args, &["-addr", &address]].concat()).unwrap()
    })
    .await
    .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let failed: Vec<_> = text.lines().filter(|it| it.starts_with("FAIL")).collect();
    assert!(
        output.status.success() && failed.is_empty(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(running.shutdown(Duration::from_secs(5)).await.cut, 0);
}

/// Layers that change nothing change nothing: Go's whole suite passes through them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_passes_through_layers() {
    let server = model::server()
        .unwrap()
        .with_layer(|cx: Context, next: Next| next.run(cx))
        .with_layer(|cx: Context, next: Next| async move { next.run(cx).await });
    run(server, "call", &["-mode", "dial", "-beyond"]).await;
}

/// A Go client gets the text of a refusal, and keeps its connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_an_error_of_its_call_alone() {
    let server = model::server()
        .unwrap()
        .with_layer(
            Bearer::tokens([("good", Principal::new("billing"))])
                .open_to_all("Arith.*")
                .unwrap()
                .open_to_all("Misc.*")
                .unwrap(),
        )
        .with_layer(
            Authorize::new()
                .allow("*", who::is_known())
                .unwrap()
                .allow("Arith.*", who::anyone())
                .unwrap(),
        )
        .with_layer(
            RateLimit::new(3, Duration::from_secs(3600))
                .of("Arith.Multiply")
                .unwrap()
                .by(by::host()),
        );
    run(server, "guarded", &[]).await;
}
