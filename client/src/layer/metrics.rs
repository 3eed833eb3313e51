//! [`Metrics`]: tells an observer of calls.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use gobrpc_protocol::metrics::Observer;
use gobrpc_protocol::{Code, Error, Request, Result};
use tokio::time::Instant;

use super::{Answer, Layer, Next};

/// Tells an [`Observer`] of each call: as it begins, and as it ends, be it that its
/// reply is dropped, which is [`Code::Cancelled`].
///
/// # Examples
///
/// ```
/// use gobrpc_client::Client;
/// use gobrpc_client::layer::{CallMetrics, Metrics};
///
/// let metrics = CallMetrics::new("rpc_client");
/// let client = Client::builder()
///     .layer(Metrics::new(metrics.clone()))
///     .connect("127.0.0.1:1234");
/// println!("{}", metrics.to_prometheus());
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
    async fn call(&self, request: Request, next: Next) -> Result<Answer> {
        let service_method = request.head.service_method.clone();
        self.0.started(&service_method);
        let mut ending = Ending {
            observer: &*self.0,
            service_method,
            start: Instant::now(),
            over: false,
        };
        let result = next.run(request).await;
        ending.end(result.as_ref().err().map(Error::code));
        result
    }
}

/// Says how a call ended, also if it is dropped.
struct Ending<'a> {
    observer: &'a dyn Observer,
    service_method: Cow<'static, str>,
    start: Instant,
    over: bool,
}

impl Ending<'_> {
    fn end(&mut self, code: Option<Code>) {
        self.over = true;
        let elapsed = self.start.elapsed();
        self.observer.ended(&self.service_method, code, elapsed);
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.end(Some(Code::Cancelled));
        }
    }
}

impl<O> fmt::Debug for Metrics<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
