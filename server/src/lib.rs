//! net/rpc servers in Rust: wire-compatible with every Go client.
//!
//! What this crate does not do: it does not call (that is `gobrpc-client`), and
//! it does not announce itself (that is `gobrpc-registry`).

mod address;
mod backlog;
mod codec;
mod config;
mod connection;
mod handlers;
mod health;
mod in_process;
pub mod layer;
mod listener;
mod pages;
mod preface;
mod reflection;
mod running;
mod server;
#[cfg(feature = "tls")]
pub mod tls;

pub use gobrpc_protocol as protocol;

pub use config::ServerConfig;
#[cfg(feature = "macros")]
pub use gobrpc_macros::service;
pub use health::Health;
pub use in_process::InProcess;
pub use layer::{Layer, Layered, Next};
pub use listener::{Accepting, Io, Listener};
pub use protocol::codec::Gob;
pub use protocol::health::ServingStatus;
pub use protocol::{
    Cancel, Code, Context, Error, ErrorDetails, Metadata, Response, Result, Sender, Service,
    ServiceInfo, Streaming, TraceContext,
};
pub use running::{Running, ShutdownReport};
pub use server::Server;
