//! What the cross-crate tests share: the Go peers, the services that both languages
//! implement, real registries, and what every backend promises.

pub mod contract;
pub mod go;
pub mod local;
pub mod model;
pub mod registries;

/// The code of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
