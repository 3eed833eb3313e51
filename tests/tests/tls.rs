//! TLS: with our client and server, with Go's, and with all that can be wrong.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::time::Duration;

use futures::future::join_all;
use gobrpc_client::{Client, Code, Delivery, Error, Phase, tls as client_tls};
use gobrpc_server::{Running, tls as server_tls};
use gobrpc_tests::certificates::{Authority, Pair, file};
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::model::{self, Args, ArithClient, EchoClient, ExtraClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const NAMES: &[&str] = &["localhost", "127.0.0.1"];

async fn start(tls: server_tls::TlsBuilder) -> Running {
    let tls = tls.build().unwrap();
    let server = model::server().unwrap().with_tls(tls);
    server.start("tls://127.0.0.1:0").await.unwrap()
}

fn with_pair(pair: &Pair) -> server_tls::TlsBuilder {
    server_tls::Tls::builder().identity_pem(pair.cert.clone(), pair.key.clone())
}

fn trusting(authority: &Authority) -> client_tls::TlsBuilder {
    client_tls::Tls::builder().ca_pem(authority.pem.clone())
}

fn as_client(builder: client_tls::TlsBuilder, pair: &Pair) -> client_tls::TlsBuilder {
    builder.identity_pem(pair.cert.clone(), pair.key.clone())
}

fn connect(builder: client_tls::TlsBuilder, address: &str) -> Client {
    Client::builder()
        .tls(builder.build().unwrap())
        .connect(address)
}

async fn multiply(client: Client) -> Result<i64, Error> {
    ArithClient::new(client).multiply(Args { a: 6, b: 7 }).await
}

/// The error of a call whose handshake fails: it was never sent. With TLS 1.3 the
/// client learns that its own certificate is refused only after the handshake.
async fn refused(client: Client) -> Error {
    let error = multiply(client).await.unwrap_err();
    println!("{error}");
    assert!(error.phase() != Phase::Handler, "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_and_server_speak_tls() {
    let authority = Authority::new();
    let running = start(with_pair(&authority.issue(1, NAMES))).await;
    assert!(running.address().starts_with("tls://"));
    for address in [
        running.address().to_owned(),
        running.address().replace("tls://", "https://"),
    ] {
        let client = connect(trusting(&authority), &address);
        assert_eq!(multiply(client.clone()).await.unwrap(), 42);
        // More than any buffer of the two TLS sessions holds.
        let large: Vec<u8> = (0..3 << 20).map(|at| (at % 251) as u8).collect();
        let echo = EchoClient::new(client.clone());
        let replies: Vec<_> = (0..4).map(|_| echo.bytes(large.clone()).start()).collect();
        for reply in replies {
            assert_eq!(reply.await.unwrap(), large);
        }
        let names = ExtraClient::new(client.clone())
            .certificate()
            .await
            .unwrap();
        assert!(names.is_empty(), "no certificate was shown");
        client.close().await;
    }
    let report = running.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.cut, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_be_trusted_is_refused() {
    let authority = Authority::new();
    let good = authority.issue(1, NAMES);
    let expired = authority.issue_expired(2, NAMES);
    let other_name = authority.issue(3, &["elsewhere.test"]);
    let revoked = authority.issue(4, NAMES);
    let list = authority.revoke(&[&revoked]);

    for (pair, builder, fault) in [
        (&expired, trusting(&authority), "expired"),
        (&good, trusting(&Authority::new()), "authorities"),
        (&other_name, trusting(&authority), "127.0.0.1"),
        (
            &good,
            trusting(&authority).server_name("localhost.test"),
            "localhost.test",
        ),
        (
            &revoked,
            trusting(&authority).crl_pem(list.clone()),
            "revoked",
        ),
        (
            &good,
            trusting(&authority).crl_pem(Authority::new().revoke(&[])),
            "no revocation list",
        ),
    ] {
        let running = start(with_pair(pair)).await;
        let error = refused(connect(builder, running.address())).await;
        assert!(error.message().contains(fault), "{fault}: {error}");
        assert_eq!(error.code(), Code::Unauthenticated, "{error}");
        assert_eq!(error.phase(), Phase::Handshake);
        assert_eq!(error.delivery(), Delivery::NotSent);
    }

    // The same list lets the others in, and the name can be the caller's.
    let running = start(with_pair(&good)).await;
    let client = connect(trusting(&authority).crl_pem(list), running.address());
    assert_eq!(multiply(client).await.unwrap(), 42);
    let running = start(with_pair(&other_name)).await;
    let client = connect(
        trusting(&authority).server_name("elsewhere.test"),
        running.address(),
    );
    assert_eq!(multiply(client).await.unwrap(), 42);
    // The system's authorities do not know ours.
    let error = refused(Client::connect(running.address())).await;
    assert!(matches!(
        error.code(),
        Code::Unauthenticated | Code::InvalidArgument
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutual_tls_knows_its_clients() {
    let authority = Authority::new();
    let clients = Authority::new();
    let good = clients.issue_client(10, "alice", "spiffe://test/alice");
    let revoked = clients.issue_client(11, "mallory", "spiffe://test/mallory");
    let expired = clients.issue_expired(12, &["client.test"]);
    let foreign = Authority::new().issue_client(10, "alice", "spiffe://test/alice");
    let server = || {
        with_pair(&authority.issue(1, NAMES))
            .client_ca_pem(clients.pem.clone())
            .client_crl_pem(clients.revoke(&[&revoked]))
    };
    let running = start(server()).await;

    let client = connect(as_client(trusting(&authority), &good), running.address());
    let names = ExtraClient::new(client).certificate().await.unwrap();
    assert_eq!(names, ["alice", "client.test", "spiffe://test/alice"]);

    for (what, builder) in [
        ("none was given", trusting(&authority)),
        ("revoked", as_client(trusting(&authority), &revoked)),
        ("expired", as_client(trusting(&authority), &expired)),
        ("UnknownCA", as_client(trusting(&authority), &foreign)),
    ] {
        let error = refused(connect(builder, running.address())).await;
        assert_eq!(error.code(), Code::Unauthenticated, "{what}: {error}");
        assert!(error.message().contains(what), "{what}: {error}");
        // Whether the handshake failed before the call or after it was written.
        assert!(error.delivery().cannot_have_run(), "{what}: {error:?}");
        assert_eq!(error.phase(), Phase::Handshake, "{what}: {error:?}");
    }

    // Where certificates are optional, a bad one is still refused.
    let running = start(server().optional_clients()).await;
    let client = connect(trusting(&authority), running.address());
    assert_eq!(multiply(client).await.unwrap(), 42);
    let client = connect(as_client(trusting(&authority), &foreign), running.address());
    refused(client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_renewed_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let pair = old.issue(1, NAMES);
    let cert = file("renewed.pem", &pair.cert);
    let key = file("renewed.key", &pair.key);
    let tls = server_tls::Tls::builder()
        .identity_files(&cert, &key)
        .build()
        .unwrap();
    let server = model::server().unwrap().with_tls(tls.clone());
    let running = server.start("127.0.0.1:0").await.unwrap();
    let before = connect(trusting(&old), running.address());
    assert_eq!(multiply(before.clone()).await.unwrap(), 42);

    // A file that is half written changes nothing.
    file("renewed.pem", "-----BEGIN CERTIFICATE-----\n");
    let error = tls.reload().await.unwrap_err();
    assert!(error.message().contains("renewed.pem"), "{error}");
    assert_eq!(
        multiply(connect(trusting(&old), running.address()))
            .await
            .unwrap(),
        42
    );

    let pair = new.issue(1, NAMES);
    file("renewed.pem", &pair.cert);
    file("renewed.key", &pair.key);
    tls.reload().await.unwrap();
    assert_eq!(
        multiply(connect(trusting(&new), running.address()))
            .await
            .unwrap(),
        42
    );
    refused(connect(trusting(&old), running.address())).await;
    // What is open goes on.
    assert_eq!(multiply(before).await.unwrap(), 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_text_and_tls_never_pass_for_each_other() {
    let authority = Authority::new();
    let secured = start(with_pair(&authority.issue(1, NAMES))).await;
    let plain = model::server().unwrap().start("127.0.0.1:0").await.unwrap();

    // Plain text to a TLS port: the call itself is answered, and no later one.
    let address = format!("tcp://{}", secured.host());
    let error = multiply(Client::connect(&address)).await.unwrap_err();
    assert!(error.message().contains("TLS"), "{error}");
    let address = format!("http://{}", secured.host());
    let error = refused(Client::connect(&address)).await;
    assert!(
        error.message().contains("speaks TLS") || error.message().contains("400"),
        "{error}"
    );
    let mut stream = TcpStream::connect(secured.host()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.0 400 ") && answer.contains("TLS"),
        "{answer}"
    );

    // TLS to a plain port.
    let address = format!("tls://{}", plain.host());
    let error = refused(connect(trusting(&authority), &address)).await;
    assert!(error.message().contains("is no TLS"), "{error}");
    assert_eq!(error.phase(), Phase::Handshake);

    // What the server was set up for is held to.
    let tls = with_pair(&authority.issue(1, NAMES)).build().unwrap();
    let server = model::server().unwrap().with_tls(tls);
    let error = server.start("tcp://127.0.0.1:0").await.unwrap_err();
    assert!(error.to_string().contains("TLS"), "{error}");
    let server = model::server().unwrap();
    let error = server.start("tls://127.0.0.1:0").await.unwrap_err();
    assert!(error.to_string().contains("TLS"), "{error}");
}

/// A server that only says a TLS alert, as many do to plain text.
#[tokio::test]
async fn an_alert_instead_of_a_reply_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 16];
        stream.read_exact(&mut request).await.unwrap();
        stream
            .write_all(&[0x15, 0x03, 0x01, 0, 2, 2, 70])
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let error = multiply(Client::connect(&address)).await.unwrap_err();
    assert!(error.message().contains("use tls://"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_stalls_is_given_up() {
    let authority = Authority::new();
    let builder = with_pair(&authority.issue(1, NAMES)).handshake_timeout(Duration::from_secs(2));
    let running = start(builder).await;
    let beginnings: [&[u8]; 5] = [b"", &[0x16], &[0x16, 3, 1, 0, 200, 1], &[0x35], b"GET /"];
    let given_up = beginnings.map(async |beginning| {
        let mut stream = TcpStream::connect(running.host()).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        let mut rest = Vec::new();
        // Closed, perhaps with an alert first, or reset.
        let _ = stream.read_to_end(&mut rest).await;
    });
    join_all(given_up).await;
    gobrpc_tests::local::eventually("all connections are gone", || running.connections() == 0)
        .await;
    // A busy machine may be too slow itself, but not each time.
    let mut product = None;
    for _ in 0..5 {
        let client = connect(trusting(&authority), running.address());
        product = product.or(multiply(client).await.ok());
    }
    assert_eq!(product, Some(42));
}

#[test]
fn what_does_not_fit_together_is_said() {
    let authority = Authority::new();
    let pair = authority.issue(1, NAMES);
    let other = authority.issue(2, NAMES);
    let server = server_tls::Tls::builder;
    let client = client_tls::Tls::builder;
    for (error, fault) in [
        (server().build().unwrap_err(), "certificate"),
        (
            server()
                .identity_pem(pair.cert.clone(), other.key.clone())
                .build()
                .unwrap_err(),
            "certificate and key",
        ),
        (
            server()
                .identity_pem(pair.key.clone(), pair.key.clone())
                .build()
                .unwrap_err(),
            "none in the PEM",
        ),
        (
            server()
                .identity_files("/nowhere/a.pem", "/nowhere/a.key")
                .build()
                .unwrap_err(),
            "/nowhere/a.pem",
        ),
        (
            with_pair(&pair).optional_clients().build().unwrap_err(),
            "client_ca",
        ),
        (
            client().ca_pem("no PEM").build().unwrap_err(),
            "none in the PEM",
        ),
        (
            trusting(&authority)
                .server_name("no name")
                .build()
                .unwrap_err(),
            "no name",
        ),
        (
            trusting(&authority)
                .identity_pem(pair.cert.clone(), "no key")
                .build()
                .unwrap_err(),
            "private key",
        ),
    ] {
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        assert!(error.message().contains(fault), "{fault}: {error}");
    }
    let shown = format!("{:?}", with_pair(&pair));
    assert!(!shown.contains("BEGIN"), "{shown}");
}

/// The whole suite of Go's client, by `tls.Dial` and `rpc.NewClient`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_client_by_tls() {
    if go::peers().is_none() {
        return;
    }
    let authority = Authority::new();
    let clients = Authority::new();
    let pair = clients.issue_client(10, "go", "spiffe://test/go");
    let running =
        start(with_pair(&authority.issue(1, &["rpc.test"])).client_ca_pem(clients.pem.clone()))
            .await;
    let paths = [
        file("go-ca.pem", &authority.pem),
        file("go.pem", &pair.cert),
        file("go.key", &pair.key),
    ]
    .map(|path| path.display().to_string());
    let host = running.host().to_owned();
    let run = |only: &'static str, with_certificate: bool| {
        let (paths, host) = (paths.clone(), host.clone());
        async move {
            tokio::task::spawn_blocking(move || {
                let [ca, cert, key] = &paths;
                let mut args = vec![
                    "-mode", "tls", "-addr", &host, "-name", "rpc.test", "-ca", ca,
                ];
                if with_certificate {
                    args.extend(["-cert", cert, "-key", key]);
                }
                args.extend(["-beyond", "-only", only]);
                go::run("call", &args).unwrap()
            })
            .await
            .unwrap()
        }
    };
    let output = run("", true).await;
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{}", text.lines().last().unwrap_or_default());
    let failed: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("FAIL"))
        .collect();
    assert!(
        output.status.success() && failed.is_empty(),
        "{}",
        failed.join("\n")
    );

    let output = run("multiply_extremes", false).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "a client without a certificate");
    // The server says so after Go's part of the handshake: a call that comes after Go has
    // read it finds the connection shut, and is not told why.
    let told = ["certificate required", "connection is shut down"];
    assert!(told.iter().any(|told| text.contains(told)), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gos_server_by_tls() {
    if go::peers().is_none() {
        return;
    }
    let authority = Authority::new();
    let clients = Authority::new();
    let pair = authority.issue(1, NAMES);
    let paths = [
        file("go-server.pem", &pair.cert),
        file("go-server.key", &pair.key),
        file("go-clients.pem", &clients.pem),
    ]
    .map(|path| path.display().to_string());
    let [cert, key, ca] = paths.each_ref().map(String::as_str);
    let server = GoServer::start("serve", &["-cert", cert, "-key", key, "-clientca", ca]).unwrap();
    let address = format!("tls://{}", server.address());

    let known = clients.issue_client(10, "ours", "spiffe://test/ours");
    let client = connect(as_client(trusting(&authority), &known), &address);
    assert_eq!(multiply(client.clone()).await.unwrap(), 42);
    let large = vec![7; 3 << 20];
    let echo = EchoClient::new(client.clone());
    assert_eq!(echo.bytes(large.clone()).await.unwrap(), large);
    client.close().await;

    let error = refused(connect(trusting(&authority), &address)).await;
    assert_eq!(error.code(), Code::Unauthenticated);
    let error = refused(connect(
        as_client(trusting(&Authority::new()), &known),
        &address,
    ))
    .await;
    assert_eq!(error.code(), Code::Unauthenticated);
    // To plain text Go says nothing, or an alert.
    let error = refused(Client::connect(server.address())).await;
    assert_eq!(error.code(), Code::Unavailable);
}
