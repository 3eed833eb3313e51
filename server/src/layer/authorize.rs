//! [`Authorize`]: who may call which methods.

use std::fmt;

use gobrpc_protocol::{Context, Error, Methods, Response, Result};

use super::{Layer, Next, Principal};

/// Lets callers call what they may, and nothing else.
///
/// Rules are by method, by service (`Arith.*`) or for all (`*`). The most exact one
/// that fits a call counts alone; where there is none, nobody may call. Several rules
/// for the same let in whom any of them does. Who calls, [`who`](super::who) tells, or
/// a function of yours: by the verified names in the client's certificate, or by the
/// [`Principal`] that a layer outside of this one has found.
///
/// Who may not gets `PermissionDenied`, and `Unauthenticated` if nothing at all is
/// known of it; both before the argument is decoded.
///
/// # Examples
///
/// ```
/// use gobrpc_server::Server;
/// use gobrpc_server::layer::{Authorize, who};
///
/// let server = Server::new().with_layer(
///     Authorize::new()
///         .allow("gobrpc.Health.*", who::anyone())?
///         .allow("Ledger.*", who::has_dns_name("billing.internal"))?
///         .allow("Ledger.*", who::has_role("accountant"))?
///         // Of `Ledger.*` nothing holds for this one.
///         .allow("Ledger.Close", |cx: &gobrpc_server::Context| {
///             who::has_role("auditor")(cx) && cx.metadata().get("ticket").is_some()
///         })?,
/// );
/// # Ok::<(), gobrpc_server::Error>(())
/// ```
#[derive(Default)]
pub struct Authorize {
    rules: Methods<Vec<Rule>>,
}

type Rule = Box<dyn Fn(&Context) -> bool + Send + Sync>;

impl Authorize {
    /// Nobody may call anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets in for these methods whom the function says yes to.
    ///
    /// # Errors
    ///
    /// If no method can fit the pattern.
    pub fn allow(
        mut self,
        pattern: &str,
        who: impl Fn(&Context) -> bool + Send + Sync + 'static,
    ) -> Result<Self> {
        let who: Rule = Box::new(who);
        match self.rules.get_mut(pattern) {
            Some(rules) => rules.push(who),
            None => {
                self.rules.set(pattern, vec![who])?;
            }
        }
        Ok(self)
    }

    fn check(&self, cx: &Context) -> Result<()> {
        let rules = self.rules.get(cx.service_method());
        if rules.is_some_and(|rules| rules.iter().any(|rule| rule(cx))) {
            return Ok(());
        }
        let method = cx.service_method();
        Err(
            if Principal::of(cx).is_some() || cx.peer().identity().is_some() {
                Error::permission_denied(format!("you may not call {method}"))
            } else {
                Error::unauthenticated(format!("{method} is not for callers who are not known"))
            },
        )
    }
}

impl Layer for Authorize {
    async fn handle(&self, cx: Context, next: Next) -> Result<Response> {
        self.check(&cx)?;
        next.run(cx).await
    }
}

impl fmt::Debug for Authorize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorize")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gobrpc_protocol::{Code, Identity, Peer};

    use super::*;
    use crate::layer::who;

    fn call(method: &str, dns_name: Option<&str>, role: Option<&str>) -> Context {
        let mut peer = Peer::new("127.0.0.1:9");
        if let Some(name) = dns_name {
            let mut identity = Identity::new("certificate");
            identity.dns_names.push(name.to_owned());
            peer = peer.with_identity(identity);
        }
        let mut cx = Context::new(Arc::new(peer), Arc::from(method), 0);
        if let Some(role) = role {
            cx.extensions_mut()
                .insert(Principal::new("x").with_role(role));
        }
        cx
    }

    #[test]
    fn the_most_exact_rule_counts_alone() {
        let authorize = Authorize::new()
            .allow("Open.*", who::anyone())
            .and_then(|it| it.allow("Ledger.*", who::has_dns_name("a.internal")))
            .and_then(|it| it.allow("Ledger.*", who::has_role("writer")))
            .and_then(|it| it.allow("Ledger.Close", who::has_role("auditor")))
            .unwrap();
        let code = |cx: &Context| authorize.check(cx).err().map(|error| error.code());
        let (denied, unknown) = (Some(Code::PermissionDenied), Some(Code::Unauthenticated));
        assert_eq!(code(&call("Open.Any", None, None)), None);
        assert_eq!(code(&call("Ledger.Post", Some("A.internal"), None)), None);
        assert_eq!(code(&call("Ledger.Post", None, Some("writer"))), None);
        assert_eq!(code(&call("Ledger.Post", Some("b.internal"), None)), denied);
        assert_eq!(code(&call("Ledger.Post", None, None)), unknown);
        assert_eq!(
            code(&call("Ledger.Close", Some("a.internal"), None)),
            denied
        );
        assert_eq!(code(&call("Ledger.Close", None, Some("auditor"))), None);
        assert_eq!(code(&call("Other.Any", None, Some("auditor"))), denied);
        assert_eq!(code(&call("Ledgers.Post", None, Some("writer"))), denied);
    }
}
