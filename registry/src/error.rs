//! [`Error`]: why the registry could not do what was asked.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The result of what this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the registry could not do what was asked.
///
/// Copies are cheap, so that everyone who waits for one answer gets its error.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::{Error, ServiceEntry};
///
/// fn entry() -> Result<ServiceEntry, Error> {
///     Ok(ServiceEntry::new("user", "v1", "0.0.0.0:8080")?)
/// }
///
/// let error = entry().unwrap_err();
/// assert!(matches!(error, Error::Entry(_)));
/// assert!(!error.may_pass());
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The backend cannot be reached, or answers too late; it may work again.
    #[error("the registry is not reachable: {0}")]
    Unavailable(Arc<str>),
    /// The backend understood and refuses: no permission, a bad setting.
    #[error("the registry refuses: {0}")]
    Refused(Arc<str>),
    /// The backend is for looking up only: nothing can be registered in it.
    #[error("nothing can be registered in {0}")]
    Unsupported(&'static str),
    /// Another live instance holds the address.
    #[error("another instance ({holder}) is registered at this address")]
    Conflict {
        /// The instance ID of the other one.
        holder: Arc<str>,
    },
    /// An entry, a key or an address that is not one.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// More services are watched at once than
    /// [`RegistryOptions::services`](crate::RegistryOptions::services) allows.
    #[error("{0} services are watched already; raise RegistryOptions::services for more")]
    TooManyServices(usize),
    /// A URL that is no registry's: [`BackendUrl`](crate::backend::BackendUrl).
    #[error("{0}")]
    Url(Arc<str>),
    /// The registration is over.
    #[error("the registration was given up")]
    Deregistered,
    /// There is no tokio runtime here.
    #[error("a registry works inside of a tokio runtime only")]
    NoRuntime,
}

impl Error {
    /// The backend cannot be reached; `why` says what was seen.
    pub fn unavailable(why: impl fmt::Display) -> Self {
        Self::Unavailable(why.to_string().into())
    }

    /// The backend refuses; `why` is what it says.
    pub fn refused(why: impl fmt::Display) -> Self {
        Self::Refused(why.to_string().into())
    }

    /// A URL is no registry's; `why` says what is wrong with it.
    pub(crate) fn url(why: impl fmt::Display) -> Self {
        Self::Url(why.to_string().into())
    }

    /// The backend said nothing for this long.
    pub(crate) fn silent(after: Duration) -> Self {
        Self::unavailable(format_args!("no answer within {after:?}"))
    }

    /// True if trying the same again later may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict { .. })
    }
}

/// What is wrong with an entry, a key or an address.
///
/// The offending text is cut to 128 characters and escaped: it may come from
/// a stranger, and goes into logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// A name, version or ID that is empty, too long or has control characters.
    #[error("{field} is {problem}: \"{text}\"")]
    Text {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
        /// The text.
        text: String,
    },
    /// An address that nobody can dial.
    #[error("the address \"{text}\" {problem}")]
    Address {
        /// What is wrong with it.
        problem: &'static str,
        /// The address.
        text: String,
    },
    /// A key that is not of the form `/services/{name}/{version}/{instance}`.
    #[error("\"{text}\" is not a key of the form /services/name/version/host:port")]
    Key {
        /// The key.
        text: String,
    },
    /// The value under a key is not the JSON of an entry.
    #[error("the entry is malformed: {0}")]
    Json(String),
    /// The value names another service or version than its key.
    #[error("the entry's {field} is not that of its key")]
    Mismatch {
        /// Which field.
        field: &'static str,
    },
    /// The entry takes more bytes than [`ServiceEntry::MAX_JSON`](crate::ServiceEntry::MAX_JSON).
    #[error("the entry takes {0} bytes of JSON, which is too long")]
    TooLong(usize),
}

impl EntryError {
    pub(crate) fn text(field: &'static str, problem: &'static str, text: &str) -> Self {
        Self::Text {
            field,
            problem,
            text: printable(text),
        }
    }

    pub(crate) fn address(problem: &'static str, text: &str) -> Self {
        Self::Address {
            problem,
            text: printable(text),
        }
    }

    pub(crate) fn key(text: &str) -> Self {
        Self::Key {
            text: printable(text),
        }
    }
}

/// A selector that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// It looks like a range of versions, and is none.
    #[error("\"{text}\" is no range of versions such as \"^1.2\" or \">=1, <3\": {problem}")]
    Versions {
        /// The text, cut and escaped.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl SelectorError {
    pub(crate) fn version(text: &str, problem: impl fmt::Display) -> Self {
        Self::Versions {
            text: printable(text),
            problem: problem.to_string(),
        }
    }
}

fn printable(text: &str) -> String {
    text.chars()
        .take(128)
        .flat_map(char::escape_debug)
        .collect()
}

/// No endpoint of a service can be called: the source of the
/// [`gobrpc_protocol::Error`] that a balanced call ends with.
///
/// # Examples
///
/// ```
/// use std::error::Error as _;
/// use gobrpc_registry::NoEndpoints;
///
/// fn explain(error: &gobrpc_protocol::Error) {
///     if let Some(none) = error.source().and_then(|e| e.downcast_ref::<NoEndpoints>()) {
///         println!("nobody serves {}", none.service);
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NoEndpoints {
    /// The service.
    pub service: String,
    /// When the registry was last heard of; `None` for never.
    pub last_contact: Option<Instant>,
    /// What the registry last failed with, if it fails now.
    pub last_error: Option<Error>,
}

impl fmt::Display for NoEndpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no endpoint of \"{}\" can be called", self.service)?;
        match self.last_contact {
            None => f.write_str("; the registry was never reached")?,
            Some(at) => write!(
                f,
                "; last word of the registry {:.1} s ago",
                at.elapsed().as_secs_f64()
            )?,
        }
        match &self.last_error {
            Some(error) => write!(f, "; {error}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NoEndpoints {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.last_error
            .as_ref()
            .map(|error| error as &(dyn std::error::Error + 'static))
    }
}
