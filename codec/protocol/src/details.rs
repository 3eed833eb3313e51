//! [`ErrorDetails`]: what an error says to programs.

use std::time::Duration;

use gobrpc_codec::{DecodeOwned, Encode, Gob};

use crate::error::Result;

/// What an error says to programs, beside its code and its message: the body of
/// an error reply.
///
/// Go's clients throw the bodies of error replies away, and have the message
/// only. A value that describes itself: a peer may know more fields, or fewer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gobrpc_protocol::{Error, ErrorDetails};
///
/// let error = Error::resource_exhausted("too many requests").with_details(
///     ErrorDetails::new("QUOTA_EXCEEDED").with_retry_after(Duration::from_secs(3)),
/// );
/// let details = error.details().expect("just set");
/// assert_eq!(details.reason, "QUOTA_EXCEEDED");
/// assert_eq!(details.retry_after(), Some(Duration::from_secs(3)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "rpc")]
#[non_exhaustive]
pub struct ErrorDetails {
    /// Which error it is, for programs to compare: `QUOTA_EXCEEDED`.
    pub reason: String,
    /// Who defines the reason: `billing.example.com`; empty if that is clear.
    pub domain: String,
    /// Nanoseconds after which trying again may help; 0 for nothing known.
    retry_after: i64,
    /// What is wrong with which field of the argument.
    pub violations: Vec<Violation>,
    /// Values of your own, by name: see [`ErrorDetails::attach`].
    pub attachments: Vec<Attachment>,
}

/// What is wrong with a field of the argument.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "rpc")]
pub struct Violation {
    /// The path of the field: `Items[3].Price`.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// A value of your own beside an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Gob)]
#[gob(crate = "gobrpc_codec", package = "rpc")]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// A gob stream of its own, with one value.
    pub stream: Vec<u8>,
}

impl ErrorDetails {
    /// Details with a reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            ..Self::default()
        }
    }

    /// Sets who defines the reason.
    #[must_use]
    pub fn with_domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Sets after how long trying again may help; at most 292 years.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX);
        self
    }

    /// Adds what is wrong with a field of the argument.
    #[must_use]
    pub fn with_violation(
        mut self,
        field: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.violations.push(Violation {
            field: field.into(),
            description: description.into(),
        });
        self
    }

    /// Adds a value of your own.
    ///
    /// # Errors
    ///
    /// If gob cannot express it.
    pub fn attach<T: Encode>(mut self, name: impl Into<String>, value: &T) -> Result<Self> {
        self.attachments.push(Attachment {
            name: name.into(),
            stream: gobrpc_codec::to_vec(value)?,
        });
        Ok(self)
    }

    /// After how long trying again may help, if that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let nanos = u64::try_from(self.retry_after).ok()?;
        (nanos > 0).then(|| Duration::from_nanos(nanos))
    }

    /// The first value with a name; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it does not fit `T`.
    pub fn attachment<T: DecodeOwned>(&self, name: &str) -> Result<Option<T>> {
        let found = self
            .attachments
            .iter()
            .find(|attachment| attachment.name == name);
        match found {
            Some(attachment) => Ok(Some(gobrpc_codec::from_slice(&attachment.stream)?)),
            None => Ok(None),
        }
    }
}
