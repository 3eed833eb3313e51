//! Real registries for the tests: etcd, Consul and ZooKeeper, each a process of
//! its own that can be killed, paused, restarted and robbed of its data.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests: what they do not expect is a failure"
)]

mod consul;
mod etcd;
mod go_client;
mod process;
mod zookeeper;

pub use consul::Consul;
pub use etcd::{Etcd, EtcdCluster, ask};
pub use go_client::{etcd_go, msgpack_go};
pub use process::{Process, free_port, signal};
pub(crate) use process::{dying, spawn};
pub use zookeeper::ZooKeeper;

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The folder of an unpacked registry (`tests/setup-registries.sh` has the names),
/// or `None` where it cannot be had: then the reason was printed, and where `CI` is
/// `true` the test fails.
///
/// # Panics
///
/// Where `CI` is `true` and it cannot be had.
pub fn home(name: &'static str) -> Option<PathBuf> {
    static HOMES: Mutex<Option<HashMap<&'static str, Option<PathBuf>>>> = Mutex::new(None);
    let mut homes = HOMES.lock().unwrap_or_else(PoisonError::into_inner);
    let home = homes
        .get_or_insert_default()
        .entry(name)
        .or_insert_with(|| {
            let home = unpack(name);
            if home.is_none() {
                eprintln!("SKIPPED, all that needs {name}: it cannot be had");
            }
            home
        })
        .clone();
    drop(homes);
    assert!(
        home.is_some() || std::env::var("CI").as_deref() != Ok("true"),
        "CI needs {name}"
    );
    home
}

fn unpack(name: &str) -> Option<PathBuf> {
    let output = Command::new("bash")
        .arg(crate::go::root().join("setup-registries.sh"))
        .arg(name)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (_, folder) = text.trim().split_once('\t')?;
    output.status.success().then(|| folder.into())
}
