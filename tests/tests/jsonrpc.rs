//! JSON-RPC: Go's client against our server, our client against Go's, and raw
//! texts of both versions.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::time::Duration;

use gobrpc_client::protocol::jsonrpc::Version;
use gobrpc_client::{Client, Code, Delivery, Phase, Streaming};
use gobrpc_codec::Limits;
use gobrpc_codec::{GoString, Interface, Value, go as types};
use gobrpc_server::{Result, Running, ServerConfig, service};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::model::{
    self, Args, ArithClient, Delay, EchoClient, ExtraClient, Inner, MiscClient, Nested, Profile,
    ShapesClient, Tree,
};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn start(config: ServerConfig) -> Running {
    model::server()
        .unwrap()
        .with_config(config)
        .with_jsonrpc()
        .start("127.0.0.1:0")
        .await
        .unwrap()
}

/// Sends a text, then closes the write side; gives the replies.
async fn send(running: &Running, text: &str) -> Vec<Json> {
    let mut stream = TcpStream::connect(running.host()).await.unwrap();
    // The server may close before it has read all.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    replies
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_jsonrpc_client() {
    if go::peers().is_none() {
        return;
    }
    let running = start(ServerConfig::default()).await;
    let host = running.host().to_owned();
    let output =
        tokio::task::spawn_blocking(move || go::run("jsoncall", &["-addr", &host]).unwrap())
            .await
            .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}");
    let report = running.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.cut, 0);
}

#[tokio::test]
async fn version_2_has_its_own_forms() {
    let running = start(ServerConfig::default()).await;
    let ok = |id: Json, result: Json| json!({"jsonrpc": "2.0", "id": id, "result": result});
    for (request, reply) in [
        // One argument, by name or in an array.
        (
            json!({"jsonrpc": "2.0", "method": "Arith.Multiply", "params": {"A": 6, "B": 7}, "id": 1}),
            ok(json!(1), json!(42)),
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Arith.Multiply", "params": [{"A": 6, "B": 7}], "id": "x"}),
            ok(json!("x"), json!(42)),
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Misc.Nothing", "id": null}),
            ok(json!(null), json!({})),
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Echo.Dict", "params": {"a": 1}, "id": [1.5]}),
            ok(json!([1.5]), json!({"a": 1})),
        ),
    ] {
        assert_eq!(send(&running, &request.to_string()).await, [reply]);
    }

    for (request, code, text) in [
        (
            json!({"jsonrpc": "2.0", "method": "Nope.Foo", "id": 1}),
            -32601,
            "can't find service",
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Arith.Foo", "id": 1}),
            -32601,
            "can't find method",
        ),
        (
            json!({"jsonrpc": "2.0", "method": "nodot", "id": 1}),
            -32601,
            "ill-formed",
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Arith.Multiply", "params": [1, 2], "id": 1}),
            -32602,
            "one argument",
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Arith.Multiply", "params": ["text"], "id": 1}),
            -32602,
            "model.Args",
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Arith.Divide", "params": {"A": 1}, "id": 1}),
            -32003,
            "divide by zero",
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Extra.Panic", "params": [false], "id": 1}),
            -32603,
            "panicked",
        ),
        (
            json!({"jsonrpc": "2.0", "method": "Echo.Floats", "params": [["x"]], "id": 1}),
            -32602,
            "json",
        ),
        (
            json!({"jsonrpc": "1.9", "method": "Misc.Nothing", "id": 1}),
            -32600,
            "2.0",
        ),
        (
            json!({"jsonrpc": "2.0", "method": 5, "id": 1}),
            -32600,
            "method",
        ),
        (json!({"jsonrpc": "2.0", "id": 1}), -32600, "method"),
    ] {
        // What follows is served, too.
        let follower = json!({"jsonrpc": "2.0", "method": "Misc.Nothing", "id": "last"});
        let replies = send(&running, &format!("{request}{follower}")).await;
        assert_eq!(replies.len(), 2, "{:.300}", replies[0]);
        let refused = replies.iter().find(|reply| reply["id"] == 1).unwrap();
        assert_eq!(refused["error"]["code"], code, "{request}: {refused}");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(text), "{request}: {refused}");
    }
}

