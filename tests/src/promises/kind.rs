//! [`Kind`]: a registry that the promises are kept with.

use std::sync::Arc;

use gobrpc_registry::{Backend, Etcd};

use crate::registries::{self, Process};

/// A registry that the promises are kept with.
pub struct Kind {
    pub name: &'static str,
    /// A new one, which runs; `None` if it cannot be had.
    pub start: fn() -> Option<Box<dyn Site>>,
    /// The backend for it, by an address at which it can be reached.
    pub connect: fn(&str) -> Arc<dyn Backend>,
}

/// A registry that runs, in a process of its own.
pub trait Site: Send {
    /// Where it serves, as `host:port`.
    fn address(&self) -> String;

    fn process(&mut self) -> &mut Process;

    /// Starts it after it was killed, and waits until it serves.
    fn restart(&mut self);

    /// Forgets all changes, and keeps the entries; true if it can.
    fn compact(&self) -> bool {
        false
    }
}

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "etcd-3.4",
        start: || etcd("etcd-3.4"),
        connect: |address| Arc::new(Etcd::connect(address).unwrap()),
    },
    Kind {
        name: "etcd-3.5",
        start: || etcd("etcd-3.5"),
        connect: |address| Arc::new(Etcd::connect(address).unwrap()),
    },
];

impl Kind {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}

fn etcd(version: &'static str) -> Option<Box<dyn Site>> {
    Some(Box::new(registries::Etcd::start(version)?))
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
}
