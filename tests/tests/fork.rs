//! The fork of net/rpc that knows how to cancel, github.com/keegancsmith/rpc: a Go server
//! that does what it does. How its client cancels is checked by `go_client`.

#![allow(
    clippy::expect_used,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

use gobrpc_client::{Client, Code};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::local::eventually;
use gobrpc_tests::model::{Args, ArithClient, Delay, MiscClient};

const LONG: Delay = Delay {
    millis: 600_000,
    tag: 1,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_up_reaches_the_handlers_of_the_fork() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-fork"]).unwrap();
    let client = Client::connect(server.address());
    let (arith, misc) = (
        ArithClient::new(client.clone()),
        MiscClient::new(client.clone()),
    );
    client.ready().await.unwrap();
    // Given up before anything is known of the server: it is asked, and then told.
    drop(misc.delay(LONG).start());
    eventually("it is answered", || client.in_flight() == 0).await;
    // And when it is known.
    let many: Vec<_> = (0..50).map(|_| misc.delay(LONG).start()).collect();
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    drop(many);
    let late = misc
        .delay(LONG)
        .timeout(std::time::Duration::from_millis(5));
    assert_eq!(late.await.unwrap_err().code(), Code::DeadlineExceeded);
    eventually("all are answered", || client.in_flight() == 0).await;
    let ended: i64 = client.call("Misc.Ended", &()).await.unwrap();
    assert_eq!(ended, 52);
    // What is over is over, and nothing else was touched.
    let short = Delay { millis: 5, tag: 9 };
    assert_eq!(misc.delay(short).await.unwrap(), 9);
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
}
