//! Servers of ours on a port of this machine.

use std::time::Duration;

use gobrpc_server::{Running, ServerConfig};

use crate::model;

/// A server of all services, on a free port.
///
/// # Panics
///
/// If it cannot listen.
#[expect(clippy::expect_used, reason = "a test fails by it")]
pub async fn server(config: ServerConfig) -> Running {
    model::server()
        .expect("the names differ")
        .with_config(config)
        .start("127.0.0.1:0")
        .await
        .expect("a free port")
}

/// Waits until something becomes true.
///
/// # Panics
///
/// If it is not true after ten seconds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(holds(), "never: {what}");
}
