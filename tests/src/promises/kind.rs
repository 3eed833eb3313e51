//! [`Kind`]: a registry that the promises are kept with.

use std::net::TcpStream;
use std::sync::Arc;

use gobrpc_registry::{Backend, Consul, Etcd, ZooKeeper};

use super::{CASES, CLUSTER_CASES, Case, SERVER_CASES};
use crate::registries::{self, EtcdCluster, Process, free_port};

/// A registry that the promises are kept with.
pub struct Kind {
    pub name: &'static str,
    /// A new one, which runs; `None` if it cannot be had. It is told of the program
    /// that peers run.
    pub start: fn(&'static str) -> Option<Box<dyn Site>>,
    /// The backend for it, by an address at which it can be reached.
    pub connect: fn(&str) -> Arc<dyn Backend>,
    pub cases: &'static [Case],
    /// It tells what changes by looking again at all that is.
    pub without_history: bool,
}

/// A registry that runs, in a process of its own.
pub trait Site: Send {
    /// Where it serves, as `host:port`.
    fn address(&self) -> String;

    fn process(&mut self) -> &mut Process;

    /// Starts it after it was killed, and waits until it serves.
    fn restart(&mut self);

    /// Deletes all entries, and no leases; true if somebody can.
    fn delete_all(&self) -> bool {
        false
    }

    /// All members, if it is several servers that agree; then
    /// [`process`](Site::process) is the one that leads now.
    fn members(&mut self) -> &mut [registries::Etcd] {
        &mut []
    }

    /// Forgets all changes, and keeps the entries; true if it can.
    fn compact(&self) -> bool {
        false
    }
}

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "rpc",
        start: |peer| Some(Box::new(Rpc::start(peer))),
        connect: |address| {
            let rpc = gobrpc_registry::Rpc::connect(&format!("tcp://{address}"));
            Arc::new(rpc.unwrap())
        },
        cases: CASES,
        without_history: false,
    },
    Kind {
        name: "etcd-3.4",
        start: |_| etcd("etcd-3.4"),
        connect: |address| Arc::new(Etcd::connect(address).unwrap()),
        cases: CASES,
        without_history: false,
    },
    Kind {
        name: "etcd-3.5",
        start: |_| etcd("etcd-3.5"),
        connect: |address| Arc::new(Etcd::connect(address).unwrap()),
        cases: CASES,
        without_history: false,
    },
    Kind {
        name: "consul-1.8",
        start: consul,
        connect: |address| Arc::new(Consul::connect(address).unwrap()),
        cases: CASES,
        without_history: true,
    },
    Kind {
        name: "zookeeper-3.8",
        start: |_| Some(Box::new(registries::ZooKeeper::start()?)),
        connect: |address| Arc::new(ZooKeeper::connect(address).unwrap()),
        cases: CASES,
        without_history: true,
    },
    Kind {
        name: "servers",
        start: |peer| Some(Box::new(Rpc::start(peer))),
        connect: |address| {
            let rpc = gobrpc_registry::Rpc::connect(&format!("tcp://{address}"));
            Arc::new(rpc.unwrap())
        },
        cases: SERVER_CASES,
        without_history: false,
    },
    Kind {
        name: "etcd-3.5-cluster",
        start: |_| Some(Box::new(EtcdCluster::start("etcd-3.5")?)),
        connect: |address| Arc::new(Etcd::connect(address).unwrap()),
        cases: CLUSTER_CASES,
        without_history: false,
    },
];

impl Kind {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}

/// It loses its data when it ends.
fn consul(_: &'static str) -> Option<Box<dyn Site>> {
    // An agent takes 200 connections from one address, and many clients are one here.
    let limits = "limits { http_max_conns_per_client = 2000 }";
    let consul = registries::Consul::start_with(&["-dev", "-hcl", limits])?;
    Some(Box::new(consul))
}

fn etcd(version: &'static str) -> Option<Box<dyn Site>> {
    Some(Box::new(registries::Etcd::start(version)?))
}

/// The memory registry of another process, which takes its entries along when it
/// ends.
struct Rpc {
    process: Process,
    address: String,
}

impl Rpc {
    fn start(peer: &str) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let args = vec!["registry".to_owned(), address.clone()];
        let process = Process::new("rpc", peer, |_| args);
        let mut rpc = Self { process, address };
        rpc.restart();
        rpc
    }
}

impl Site for Rpc {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn restart(&mut self) {
        let address = &self.address;
        self.process.start(|| TcpStream::connect(address).is_ok());
    }
}

impl Site for registries::Consul {
    fn address(&self) -> String {
        self.address()
    }

    fn process(&mut self) -> &mut Process {
        self.process()
    }

    fn restart(&mut self) {
        self.restart();
    }
}

impl Site for registries::ZooKeeper {
    fn address(&self) -> String {
        self.address()
    }

    fn process(&mut self) -> &mut Process {
        self.process()
    }

    fn restart(&mut self) {
        self.restart();
    }
}

impl Site for registries::Etcd {
    fn address(&self) -> String {
        self.address()
    }

    fn process(&mut self) -> &mut Process {
        self.process()
    }

    fn restart(&mut self) {
        self.restart();
    }

    fn compact(&self) -> bool {
        self.compact();
        true
    }

    fn delete_all(&self) -> bool {
        self.delete_all();
        true
    }
}

impl Site for EtcdCluster {
    fn address(&self) -> String {
        self.addresses()
    }

    fn process(&mut self) -> &mut Process {
        let leader = self.leader().expect("one of them leads");
        self.members()[leader].process()
    }

    fn restart(&mut self) {
        for member in self.members() {
            member.restart();
        }
    }

    fn members(&mut self) -> &mut [registries::Etcd] {
        self.members()
    }
}
