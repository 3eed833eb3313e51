//! Instances that DNS names: against Consul's DNS, and where nobody answers.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::time::Duration;

use gobrpc_registry::backend::Claim;
use gobrpc_registry::{Backend, Consul, Dns, Error, Prefix, Registry, ServiceEntry, Watch};
use gobrpc_tests::registries::{self, free_port};
use tokio::time::sleep;

const TTL: Duration = Duration::from_secs(30);

fn entry(addr: &str) -> ServiceEntry {
    ServiceEntry::new("user", "v1", addr).unwrap()
}

async fn until(watch: &Watch, wanted: &[&str]) {
    let mut shown = Vec::new();
    for _ in 0..1500 {
        let set = watch.current().unwrap_or_default();
        shown = set.iter().map(|entry| entry.addr().to_string()).collect();
        shown.sort();
        if shown == wanted {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{shown:?}, not {wanted:?}: {:?}", watch.health());
}

#[tokio::test]
async fn instances_come_and_go_with_their_records() {
    let Some(server) = registries::Consul::start() else {
        return;
    };
    let consul = Consul::connect(&server.address()).unwrap();
    let acquire = async |entry: ServiceEntry| consul.acquire(&entry, TTL, Claim::TakeOver).await;
    let dns = |name: &str| {
        let builder = Dns::builder(name).server(server.dns());
        builder.every(Duration::from_millis(200)).build().unwrap()
    };
    for name in [
        "{service}.service.consul",
        "_{service}._tcp.service.consul.",
    ] {
        let registry = Registry::new(Arc::new(dns(name)));
        let watch = registry.watch("user").unwrap();
        let one = acquire(entry("10.0.0.1:80").with_weight(7)).await.unwrap();
        until(&watch, &["10.0.0.1:80"]).await;
        let set = watch.current().unwrap();
        let found = set.iter().next().unwrap();
        assert_eq!((found.version(), found.weight), ("unversioned", 7));
        let two = acquire(entry("[fd00::1]:81")).await.unwrap();
        let three = acquire(entry("10.0.0.1:82")).await.unwrap();
        until(&watch, &["10.0.0.1:80", "10.0.0.1:82", "[fd00::1]:81"]).await;
        for lease in [&two, &three] {
            consul.release(lease).await.unwrap();
        }
        until(&watch, &["10.0.0.1:80"]).await;
        consul.release(&one).await.unwrap();
        until(&watch, &[]).await;
    }
    // A name that is not there has no instances; and what DNS cannot do is said.
    let dns = dns("{service}.service.consul");
    let nobody = dns.snapshot(&Prefix::service("nobody")).await.unwrap();
    assert!(nobody.records.is_empty());
    let error = dns
        .acquire(&entry("10.0.0.1:80"), TTL, Claim::TakeOver)
        .await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::Unsupported(_)), "{error}");
    assert!(error.to_string().contains("DNS"), "{error}");
    assert!(matches!(
        dns.snapshot(&Prefix::all()).await,
        Err(Error::Refused(_))
    ));
    assert!(matches!(
        dns.snapshot(&Prefix::service("a b\u{0}..")).await,
        Ok(_) | Err(_)
    ));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure_and_no_empty_list() {
    let nobody = format!("127.0.0.1:{}", free_port());
    let dns = Dns::builder("{service}.service.consul").server(nobody);
    let dns = dns.build().unwrap();
    let error = dns.snapshot(&Prefix::service("user")).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("user.service.consul"), "{error}");
}
