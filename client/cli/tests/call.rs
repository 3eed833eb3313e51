//! `gobrpc call` and `gobrpc list`, against a server of ours.

#![allow(clippy::tests_outside_test_module, reason = "an integration test")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod run;

use std::collections::BTreeMap;
use std::time::Duration;

use gobrpc_server::{Error, Gob, Result, Running, Server, service};
use run::{Run, gobrpc, gobrpc_with};

#[derive(Debug, Clone, PartialEq, Gob)]
struct Args {
    a: i64,
    b: u64,
}

#[derive(Debug, Clone, PartialEq, Gob)]
struct Everything {
    flag: bool,
    ratio: f64,
    name: String,
    data: Vec<u8>,
    list: Vec<Args>,
    pair: [i64; 2],
    counts: BTreeMap<String, i64>,
    ages: BTreeMap<i64, String>,
    perhaps: Option<Args>,
}

/// Calculates.
#[service]
pub(crate) trait Arith {
    /// The sum of two numbers.
    #[rpc(idempotent)]
    async fn add(&self, args: Args) -> Result<i64>;

    /// Always fails.
    async fn fail(&self, reason: String) -> Result<()>;

    /// Gives back what it gets.
    async fn echo(&self, everything: Everything) -> Result<Everything>;

    async fn slow(&self) -> Result<bool>;
}

struct Calc;

impl Arith for Calc {
    async fn add(&self, args: Args) -> Result<i64> {
        Ok(args.a + i64::try_from(args.b).unwrap_or_default())
    }

    async fn fail(&self, reason: String) -> Result<()> {
        Err(Error::not_found(reason))
    }

    async fn echo(&self, everything: Everything) -> Result<Everything> {
        Ok(everything)
    }

    async fn slow(&self) -> Result<bool> {
        tokio::time::sleep(Duration::from_secs(20)).await;
        Ok(true)
    }
}

