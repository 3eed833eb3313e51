//! Layers around calls, on both sides, over real sockets and with real Go.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

mod around_client;
mod around_server;
mod auth;
mod limits;
mod metrics;
mod service;
mod trace;
mod with_go;
