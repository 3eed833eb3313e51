//! [`Timeout`]: how long calls may take.

use std::time::Duration;

use gobrpc_protocol::{Context, Error, Methods, Response, Result};
use tokio::time::{Instant, timeout_at};

use super::{Layer, Next};

/// Ends calls that take longer than they may with `DeadlineExceeded`, and drops their
/// handlers; a stream that has not ended counts as one that runs.
///
/// The handler's [`Context::deadline`] says so, and with it the calls that it makes.
/// A blocking handler cannot be stopped and is to look at that itself; its caller is
/// answered all the same. [`ServerConfig::max_timeout`](crate::ServerConfig) is the
/// same for all methods, without a layer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_server::Server;
/// use gobrpc_server::layer::Timeout;
///
/// let server = Server::new().with_layer(
///     Timeout::new()
///         .of("*", Duration::from_secs(5))?
///         .of("Reports.*", Duration::from_secs(300))?,
/// );
/// # Ok::<(), gobrpc_server::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Timeout {
    times: Methods<Duration>,
}

impl Timeout {
    /// Calls may take as long as they take.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long these methods may take, from when the layer sees them:
    /// `Arith.Multiply`, `Arith.*`, `*`.
    ///
    /// # Errors
    ///
    /// If no method can fit the pattern.
    pub fn of(mut self, pattern: &str, time: Duration) -> Result<Self> {
        self.times.set(pattern, time)?;
        Ok(self)
    }
}

impl Layer for Timeout {
    async fn handle(&self, cx: Context, next: Next) -> Result<Response> {
        let time = self.times.get(cx.service_method());
        // What is beyond the end of time never comes.
        let Some(until) = time.and_then(|time| Instant::now().checked_add(*time)) else {
            return next.run(cx).await;
        };
        let own = until.into_std();
        let deadline = cx.deadline().map_or(own, |given| given.min(own));
        let cx = cx.with_deadline(Some(deadline));
        match timeout_at(until, next.run(cx)).await {
            Ok(result) => result,
            Err(_) => Err(Error::deadline_exceeded(
                "the call took longer than the server allows",
            )),
        }
    }
}