#[tokio::test]
async fn notifications_run_and_are_not_answered() {
    let running = start(ServerConfig::default()).await;
    let notification = json!({"jsonrpc": "2.0", "method": "Extra.Panic", "params": [false]});
    let wrong = json!({"jsonrpc": "2.0", "method": "Nope.Nope"});
    let call = json!({"jsonrpc": "2.0", "method": "Misc.Nothing", "id": 1});
    let replies = send(&running, &format!("{notification}{wrong}{call}")).await;
    assert_eq!(replies, [json!({"jsonrpc": "2.0", "id": 1, "result": {}})]);
}

/// The examples of the specification of JSON-RPC 2.0, section 7, byte by byte but for
/// the methods and the messages of errors.
#[tokio::test]
async fn batches_are_answered_together() {
    let running = start(ServerConfig::default()).await;
    let error = |code: i64, message: &str| {
        let id = Json::Null;
        json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id})
    };
    // In any order, and messages are ours.
    let normal = |batch: &Json| {
        let replies = batch.as_array().into_iter().flatten();
        let mut replies: Vec<_> = replies
            .map(|reply| {
                assert_eq!(reply["jsonrpc"], "2.0");
                let code = reply["error"]["code"].to_string();
                (reply["id"].to_string(), code, reply["result"].to_string())
            })
            .collect();
        replies.sort();
        replies
    };
    for (batch, want) in [
        (
            r#"[
                {"jsonrpc": "2.0", "method": "Arith.Multiply", "params": {"A": 6, "B": 7}, "id": "1"},
                {"jsonrpc": "2.0", "method": "Echo.String", "params": ["hello"]},
                {"jsonrpc": "2.0", "method": "Arith.Multiply", "params": [{"A": 2, "B": 3}], "id": "2"},
                {"foo": "boo"},
                {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
                {"jsonrpc": "2.0", "method": "Misc.Nothing", "id": "9"}
            ]"#,
            json!([
                {"jsonrpc": "2.0", "id": "1", "result": 42},
                {"jsonrpc": "2.0", "id": "2", "result": 6},
                error(-32600, ""),
                {"jsonrpc": "2.0", "id": "5", "error": {"code": -32601, "message": ""}},
                {"jsonrpc": "2.0", "id": "9", "result": {}},
            ]),
        ),
        (
            "[1,2,3]",
            json!([error(-32600, ""), error(-32600, ""), error(-32600, "")]),
        ),
        ("[1]", json!([error(-32600, "")])),
        // A batch has 2.0 alone.
        (
            r#"[{"method": "Misc.Nothing", "params": [{}], "id": 1}]"#,
            json!([error(-32600, "")]),
        ),
    ] {
        let replies = send(&running, batch).await;
        assert_eq!(replies.len(), 1, "{replies:?}");
        assert!(replies[0].is_array(), "{replies:?}");
        assert_eq!(normal(&replies[0]), normal(&want));
    }
    // One error and no array.
    for (text, code) in [
        ("[]", -32600),
        (
            r#"[{"jsonrpc": "2.0", "method": "sum", "id": "1"}, {"jsonrpc": "2.0", "method"]"#,
            -32700,
        ),
    ] {
        let replies = send(&running, text).await;
        assert_eq!(replies.len(), 1, "{replies:?}");
        assert_eq!(replies[0]["error"]["code"], code);
        assert_eq!(replies[0]["id"], Json::Null);
    }
    // To notifications alone there is no answer, not even an empty one.
    let notifications = r#"[
        {"jsonrpc": "2.0", "method": "Echo.String", "params": ["x"]},
        {"jsonrpc": "2.0", "method": "Nope.Nope", "params": [7]}
    ]"#;
    assert_eq!(send(&running, notifications).await, [] as [Json; 0]);
    // A slow one holds its own batch alone.
    let slow =
        r#"[{"jsonrpc":"2.0","method":"Misc.Delay","params":{"Millis":300,"Tag":1},"id":1}]"#;
    let fast = r#"[{"jsonrpc":"2.0","method":"Misc.Nothing","id":2}]"#;
    let replies = send(&running, &format!("{slow}{fast}")).await;
    assert_eq!(
        (&replies[0][0]["id"], &replies[1][0]["id"]),
        (&json!(2), &json!(1))
    );
}

