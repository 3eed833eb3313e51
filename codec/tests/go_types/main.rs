//! Go's standard types: real Go's bytes, bad bytes, other crates' types, and real
//! Go as the reader of ours.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]
#![allow(clippy::vec_box, reason = "that is how Go's slices of pointers look")]

#[path = "../golden/check.rs"]
#[allow(dead_code, reason = "shared with the other goldens")]
mod check;
#[path = "../common/go.rs"]
mod go;
mod golden;
mod golden_networks;
mod malformed;
mod peer;
mod program;
mod random;
mod sample;
mod with;
