//! Work for each byte is bounded: streams on which a decoder of gob took seconds
//! for some kilobytes (gobwire 0.1.0 expanded graphs of types to trees, and went
//! over all of a value again for each type that was defined in it).
//!
//! Work is counted as allocations and their bytes, which do not depend on the
//! machine: what is built, copied and remembered shows in them. Four times the
//! input may take little more than four times as much.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]

mod definitions;
mod graphs;
mod readers;
#[path = "../hostile/stream.rs"]
#[allow(dead_code, reason = "shared with the hostile streams")]
mod stream;

use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What some work allocates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub(crate) allocations: usize,
    pub(crate) bytes: usize,
}

/// The allocator counts for the whole process, so that tests take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the work of a call.
pub(crate) fn measured(call: impl FnOnce()) -> Work {
    let region = Region::new(ALLOCATOR);
    call();
    let change = region.change();
    Work {
        allocations: change.allocations + change.reallocations,
        bytes: change.bytes_allocated,
    }
}

/// A stream of four times the size takes no more than five times the work, which
/// would be sixteen times if it were quadratic.
#[track_caller]
pub(crate) fn linear(name: &str, small: impl FnOnce(), large: impl FnOnce()) {
    let (small, large) = (measured(small), measured(large));
    assert!(
        large.allocations < small.allocations * 5 + 1000
            && large.bytes < small.bytes * 5 + (64 << 10),
        "{name}: {small:?}, and for four times as much {large:?}"
    );
}
