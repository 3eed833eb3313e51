//! Names of services and methods.

use crate::error::{Code, Error};

/// Names of our own; no service may take one (`_goRPC_.Cancel` is that of a Go
/// fork, too).
pub const RESERVED_PREFIX: &str = "_goRPC_";

/// Splits `Service.Method` at the last dot, as Go does (`server.go`,
/// `readRequestHeader`): `a.b.M` is method `M` of service `a.b`.
///
/// # Errors
///
/// Go's `rpc: service/method request ill-formed: …`.
///
/// # Examples
///
/// ```
/// use gobrpc_protocol::method::split;
///
/// assert_eq!(split("a.b.M").unwrap(), ("a.b", "M"));
/// assert_eq!(
///     split("nodot").unwrap_err().message(),
///     "rpc: service/method request ill-formed: nodot"
/// );
/// ```
pub fn split(service_method: &str) -> Result<(&str, &str), Error> {
    service_method.rsplit_once('.').ok_or_else(|| {
        Error::with_code(
            Code::InvalidArgument,
            format!("rpc: service/method request ill-formed: {service_method}"),
        )
    })
}

/// Go's error for a service that is not there.
#[must_use]
pub fn no_service(service_method: &str) -> Error {
    Error::with_code(
        Code::Unimplemented,
        format!("rpc: can't find service {service_method}"),
    )
}

/// Go's error for a method that is not there.
#[must_use]
pub fn no_method(service_method: &str) -> Error {
    Error::with_code(
        Code::Unimplemented,
        format!("rpc: can't find method {service_method}"),
    )
}

/// What a caller learns of a handler that panicked: that it did, and not what it said,
/// which may hold secrets.
#[must_use]
pub fn panicked(service_method: &str) -> Error {
    Error::internal(format!("rpc: the handler of {service_method} panicked"))
}
