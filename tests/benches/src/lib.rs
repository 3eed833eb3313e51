//! What the benches are made of.

pub mod codec;
pub mod go;
pub mod lines;
pub mod rpc;
pub mod table;

/// A bench has nobody to tell but the person who runs it.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