/// At the bounds, and one above.
#[tokio::test]
async fn batches_are_bounded() {
    let limits = Limits::default().with_message_bytes(64 << 10);
    let running = start(ServerConfig::default().with_limits(limits)).await;
    let nothing = r#"{"jsonrpc":"2.0","method":"Misc.Nothing","id":1}"#;
    let batch = |count: usize| format!("[{}]", vec![nothing; count].join(","));
    let replies = send(&running, &batch(128)).await;
    assert_eq!(replies[0].as_array().map(Vec::len), Some(128));
    let replies = send(&running, &format!("{}{nothing}", batch(129))).await;
    assert_eq!(replies[0]["error"]["code"], -32600);
    let message = replies[0]["error"]["message"].as_str().unwrap();
    assert!(message.contains("more than 128 requests"), "{message}");
    assert_eq!(replies[1]["result"], json!({}), "what follows is served");

    // Each reply would fit, and all of them do not.
    let large = json!({"jsonrpc": "2.0", "method": "Extra.Large", "params": [30_000], "id": 1});
    let replies = send(&running, &format!("[{large},{large}]")).await;
    let (first, second) = (&replies[0][0], &replies[0][1]);
    assert!(first["result"].is_string(), "{first:.200}");
    assert_eq!(second["error"]["code"], -32603);
    let message = second["error"]["message"].as_str().unwrap();
    assert!(message.contains("raise message_bytes"), "{message}");
    // A flood of what is none ends the connection.
    let replies = send(&running, &"[1]".repeat(10_000)).await;
    assert_eq!(replies.len(), 65);
}