async fn start(listen: &str, reflection: bool) -> Running {
    let mut server = Server::new().register(ArithServer::new(Calc)).unwrap();
    if !reflection {
        server = server.without_reflection();
    }
    server.start(listen).await.unwrap()
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

const FULL: &str = r#"{"Flag":true,"Ratio":1.5,"Name":"né","Data":{"$bytes":"aGk="},"List":[{"A":1,"B":2}],"Pair":[3,4],"Counts":{"$map":[["k",5]]},"Ages":{"$map":[[7,"seven"]]},"Perhaps":{"A":0,"B":1}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn described_calls_take_plain_json() {
    let server = start("127.0.0.1:0", true).await;
    let addr = server.address();
    let call = async |method: &str, json: &str| run(&["call", addr, method, json]).await;

    assert_eq!(call("Arith.Add", r#"{"a":-2,"B":9}"#).await.output(), "7\n");
    // As it is printed, and as one would write it.
    let echoed = call("Arith.Echo", FULL).await;
    assert_eq!(echoed.output().trim_end(), FULL);
    let easy = r#"{"Flag":true,"Ratio":1.5,"Name":"né","Data":"aGk=","List":[{"A":1,"B":2}],"Pair":[3,4],"Counts":{"k":5},"Ages":{"7":"seven"},"Perhaps":{"B":1}}"#;
    assert_eq!(call("Arith.Echo", easy).await.output(), echoed.output());
    // Nothing is everything's zero.
    let zero = r#"{"Flag":false,"Ratio":0,"Name":"","Data":{"$bytes":""},"List":[],"Pair":[0,0],"Counts":{"$map":[]},"Ages":{"$map":[]},"Perhaps":{"A":0,"B":0}}"#;
    assert_eq!(call("Arith.Echo", "null").await.output().trim_end(), zero);
    assert_eq!(call("Arith.Echo", "{}").await.output().trim_end(), zero);

    // Faults of the argument are found before anything is sent.
    for (method, json, fault) in [
        ("Arith.Add", r#"{"C":1}"#, "has no field \"C\"; it has A, B"),
        (
            "Arith.Add",
            r#"{"A":1.5}"#,
            "A: the type is int64, and the float 1.5 does not fit",
        ),
        (
            "Arith.Add",
            r#"{"B":-1}"#,
            "B: the type is uint64, and -1 does not fit",
        ),
        ("Arith.Add", r#"{"A":1,"a":2}"#, "twice"),
        (
            "Arith.Add",
            "7",
            "main.Args, which is an object, and 7 is none",
        ),
        ("Arith.Add", "{", "not JSON"),
        ("Arith.Fail", r#"{"A":1}"#, "string"),
        (
            "Arith.Echo",
            r#"{"Pair":[1]}"#,
            "Pair: 2 elements are needed",
        ),
        ("Arith.Echo", r#"{"Data":"!"}"#, "Data: \"!\" is not base64"),
        ("Arith.Echo", r#"{"Ages":{"x":"y"}}"#, "Ages: the key \"x\""),
        (
            "Arith.Echo",
            r#"{"List":[{},{"A":true}]}"#,
            "List: [1]: A: ",
        ),
    ] {
        let run = call(method, json).await;
        let failure = run.failure(2);
        assert!(failure.contains(fault), "{json}: {failure}");
    }
    for (method, fault) in [
        (
            "Arith.Sub",
            "no method Arith.Sub; it has Arith.Add, Arith.Fail",
        ),
        ("arith.add", "did you mean Arith.Add?"),
        ("Other.Add", "it has Arith.Add"),
    ] {
        let run = call(method, "null").await;
        assert!(run.failure(1).contains(fault), "{run:?}");
    }
    server.shutdown(Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_are_inferred_where_nothing_is_described() {
    let server = start("127.0.0.1:0", false).await;
    let addr = server.address();
    let call = async |args: &[&str]| run(&[&["call", addr], args].concat()).await;

    let json = r#"{"a":-2,"b":{"$uint":9}}"#;
    assert_eq!(call(&["Arith.Add", json]).await.output(), "7\n");
    assert_eq!(
        call(&["Arith.Add", json, "--describe=never"])
            .await
            .output(),
        "7\n"
    );
    let full = r#"{"Flag":true,"Ratio":1.5,"Name":"né","Data":{"$bytes":"aGk="},
        "List":[{"A":1,"B":{"$uint":2}}],"Pair":{"$array":[3,4]},"Counts":{"$map":{"k":5}},
        "Ages":{"$map":[[7,"seven"]]},"Perhaps":{"B":{"$uint":1}}}"#;
    assert_eq!(call(&["Arith.Echo", full]).await.output().trim_end(), FULL);
    let typed = r#"{"Data":{"$as":"[]byte","value":"aGk="},"Counts":{"$map":"map[string]int"},
        "List":{"$slice":"struct{A int}"}}"#;
    let run = call(&["Arith.Echo", typed, "--pretty"]).await;
    assert!(
        run.output().starts_with("{\n  \"Flag\": false,\n"),
        "{run:?}"
    );
    assert!(run.output().contains("  \"Data\": \"hi\",\n"), "{run:?}");

    // What the server says of it, and what was sent.
    let run = call(&["Arith.Add", r#"{"A":1,"B":2}"#]).await;
    let failure = run.failure(1);
    assert!(failure.contains("the server answered: gob: "), "{failure}");
    assert!(
        failure.contains("sent as struct { A int64; B int64 }"),
        "{failure}"
    );
    let run = call(&["Arith.Echo", "[]"]).await;
    assert!(run.failure(2).contains("$slice"), "{run:?}");
    let run = call(&["Arith.Add", "-5"]).await;
    assert!(run.failure(1).contains("sent as int64"), "{run:?}");
    let run = call(&["Arith.Fail", "\"long\"", "--max-message", "2"]).await;
    assert!(run.failure(1).contains("raise --max-message"), "{run:?}");
    let run = call(&["Arith.None", "1"]).await;
    assert!(
        run.failure(1).contains("rpc: can't find method Arith.None"),
        "{run:?}"
    );

    let run = self::run(&["list", addr]).await;
    assert!(run.failure(1).contains("no reflection service"), "{run:?}");
    server.shutdown(Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_say_where_and_whether_it_ran() {
    let server = start("127.0.0.1:0", true).await;
    let addr = server.address().to_owned();
    let failed = run(&["call", &addr, "Arith.Fail", "\"no such\\u001b[2J thing\""]).await;
    assert_eq!(
        failed.failure(1),
        format!("gobrpc: {addr}: the server answered: no such\\u{{1b}}[2J thing")
    );
    let slow = run(&["call", &addr, "Arith.Slow", "--timeout", "3s"]).await;
    let text = slow.failure(1);
    assert!(
        text.contains(&addr) && text.contains("waiting for the reply"),
        "{text}"
    );
    assert!(text.contains("may have run"), "{text}");
    server.shutdown(Duration::from_millis(200)).await;

    let gone = run(&["call", &addr, "Arith.Add", "null"]).await;
    let text = gone.failure(1);
    assert!(text.contains(&addr) && text.contains("dialling"), "{text}");
    assert!(text.contains("it did not run"), "{text}");

    for args in [
        &["call", "nowhere", "Arith.Add"][..],
        &["call", "ftp://host:1", "Arith.Add"],
        &["call", "--http", "unix:///x", "Arith.Add"],
        &["call", "host:1", "Add"],
        &["call", "host:1", "Arith.Add", "--timeout", "soon"],
        &["call", "host:1"],
        &["frobnicate"],
        &[],
    ] {
        let run = run(args).await;
        assert_eq!(run.status, 2, "{args:?}: {run:?}");
        assert!(!run.stderr.is_empty(), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_kinds_of_addresses() {
    let server = start("127.0.0.1:0", true).await;
    let host = server.host();
    let json = r#"{"A":1,"B":2}"#;
    for args in [
        &["call", host, "Arith.Add", json][..],
        &["call", "--http", host, "Arith.Add", json],
        &["call", &format!("http://{host}"), "Arith.Add", json],
        &["call", "--plain-go", host, "Arith.Add", json],
    ] {
        assert_eq!(run(args).await.output(), "3\n", "{args:?}");
    }
    let addr = host.to_owned();
    let input = tokio::task::spawn_blocking(move || {
        gobrpc_with(&["call", &addr, "Arith.Add", "-"], br#"{"A":1,"B":2}"#)
    });
    assert_eq!(input.await.unwrap().output(), "3\n");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unix_sockets() {
    let path = std::env::temp_dir().join(format!("gobrpc-cli-{}.sock", std::process::id()));
    let addr = format!("unix://{}", path.display());
    let _server = start(&addr, true).await;
    let run = run(&["call", &addr, "Arith.Add", r#"{"A":1,"B":2}"#]).await;
    assert_eq!(run.output(), "3\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_say_it_all() {
    let server = start("127.0.0.1:0", true).await;
    let addr = server.address();
    let text = run(&["list", addr]).await;
    let text = text.output();
    assert!(
        text.starts_with(
            "Arith\n    Calculates.\n\n    Add(main.Args) int64  (idempotent)\n        \
             The sum of two numbers.\n\n    Fail(string) "
        ),
        "{text}"
    );
    assert!(
        text.contains("\ntype main.Args struct { A int64; B uint64 }\n"),
        "{text}"
    );
    assert!(
        text.contains("Ages map[int64]string; Perhaps *main.Args }\n"),
        "{text}"
    );
    assert!(!text.contains("Reflection"), "{text}");
    let all = run(&["list", addr, "--all"]).await;
    assert!(all.output().contains("gobrpc.Reflection\n"), "{all:?}");

    let json = run(&["list", addr, "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(json.output()).unwrap();
    assert_eq!(json["services"][0]["name"], "Arith");
    assert_eq!(json["services"][0]["methods"][0]["args"], "main.Args");
    assert_eq!(json["types"]["main.Args"]["fields"][1]["type"], "uint64");
}
