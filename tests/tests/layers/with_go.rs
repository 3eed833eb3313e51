//! Go's client against a server with layers.

use gobrpc_server::{Context, Next};
use gobrpc_tests::{go, model};

/// Layers that change nothing change nothing: Go's whole suite passes through them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_passes_through_layers() {
    if go::peers().is_none() {
        return;
    }
    let running = model::server()
        .unwrap()
        .with_layer(|cx: Context, next: Next| next.run(cx))
        .with_layer(|cx: Context, next: Next| async move { next.run(cx).await })
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let address = running.host().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        go::run("call", &["-mode", "dial", "-beyond", "-addr", &address]).unwrap()
    })
    .await
    .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let failed: Vec<_> = text.lines().filter(|it| it.starts_with("FAIL")).collect();
    println!("{}", text.lines().last().unwrap_or_default());
    assert!(
        output.status.success() && failed.is_empty(),
        "{}\n{}",
        failed.join("\n"),
        String::from_utf8_lossy(&output.stderr)
    );
}
