//! etcd beside others: Go programs with etcd's own client and its package
//! `naming/endpoints` (`peers/go-etcd`), users and passwords, TLS, and what is said
//! when it does not work.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::io::{BufRead as _, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gobrpc_registry::backend::{Claim, Delta, TlsOptions};
use gobrpc_registry::{Backend, Error, Etcd, Prefix, Registry, Selector, ServiceEntry};
use gobrpc_tests::certificates::Authority;
use gobrpc_tests::registries::{self, etcd_go};
use tokio::time::timeout;

const TTL: Duration = Duration::from_secs(10);

fn entry(addr: &str) -> ServiceEntry {
    ServiceEntry::new("user", "v1", addr).unwrap()
}

/// A program of Go's that runs.
struct Go {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Go {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(etcd_go().unwrap())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("a line").unwrap()
    }

    /// What it still prints, once its standard input has ended.
    fn rest(mut self) -> Vec<String> {
        drop(self.stdin.take());
        let rest = self.lines.by_ref().map(Result::unwrap).collect();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn both() -> Option<(registries::Etcd, Etcd)> {
    etcd_go()?;
    let server = registries::Etcd::start("etcd-3.5")?;
    let backend = Etcd::connect(&server.address()).unwrap();
    Some((server, backend))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go_finds_what_rust_registers() {
    let Some((server, backend)) = both() else {
        return;
    };
    let one = entry("10.0.0.1:80").with_metadata("commit", "1f3c");
    backend.acquire(&one, TTL, Claim::TakeOver).await.unwrap();
    let at = server.address();
    let list = Go::start(&["list", "-etcd", &at, "-target", "/services/user/v1"]);
    assert_eq!(
        list.rest(),
        ["/services/user/v1/10.0.0.1:80 10.0.0.1:80 map[commit:1f3c]"]
    );
    // What gRPC dials at etcd:////services/user/v1.
    let resolve = Go::start(&["resolve", "-etcd", &at, "-target", "/services/user/v1"]);
    assert_eq!(resolve.rest()[0], "10.0.0.1:80");
    let watch = [
        "watch",
        "-etcd",
        &at,
        "-target",
        "/services/user/v1",
        "-count",
        "3",
    ];
    let mut watch = Go::start(&watch);
    assert_eq!(watch.line(), "WATCH");
    assert_eq!(
        watch.line(),
        "ADD /services/user/v1/10.0.0.1:80 10.0.0.1:80"
    );
    let two = entry("10.0.0.2:80");
    let lease = backend.acquire(&two, TTL, Claim::TakeOver).await.unwrap();
    backend.release(&lease).await.unwrap();
    assert_eq!(
        watch.rest(),
        [
            "ADD /services/user/v1/10.0.0.2:80 10.0.0.2:80",
            "DELETE /services/user/v1/10.0.0.2:80 "
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust_finds_what_go_adds() {
    let Some((server, backend)) = both() else {
        return;
    };
    let at = server.address();
    let registry = Registry::new(Arc::new(backend));
    let target = ["-target", "/services/user/v1"];
    let mut go = Go::start(&[
        "add",
        "-etcd",
        &at,
        target[0],
        target[1],
        "-addr",
        "10.0.0.9:80",
    ]);
    assert_eq!(go.line(), "LISTEN 10.0.0.9:80");
    let set = registry.get("user", &Selector::new()).await.unwrap();
    let found = set.iter().next().unwrap();
    assert_eq!(found.addr().as_str(), "10.0.0.9:80");
    assert_eq!((found.version(), found.id()), ("v1", ""));
    assert_eq!(found.metadata["language"], "Go");
    assert!(found.is_serving());
    go.rest();
    for _ in 0..500 {
        if registry
            .get("user", &Selector::new())
            .await
            .unwrap()
            .is_empty()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is still there");
}

/// etcd over TLS, which wants a certificate of its clients.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_and_a_client_certificate() {
    let authority = Authority::new();
    let server = authority.issue(1, &["127.0.0.1", "localhost"]);
    let client = authority.issue_client(2, "client", "spiffe://test/client");
    let folder = Folder::new();
    let [cert, key, ca] = [
        ("cert.pem", &server.cert),
        ("key.pem", &server.key),
        ("ca.pem", &authority.pem),
    ]
    .map(|(name, text)| folder.write(name, text));
    let args = [
        "--cert-file",
        &cert,
        "--key-file",
        &key,
        "--trusted-ca-file",
        &ca,
        "--client-cert-auth",
    ];
    for version in ["etcd-3.4", "etcd-3.5"] {
        let Some(etcd) = registries::Etcd::start_with(version, &args) else {
            return;
        };
        let at = etcd.address();
        let built = |tls| Etcd::builder().endpoint(format!("https://{at}")).tls(tls);
        let tls = TlsOptions::new().ca_pem(authority.pem.as_bytes());
        let known = tls
            .clone()
            .identity_pem(client.cert.as_bytes(), client.key.as_bytes());
        assert!(!format!("{known:?}").contains("PRIVATE"));
        let good = built(known.clone()).build().unwrap();
        let lease = good
            .acquire(&entry("10.0.0.1:80"), TTL, Claim::TakeOver)
            .await;
        let lease = lease.unwrap();
        let prefix = Prefix::service("user");
        let snapshot = good.snapshot(&prefix).await.unwrap();
        assert_eq!(snapshot.records.len(), 1);
        let mut tail = good.tail(&prefix, snapshot.cursor).await.unwrap();
        good.release(&lease).await.unwrap();
        let delta = timeout(Duration::from_secs(20), async {
            loop {
                match tail.next().await.unwrap() {
                    Delta::Progress => {}
                    delta => return delta,
                }
            }
        });
        assert!(matches!(delta.await.unwrap(), Delta::Delete(_)));
        // Without a certificate of one's own; with the CA of somebody else; without TLS.
        let strangers = Authority::new();
        let foreign = TlsOptions::new().ca_pem(strangers.pem.as_bytes());
        let plain = Etcd::connect(&at).unwrap();
        for bad in [
            built(tls).build().unwrap(),
            built(foreign).build().unwrap(),
            plain,
        ] {
            let error = bad.snapshot(&prefix).await.unwrap_err();
            println!("{error}");
            assert!(error.to_string().contains(&at), "{error}");
        }
    }
    let nonsense = TlsOptions::new().ca_pem(*b"nonsense");
    let error = Etcd::builder().endpoint("https://h").tls(nonsense).build();
    assert!(matches!(error, Err(Error::Refused(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_with_the_address() {
    let prefix = Prefix::service("user");
    // Nobody, at two addresses: what each of them did.
    let [one, two] = [(); 2].map(|()| format!("127.0.0.1:{}", registries::free_port()));
    let nobody = Etcd::connect(&format!("{one},{two}")).unwrap();
    let error = nobody.snapshot(&prefix).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&one) && text.contains(&two) && text.contains("refused"),
        "{text}"
    );
    // Something else that speaks HTTP, by which etcd 3.3 and older are known, too.
    let Some(consul) = registries::Consul::start() else {
        return;
    };
    let other = Etcd::connect(&consul.address()).unwrap();
    let error = other.snapshot(&prefix).await.unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&consul.address()) && text.contains("no etcd 3.4 or later"),
        "{text}"
    );
    // One of two is there.
    let Some(server) = registries::Etcd::start("etcd-3.5") else {
        return;
    };
    let both = Etcd::connect(&format!("{one},{}", server.address())).unwrap();
    for port in 1..=20 {
        let entry = entry(&format!("10.0.0.1:{port}"));
        both.acquire(&entry, TTL, Claim::TakeOver).await.unwrap();
    }
    assert_eq!(both.snapshot(&prefix).await.unwrap().records.len(), 20);
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("gobrpc-etcd-{:x}", fastrand::u64(..)));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
