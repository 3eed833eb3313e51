//! `gobrpc registry`, `call --via` and `demo --registry`, with real registries.

#![cfg(unix)]
#![allow(clippy::tests_outside_test_module, reason = "an integration test")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod run;

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use gobrpc_server::{Gob, Result, Running, Server, service};
use gobrpc_tests::registries;
use run::{Run, gobrpc};

#[derive(Debug, Clone, PartialEq, Gob)]
struct Pair {
    a: i64,
    b: i64,
}

/// Calculates.
#[service]
pub(crate) trait Calc {
    async fn add(&self, pair: Pair) -> Result<i64>;
}

struct Adder;

impl Calc for Adder {
    async fn add(&self, pair: Pair) -> Result<i64> {
        Ok(pair.a + pair.b)
    }
}

async fn server() -> Running {
    let server = Server::new().register(CalcServer::new(Adder)).unwrap();
    server.start("127.0.0.1:0").await.unwrap()
}

/// A command that goes on, line by line.
struct Going {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Going {
    fn start(args: &[&str]) -> Self {
        let mut child = run::command()
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    #[track_caller]
    fn line(&mut self) -> String {
        if let Some(line) = self.lines.next() {
            return line.unwrap();
        }
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut stderr, &mut errors).unwrap();
        panic!("it ended: {errors}");
    }