#[tokio::test]
async fn what_is_no_request_is_told_so() {
    let running = start(ServerConfig::default()).await;
    for (text, code, what) in [
        (r#"{"method" 1}"#, -32700, "Parse error"),
        (r#"{"method":"a.b","params":[}"#, -32700, "Parse error"),
        ("{\"a\":\"\u{1}\"}", -32700, "Parse error"),
        (r#"{} nonsense"#, -32600, "no \"method\""),
        ("[]", -32600, "no requests"),
        (r#"{"method":"a.b","method":"a.c"}"#, -32600, "duplicate"),
    ] {
        let replies = send(&running, text).await;
        let error = &replies[0];
        // Version 1.0 has a text alone.
        let message = error["error"]["message"]
            .as_str()
            .or_else(|| error["error"].as_str());
        assert!(message.unwrap().contains(what), "{text}: {error}");
        if error["error"].is_object() {
            assert_eq!(error["error"]["code"], code, "{text}: {error}");
        }
        assert_eq!(error["id"], Json::Null);
    }
    // A flood of them ends the connection.
    let replies = send(&running, &"{}".repeat(10_000)).await;
    assert_eq!(replies.len(), 65);
}

/// At the bound, and one above.
#[tokio::test]
async fn depth_size_and_ids_are_bounded() {
    let limits = Limits::default().with_message_bytes(64 << 10);
    let running = start(ServerConfig::default().with_limits(limits)).await;

    // The argument is two levels inside of the message.
    let tree = |depth: usize| {
        let mut text = "null".to_owned();
        for _ in 0..depth {
            text = format!("{{\"Value\":1,\"Left\":{text}}}");
        }
        format!("{{\"method\":\"Echo.Tree\",\"params\":[{text}],\"id\":1}}")
    };
    let replies = send(&running, &tree(125)).await;
    assert_eq!(replies[0]["error"], Json::Null, "{:.300}", replies[0]);
    let mut deepest = &replies[0]["result"];
    for _ in 0..124 {
        deepest = &deepest["Left"];
    }
    assert_eq!(*deepest, json!({"Value": 1, "Left": null, "Right": null}));
    let replies = send(&running, &tree(126)).await;
    assert!(
        replies[0]["error"].to_string().contains("deeper than"),
        "{:.300}",
        replies[0]
    );

    let frame = r#"{"method":"Echo.String","params":[""],"id":1}"#.len();
    let text = |length: usize| {
        let text = "x".repeat(length - frame);
        format!("{{\"method\":\"Echo.String\",\"params\":[\"{text}\"],\"id\":1}}")
    };
    let replies = send(&running, &text(64 << 10)).await;
    assert_eq!(replies[0]["error"], Json::Null);
    let replies = send(&running, &text((64 << 10) + 1)).await;
    assert!(
        replies[0]["error"]
            .to_string()
            .contains("longer than 65536"),
        "{:.300}",
        replies[0]
    );

    let with_id = |length: usize| {
        let id = "i".repeat(length - 2);
        format!("{{\"jsonrpc\":\"2.0\",\"method\":\"Misc.Nothing\",\"id\":\"{id}\"}}")
    };
    let replies = send(&running, &with_id(1024)).await;
    assert_eq!(replies[0]["result"], json!({}));
    let replies = send(&running, &with_id(1025)).await;
    assert_eq!(replies[0]["error"]["code"], -32600);

    // A reply that is too long, and one that JSON cannot express.
    let request = json!({"method": "Extra.Large", "params": [60_000], "id": 1});
    let replies = send(&running, &request.to_string()).await;
    assert!(
        replies[0]["error"].to_string().contains("message_bytes"),
        "{:.300}",
        replies[0]
    );

    // Text of little length and much memory.
    let mut limits = Limits::default();
    limits.memory_bytes = 100_000;
    let running = start(ServerConfig::default().with_limits(limits)).await;
    let zeros = vec![0; 10_000];
    let request = json!({"method": "Echo.Floats", "params": [zeros], "id": 1});
    let replies = send(&running, &request.to_string()).await;
    assert!(
        replies[0]["error"].to_string().contains("memory_bytes"),
        "{:.300}",
        replies[0]
    );
}

/// A message that comes byte by byte, and gob on the same port.
#[tokio::test]
async fn the_first_bytes_decide() {
    let running = start(ServerConfig::default()).await;
    let request = b"\r\n{\"method\":\"Arith.Multiply\",\"params\":[{\"A\":6,\"B\":7}],\"id\":7}";
    let mut stream = TcpStream::connect(running.host()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in request {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let expected = b"{\"id\":7,\"result\":42,\"error\":null}\n";
    let mut reply = vec![0; expected.len()];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply, expected);

    let arith = ArithClient::new(Client::connect(running.address()));
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);

    // Where it was not asked for, it is not served.
    let plain = model::server().unwrap().start("127.0.0.1:0").await.unwrap();
    let replies = send(
        &plain,
        r#"{"method":"Misc.Nothing","params":[null],"id":1}"#,
    )
    .await;
    assert_eq!(replies[0]["error"], "this server has no JSON-RPC");
}

/// What our client does with any server of the model services.
async fn check_client(client: Client) {
    let arith = ArithClient::new(client.clone());
    let echo = EchoClient::new(client.clone());
    for number in [0, 1, -1, i64::MAX, i64::MIN] {
        let args = Args { a: number, b: 1 };
        assert_eq!(arith.multiply(args).await.unwrap(), number);
    }
    let inner = Inner {
        name: "größer \" \\ \u{2028}".to_owned(),
        score: -0.5,
    };
    let nested = Nested {
        id: u64::MAX,
        title: "t".to_owned(),
        inner: inner.clone(),
        ptr: Some(Box::new(inner.clone())),
        list: vec![inner.clone(), Inner::default()],
        dict: Some([("k".to_owned(), inner)].into()),
        raw: vec![0, 255],
        flags: [true, false, true],
    };
    assert_eq!(echo.nested(nested.clone()).await.unwrap(), nested);
    let none = Nested::default();
    assert_eq!(echo.nested(none.clone()).await.unwrap(), none);
    let tree = Tree::balanced(8, 1);
    assert_eq!(echo.tree(tree.clone()).await.unwrap(), tree);
    let bytes: Vec<u8> = (0..1 << 20).map(|at| (at % 251) as u8).collect();
    assert_eq!(echo.bytes(bytes.clone()).await.unwrap(), bytes);
    let floats = vec![0.0, 1.0, -1.5, 1e-7, 1e21, f64::MAX, f64::MIN_POSITIVE];
    assert_eq!(echo.floats(floats.clone()).await.unwrap(), floats);
    let text = GoString::from(&b"not \xff UTF-8"[..]);
    let lossy = GoString::from("not \u{fffd} UTF-8");
    assert_eq!(echo.string(text).await.unwrap(), lossy);
    MiscClient::new(client.clone()).nothing().await.unwrap();

    let time = types::Time::from_unix(1_709_210_096, 789).unwrap();
    let profile = Profile {
        user_name: "two words".to_owned(),
        created_at: time.with_offset(5400).unwrap(),
        avatar: b"png".to_vec(),
        home_ip: std::net::Ipv6Addr::LOCALHOST.into(),
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        total: "-340282366920938463463374607431768211456".parse().unwrap(),
        share: types::BigRat::new(1.into(), 3.into()).unwrap(),
        counts: [(-1, "a".to_owned()), (7, String::new())].into(),
        nick_name: Some("gopher".to_owned()),
        time_limit: Duration::from_secs(90).try_into().unwrap(),
        held: Interface::new("string", Value::from("held")),
        pair: [1, -1],
    };
    let shapes = ShapesClient::new(client.clone());
    assert_eq!(shapes.profile(profile.clone()).await.unwrap(), profile);

    // Errors are the call's alone, and answers.
    let error = arith.divide(Args { a: 1, b: 0 }).await.unwrap_err();
    assert_eq!(error.message(), "divide by zero");
    assert_eq!(error.delivery(), Delivery::Answered);
    let error = client.call::<i64, _>("Nope.Foo", &()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    let error = client
        .call::<String, _>("Arith.Multiply", &Args { a: 6, b: 7 })
        .await
        .unwrap_err();
    assert_eq!(error.phase(), Phase::Decode, "{error}");
    let error = echo.floats(vec![f64::NAN]).await.unwrap_err();
    assert!(
        error.message().contains("unsupported value: NaN"),
        "{error}"
    );
    assert_eq!(error.delivery(), Delivery::NotSent);

    // Many at a time, given up and late ones among them.
    let misc = MiscClient::new(client.clone());
    let replies: Vec<_> = (0..200)
        .map(|tag| {
            let millis = tag % 13;
            misc.delay(Delay { millis, tag }).start()
        })
        .collect();
    drop(misc.delay(Delay { millis: 5, tag: -1 }).start());
    for (tag, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.await.unwrap(), i64::try_from(tag).unwrap());
    }
    let late = misc.delay(Delay {
        millis: 500,
        tag: 0,
    });
    let error = late.timeout(Duration::from_millis(5)).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
    client.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_jsonrpc_server() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-json"]).unwrap();
    check_client(Client::connect(&format!("jsonrpc://{}", server.address()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_and_server_speak_both_versions() {
    let running = start(ServerConfig::default()).await;
    for version in [Version::V1, Version::V2] {
        let client = Client::builder()
            .jsonrpc(version)
            .connect(running.address());
        let error = ExtraClient::new(client.clone())
            .panic(false)
            .await
            .unwrap_err();
        let code = match version {
            Version::V2 => Code::Internal,
            _ => Code::Unknown,
        };
        assert_eq!(error.code(), code);
        check_client(client).await;
    }
}

/// Counts.
#[service]
trait Counter {
    async fn count(&self, to: u64) -> Result<Streaming<u64>>;
}

struct UpTo;

impl Counter for UpTo {
    async fn count(&self, to: u64) -> Result<Streaming<u64>> {
        Ok(Streaming::from_values(1..=to))
    }
}

/// JSON-RPC has no streams: one clear error on either side, and calls go on.
#[tokio::test]
async fn streams_are_refused_in_words() {
    let running = model::server()
        .unwrap()
        .register(CounterServer::new(UpTo))
        .unwrap()
        .with_jsonrpc()
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let count = r#"{"method":"Counter.Count","params":[3],"id":1}"#;
    let nothing = r#"{"method":"Misc.Nothing","params":[null],"id":2}"#;
    let replies = send(&running, &format!("{count}{nothing}")).await;
    let text = replies[0]["error"].as_str().unwrap();
    assert!(text.contains("stream"), "{text}");
    assert_eq!(replies[1], json!({"id": 2, "result": {}, "error": null}));

    let client = Client::connect(&format!("jsonrpc://{}", running.host()));
    let mut numbers = CounterClient::new(client.clone()).count(3).await.unwrap();
    let error = numbers.next().await.unwrap().unwrap_err();
    assert!(error.message().contains("stream"), "{error}");
    MiscClient::new(client).nothing().await.unwrap();
}
