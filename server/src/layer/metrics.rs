//! [`Metrics`]: tells an observer of calls.

use std::fmt;
use std::sync::Arc;

use gobrpc_protocol::metrics::Observer;
use gobrpc_protocol::{Cancel, Code, Context, Error, Response, Result};
use tokio::time::Instant;

use super::{Layer, Next};

/// Tells an [`Observer`] of each call: as it begins, and as it ends, be it that its
/// caller gives up.
///
/// As the outermost layer it sees what those inside of it refuse, too.
/// [`Server::with_metrics`](crate::Server::with_metrics) does all of it.
///
/// # Examples
///
/// ```
/// use gobrpc_server::Server;
/// use gobrpc_server::layer::{CallMetrics, Metrics};
///
/// let metrics = CallMetrics::new("rpc_server");
/// let server = Server::new().with_layer(Metrics::new(metrics.clone()));
/// assert_eq!(metrics.count("Arith.Multiply", None), 0);
/// ```
pub struct Metrics<O>(Arc<O>);

impl<O: Observer> Metrics<O> {
    /// A layer that tells this observer.
    #[must_use]
    pub fn new(observer: O) -> Self {
        Self(Arc::new(observer))
    }
}

impl<O: Observer> Layer for Metrics<O> {
    async fn handle(&self, cx: Context, next: Next) -> Result<Response> {
        self.0.started(cx.service_method());
        let mut ending = Ending {
            observer: &*self.0,
            cx: cx.clone(),
            start: Instant::now(),
            over: false,
        };
        let result = next.run(cx).await;
        ending.end(result.as_ref().err().map(Error::code));
        result
    }
}

/// Says how a call ended, also if it is dropped.
struct Ending<'a> {
    observer: &'a dyn Observer,
    cx: Context,
    start: Instant,
    over: bool,
}

impl Ending<'_> {
    fn end(&mut self, code: Option<Code>) {
        self.over = true;
        let elapsed = self.start.elapsed();
        self.observer.ended(self.cx.service_method(), code, elapsed);
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if !self.over {
            let reason = self.cx.cancellation().unwrap_or(Cancel::ByCaller);
            self.end(Some(Error::from(reason).code()));
        }
    }
}

impl<O> fmt::Debug for Metrics<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
