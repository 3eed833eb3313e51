//! [`Timeout`]: how long calls may take that do not say so.

use std::time::Duration;

use gobrpc_protocol::{Methods, Request, Result};

use super::{Answer, Layer, Next};

/// Gives a timeout to calls that have none, and no deadline either: what
/// [`Call::timeout`](crate::Call::timeout) would, counted from when the layer sees
/// the call.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_client::Client;
/// use gobrpc_client::layer::Timeout;
///
/// let client = Client::builder()
///     .layer(
///         Timeout::new()
///             .of("*", Duration::from_secs(5))?
///             .of("Reports.*", Duration::from_secs(300))?,
///     )
///     .connect("127.0.0.1:1234");
/// # Ok::<(), gobrpc_client::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Timeout {
    times: Methods<Duration>,
}

impl Timeout {
    /// Calls wait for as long as they wait.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long calls of these methods may take: `Arith.Multiply`, `Arith.*`,
    /// `*`.
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
    async fn call(&self, mut request: Request, next: Next) -> Result<Answer> {
        let head = &mut request.head;
        if head.timeout.is_none() && head.deadline.is_none() {
            head.timeout = self.times.get(&head.service_method).copied();
        }
        next.run(request).await
    }
}
