//! [`MethodPolicy`]: what is different for a method.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gobrpc_protocol::Code;
use gobrpc_protocol::retry::RetryPolicy;

/// What is different for a method.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct MethodPolicy {
    /// How long a call may take; the shorter of this and what the caller says.
    pub timeout: Option<Duration>,
    /// How long a call waits for a first instance, if it may take so long.
    pub wait: Option<Duration>,
    /// Running it twice does what running it once does, whatever its calls say.
    pub idempotent: bool,
    /// How often a call is sent.
    pub retry: Option<RetryPolicy>,
    /// Whether an idempotent call is sent to several instances, so that one that is
    /// slow costs nothing; in the place of [`retry`](Self::retry).
    pub hedge: Option<HedgePolicy>,
}

/// When an idempotent call is sent to one instance more, while others have it: against
/// the few calls that take much longer than most.
///
/// As gRPC's hedging
/// ([A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md)):
///
/// - The call is sent to an instance; each time it has no answer after
///   [`delay`](Self::delay), to another one, up to [`attempts`](Self::attempts). Each
///   of them but the first costs the [budget](crate::Policy::budget): if it is used up,
///   or no other instance is there, no more are sent.
/// - **The first answer is that of the call, and the others are cancelled**, which
///   their handlers learn. An error is an answer, too, unless it has one of
///   [`codes`](Self::codes).
/// - An attempt that fails without an answer, or with such an error, is replaced at
///   once. If none is left, its error is that of the call.
/// - **Only calls that may run twice** are hedged: of methods that say
///   `#[rpc(idempotent)]`, or whose policy does. So are streams of replies, until their
///   first item; calls whose argument is a stream never are.
///
/// The next instance is asked while somebody awaits the reply, and not before. A good
/// delay is the latency that 95 % of the calls keep: then 5 % more calls are made.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_registry::{HedgePolicy, MethodPolicy, Policy};
///
/// let mut hedged = MethodPolicy::default();
/// hedged.hedge = Some(HedgePolicy::new(Duration::from_millis(20)));
/// let policy = Policy::default().for_method("User.Name", hedged);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HedgePolicy {
    /// How often at most, the first time included (2).
    pub attempts: usize,
    /// How long the last attempt may take before the next one begins beside it. None at
    /// all: all begin at once.
    pub delay: Duration,
    /// Which errors of instances end only their attempt (none).
    pub codes: Vec<Code>,
}

impl HedgePolicy {
    /// A second attempt after this time.
    #[must_use]
    pub const fn new(delay: Duration) -> Self {
        Self {
            attempts: 2,
            delay,
            codes: Vec::new(),
        }
    }
}

/// The policies by method, by service, and for the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Methods {
    /// Names of methods have a dot, those of services may have one as well: the
    /// longer one is looked for first.
    named: HashMap<String, Arc<MethodPolicy>>,
    others: Option<Arc<MethodPolicy>>,
}

impl Methods {
    pub(super) fn insert(&mut self, name: String, policy: MethodPolicy) {
        self.named.insert(name, Arc::new(policy));
    }

    pub(super) fn insert_default(&mut self, policy: MethodPolicy) {
        self.others = Some(Arc::new(policy));
    }

    pub(super) fn get(&self, service_method: &str) -> Option<&Arc<MethodPolicy>> {
        if self.named.is_empty() {
            return self.others.as_ref();
        }
        // The method is behind the last dot, as in Go's server.go.
        let of_service = || self.named.get(service_method.rsplit_once('.')?.0);
        self.named
            .get(service_method)
            .or_else(of_service)
            .or(self.others.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_wins() {
        let timeout = |ms| MethodPolicy {
            timeout: Some(Duration::from_millis(ms)),
            ..MethodPolicy::default()
        };
        let mut methods = Methods::default();
        let get = |methods: &Methods, name| Some(methods.get(name)?.timeout?.as_millis());
        assert_eq!(get(&methods, "User.Name"), None);
        methods.insert_default(timeout(1));
        assert_eq!(get(&methods, "User.Name"), Some(1));
        methods.insert("User".into(), timeout(2));
        methods.insert("User.Name".into(), timeout(3));
        methods.insert("app.User".into(), timeout(4));
        for (name, expected) in [
            ("User.Name", 3),
            ("User.Mail", 2),
            ("app.User.Name", 4),
            ("app.Other.Name", 1),
            ("Users.Name", 1),
            ("nodot", 1),
            ("", 1),
        ] {
            assert_eq!(get(&methods, name), Some(expected), "{name}");
        }
    }
}
