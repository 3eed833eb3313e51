//! Values come back: every constructor in every other, in streams of several
//! values, cut anywhere, through types that were changed since.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]
#![allow(clippy::use_self, reason = "types are recursive by name")]

mod by_hand;
mod evolution;
mod input;
mod integers;
mod nesting;
mod numbers;
mod own;
mod sample;
