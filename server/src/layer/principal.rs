//! [`Principal`]: who a caller has shown to be.

use std::sync::Arc;

use gobrpc_protocol::Context;

/// Who a caller has shown to be, by a token or by whatever a layer asks for.
///
/// [`Bearer`](super::Bearer) puts it into the [extensions](Context::extensions) of
/// the call, and a layer of your own may. Who a certificate names is in
/// [`Peer::identity`](gobrpc_protocol::Peer::identity).
///
/// # Examples
///
/// ```
/// use gobrpc_server::Context;
/// use gobrpc_server::layer::Principal;
///
/// let mut cx = Context::local("Ledger.Post");
/// assert_eq!(Principal::of(&cx), None);
/// cx.extensions_mut().insert(Principal::new("billing").with_role("writer"));
/// let caller = Principal::of(&cx).unwrap();
/// assert_eq!(caller.name(), "billing");
/// assert!(caller.has_role("writer"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    name: Arc<str>,
    roles: Vec<String>,
}

impl Principal {
    /// A principal of this name, without roles.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            roles: Vec::new(),
        }
    }

    /// Adds a role.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// The principal of a call, if a layer has found one.
    #[must_use]
    pub fn of(cx: &Context) -> Option<&Self> {
        cx.extensions().get()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True if it has a role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}
