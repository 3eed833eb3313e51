//! What the cross-crate tests share: the Go peers, and the services that both
//! languages implement.

pub mod go;
pub mod model;
