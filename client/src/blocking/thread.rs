//! [`IoThread`]: the thread that does the I/O of blocking clients.

use std::fmt;
use std::thread;

use gobrpc_protocol::{Error, Phase, Result};
use tokio::runtime::{Builder, EnterGuard, Handle};
use tokio::sync::oneshot;

/// A thread with a runtime on it, which ends when this is dropped.
pub(super) struct IoThread {
    runtime: Handle,
    /// Dropping it ends the thread.
    _alive: oneshot::Sender<()>,
}

impl IoThread {
    /// # Errors
    ///
    /// If the system gives no thread, or no descriptors for its runtime.
    pub(super) fn start() -> Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| refused("no runtime", error))?;
        let handle = runtime.handle().clone();
        let (alive, over) = oneshot::channel();
        thread::Builder::new()
            .name("gobrpc-client".to_owned())
            .spawn(move || {
                // It is an error by now: the sender sends nothing, and is gone.
                let _ = runtime.block_on(over);
            })
            .map_err(|error| refused("no thread", error))?;
        Ok(Self {
            runtime: handle,
            _alive: alive,
        })
    }

    /// Until this is dropped, what is polled on this thread finds the runtime.
    pub(super) fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }
}

fn refused(what: &str, error: std::io::Error) -> Error {
    Error::resource_exhausted(format!("{what} for a blocking client: {error}"))
        .with_source(error)
        .with_phase(Phase::Queue)
}

impl fmt::Debug for IoThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IoThread")
    }
}
