//! Client and server over any stream: an in-memory pipe, and odd pieces.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use futures::future::join_all;
use gobrpc_client::{Client, Code};
use gobrpc_tests::model::{self, Args, ArithClient, Delay, EchoClient, ExtraClient, MiscClient};

/// A client of a server at the other end of a pipe of so many bytes.
fn client_over_pipe(bytes: usize) -> Client {
    let (near, far) = tokio::io::duplex(bytes);
    let server = model::server().unwrap();
    tokio::spawn(async move { server.serve_connection(far, "pipe").await });
    Client::from_io(near)
}

#[tokio::test]
async fn calls_go_through_a_pipe() {
    // Down to one byte at a time, which makes every write and read a partial one.
    for bytes in [1, 7, 64, 4096, 1 << 20] {
        let client = client_over_pipe(bytes);
        let echo = EchoClient::new(client.clone());
        let misc = MiscClient::new(client.clone());
        let replies: Vec<_> = (0..50)
            .map(|tag| {
                misc.delay(Delay {
                    millis: tag % 3,
                    tag,
                })
                .start()
            })
            .collect();
        let large = vec![7; 20_000];
        assert_eq!(echo.bytes(large.clone()).await.unwrap(), large);
        for (tag, reply) in join_all(replies).await.into_iter().enumerate() {
            assert_eq!(reply.unwrap(), i64::try_from(tag).unwrap());
        }
        let whoami = ExtraClient::new(client).whoami().await.unwrap();
        assert_eq!(whoami, "pipe");
    }
}

/// The server ends when its peer goes, and the peer learns when the server does.
#[tokio::test]
async fn both_ends_notice_that_the_other_is_gone() {
    let (near, far) = tokio::io::duplex(64);
    let server = model::server().unwrap();
    let serving = tokio::spawn(async move { server.serve_connection(far, "pipe").await });
    let client = Client::from_io(near);
    let arith = ArithClient::new(client.clone());
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    drop((client, arith));
    serving.await.unwrap();

    let client = {
        let (near, far) = tokio::io::duplex(64);
        drop(far);
        Client::from_io(near)
    };
    let error = ArithClient::new(client)
        .multiply(Args { a: 6, b: 7 })
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
}
