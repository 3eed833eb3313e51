//! `gobrpc call` and `gobrpc list` by TLS, against a real server of ours.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod run;

use gobrpc_server::tls::Tls;
use gobrpc_server::{Context, Error, Result, Running, Server, service};
use gobrpc_tests::certificates::{Authority, file};
use run::{Run, gobrpc};

/// Keeps accounts.
#[service]
trait Ledger {
    /// Who asks.
    async fn who(&self, cx: &Context) -> Result<String>;
}

struct Books;

impl Ledger for Books {
    async fn who(&self, cx: &Context) -> Result<String> {
        let identity = cx.peer().identity();
        let name = identity.and_then(|it| it.dns_names.first());
        name.cloned()
            .ok_or_else(|| Error::unauthenticated("nobody"))
    }
}

async fn start(tls: Tls) -> Running {
    let server = Server::new().register(LedgerServer::new(Books)).unwrap();
    server
        .with_tls(tls)
        .start("tls://127.0.0.1:0")
        .await
        .unwrap()
}

/// Runs `gobrpc` while the server goes on.
async fn run(args: &[&str]) -> Run {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        gobrpc(&args.iter().map(String::as_str).collect::<Vec<_>>())
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_certificates_is_called_and_listed() {
    let authority = Authority::new();
    let pair = authority.issue(1, &["ledger.test"]);
    let me = authority.issue(2, &["me.test"]);
    let tls = Tls::builder()
        .identity_pem(pair.cert, pair.key)
        .client_ca_pem(authority.pem.clone())
        .build()
        .unwrap();
    let server = start(tls).await;
    let addr = server.address();
    let plain = addr.trim_start_matches("tls://");
    let path = |name: &str, text: &str| file(name, text).display().to_string();
    let (ca, cert, key) = (
        path("cli-ca.pem", &authority.pem),
        path("cli-me.pem", &me.cert),
        path("cli-me.key", &me.key),
    );
    let mine = ["--cert", &cert, "--key", &key];
    let trusted = ["--ca", &ca, "--server-name", "ledger.test"];
    let call = async |before: &[&str], addr: &str| {
        run(&[&["call"], before, &[addr, "Ledger.Who"]].concat()).await
    };

    let all = [&trusted[..], &mine].concat();
    for (before, addr) in [
        (all.clone(), addr),
        ([&["--tls"], &all[..]].concat(), plain),
        ([&["--tls", "--http"], &all[..]].concat(), plain),
        (all.clone(), &addr.replace("tls://", "https://")),
    ] {
        assert_eq!(call(&before, addr).await.output(), "\"me.test\"\n");
    }
    let list = run(&[&["list"], &all[..], &[addr]].concat()).await;
    assert!(list.output().contains("Who("), "{list:?}");

    // What is missing is said.
    for (before, fault) in [
        (
            [&mine[..], &["--server-name", "ledger.test"]].concat(),
            "not accepted",
        ),
        ([&["--ca", &ca], &mine[..]].concat(), "127.0.0.1"),
        (trusted.to_vec(), "none was given"),
    ] {
        let run = call(&before, addr).await;
        assert!(run.failure(1).contains(fault), "{fault}: {run:?}");
    }
    for (before, addr, fault) in [
        (all.clone(), plain, "add --tls"),
        (
            vec!["--tls"],
            "unix:///nowhere.sock",
            "--tls works over TCP",
        ),
        (vec!["--tls", "--ca", "/nowhere.pem"], plain, "/nowhere.pem"),
    ] {
        let run = call(&before, addr).await;
        assert!(run.failure(2).contains(fault), "{fault}: {run:?}");
    }
    // clap says this in several lines.
    let run = call(&["--tls", "--cert", &cert], plain).await;
    assert!(
        (run.status, run.stderr.contains("--key")) == (2, true),
        "{run:?}"
    );
}
