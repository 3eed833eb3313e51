//! What the cross-crate tests share: the Go peers, the services that both languages
//! implement, real registries, what every backend promises, and what
//! the registry does while things fail.

pub mod certificates;
pub mod contract;
pub mod go;
pub mod local;
pub mod model;
pub mod promises;
pub mod pulse;
pub mod registries;
pub mod simulation;
pub mod wiretap;

/// The code of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
