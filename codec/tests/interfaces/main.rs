//! Interfaces: typed, by names, dynamic; as Go sends them, and back.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]
#![allow(clippy::use_self, reason = "types are recursive by name")]
#![allow(clippy::vec_box, reason = "that is how Go's slices of pointers look")]

mod dynamic;
mod golden;
mod limits;
mod names;
mod types;
