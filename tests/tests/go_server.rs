//! Our client against Go's net/rpc server: `peers/go/cmd/serve`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::collections::HashMap;
use std::time::Duration;

use futures::future::join_all;
use gobrpc_client::{Client, Code, Delivery, Phase};
use gobrpc_codec::GoString;
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::model::{Args, ArithClient, Delay, EchoClient, Inner, MiscClient, Nested, Tree};

/// Runs a test against Go's server, by each way to reach it and by both forms of
/// our header.
async fn against_go<F: AsyncFn(Client)>(test: F) {
    if go::peers().is_none() {
        return;
    }
    let path = std::env::temp_dir().join(format!(
        "gobrpc-go-{}-{:x}.sock",
        std::process::id(),
        fastrand::u64(..)
    ));
    let path = path.display().to_string();
    let ways: [(&[&str], &str); 3] = [
        (&["-network", "tcp"], "tcp://"),
        (&["-network", "tcp", "-http"], "http://"),
        (&["-network", "unix", "-addr", &path], "unix://"),
    ];
    for (args, scheme) in ways {
        let server = GoServer::start("serve", args).unwrap();
        let address = format!("{scheme}{}", server.address());
        test(Client::connect(&address)).await;
        test(Client::builder().plain_go(true).connect(&address)).await;
    }
}

