//! Who calls: for [`Authorize`](super::Authorize).

use gobrpc_protocol::{Context, Identity};

use super::Principal;

/// Anyone, known or not.
pub fn anyone() -> impl Fn(&Context) -> bool + Send + Sync {
    |_| true
}

/// Whoever is known: by a certificate, or as a [`Principal`].
pub fn is_known() -> impl Fn(&Context) -> bool + Send + Sync {
    |cx| cx.peer().identity().is_some() || Principal::of(cx).is_some()
}

/// The principal of this name.
pub fn is_named(name: impl Into<String>) -> impl Fn(&Context) -> bool + Send + Sync {
    let name = name.into();
    move |cx| Principal::of(cx).is_some_and(|principal| principal.name() == name)
}

/// Principals of this role.
pub fn has_role(role: impl Into<String>) -> impl Fn(&Context) -> bool + Send + Sync {
    let role = role.into();
    move |cx| Principal::of(cx).is_some_and(|principal| principal.has_role(&role))
}

/// Clients whose certificate has just this DNS name.
pub fn has_dns_name(name: impl Into<String>) -> impl Fn(&Context) -> bool + Send + Sync {
    let name = name.into();
    identity(move |identity| identity.has_dns_name(&name))
}

/// Clients whose certificate has just this URI, such as SPIFFE's.
pub fn has_uri(uri: impl Into<String>) -> impl Fn(&Context) -> bool + Send + Sync {
    let uri = uri.into();
    identity(move |identity| identity.has_uri(&uri))
}

/// Clients whose certificate has this common name.
pub fn has_common_name(name: impl Into<String>) -> impl Fn(&Context) -> bool + Send + Sync {
    let name = name.into();
    identity(move |identity| identity.common_name.as_deref() == Some(&name))
}

fn identity(
    holds: impl Fn(&Identity) -> bool + Send + Sync,
) -> impl Fn(&Context) -> bool + Send + Sync {
    move |cx| cx.peer().identity().is_some_and(&holds)
}