    fn signal(&mut self, signal: &str) -> i32 {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `gobrpc` until it says what it shall: registries take their time.
#[track_caller]
fn until(args: &[&str], mut good: impl FnMut(&Run) -> bool) -> Run {
    for _ in 0..200 {
        let run = gobrpc(args);
        if good(&run) {
            return run;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{args:?}: {:?}", gobrpc(args));
}

/// Registers, finds, calls, drains and leaves, each by a process of its own.
fn all_of_it(url: &str, runtime: &tokio::runtime::Runtime) {
    let running = runtime.block_on(server());
    let addr = running.host();
    let backend = ["--backend", url];
    let with = |args: &[&str]| gobrpc(&[&["registry"], args, &backend].concat());

    let none = with(&["ls", "Calc"]);
    assert_eq!(none.output(), "nothing is registered\n");
    let json = r#"{"A":7,"B":8}"#;
    let call = ["call", "--via", url, "Calc", "Add", json];
    let nobody = gobrpc(&call);
    assert!(
        nobody
            .failure(1)
            .contains("nothing is registered by this name"),
        "{nobody:?}"
    );

    let mut watch =
        Going::start(&[&["registry", "watch", "Calc", "--json"], &backend[..]].concat());
    let args = [
        "registry", "register", "Calc", addr, "--zone", "east", "--tag", "x", "--meta", "k=v",
        "--weight", "7", "--ttl", "3s",
    ];
    let mut registered = Going::start(&[&args[..], &backend].concat());
    assert!(
        registered
            .line()
            .starts_with("registered /services/Calc/v1/"),
        "{url}"
    );
    let added: serde_json::Value = serde_json::from_str(&watch.line()).unwrap();
    // It may have begun to watch a little late.
    assert!(
        added["event"] == "added" || added["event"] == "present",
        "{added}"
    );
    assert_eq!(added["entry"]["Addr"], *addr);
    assert_eq!(added["entry"]["Metadata"]["k"], "v");

    let table = with(&["ls"]);
    let row: Vec<&str> = table
        .output()
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .collect();
    let shown = format!("tcp://{addr}");
    assert_eq!(row, ["Calc", "v1", &shown, "serving", "7", "east", "x"]);
    let line = with(&["ls", "Calc", "--json"]);
    let entry: serde_json::Value = serde_json::from_str(line.output()).unwrap();
    assert_eq!(entry, added["entry"]);

    // Found, called, and not where nobody fits.
    assert_eq!(gobrpc(&call).output(), "15\n");
    let args = [
        "call", "--via", url, "Calc", "Calc.Add", json, "--zone", "east",
    ];
    assert_eq!(gobrpc(&args).output(), "15\n");
    let list = gobrpc(&["list", "--via", url, "Calc"]);
    assert!(
        list.output().starts_with("Calc\n    Calculates.\n"),
        "{list:?}"
    );
    let args = [&call[..], &["--service-version", "v2"]].concat();
    let other = gobrpc(&args);
    let there = format!("there is {addr} (v1, zone east)");
    assert!(other.failure(1).contains(&there), "{other:?}");

    // It drains until it is undone, and whoever watches hears of it.
    for (args, word, state) in [
        (&["drain", "Calc", addr][..], "drains", "draining"),
        (
            &["drain", "Calc", addr, "--undo"],
            "serves again",
            "serving",
        ),
    ] {
        let run = with(args);
        assert!(run.output().trim_end().ends_with(word), "{run:?}");
        let changed: serde_json::Value = serde_json::from_str(&watch.line()).unwrap();
        assert_eq!(changed["event"], "updated");
        assert_eq!(changed["entry"]["State"], state);
        let again = with(args);
        assert!(again.output().trim_end().ends_with("already"), "{again:?}");
        if state == "draining" {
            let nobody = gobrpc(&call);
            assert!(nobody.failure(1).contains("draining)"), "{nobody:?}");
        }
    }
    let unknown = with(&["drain", "Calc", "h:1"]);
    assert!(
        unknown
            .failure(1)
            .contains("h:1 of Calc is not registered; there is v1 "),
        "{unknown:?}"
    );

    // It leaves when it is asked to, and is gone at once.
    assert_eq!(registered.signal("-TERM"), 0);
    assert!(
        registered
            .line()
            .starts_with("deregistered /services/Calc/")
    );
    let removed: serde_json::Value = serde_json::from_str(&watch.line()).unwrap();
    assert_eq!(removed["event"], "removed");
    until(&["registry", "ls", "Calc", "--backend", url], |run| {
        run.output() == "nothing is registered\n"
    });
    // Killed, it stays for its TTL.
    let mut killed = Going::start(
        &[
            &["registry", "register", "Calc", addr, "--ttl", "2s"],
            &backend[..],
        ]
        .concat(),
    );
    killed.line();
    killed.signal("-KILL");
    until(&["registry", "ls", "Calc", "--backend", url], |run| {
        run.output() == "nothing is registered\n"
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn demo(url: &str) {
    let run = gobrpc(&["demo", "--no-go", "--calls", "2000", "--registry", url]);
    let text = run.output();
    assert!(text.starts_with(&format!("registry  {url}\n")), "{text}");
    assert!(
        text.contains("\n0 calls lost: of 2000, 2000 were answered and 0 failed\n"),
        "{text}"
    );
}

#[test]
fn the_registry_that_is_served() {
    let mut served = Going::start(&["registry", "serve", "--listen", "127.0.0.1:0"]);
    let line = served.line();
    let url = line.strip_prefix("registry at ").unwrap();
    all_of_it(url, &runtime());
    demo(url);
    assert_eq!(served.signal("-INT"), 0);
    let gone = gobrpc(&["registry", "ls", "--backend", url]);
    let text = gone.failure(1);
    assert!(
        text.contains(url) && text.contains("not reachable"),
        "{text}"
    );
}

#[test]
fn lists_and_several_registries_at_once() {
    const AWAY: &str = "rpc://127.0.0.1:1";
    let runtime = runtime();
    let running = runtime.block_on(server());
    let host = running.host();
    let list = format!("static://{host}/Calc/v3");
    let file = std::env::temp_dir().join(format!("gobrpc-list-{}.json", std::process::id()));
    std::fs::write(
        &file,
        r#"[{"Name":"Mail","Version":"v1","Addr":"10.0.0.1:80"}]"#,
    )
    .unwrap();
    let file_url = format!("file://{}", file.display());
    let ls = |backends: &[&str]| {
        let urls = backends.iter().flat_map(|url| ["--backend", url]);
        let args = ["registry", "ls"].into_iter().chain(urls);
        let run = gobrpc(&args.collect::<Vec<_>>());
        // Of several, it is said which one fails.
        let away = format!("gobrpc: {AWAY}: the registry is not reachable");
        assert_eq!(run.status, 0, "{run:?}");
        assert_eq!(
            run.stderr.lines().count(),
            backends.join(" ").matches(AWAY).count(),
            "{run:?}"
        );
        assert!(
            run.stderr.lines().all(|line| line.starts_with(&away)),
            "{run:?}"
        );
        let rows = run.stdout.lines().skip(1);
        let names = rows.map(|row| row.split_whitespace().next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(ls(&[&list]), ["Calc"]);
    // The first one that answers, and all of them.
    assert_eq!(ls(&[AWAY, &file_url, &list]), ["Mail"]);
    assert_eq!(ls(&[&format!("chain:{AWAY} {list} {file_url}")]), ["Calc"]);
    assert_eq!(ls(&[&format!("merge:{list} {file_url}")]), ["Calc", "Mail"]);
    drop(std::fs::remove_file(&file));
    assert_eq!(ls(&[&format!("merge:{AWAY} {list}")]), ["Calc"]);
    assert_eq!(ls(&[&format!("merge:{list} {AWAY} {AWAY}")]), ["Calc"]);
    let via = format!("chain:{list} {AWAY}");
    let call = [
        "call",
        "--via",
        &via,
        "Calc",
        "Calc.Add",
        r#"{"A":7,"B":8}"#,
    ];
    assert_eq!(gobrpc(&call).output(), "15\n");
    // Nothing can be registered in a list.
    let register = ["registry", "register", "Calc", "h:1", "--backend", &list];
    let refused = gobrpc(&register);
    let text = refused.failure(1);
    assert!(
        text.contains(&list) && text.contains("nothing can be registered"),
        "{text}"
    );
    let unknown = gobrpc(&["registry", "ls", "--backend", "redis://h:1"]);
    let text = unknown.failure(2);
    assert!(
        text.contains("etcd://") && text.contains("dns://"),
        "{text}"
    );
}

#[test]
fn etcd() {
    let Some(server) = registries::Etcd::start("etcd-3.4") else {
        return;
    };
    let url = format!("etcd://{}", server.address());
    all_of_it(&url, &runtime());
    // By keys of its own, so that the others do not see it.
    demo(&format!("{url}/demo"));
}

#[test]
fn consul() {
    let Some(server) = registries::Consul::start() else {
        return;
    };
    let url = format!("consul://{}", server.address());
    all_of_it(&url, &runtime());
    demo(&url);
}

#[test]
fn zookeeper() {
    let Some(server) = registries::ZooKeeper::start() else {
        return;
    };
    let url = format!("zk://{}", server.address());
    all_of_it(&url, &runtime());
    demo(&url);
}

#[test]
fn an_etcd_that_wants_to_know_who_asks() {
    let Some(server) = registries::Etcd::start("etcd-3.4") else {
        return;
    };
    let host = server.address();
    let post = |path: &str, body: &str| {
        let status = Command::new("curl")
            .args(["-sf", "-d", body, &format!("http://{host}/v3/auth/{path}")])
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{path}");
    };
    post("user/add", r#"{"name":"root","password":"hunter2"}"#);
    post("user/grant", r#"{"user":"root","role":"root"}"#);
    post("enable", "{}");
    let url = format!("etcd://{host}");
    let ls = |password: Option<&str>, args: &[&str]| {
        let mut command = run::command();
        command
            .args(["registry", "ls", "--backend", &url])
            .args(args);
        if let Some(password) = password {
            command.env("GOBRPC_REGISTRY_PASSWORD", password);
        }
        let output = command.output().unwrap();
        Run {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    assert_eq!(
        ls(Some("hunter2"), &["--user", "root"]).output(),
        "nothing is registered\n"
    );
    let nobody = ls(None, &[]);
    let text = nobody.failure(1);
    assert!(text.contains(&url) && text.contains("refuses"), "{text}");
    assert!(
        text.contains("--user and set $GOBRPC_REGISTRY_PASSWORD"),
        "{text}"
    );
    let wrong = ls(Some("hunter3"), &["--user", "root"]);
    let text = wrong.failure(1);
    assert!(text.contains(&url) && !text.contains("hunter"), "{text}");
    let none = ls(None, &["--user", "root"]);
    assert!(
        none.failure(2).contains("GOBRPC_REGISTRY_PASSWORD"),
        "{none:?}"
    );
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let closed = registries::free_port();
    for scheme in ["rpc", "etcd", "consul", "zk"] {
        let url = format!("{scheme}://127.0.0.1:{closed}");
        for args in [
            &["registry", "ls", "--backend", &url][..],
            &["registry", "watch", "--backend", &url],
            &["registry", "register", "a", "h:1", "--backend", &url],
            &["registry", "drain", "a", "h:1", "--backend", &url],
            &["call", "--via", &url, "a", "B", "1"],
            &["demo", "--no-go", "--registry", &url],
        ] {
            let run = gobrpc(args);
            let text = run.failure(1);
            assert!(text.contains(&url), "{text}");
            assert!(text.contains("not reachable"), "{text}");
            // ZooKeeper's client does not tell.
            assert!(text.contains("refused") || scheme == "zk", "{text}");
            assert!(text.contains("does it run"), "{text}");
        }
    }
    for (args, part) in [
        (
            &["registry", "ls", "--backend", "redis://h"][..],
            "there is no backend \"redis\"",
        ),
        (
            &["registry", "ls", "--backend", "localhost:2379"],
            "write etcd://localhost:2379",
        ),
        (
            &["registry", "ls", "--backend", "etcd://u:hunter2@h"],
            "has a user in it",
        ),
        (
            &[
                "registry",
                "register",
                "a",
                "0.0.0.0:1",
                "--backend",
                "memory",
            ],
            "all interfaces",
        ),
        (
            &["registry", "register", "a", "h:0", "--backend", "memory"],
            "port 0",
        ),
        (&["registry", "ls"], "set GOBRPC_REGISTRY"),
        (
            &["registry", "ls", "--backend", "zks://h"],
            "ZooKeeper over TLS is not supported",
        ),
        (
            &["registry", "ls", "--backend", "zk://h", "--ca-file", "x"],
            "no use for certificates",
        ),
        (&["registry"], "Usage"),
        (
            &[
                "registry",
                "ls",
                "--backend",
                "memory",
                "--password-file",
                "x",
            ],
            "--user",
        ),
        (&["call", "--via", "redis://h", "a", "B"], "no backend"),
        (&["call", "h:1", "A.B", "--zone", "x"], "--via"),
    ] {
        let run = gobrpc(args);
        assert_eq!(run.status, 2, "{args:?}: {run:?}");
        assert!(run.stderr.contains(part), "{args:?}: {run:?}");
        assert!(!run.stderr.contains("hunter2"), "{run:?}");
    }
    let missing = gobrpc(&[
        "registry",
        "ls",
        "--backend",
        "consul://h",
        "--token-file",
        "/no/such",
    ]);
    assert!(missing.failure(1).contains("/no/such: "), "{missing:?}");
}
