//! The inspector, the recoder and the dump: against Go's own bytes
//! (`tests/golden`), against each other, and against hostile ones.
//!
//! The dump reads gob by itself, and so is a second opinion on every stream.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]

mod agree;
mod golden;
mod hostile;
mod predefined;
mod random;
mod stream;
