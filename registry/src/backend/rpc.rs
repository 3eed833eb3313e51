//! The memory registry by our own RPC, for several processes: `Rpc` (feature
//! `client`) is the backend, [`wire`] what goes over the wire, and `Served`
//! (feature `server`) the service behind it.

#[cfg(feature = "client")]
mod remote;
#[cfg(feature = "server")]
mod served;
#[cfg(feature = "client")]
mod tail;
pub mod wire;

#[cfg(feature = "client")]
pub use self::remote::Rpc;
#[cfg(feature = "server")]
pub use self::served::{Served, service};
