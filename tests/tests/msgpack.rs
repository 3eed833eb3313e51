//! Msgpack as Consul and Nomad speak it: `hashicorp/net-rpc-msgpackrpc` both ways, a
//! real Consul, and raw bytes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use gobrpc_client::{Client, Code, Delivery, Error, Phase, StreamCall, connector};
use gobrpc_codec::{Gob, Interface, Limits, Value, go as types};
use gobrpc_protocol::msgpack::ClientConnection;
use gobrpc_protocol::{Head, Payload};
use gobrpc_server::{Result, Running, ServerConfig, service};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::model::{
    self, Args, ArithClient, Delay, EchoClient, Inner, MiscClient, Nested, Tree,
};
use gobrpc_tests::registries::{Consul, msgpack_go};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What go-msgpack writes by methods of its own.
#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct Stamp {
    at: types::Time,
    hash: [u8; 4],
    held: Interface,
    took: types::Duration,
}

/// Echoes it.
#[service]
trait Stamps {
    async fn echo(&self, stamp: Stamp) -> Result<Stamp>;
    /// Its bytes in hexadecimal.
    async fn bytes(&self, stamp: Stamp) -> Result<String>;
}

struct Echoes;

impl Stamps for Echoes {
    async fn echo(&self, stamp: Stamp) -> Result<Stamp> {
        Ok(stamp)
    }
    async fn bytes(&self, stamp: Stamp) -> Result<String> {
        Ok(hex(&body(&stamp)))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A value as our client sends it.
fn body<T: gobrpc_codec::Encode>(value: &T) -> Vec<u8> {
    let mut connection = ClientConnection::new();
    let head = Head::new("A.B");
    connection
        .call(&head, &Payload::new(&()).unwrap(), ())
        .unwrap();
    // An empty struct is one byte, and the header is in front of it.
    let header = connection.output().len() - 1;
    let mut connection = ClientConnection::new();
    connection
        .call(&head, &Payload::new(value).unwrap(), ())
        .unwrap();
    connection.output()[header..].to_vec()
}

async fn start(config: ServerConfig) -> Running {
    model::server()
        .unwrap()
        .register(StampsServer::new(Echoes))
        .unwrap()
        .with_config(config)
        .with_msgpack()
        .start("127.0.0.1:0")
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_client_calls_our_server() {
    if msgpack_go().is_none() {
        return;
    }
    let running = start(ServerConfig::default()).await;
    for form in ["-array=false", "-array", "-ext"] {
        let host = running.host().to_owned();
        let output = tokio::task::spawn_blocking(move || {
            go::run("go-msgpack", &["call", "-addr", &host, form]).unwrap()
        })
        .await
        .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        println!("{form}\n{text}");
        assert!(output.status.success(), "{form}: {text}");
    }
    let report = running.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.cut, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_calls_gos_server() {
    if msgpack_go().is_none() {
        return;
    }
    for form in ["-array=false", "-array", "-ext"] {
        let server = GoServer::start("go-msgpack", &["serve", form]).unwrap();
        let client = Client::connect(&format!("msgpack://{}", server.address()));
        check(&client).await;
        let stamps = StampsClient::new(client.clone());
        for held in [
            Interface::new("bool", Value::Bool(true)),
            Interface::new("int64", Value::Int(-7)),
            Interface::nil(),
        ] {
            let stamp = Stamp {
                at: types::Time::from_unix(1_709_215_496, 789)
                    .unwrap()
                    .with_offset(5400)
                    .unwrap(),
                took: types::Duration(-90),
                held,
                hash: [1, 2, 3, 255],
            };
            assert_eq!(stamps.echo(stamp.clone()).await.unwrap(), stamp);
            // What Go writes for it has the same bytes, but for arrays of bytes, which
            // gob does not tell from those of numbers.
            if form == "-array=false" {
                let bytes = stamps.bytes(stamp.clone()).await.unwrap();
                let ours = hex(&body(&stamp)).replace("94010203ccff", "a4010203ff");
                assert_eq!(ours, bytes);
            }
        }
        let stamps = stamps.echo(Stamp::default()).await.unwrap();
        assert_eq!(stamps, Stamp::default());
    }
}

#[tokio::test]
async fn our_client_calls_our_server() {
    let running = start(ServerConfig::default()).await;
    let client = Client::connect(&format!("msgpack://{}", running.host()));
    check(&client).await;
    // The other codecs are on the same port.
    check(&Client::connect(running.address())).await;
    // Of streams there are none, and the connection lives.
    let stream = StreamCall::<i64, _>::new(client.clone(), "Health.Watch", &"").start();
    let error = { stream }.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented, "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
    // What msgpack has no form for is said before anything is sent.
    let call = client.call::<(), _>("Echo.String", &types::Complex64 { re: 1.0, im: 2.0 });
    let error = call.await.unwrap_err();
    assert_eq!(error.phase(), Phase::Encode);
    assert!(error.message().contains("unsupported type"), "{error}");
    let call = client.call::<(), _>("Echo.String", &types::BigInt::from(7));
    assert!(call.await.unwrap_err().message().contains("big.Int"));
    check(&client).await;
}

/// What a server of the model services does, whoever it is.
async fn check(client: &Client) {
    let arith = ArithClient::new(client.clone());
    for a in [0, 1, -1, -33, 128, -129, 65_536, i64::MAX, i64::MIN] {
        assert_eq!(arith.multiply(Args { a, b: 1 }).await.unwrap(), a);
    }
    let error = arith.divide(Args { a: 1, b: 0 }).await.unwrap_err();
    assert_eq!(error.message(), "divide by zero");
    assert_eq!(error.delivery(), Delivery::Answered);
    let call = client.call::<i64, _>("Nope.Foo", &1_i64);
    let error = call.await.unwrap_err();
    assert_eq!(error.message(), "rpc: can't find service Nope.Foo");
    assert_eq!(error.code(), Code::Unimplemented);

    let echo = EchoClient::new(client.clone());
    for length in [0, 31, 32, 255, 256, 65_535, 65_536] {
        let text = "x".repeat(length);
        assert_eq!(echo.string(text.clone().into()).await.unwrap(), *text);
    }
    let bytes: Vec<u8> = (0..1 << 20).map(|it| it as u8).collect();
    assert_eq!(echo.bytes(bytes.clone()).await.unwrap(), bytes);
    let inner = Inner {
        name: "größer".to_owned(),
        score: -0.5,
    };
    let nested = Nested {
        id: u64::MAX,
        title: "t".to_owned(),
        inner: inner.clone(),
        ptr: Some(Box::new(inner.clone())),
        list: vec![inner.clone(), Inner::default()],
        dict: Some(HashMap::from([
            ("k".to_owned(), inner),
            (String::new(), Inner::default()),
        ])),
        raw: vec![0, 255],
        flags: [true, false, true],
    };
    assert_eq!(echo.nested(nested.clone()).await.unwrap(), nested);
    assert_eq!(
        echo.nested(Nested::default()).await.unwrap(),
        Nested::default()
    );
    let leaf = |value| {
        Some(Box::new(Tree {
            value,
            ..Tree::default()
        }))
    };
    let tree = Tree {
        value: 1,
        left: leaf(2),
        right: leaf(3),
    };
    assert_eq!(echo.tree(tree.clone()).await.unwrap(), tree);
    let floats = vec![0.0, -1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY];
    assert_eq!(echo.floats(floats.clone()).await.unwrap(), floats);

    // Replies in any order, and one that nobody waits for.
    let misc = MiscClient::new(client.clone());
    let delay = |millis, tag| misc.delay(Delay { millis, tag }).start();
    let (slow, fast) = (delay(50, 1), delay(0, 2));
    drop(delay(20, 3));
    assert_eq!(fast.await.unwrap(), 2);
    assert_eq!(slow.await.unwrap(), 1);
}

/// A call of Consul's own, on the port where its servers call each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_consul_answers() {
    let Some(consul) = Consul::start() else {
        return;
    };
    let address = consul.rpc();
    let name = format!("consul at {address}");
    let connector = connector::from_fn(name, move || {
        let address = address.clone();
        async move {
            let failed = |error| Error::from_error(error).with_phase(Phase::Dial);
            let mut stream = TcpStream::connect(address).await.map_err(failed)?;
            // RPCConsul (agent/pool/conn.go): what follows is net/rpc in msgpack.
            stream.write_all(&[0]).await.map_err(failed)?;
            Ok(Box::new(stream) as connector::BoxedIo)
        }
    });
    let client = Client::builder().msgpack().connect_with(connector);
    let () = client.call("Status.Ping", &()).await.unwrap();

    /// `structs.DCSpecificRequest`.
    #[derive(Gob, Default)]
    struct Datacenter {
        datacenter: String,
        /// Waits until there is something newer.
        min_query_index: u64,
    }
    let mut here = Datacenter {
        datacenter: "dc1".to_owned(),
        min_query_index: 0,
    };
    let leader: String = client.call("Status.Leader", &here).await.unwrap();
    assert_eq!(leader, consul.rpc());
    let peers: Vec<String> = client.call("Status.Peers", &here).await.unwrap();
    assert_eq!(peers, [consul.rpc()]);

    /// `structs.IndexedServices`, of which the rest is passed over.
    #[derive(Gob, Default, Debug)]
    struct Services {
        services: HashMap<String, Vec<String>>,
        index: u64,
        known_leader: bool,
    }
    // The agent registers itself some time after it has a leader.
    loop {
        let services: Services = client.call("Catalog.ListServices", &here).await.unwrap();
        assert!(services.known_leader && services.index > 0, "{services:?}");
        if services.services.contains_key("consul") {
            break;
        }
        here.min_query_index = services.index;
    }

    let call = client.call::<(), _>("Status.Nope", &()).await;
    let error = call.unwrap_err();
    assert_eq!(error.message(), "rpc: can't find method Status.Nope");
    // Consul closes a connection that asked for what it has not (`handleConsulConn`,
    // agent/consul/rpc.go): a call that meets the end fails, one after it dials anew.
    for _ in 0..10 {
        match client.call::<(), ()>("Status.Ping", &()).await {
            Ok(()) => return,
            Err(error) => assert_eq!(error.code(), Code::Unavailable, "{error}"),
        }
    }
    panic!("Consul is not called any more");
}

/// Sends bytes, then closes the write side; gives what comes back.
async fn send(running: &Running, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(running.host()).await.unwrap();
    // The server may close before it has read all.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut replies = Vec::new();
    let _ = stream.read_to_end(&mut replies).await;
    replies
}

const CALL: &[u8] = b"\x82\xadServiceMethod\xaeArith.Multiply\xa3Seq\x05";
const REPLY: &[u8] = b"\x83\xadServiceMethod\xaeArith.Multiply\xa3Seq\x05\xa5Error\xa0";

#[tokio::test]
async fn calls_are_taken_as_maps_and_as_arrays() {
    let running = start(ServerConfig::default()).await;
    let call = [CALL, b"\x82\xa1A\x06\xa1B\x07"].concat();
    assert_eq!(send(&running, &call).await, [REPLY, b"\x2a"].concat());
    // As an array, and cut at every byte.
    let mut stream = TcpStream::connect(running.host()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for &byte in b"\x92\xaeArith.Multiply\x05\x92\x06\x07" {
        stream.write_all(&[byte]).await.unwrap();
    }
    let mut reply = vec![0; REPLY.len() + 1];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply, [REPLY, b"\x2a"].concat());
}

/// Whatever comes, the server answers or closes, and serves the next one.
#[tokio::test]
async fn what_is_no_request_ends_its_connection() {
    let limits = Limits::default().with_message_bytes(64 << 10);
    let running = start(ServerConfig::default().with_limits(limits)).await;
    for wrong in [
        &b"\x81"[..],
        b"\x80\xc1",
        b"\x90",
        b"\x81\xa3Seq\xff\xc0",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff\xc0\xc0",
        CALL,
        &[CALL, b"\xc6\xff\xff\xff\xff"].concat(),
        &[CALL, &[0x91; 200][..]].concat(),
        &[0x91; 100_000],
    ] {
        assert_eq!(send(&running, wrong).await, b"", "{wrong:.20?}");
    }
    // A wrong argument is answered, and what follows is served.
    let follower = [CALL, b"\x80"].concat();
    for (argument, text) in [
        (&b"\xa4text"[..], "a string where"),
        (b"\x81\xa1A\xcb\x3f\xf8\0\0\0\0\0\0", "a float where"),
        (
            b"\x81\xa1A\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
            "too large",
        ),
        (b"\x81\x90\x01", "an array where"),
        (b"\xc7\x01\x05\x00", "an extension where"),
    ] {
        let replies = send(&running, &[CALL, argument, &follower].concat()).await;
        let replies = String::from_utf8_lossy(&replies).into_owned();
        assert!(replies.contains("msgpack: "), "{replies}");
        assert!(replies.contains(text), "{replies}");
        assert!(
            replies.ends_with("\u{5}\u{fffd}Error\u{fffd}\0"),
            "{replies:?}"
        );
    }
}

/// At the bound, and one above.
#[tokio::test]
async fn length_and_depth_are_bounded() {
    const MOST: usize = 64 << 10;
    let limits = Limits::default().with_message_bytes(MOST);
    let running = start(ServerConfig::default().with_limits(limits)).await;
    let string = |length: usize| {
        let head = b"\x82\xadServiceMethod\xabEcho.String\xa3Seq\x05\xdb";
        let text = vec![b'x'; length - 5];
        [&head[..], &(text.len() as u32).to_be_bytes(), &text].concat()
    };
    let reply = send(&running, &string(MOST)).await;
    assert!(reply.len() > MOST, "{} bytes", reply.len());
    assert_eq!(send(&running, &string(MOST + 1)).await, b"");

    // A tree's left side, which nests by one for each.
    let tree = |depth: usize| {
        let head = b"\x82\xadServiceMethod\xa9Echo.Tree\xa3Seq\x05";
        let left = b"\x81\xa4Left".repeat(depth - 1);
        [&head[..], &left, b"\x80"].concat()
    };
    let reply = send(&running, &tree(127)).await;
    assert!(String::from_utf8_lossy(&reply).contains("Value"));
    assert_eq!(send(&running, &tree(129)).await, b"");
    // Memory that costs one byte each.
    let config = ServerConfig::default().with_limits(Limits::default().with_memory_bytes(1 << 20));
    let running = start(config).await;
    let floats = |count: u32| {
        let head = b"\x82\xadServiceMethod\xabEcho.Floats\xa3Seq\x05\xdd";
        [&head[..], &count.to_be_bytes(), &vec![0; count as usize]].concat()
    };
    let reply = send(&running, &floats(1_000_000)).await;
    let text = String::from_utf8_lossy(&reply);
    assert!(text.contains("raise memory_bytes"), "{text:.200}");
}

/// A server without the option takes such bytes for gob, and closes as Go does.
#[tokio::test]
async fn a_server_without_it_closes() {
    let running = model::server().unwrap().start("127.0.0.1:0").await.unwrap();
    let client = Client::connect(&format!("msgpack://{}", running.host()));
    let error = ArithClient::new(client)
        .multiply(Args { a: 6, b: 7 })
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
}
