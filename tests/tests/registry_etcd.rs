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
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gobrpc_registry::backend::Claim;
use gobrpc_registry::{Backend, Etcd, Registry, Selector, ServiceEntry};
use gobrpc_tests::registries::{self, etcd_go};

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
