//! Calls any net/rpc server, Go's or ours: multiplexed, cancel-safe,
//! reconnecting.
//!
//! Start at [`Client`]. What this crate does not do: it retries nothing, knows
//! one server per client, and serves nothing; balancing over several servers is
//! in `gobrpc-registry`.
//!
//! The layers, in reading order; each uses those above it only:
//!
//! | layer | module | what |
//! |---|---|---|
//! | places | [`Address`], [`connector`] | texts to streams: TCP, Unix, HTTP CONNECT, others |
//! | one call | `slot`, `queue`, `pump` | where a result is waited for, a place on the connection, a stream of arguments |
//! | one connection | `codec`, `connection`, `keepalive`, `hosting`, `driver` | bytes and who wrote them; what the server calls here; the socket's one task |
//! | one peer | `state`, `link`, `link_task` | at most one connection at a time; dial, lose, dial again |
//! | around them | [`layer`] | what sees, changes or refuses calls |
//! | handles | [`Client`], [`ClientBuilder`], [`blocking`] | what users hold |

mod address;
mod backoff;
pub mod blocking;
mod builder;
mod client;
mod codec;
mod connection;
pub mod connector;
mod departure;
mod driver;
mod hosting;
mod keepalive;
pub mod layer;
mod link;
mod link_task;
mod options;
mod pump;
mod queue;
mod reply;
mod slot;
mod state;
#[cfg(feature = "tls")]
pub mod tls;

pub use address::Address;
pub use builder::ClientBuilder;
pub use client::Client;
pub use connector::Connector;
pub use layer::{Layer, Layered};

#[cfg(feature = "macros")]
pub use gobrpc_macros::service;
pub use gobrpc_protocol as protocol;
pub use gobrpc_protocol::codec::{Gob, Limits};
pub use gobrpc_protocol::{
    Call, Caller, Code, Context, Delivery, Error, ErrorDetails, Metadata, Phase, Reply, Result,
    Sender, StreamCall, Streaming, TraceContext,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
