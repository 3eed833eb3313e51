//! What becomes of values that are read as another type: the rules, the types of
//! streams, hostile types, and real Go's verdict.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]
#![allow(dead_code, reason = "types that are compared have no values")]

#[path = "../common/go.rs"]
mod go;
mod hostile;
mod rules;
mod tables;
mod verdict;
