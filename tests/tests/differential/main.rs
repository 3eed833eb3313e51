//! The codec beside real Go, which makes, reads and judges the same streams.
//!
//! `GOBRPC_DIFFER_VALUES` says how many random values go each way (5,000) and
//! `GOBRPC_DIFFER_SEED` which ones; `tests/long.sh` runs many more. What differs
//! without being an error of ours is listed in `tests/differences.toml`.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test may panic"
)]

mod again;
mod differences;
mod judged;
mod outcome;
mod peer;
mod random;
#[path = "../../../codec/tests/hostile/rows.rs"]
#[allow(dead_code, reason = "what must become of them is asked elsewhere")]
mod rows;
#[path = "../../../codec/tests/hostile/stream.rs"]
#[allow(dead_code, reason = "the builder serves several tests")]
mod stream;
mod text;

use std::fmt::Debug;
use std::str::FromStr;

/// A setting from the environment.
fn setting<T: FromStr>(name: &str, default: T) -> T
where
    T::Err: Debug,
{
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// The seed, and whether it is the one that CI runs.
fn seed() -> (u64, bool) {
    const CI: u64 = 1;
    let seed = setting("GOBRPC_DIFFER_SEED", CI);
    println!("GOBRPC_DIFFER_SEED={seed}");
    (seed, seed == CI)
}

/// How many values go each way.
fn values() -> usize {
    setting("GOBRPC_DIFFER_VALUES", 5000)
}
