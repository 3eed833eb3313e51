//! Registries that ask who one is, and what others wrote: etcd, Consul and ZooKeeper
//! with access control, none of whose secrets are in errors, in `Debug` or in logs.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::fmt::{Debug, Write as _};
use std::sync::{Mutex, Once};
use std::time::Duration;

use gobrpc_registry::backend::{Claim, Delta, Standing, TlsOptions};
use gobrpc_registry::{Backend, Consul, Error, Etcd, Prefix, ServiceEntry, ZooKeeper};
use gobrpc_tests::certificates::Authority;
use gobrpc_tests::registries::{self, ask};
use tokio::time::{sleep, timeout};
use tracing::field::{Field, Visit};
use tracing::span;
use zookeeper_client::{Acls, Client, CreateMode};

const TTL: Duration = Duration::from_secs(10);

/// What no text may have in it.
const SECRET: &str = "hunter2-and-more";

/// Everything that was logged in this process, at any level.
static LOG: Mutex<String> = Mutex::new(String::new());

struct Logger;

impl Visit for Logger {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(LOG.lock().unwrap(), "{field}={value:?} ");
    }
}

impl tracing::Subscriber for Logger {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut Self);
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Self);
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Self);
        LOG.lock().unwrap().push('\n');
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Logger).unwrap());
}

fn logged(text: &str) -> usize {
    LOG.lock().unwrap().matches(text).count()
}

fn entry(port: u16) -> ServiceEntry {
    ServiceEntry::new("user", "v1", format!("10.0.0.1:{port}")).unwrap()
}

