//! [`Running`]: a server that listens.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::connection::{self, Shared};
use crate::health::Health;
use crate::listener::Listener;

/// A server that listens and serves in the background.
///
/// Dropping it closes the listener and all connections at once;
/// [`shutdown`](Running::shutdown) does it without losing a call.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Running {
    address: String,
    stop_accepting: CancellationToken,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    open: Arc<AtomicUsize>,
}

/// How a shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Connections that were cut because the grace was over.
    pub cut: usize,
}

/// Pauses after a failed accept: when descriptors run out, trying again at once
/// would only burn the processor.
const ACCEPT_PAUSE_MIN: Duration = Duration::from_millis(5);
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);

impl Running {
    pub(crate) fn start(listener: Box<dyn Listener>, shared: Arc<Shared>) -> io::Result<Self> {
        let mut address = listener.local_address()?;
        if shared.is_secured()
            && let Some(host) = address.strip_prefix("tcp://")
        {
            address = format!("tls://{host}");
        }
        let running = Self {
            address,
            stop_accepting: CancellationToken::new(),
            shared,
            tasks: TaskTracker::new(),
            open: Arc::default(),
        };
        let accept = accept(
            listener,
            Arc::clone(&running.shared),
            running.tasks.clone(),
            Arc::clone(&running.open),
        );
        let stop = running.stop_accepting.clone();
        running.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = accept => {}
            }
        });
        Ok(running)
    }

    /// The address that the server listens on, as a URL: `tcp://127.0.0.1:1234`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The same without its scheme, as Go's `net.Dial` wants it.
    #[must_use]
    pub fn host(&self) -> &str {
        match self.address.split_once("://") {
            Some((_, host)) => host,
            None => &self.address,
        }
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Which services take calls, as clients and load balancers learn it. To be
    /// kept for after the start of a shutdown, it is a handle.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health.clone()
    }

    /// Stops without losing a call: closes the listener, sends clients elsewhere,
    /// answers all that still comes on open connections, and cuts what is left when
    /// `grace` is over.
    ///
    /// Clients of ours are told to make their further calls on another connection;
    /// they finish those under way, streams too, and close. Go's cannot be told: their
    /// connections are served until each is quiet, or is closed by them.
    ///
    /// Take the server out of the registry before, so that clients go elsewhere;
    /// those that look at its health are told by [`Health::shut_down`], some time
    /// before.
    pub async fn shutdown(self, grace: Duration) -> ShutdownReport {
        self.shared.health.shut_down();
        self.stop_accepting.cancel();
        self.shared.drain.cancel();
        self.tasks.close();
        let mut report = ShutdownReport { cut: 0 };
        if timeout(grace, self.tasks.wait()).await.is_err() {
            report.cut = self.connections();
            self.shared.kill.cancel();
            self.tasks.wait().await;
        }
        report
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop_accepting.cancel();
        self.shared.kill.cancel();
    }
}

async fn accept(
    mut listener: Box<dyn Listener>,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    open: Arc<AtomicUsize>,
) {
    let places = Arc::new(Semaphore::new(
        shared.config.connections.min(Semaphore::MAX_PERMITS),
    ));
    let mut pause = ACCEPT_PAUSE_MIN;
    loop {
        let (io, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, ?pause, "accepting a connection failed; going on");
                sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE_MAX);
                continue;
            }
        };
        pause = ACCEPT_PAUSE_MIN;
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            debug!(
                peer = address,
                limit = shared.config.connections,
                "a connection over the limit was closed"
            );
            continue;
        };
        let shared = Arc::clone(&shared);
        let open = Arc::clone(&open);
        open.fetch_add(1, Ordering::Relaxed);
        tasks.spawn(async move {
            connection::serve(io, address, shared).await;
            open.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
}
