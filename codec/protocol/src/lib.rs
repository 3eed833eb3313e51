//! Go's net/rpc protocol without I/O: headers, connections, and the traits that
//! services and callers share.
//!
//! What this crate does not do: it opens no sockets, has no runtime and reads no
//! clock. `gobrpc-server` and `gobrpc-client` drive it over tokio.

pub mod body;
pub mod call;
pub mod call_state;
pub mod caller;
pub mod chain;
pub mod chunks;
pub mod client_connection;
pub mod compression;
pub mod context;
pub mod details;
pub mod error;
pub mod extensions;
pub mod flow;
pub mod header;
pub mod health;
pub mod http_connect;
pub mod identity;
pub mod info;
#[cfg(feature = "jsonrpc")]
pub mod jsonrpc;
pub mod metadata;
pub mod method;
pub mod methods;
pub mod metrics;
#[cfg(feature = "msgpack")]
pub mod msgpack;
pub mod outgoing;
pub mod peer_caller;
mod pending_calls;
pub mod reflection;
pub mod retry;
pub mod router;
pub mod server_connection;
pub mod service;
pub mod spin;
pub mod streaming;
pub mod trace_context;

pub use gobrpc_codec as codec;

pub use body::{Body, Payload};
pub use call::{Call, Reply, StreamCall};
pub use call_state::{CallState, Cancel, Cancelled};
pub use caller::{Caller, Exchange, Head, Item, Replies, Request};
pub use client_connection::ClientConnection;
pub use context::{Context, Peer};
pub use details::ErrorDetails;
pub use error::{Code, Delivery, Error, Phase, Result};
pub use extensions::Extensions;
pub use identity::Identity;
pub use info::{MethodInfo, ServiceInfo, StreamKind};
pub use metadata::Metadata;
pub use methods::Methods;
pub use outgoing::Outgoing;
pub use peer_caller::PeerCaller;
pub use server_connection::ServerConnection;
pub use service::{HandlerFuture, Handling, Response, Service};
pub use streaming::{Sender, Streaming};
pub use trace_context::TraceContext;