/// Registers, renews, finds, follows, changes and releases.
async fn works(backend: &dyn Backend) {
    let prefix = Prefix::service("user");
    let mut one = entry(1);
    let lease = backend.acquire(&one, TTL, Claim::TakeOver).await.unwrap();
    assert_eq!(backend.renew(&lease).await.unwrap(), Standing::Held);
    let snapshot = backend.snapshot(&prefix).await.unwrap();
    assert_eq!(*snapshot.records[0].entry, one);
    let mut tail = backend.tail(&prefix, snapshot.cursor).await.unwrap();
    one.weight = 3;
    assert_eq!(backend.update(&lease, &one).await.unwrap(), Standing::Held);
    let change = async {
        loop {
            match tail.next().await.unwrap() {
                Delta::Put(record) => return record,
                Delta::Progress => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let record = timeout(Duration::from_secs(20), change).await.unwrap();
    assert_eq!(record.entry.weight, 3);
    backend.release(&lease).await.unwrap();
    assert!(backend.snapshot(&prefix).await.unwrap().records.is_empty());
}

/// That everything is refused, by what, and without the secret.
async fn is_refused(backend: &(impl Backend + Debug), address: &str, hint: &str) {
    let prefix = Prefix::service("user");
    let errors = [
        backend.acquire(&entry(1), TTL, Claim::TakeOver).await.err(),
        backend.snapshot(&prefix).await.err(),
    ];
    for error in errors {
        let error = error.expect("a refusal");
        assert!(matches!(error, Error::Refused(_)), "{error}");
        let text = format!("{error} {error:?} {backend:?}");
        assert!(text.contains(address) && text.contains(hint), "{text}");
        assert!(!text.contains(SECRET), "{text}");
    }
}

async fn etcd(version: &'static str) {
    listen();
    let Some(mut server) = registries::Etcd::start(version) else {
        return;
    };
    let root = Some("root:root");
    let app = format!("app:{SECRET}");
    for args in [
        &["user", "add", "root:root"][..],
        &["user", "grant-role", "root", "root"],
        &["role", "add", "registry"],
        &[
            "role",
            "grant-permission",
            "registry",
            "--prefix=true",
            "readwrite",
            "/services/",
        ],
        &["user", "add", &app],
        &["user", "grant-role", "app", "registry"],
        &["auth", "enable"],
    ] {
        server.ctl(version, None, args);
    }
    let at = server.address();
    let built = || Etcd::builder().endpoint(&at);
    let good = built().user("app", SECRET);
    assert!(!format!("{good:?}").contains(SECRET));
    let good = good.build().unwrap();
    works(&good).await;
    // Tokens are forgotten by a restart.
    tokio::task::block_in_place(|| {
        server.process().kill();
        server.restart();
    });
    works(&good).await;
    is_refused(&built().build().unwrap(), &at, "give a user and a password").await;
    let wrong = built().user("app", format!("{SECRET}!")).build().unwrap();
    is_refused(&wrong, &at, "authentication failed").await;
    let elsewhere = built().user("app", SECRET).namespace("prod").build();
    is_refused(&elsewhere.unwrap(), &at, "allowed to read and write").await;
    server.ctl(version, root, &["auth", "disable"]);
    // A user is no harm where nobody asks for one.
    works(&good).await;
    assert_eq!(logged(SECRET), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_3_4_with_users() {
    etcd("etcd-3.4").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_3_5_with_users() {
    etcd("etcd-3.5").await;
}

/// The port of an address.
fn port(address: &str) -> u16 {
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_with_acls() {
    listen();
    let Some(server) = registries::Consul::start_denying() else {
        return;
    };
    let at = server.address();
    let rules = r#"service_prefix "" { policy = "write" } node_prefix "" { policy = "read" }"#;
    let token = &*server.set_token("registry", rules);
    let built = || Consul::builder().endpoint(&at);
    let good = built().token(token);
    assert!(!format!("{good:?}").contains(token));
    let good = good.build().unwrap();
    assert!(!format!("{good:?}").contains(token));
    works(&good).await;
    let wrong = "99999999-0000-0000-0000-123456789abc";
    let stranger = built().token(wrong).build().unwrap();
    is_refused(&stranger, &at, "ACL token").await;
    // To one who may not see it, Consul 1.8 shows nothing and says nothing.
    let nobody = built().build().unwrap();
    is_refused(&nobody, &at, "ACL token").await;
    let error = nobody.snapshot(&Prefix::all()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("without an ACL token services may not be read"),
        "{error}"
    );
    assert!(built().token("a\nb").build().is_err());
    assert_eq!(logged(token) + logged(wrong), 0);
}

/// What a token may not see is an error, and no empty list: of a service, of all, and of
/// what it saw a moment ago.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_tokens_that_may_not_see() {
    listen();
    let Some(server) = registries::Consul::start_denying() else {
        return;
    };
    let at = server.address();
    let with = |name: &str, rules: &str| {
        let token = server.set_token(name, rules);
        let consul = Consul::builder().endpoint(&at).token(token);
        consul.build().unwrap()
    };
    let (user, other) = (Prefix::service("user"), Prefix::service("other"));
    let empty = async |backend: &Consul| {
        let snapshot = backend.snapshot(&user).await.unwrap();
        assert!(snapshot.records.is_empty());
    };
    let refused = async |backend: &Consul, prefix: &Prefix, why: &str| {
        let error = backend.snapshot(prefix).await.unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(&at) && text.contains(why), "{text}");
    };
    let nodes = r#"node_prefix "" { policy = "read" }"#;
    let one = r#"service "user" { policy = "read" }"#;
    let reader = format!("{one} {nodes}");

    // Nothing is there, and that is so.
    let limited = with("limited", &reader);
    empty(&limited).await;
    refused(
        &limited,
        &other,
        "may not read service \"other\": it lacks service:read",
    )
    .await;
    refused(&limited, &Prefix::all(), "service:read").await;
    let blind = with("blind", one);
    refused(&blind, &user, "node:read").await;
    // Who may see one machine may see services.
    let one_node = with(
        "one-node",
        &format!(r#"{one} node "reg" {{ policy = "read" }}"#),
    );
    empty(&one_node).await;

    let all = format!(r#"service_prefix "" {{ policy = "write" }} {nodes}"#);
    let writer = with("writer", &all);
    let claim = Claim::TakeOver;
    writer.acquire(&entry(1), TTL, claim).await.unwrap();
    let snapshot = limited.snapshot(&user).await.unwrap();
    assert_eq!(snapshot.records.len(), 1);
    let mut tail = limited.tail(&user, snapshot.cursor).await.unwrap();
    assert_eq!(tail.next().await.unwrap(), Delta::Progress);
    // It loses its rights, and not its servers.
    drop(server.set_token("limited", nodes));
    let told = timeout(Duration::from_secs(20), async {
        loop {
            match tail.next().await {
                Ok(Delta::Progress) => {}
                told => return told,
            }
        }
    });
    let error = told.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("service:read"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consul_over_tls() {
    listen();
    let authority = Authority::new();
    let pair = authority.issue(1, &["127.0.0.1", "localhost"]);
    let folder = std::env::temp_dir().join(format!("gobrpc-consul-{:x}", fastrand::u64(..)));
    std::fs::create_dir(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (cert, key) = (write("cert.pem", &pair.cert), write("key.pem", &pair.key));
    let port = registries::free_port();
    let hcl = format!(r#"ports {{ https = {port} }} cert_file = "{cert}" key_file = "{key}""#);
    let server = registries::Consul::start_with(&["-dev", "-hcl", &hcl]);
    std::fs::remove_dir_all(&folder).unwrap();
    if server.is_none() {
        return;
    }
    let at = format!("https://127.0.0.1:{port}");
    let built = |authority: &Authority| {
        let tls = TlsOptions::new().ca_pem(authority.pem.as_bytes());
        Consul::builder().endpoint(&at).tls(tls).build().unwrap()
    };
    works(&built(&authority)).await;
    for bad in [
        built(&Authority::new()),
        Consul::connect(&format!("127.0.0.1:{port}")).unwrap(),
    ] {
        let error = bad.snapshot(&Prefix::service("user")).await.unwrap_err();
        println!("{error}");
        assert!(
            error.to_string().contains(&format!("127.0.0.1:{port}")),
            "{error}"
        );
    }
}

/// etcd 3.3 and ZooKeeper 3.4 are too old, and are told what is needed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old() {
    listen();
    let (Some(etcd), Some(zookeeper)) = (
        registries::Etcd::start("etcd-3.3"),
        registries::ZooKeeper::start_old(),
    ) else {
        return;
    };
    let at = etcd.address();
    is_refused(&Etcd::connect(&at).unwrap(), &at, "no etcd 3.4 or later").await;
    let (at, needed) = (zookeeper.address(), "ZooKeeper 3.6 or later is needed");
    let backend = ZooKeeper::connect(&at).unwrap();
    let acquired = backend.acquire(&entry(1), TTL, Claim::TakeOver).await;
    // What is there it can tell, and not what changes.
    let prefix = Prefix::service("user");
    let cursor = backend.snapshot(&prefix).await.unwrap().cursor;
    let watched = backend.tail(&prefix, cursor).await;
    for error in [acquired.err(), watched.err()] {
        let error = error.expect("a refusal");
        assert!(matches!(error, Error::Refused(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(&at) && text.contains(needed), "{text}");
    }
}

/// Each of them at the address of another one: what is said names it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_such_registry() {
    listen();
    let (Some(etcd), Some(consul), Some(zookeeper)) = (
        registries::Etcd::start("etcd-3.5"),
        registries::Consul::start(),
        registries::ZooKeeper::start(),
    ) else {
        return;
    };
    let all = [etcd.address(), consul.address(), zookeeper.address()];
    for (index, at) in all.iter().enumerate() {
        let backends: [(usize, Box<dyn Backend>); 3] = [
            (0, Box::new(Etcd::connect(at).unwrap())),
            (1, Box::new(Consul::connect(at).unwrap())),
            (2, Box::new(ZooKeeper::connect(at).unwrap())),
        ];
        for (_, backend) in backends.iter().filter(|(own, _)| *own != index) {
            let prefix = Prefix::service("user");
            let answer = timeout(Duration::from_secs(30), backend.snapshot(&prefix));
            let answer = answer.await.unwrap();
            let error = answer.unwrap_err();
            println!("{error}");
            assert!(error.to_string().contains(at), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zookeeper_with_digest() {
    listen();
    let Some(server) = registries::ZooKeeper::start() else {
        return;
    };
    let at = server.address();
    let built = || ZooKeeper::builder().endpoint(&at).chroot("/prod");
    let good = built().digest("app", SECRET).build().unwrap();
    works(&good).await;
    is_refused(&built().build().unwrap(), &at, "give the digest user").await;
    let wrong = built().digest("app", format!("{SECRET}!")).build().unwrap();
    is_refused(&wrong, &at, "is the password of app right").await;
    assert_eq!(logged(SECRET), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zookeeper_with_a_dead_server_among_others() {
    listen();
    let Some(server) = registries::ZooKeeper::start() else {
        return;
    };
    let dead = format!("127.0.0.1:{}", registries::free_port());
    let at = format!("{dead},{}", server.address());
    for _ in 0..5 {
        works(&ZooKeeper::connect(&at).unwrap()).await;
    }
    let nobody = ZooKeeper::connect(&dead).unwrap();
    let error = nobody.snapshot(&Prefix::service("user")).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(error.to_string().contains(&dead), "{error}");
}

/// Of what is in the registry, one entry is found, so many values are none, and each
/// is named once, however often it is seen.
async fn one_is_found(backend: &dyn Backend, malformed: usize, names: &[&str]) {
    for _ in 0..3 {
        let snapshot = backend.snapshot(&Prefix::service("user")).await.unwrap();
        let records = &snapshot.records;
        assert_eq!(
            (records.len(), snapshot.malformed),
            (1, malformed),
            "{records:?}"
        );
        assert_eq!(records[0].entry.addr().as_str(), "10.0.0.1:1");
    }
    for name in names {
        assert_eq!(logged(&format!("{name} error")), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_wrote_to_etcd() {
    listen();
    let version = "etcd-3.5";
    let Some(server) = registries::Etcd::start(version) else {
        return;
    };
    let backend = Etcd::connect(&server.address()).unwrap();
    backend
        .acquire(&entry(1), TTL, Claim::TakeOver)
        .await
        .unwrap();
    let names = [
        "/services/user/v1/no-json",
        "/services/user/v1/no-address",
        "/services/user/too-short",
        "/services/user/v1/wrong-name",
    ];
    let values = ["{", "{}", "{}", r#"{"Name":"admin","Addr":"h:1"}"#];
    for (name, value) in names.iter().zip(values) {
        server.ctl(version, None, &["put", name, value]);
    }
    one_is_found(&backend, 4, &names).await;
    // Seen by a tail as well.
    let prefix = Prefix::service("user");
    let cursor = backend.snapshot(&prefix).await.unwrap().cursor;
    let mut tail = backend.tail(&prefix, cursor).await.unwrap();
    server.ctl(version, None, &["put", "/services/user/v1/10.0.0.1:1", "["]);
    let delta = timeout(Duration::from_secs(20), async {
        loop {
            match tail.next().await.unwrap() {
                Delta::Progress => {}
                delta => return delta,
            }
        }
    });
    assert!(matches!(delta.await.unwrap(), Delta::Malformed(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_registered_with_consul() {
    listen();
    let Some(server) = registries::Consul::start() else {
        return;
    };
    let at = server.address();
    let backend = Consul::connect(&at).unwrap();
    backend
        .acquire(&entry(1), TTL, Claim::TakeOver)
        .await
        .unwrap();
    let register = |body: &str| {
        let answer = ask(port(&at), "PUT", "/v1/agent/service/register", "", body).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    register(r#"{"ID":"no-port","Name":"user","Address":"10.0.0.2"}"#);
    register(r#"{"ID":"far-port","Name":"user","Address":"10.0.0.2","Port":70000}"#);
    // The servers hear of them a little later.
    for _ in 0..200 {
        let snapshot = backend.snapshot(&Prefix::service("user")).await.unwrap();
        if snapshot.malformed == 2 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    one_is_found(&backend, 2, &["no-port", "far-port"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_wrote_to_zookeeper() {
    listen();
    let Some(server) = registries::ZooKeeper::start() else {
        return;
    };
    let backend = ZooKeeper::connect(&server.address()).unwrap();
    backend
        .acquire(&entry(1), TTL, Claim::TakeOver)
        .await
        .unwrap();
    let client = Client::connect(&server.address()).await.unwrap();
    let options = CreateMode::Persistent.with_acls(Acls::anyone_all());
    let (json, address) = (
        "/services/user/v1/zk-no-json",
        "/services/user/v1/zk-no-address",
    );
    client.create(json, b"{", &options).await.unwrap();
    client.create(address, b"", &options).await.unwrap();
    one_is_found(&backend, 2, &[json, address]).await;
    // One that has nodes below it is not replaced, but named.
    let below = "/services/user/v1/10.0.0.9:1";
    client.create(below, b"", &options).await.unwrap();
    client
        .create(&format!("{below}/x"), b"", &options)
        .await
        .unwrap();
    let there = ServiceEntry::new("user", "v1", "10.0.0.9:1").unwrap();
    let error = backend.acquire(&there, TTL, Claim::TakeOver).await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert!(error.to_string().contains(below), "{error}");
}
