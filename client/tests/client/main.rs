//! The client against a server of a few lines, over pipes and sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers as well"
)]

mod bounds;
mod calls;
mod cancel;
mod close;
mod deadline;
mod delivery;
mod flush;
mod hostile;
mod http_connect;
mod keepalive;
mod leaving;
mod moves;
mod places;
mod reconnect;
mod retry;
mod server;
