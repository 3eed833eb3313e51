//! Go's net/rpc client against our server: `peers/go/cmd/call`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::time::Duration;

use gobrpc_server::ServerConfig;
use gobrpc_tests::{go, model};

/// Runs the Go suite against a server of ours; every check must pass.
async fn suite(listen: &str, args: &[&str]) {
    suite_with(ServerConfig::default(), listen, args).await;
}

async fn suite_with(config: ServerConfig, listen: &str, args: &[&str]) {
    if go::peers().is_none() {
        return;
    }
    let server = model::server().unwrap().with_config(config);
    let running = server.start(listen).await.unwrap();
    let mut args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    args.extend(["-addr".to_owned(), running.host().to_owned()]);
    let output = tokio::task::spawn_blocking(move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        go::run("call", &args).unwrap()
    })
    .await
    .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let failed: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("FAIL"))
        .collect();
    let last = text.lines().last().unwrap_or_default();
    println!("{listen}: {last}");
    assert!(
        output.status.success() && failed.is_empty(),
        "{}\n{last}\n{}",
        failed.join("\n"),
        String::from_utf8_lossy(&output.stderr)
    );
    let report = running.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.cut, 0, "Go's clients have closed their connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dial_tcp() {
    suite(
        "tcp://127.0.0.1:0",
        &["-network", "tcp", "-mode", "dial", "-beyond"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dial_http() {
    suite(
        "tcp://127.0.0.1:0",
        &["-network", "tcp", "-mode", "http", "-beyond"],
    )
    .await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dial_unix() {
    let path = std::env::temp_dir().join(format!("gobrpc-{}.sock", std::process::id()));
    let listen = format!("unix://{}", path.display());
    suite(&listen, &["-network", "unix", "-mode", "dial", "-beyond"]).await;
    assert!(!path.exists(), "the socket file goes with the listener");
}

/// On one thread, where nothing runs while a handler blocks.
#[tokio::test]
async fn dial_tcp_on_one_thread() {
    suite("127.0.0.1:0", &["-network", "tcp", "-mode", "dial"]).await;
}

/// Go's client cannot be sent to another connection: it never sees a frame that it
/// does not know, and is served for as long as it calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_too_old_is_served_until_it_is_quiet() {
    let config = ServerConfig::default()
        .with_max_connection_age(Duration::from_nanos(1))
        .with_max_connection_idle(Duration::from_secs(20))
        .with_quiet(Duration::from_secs(20));
    let args = ["-network", "tcp", "-mode", "dial"];
    suite_with(config, "tcp://127.0.0.1:0", &args).await;
}