fn nested() -> Nested {
    let inner = |name: &str, score| Inner {
        name: name.to_owned(),
        score,
    };
    Nested {
        id: u64::MAX,
        title: "größer".to_owned(),
        inner: inner("inner", -0.5),
        ptr: Some(Box::new(inner("behind a pointer", 1e300))),
        list: vec![inner("a", 1.0), inner("", 0.0), inner("c", f64::INFINITY)],
        dict: Some(HashMap::from([("k".to_owned(), inner("v", 2.5))])),
        raw: vec![0, 255, 128],
        flags: [true, false, true],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_shape_goes_there_and_back() {
    against_go(async |client| {
        let arith = ArithClient::new(client.clone());
        let echo = EchoClient::new(client.clone());
        let misc = MiscClient::new(client.clone());
        for number in [0, 1, -1, i64::MAX, i64::MIN] {
            let args = Args { a: number, b: 1 };
            assert_eq!(arith.multiply(args).await.unwrap(), number);
        }
        let quotient = arith.divide(Args { a: -7, b: 2 }).await.unwrap();
        assert_eq!((quotient.quo, quotient.rem), (-3, -1));

        let value = nested();
        assert_eq!(echo.nested(value.clone()).await.unwrap(), value);
        assert_eq!(
            echo.nested(Nested::default()).await.unwrap(),
            Nested::default()
        );
        let tree = Tree::balanced(10, 1);
        assert_eq!(echo.tree(tree.clone()).await.unwrap(), tree);
        let dict: HashMap<GoString, i64> = (0..1000)
            .map(|at| (GoString::from(format!("key {at}")), at))
            .collect();
        assert_eq!(echo.dict(dict.clone()).await.unwrap(), dict);
        let floats = vec![
            0.0,
            -0.0,
            1.0,
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::NEG_INFINITY,
        ];
        assert_eq!(echo.floats(floats.clone()).await.unwrap(), floats);
        assert!(echo.floats(vec![f64::NAN]).await.unwrap()[0].is_nan());
        for length in [0, 1, 127, 128, 64 << 10, 1 << 20] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            assert_eq!(echo.bytes(bytes.clone()).await.unwrap(), bytes);
            let text = GoString::from("x".repeat(length));
            assert_eq!(echo.string(text.clone()).await.unwrap(), text);
        }
        let text = GoString::from(&b"\xff\xfe not UTF-8"[..]);
        assert_eq!(echo.string(text.clone()).await.unwrap(), text);
        misc.nothing().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_error_of_go_is_the_calls_alone() {
    against_go(async |client| {
        let cases = [
            (
                "Nope.Foo",
                "rpc: can't find service Nope.Foo",
                Code::Unimplemented,
            ),
            (
                "Arith.Nope",
                "rpc: can't find method Arith.Nope",
                Code::Unimplemented,
            ),
            (
                "nodot",
                "rpc: service/method request ill-formed: nodot",
                Code::InvalidArgument,
            ),
            (
                "",
                "rpc: service/method request ill-formed: ",
                Code::InvalidArgument,
            ),
        ];
        let arith = ArithClient::new(client.clone());
        for (method, text, code) in cases {
            let error = client
                .call::<i64, _>(method, &Args { a: 1, b: 2 })
                .await
                .unwrap_err();
            assert_eq!(error.message(), text);
            assert_eq!(error.code(), code);
            assert_eq!(error.delivery(), Delivery::Answered);
            assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
        }
        let error = arith.divide(Args { a: 1, b: 0 }).await.unwrap_err();
        assert_eq!(error.to_string(), "divide by zero");
        let misc = MiscClient::new(client.clone());
        let error = misc.fail("ünïcode \0 text".to_owned()).await.unwrap_err();
        assert_eq!(error.message(), "ünïcode \0 text");
        // A text that is not UTF-8 arrives as close as a Rust text can be.
        let error = client
            .call::<i64, _>("Misc.Fail", &GoString::from(&b"\xff!"[..]))
            .await
            .unwrap_err();
        assert_eq!(error.message(), "\u{fffd}!");
        // To Go an error without a text is success.
        assert_eq!(misc.fail(String::new()).await.unwrap(), 0);

        // An argument of another type: Go says so, and goes on.
        let error = client
            .call::<i64, _>("Arith.Multiply", &"text")
            .await
            .unwrap_err();
        assert!(error.message().contains("gob"), "{error}");
        // A reply of another type: Go's own client dies of it, ours does not.
        let error = client
            .call::<String, _>("Arith.Multiply", &Args { a: 6, b: 7 })
            .await
            .unwrap_err();
        assert_eq!(error.phase(), Phase::Decode);
        assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_come_back_out_of_order() {
    against_go(async |client| {
        let misc = MiscClient::new(client);
        let replies: Vec<_> = (0..1000)
            .map(|tag| {
                let millis = fastrand::i64(0..20);
                misc.delay(Delay { millis, tag }).start()
            })
            .collect();
        for (tag, reply) in join_all(replies).await.into_iter().enumerate() {
            assert_eq!(reply.unwrap(), i64::try_from(tag).unwrap());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_and_late_calls_harm_no_other() {
    against_go(async |client| {
        let misc = MiscClient::new(client.clone());
        let arith = ArithClient::new(client);
        for round in 0..200 {
            let slow = misc.delay(Delay { millis: 5, tag: 1 }).start();
            if round % 2 == 0 {
                drop(slow);
            } else {
                let error = misc
                    .delay(Delay {
                        millis: 200,
                        tag: 2,
                    })
                    .timeout(Duration::from_millis(1))
                    .await
                    .unwrap_err();
                assert_eq!(error.code(), Code::DeadlineExceeded);
                assert_eq!(slow.await.unwrap(), 1);
            }
            let product = arith.multiply(Args { a: round, b: 2 }).await.unwrap();
            assert_eq!(product, round * 2);
        }
    })
    .await;
}

/// Closing half of the connection, Go's server finishes what it has begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_replies() {
    against_go(async |client| {
        let misc = MiscClient::new(client.clone());
        let replies: Vec<_> = (0..50)
            .map(|tag| misc.delay(Delay { millis: 20, tag }).start())
            .collect();
        let (_, replies) = tokio::join!(client.close(), join_all(replies));
        for (tag, reply) in replies.into_iter().enumerate() {
            assert_eq!(reply.unwrap(), i64::try_from(tag).unwrap());
        }
        let error = misc.nothing().await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.delivery(), Delivery::NotSent);
    })
    .await;
}

/// A server that dies: every call ends, and says whether it may have run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_ends_every_call() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-network", "tcp"]).unwrap();
    let client = Client::connect(server.address());
    let misc = MiscClient::new(client.clone());
    misc.nothing().await.unwrap();
    let replies: Vec<_> = (0..100)
        .map(|tag| {
            misc.delay(Delay {
                millis: 60_000,
                tag,
            })
            .start()
        })
        .collect();
    // They are sent before the server dies.
    misc.nothing().await.unwrap();
    drop(server);
    for reply in join_all(replies).await {
        let error = reply.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.delivery(), Delivery::Sent);
        assert!(error.peer().is_some());
    }
    let error = misc.nothing().await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    assert_eq!(error.phase(), Phase::Dial, "{error}");
}
