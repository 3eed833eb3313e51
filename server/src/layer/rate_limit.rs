//! [`RateLimit`]: so many calls in a time.

use std::fmt;
use std::time::Duration;

use gobrpc_protocol::{Context, Error, ErrorDetails, Methods, Response, Result};
use tokio::time::Instant;

use super::buckets::Buckets;
use super::{Layer, Next};

/// Lets in so many calls in a time, and refuses what is above with
/// `ResourceExhausted`, before its argument is decoded.
///
/// It is a token bucket: it holds as many tokens as calls are allowed at once (as
/// many as in the whole time, unless [`with_burst`](Self::with_burst) says otherwise),
/// each call takes one, and they come back evenly. All calls share one, unless
/// [`by`](Self::by) gives each host, principal, method or anything else one of its
/// own. Several of these may stand one inside of the other.
///
/// An error's [details](gobrpc_protocol::ErrorDetails) have the reason `RATE_LIMITED`
/// and the time after which the next call is let in. A client of ours learns that
/// the call did not run.
///
/// At most 65,536 buckets are kept ([`with_keys`](Self::with_keys)). When they do not
/// suffice those are forgotten that are full again, and if there are none all callers
/// that are new share one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_server::Server;
/// use gobrpc_server::layer::{RateLimit, by};
///
/// let server = Server::new()
///     // Each host 100 calls a second, and no more than 20 at once.
///     .with_layer(RateLimit::new(100, Duration::from_secs(1)).with_burst(20).by(by::host()))
///     // Each principal 10 reports of each kind an hour.
///     .with_layer(
///         RateLimit::new(10, Duration::from_secs(3600))
///             .of("Reports.*")?
///             .by(by::principal())
///             .by(by::method()),
///     );
/// # Ok::<(), gobrpc_server::Error>(())
/// ```
pub struct RateLimit {
    calls: u32,
    period: Duration,
    burst: u32,
    of: Methods<()>,
    by: Vec<By>,
    buckets: Buckets,
}

/// What tells whose a call is, as text; see [`by`](super::by).
type By = Box<dyn Fn(&Context) -> String + Send + Sync>;

impl RateLimit {
    /// So many calls in each period; at least 1.
    #[must_use]
    pub fn new(calls: u32, period: Duration) -> Self {
        let calls = calls.max(1);
        Self {
            calls,
            period,
            burst: calls,
            of: Methods::new(),
            by: Vec::new(),
            buckets: Buckets::default(),
        }
    }

    /// Sets how many calls may come at once; at least 1.
    #[must_use]
    pub fn with_burst(mut self, calls: u32) -> Self {
        self.burst = calls.max(1);
        self
    }

    /// Limits these methods alone (all): `Arith.Multiply`, `Arith.*`. It may be said
    /// several times.
    ///
    /// # Errors
    ///
    /// If no method can fit the pattern.
    pub fn of(mut self, pattern: &str) -> Result<Self> {
        self.of.set(pattern, ())?;
        Ok(self)
    }

    /// Gives a bucket of its own to each text that the function gives. Said several
    /// times, to all texts together.
    #[must_use]
    pub fn by(mut self, key: impl Fn(&Context) -> String + Send + Sync + 'static) -> Self {
        self.by.push(Box::new(key));
        self
    }

    /// Sets how many buckets are kept; at least 1.
    #[must_use]
    pub fn with_keys(mut self, keys: usize) -> Self {
        self.buckets.keys_max = keys.max(1);
        self
    }

    fn is_limited(&self, service_method: &str) -> bool {
        self.of.is_empty() || self.of.get(service_method).is_some()
    }

    /// All texts as one, each behind its length, so that no text can look like two.
    fn key(&self, cx: &Context) -> String {
        let mut key = String::new();
        for by in &self.by {
            let text = by(cx);
            key.push_str(&text.len().to_string());
            key.push(':');
            key.push_str(&text);
        }
        key
    }

    fn check(&self, cx: &Context, now: Instant) -> Result<()> {
        let every = self.period / self.calls;
        let slack = every.saturating_mul(self.burst - 1);
        let Err(wait) = self.buckets.take(self.key(cx), every, slack, now) else {
            return Ok(());
        };
        let text = format!("more than {} calls in {:?}", self.calls, self.period);
        let details = ErrorDetails::new("RATE_LIMITED").with_retry_after(wait);
        Err(Error::resource_exhausted(text)
            .with_details(details)
            .not_processed())
    }
}

impl Layer for RateLimit {
    async fn handle(&self, cx: Context, next: Next) -> Result<Response> {
        if self.is_limited(cx.service_method()) {
            self.check(&cx, Instant::now())?;
        }
        next.run(cx).await
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("calls", &self.calls)
            .field("period", &self.period)
            .field("burst", &self.burst)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use gobrpc_protocol::Code;

    use super::*;
    use crate::layer::by;

    #[test]
    fn as_many_as_allowed_and_not_one_more() {
        let limit = RateLimit::new(10, Duration::from_secs(1));
        let (cx, start) = (Context::local("A.B"), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        for _ in 0..10 {
            limit.check(&cx, start).unwrap();
        }
        let error = limit.check(&cx, start).unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.is_not_processed());
        let wait = error.details().unwrap().retry_after();
        assert_eq!(wait, Some(Duration::from_millis(100)));
        assert!(limit.check(&cx, at(99)).is_err());
        limit.check(&cx, at(100)).unwrap();
        assert!(limit.check(&cx, at(100)).is_err());
        // However long nobody calls, no more than the burst comes together.
        for _ in 0..10 {
            limit.check(&cx, at(60_000)).unwrap();
        }
        assert!(limit.check(&cx, at(60_000)).is_err());
    }

    #[test]
    fn a_burst_of_one_is_evenly_spread() {
        let limit = RateLimit::new(10, Duration::from_secs(1)).with_burst(1);
        let (cx, start) = (Context::local("A.B"), Instant::now());
        for tenth in 0..10 {
            let at = start + Duration::from_millis(100 * tenth);
            limit.check(&cx, at).unwrap();
            assert!(limit.check(&cx, at).is_err());
        }
    }

    #[test]
    fn texts_do_not_run_together() {
        let limit = RateLimit::new(1, Duration::from_secs(1))
            .by(by::metadata("a"))
            .by(by::metadata("b"));
        let mut keys = std::collections::BTreeSet::new();
        for (a, b) in [("x", "y"), ("xy", ""), ("", "xy"), ("x1:y", ""), ("", "")] {
            let mut cx = Context::local("A.B");
            cx.metadata_mut().append("a", a);
            cx.metadata_mut().append("b", b);
            keys.insert(limit.key(&cx));
        }
        assert_eq!(keys.len(), 5);
    }

    #[test]
    fn methods_that_are_not_meant_are_free() {
        let limit = RateLimit::new(1, Duration::from_secs(1))
            .of("A.*")
            .and_then(|it| it.of("B.C"))
            .unwrap();
        assert!(limit.is_limited("A.B") && limit.is_limited("B.C"));
        assert!(!limit.is_limited("B.D"));
        assert!(RateLimit::new(1, Duration::from_secs(1)).is_limited("B.D"));
    }
}
