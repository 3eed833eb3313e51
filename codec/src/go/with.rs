//! Types of other crates, each behind a feature of that crate's name.

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "num-bigint")]
mod num_bigint;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;
