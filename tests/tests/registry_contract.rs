//! What every backend promises, by each of them and the real registry behind it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

use std::sync::Arc;

use gobrpc_registry::{Backend, Consul, Etcd, Memory, Rpc, ZooKeeper, backend};
use gobrpc_server::Server;
use gobrpc_tests::backend_contract;
use gobrpc_tests::contract::Fixture;
use gobrpc_tests::registries;

backend_contract!(
    memory,
    Some(Fixture::new(Memory::new(), ())),
    tokio::test(start_paused = true)
);

backend_contract!(
    chain,
    Some(Fixture::new(
        backend::chain::Chain::new(
            Arc::new(Memory::new()),
            [Arc::new(Memory::new()) as Arc<dyn Backend>]
        ),
        ()
    )),
    tokio::test(start_paused = true)
);

backend_contract!(
    merge,
    Some(Fixture::new(
        backend::merge::Merge::new([
            Arc::new(Memory::new()) as Arc<dyn Backend>,
            Arc::new(Memory::new())
        ]),
        ()
    )),
    tokio::test(start_paused = true)
);

async fn rpc() -> Option<Fixture> {
    let server = Server::new()
        .register(backend::rpc::service(&Memory::new()))
        .unwrap();
    let running = server.start("127.0.0.1:0").await.unwrap();
    let remote = Rpc::connect(&format!("tcp://{}", running.host())).unwrap();
    Some(Fixture::new(remote, running))
}

backend_contract!(rpc, rpc().await, tokio::test);

fn etcd(version: &'static str) -> Option<Fixture> {
    let server = registries::Etcd::start(version)?;
    let etcd = Etcd::connect(&server.address()).unwrap();
    Some(Fixture::new(etcd, server))
}

backend_contract!(etcd_3_4, etcd("etcd-3.4"), tokio::test);
backend_contract!(etcd_3_5, etcd("etcd-3.5"), tokio::test);

fn consul() -> Option<Fixture> {
    let server = registries::Consul::start()?;
    let consul = Consul::connect(&server.address()).unwrap();
    Some(Fixture::new(consul, server))
}

backend_contract!(consul, consul(), tokio::test);

fn zookeeper() -> Option<Fixture> {
    let server = registries::ZooKeeper::start()?;
    let zookeeper = ZooKeeper::connect(&format!("{}/prod", server.address())).unwrap();
    Some(Fixture::new(zookeeper, server))
}

backend_contract!(zookeeper, zookeeper(), tokio::test);
