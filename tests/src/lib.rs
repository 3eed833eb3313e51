//! What the cross-crate tests share: the Go peers, and the services that both
//! languages implement.

pub mod go;
pub mod local;
pub mod model;

/// The code of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
