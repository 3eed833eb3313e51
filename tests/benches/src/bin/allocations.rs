//! The worker of the codec bench, under an allocator that counts.

use clap::Parser;
use gobrpc_benches::codec::worker;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> gobrpc_benches::Result<()> {
    worker::run(&worker::Options::parse(), Some(COUNTED))
}
