//! Service registration, discovery and balancing; embedded by default.
//!
//! A server registers where it listens ([`Registry::register`]), a client asks
//! who serves ([`Registry::get`], [`Registry::watch`]), or calls
//! whoever serves ([`Balanced`]).
//!
//! What this crate does not do: it agrees on nothing with other machines. That
//! is the backend's work, whose guarantees it uses.
//!
//! The layers, in reading order; each uses those above it only:
//!
//! | layer | module | what |
//! |---|---|---|
//! | names | `address`, `entry`, `key` | [`ServiceEntry`] and what it is kept under |
//! | storage | [`backend`] | [`Backend`]: thin, one thing once; [`Memory`] |
//! | decisions | `lease`, `catalog`, `backoff` | pure: time is an argument |
//! | engine | `registration`, `cache`, `registry` | the tasks that never give up |
//! | calls | [`balance`], `endpoint`, `ejection`, `policy`, `pool`, `balanced` | [`Balanced`]: a caller over all instances |
#![warn(missing_docs)]

mod address;
#[cfg(feature = "server")]
mod advertise;
#[cfg(feature = "server")]
pub mod announce;
mod attempts;
pub mod backend;
mod backoff;
pub mod balance;
mod balanced;
mod cache;
mod catalog;
#[cfg(feature = "client")]
pub mod client;
mod ejection;
mod endpoint;
mod entry;
mod error;
mod key;
mod lease;
mod patience;
mod policy;
mod pool;
mod registration;
mod registry;
mod selector;
mod set;
mod verdict;
mod version;
mod watch;

pub use address::Address;
pub use backend::Backend;
pub use backend::chain::Chain;
#[cfg(feature = "consul")]
pub use backend::consul::Consul;
#[cfg(feature = "dns")]
pub use backend::dns::Dns;
#[cfg(feature = "etcd")]
pub use backend::etcd::Etcd;
pub use backend::file::File;
pub use backend::fixed::Static;
pub use backend::memory::Memory;
pub use backend::merge::Merge;
#[cfg(feature = "client")]
pub use backend::rpc::Rpc;
pub use backend::saved::Saved;
#[cfg(feature = "zookeeper")]
pub use backend::zookeeper::ZooKeeper;
pub use balanced::{Balanced, Keyed};
pub use ejection::{EjectionOptions, EndpointState};
pub use endpoint::{Connect, Connection, Endpoint, EndpointStats};
pub use entry::{ServiceEntry, State};
pub use error::{EntryError, Error, NoEndpoints, Result, SelectorError};
pub use key::{Key, Prefix};
pub use policy::{ConfigError, HedgePolicy, MethodPolicy, Policy, ServiceConfig};
pub use registration::{RegisterOptions, Registration, RegistrationState, RegistrationStatus};
pub use registry::{Registry, RegistryOptions};
pub use selector::Selector;
pub use set::{Change, ServiceSet};
pub use watch::{Event, Watch, WatchHealth};

pub use gobrpc_protocol::retry::{BudgetOptions, RetryPolicy, Throttle};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
