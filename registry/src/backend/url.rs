//! [`BackendUrl`]: a backend as one text, such as a command line or a file has it.

mod one;
mod scheme;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use self::one::One;
use super::Backend;
#[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
use super::TlsOptions;
use super::chain::Chain;
use super::merge::Merge;
use crate::error::{Error, Result};

/// A backend as one text, such as a command line or a file has it.
///
/// | URL | backend | feature |
/// |---|---|---|
/// | `memory` | [`Memory`](crate::Memory), new and empty | |
/// | `rpc://host:port`, `rpc:///path/of.sock` | a memory registry that another process serves | `client` |
/// | `etcd://host:port,host:port/namespace` | etcd; the port is 2379 if it is left out | `etcd` |
/// | `consul://host:port?dc=NAME` | Consul's agent; the port is 8500 | `consul` |
/// | `zk://host:port,host:port/chroot` | ZooKeeper; the port is 2181 | `zookeeper` |
/// | `dns:///_{service}._tcp.example.org`, `dns://server:port/…` | SRV records, from the system's servers or from this one; to look up only | `dns` |
/// | `file:///etc/services.json` | a list in a file; to look up only | |
/// | `static://host:port,host:port/service/version` | a list; without a version it is `v1`; to look up only | |
/// | `chain:URL URL …` | [`Chain`]: the first that answers; registers in the first | |
/// | `merge:URL URL …` | [`Merge`]: what any of them has; registers in all | |
///
/// `etcds://` and `consuls://` are the same over TLS (feature `tls`). ZooKeeper has none,
/// as the TLS of its client library is a C library's.
///
/// Users, passwords and tokens have no place in the text, which ends up in logs and in
/// lists of processes: give them by [`with_user`](Self::with_user) and
/// [`with_token`](Self::with_token). Neither `Debug` nor any error shows them. Of several
/// backends, all that know users get the user, and all that know tokens the token.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::Registry;
/// use gobrpc_registry::backend::BackendUrl;
///
/// # fn main() -> gobrpc_registry::Result<()> {
/// let url: BackendUrl = "chain:memory file:///etc/services.json".parse()?;
/// let registry = Registry::new(url.open()?);
///
/// let error = "redis://localhost".parse::<BackendUrl>().unwrap_err();
/// assert!(error.to_string().contains("there is no backend \"redis\""));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened yet"]
pub struct BackendUrl {
    how: How,
    parts: Vec<One>,
}

/// How several backends are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Alone,
    Chain,
    Merge,
}

impl How {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Alone => "",
            Self::Chain => "chain:",
            Self::Merge => "merge:",
        }
    }
}

/// The longest URL, in bytes: addresses of a hundred members.
const LONGEST: usize = 30_000;

/// Backends that are one, at most.
const MOST: usize = 16;

impl FromStr for BackendUrl {
    type Err = Error;

    /// Reads a URL. Nothing is dialled.
    ///
    /// # Errors
    ///
    /// [`Error::Url`] if it is none, and what it should be.
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > LONGEST {
            return Err(Error::url(format_args!(
                "a URL of {} bytes is too long",
                text.len()
            )));
        }
        let composed = [How::Chain, How::Merge].into_iter().find_map(|how| {
            let rest = text.strip_prefix(how.prefix())?;
            Some((how, rest))
        });
        let Some((how, rest)) = composed else {
            return Ok(Self {
                how: How::Alone,
                parts: vec![text.parse()?],
            });
        };
        let parts: Vec<One> = rest
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_>>()?;
        match parts.len() {
            2..=MOST => Ok(Self { how, parts }),
            many => Err(Error::url(format_args!(
                "{0} wants 2 to {MOST} URLs with spaces between them, and not {many}: \
                 {0}etcd://localhost:2379 file:///etc/services.json",
                how.prefix()
            ))),
        }
    }
}

impl BackendUrl {
    /// Signs in as this user; etcd and ZooKeeper have them.
    pub fn with_user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        let user = (name.into(), password.into());
        self.each(One::has_users, |part| part.user = Some(user.clone()));
        self
    }

    /// Shows this token; Consul has them.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        self.each(One::has_tokens, |part| part.token = Some(token.clone()));
        self
    }

    /// Secures the connections of `etcds://` and `consuls://` like this.
    #[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
    pub fn with_tls(mut self, tls: TlsOptions) -> Self {
        self.each(|_| true, |part| part.tls_options = tls.clone());
        self
    }

    /// Changes those that take it; if none does, all, of which each says so then.
    fn each(&mut self, takes: impl Fn(&One) -> bool, change: impl Fn(&mut One)) {
        let any = self.parts.iter().any(&takes);
        let parts = self.parts.iter_mut();
        parts.filter(|part| !any || takes(part)).for_each(change);
    }

    /// Those that `chain:` and `merge:` put together, each alone, as
    /// [`PartFault::place`](super::PartFault::place) counts them; of other URLs this one.
    /// They have what this one was given of users, tokens and certificates.
    pub fn parts(&self) -> impl Iterator<Item = Self> {
        self.parts.iter().map(|part| Self {
            how: How::Alone,
            parts: vec![part.clone()],
        })
    }

    /// The backend. Nothing is dialled before it is used.
    ///
    /// # Errors
    ///
    /// [`Error::Url`] if a user or token is given to a backend that has none;
    /// [`Error::Refused`] if the backend does not take an address, or the certificates
    /// are malformed.
    pub fn open(&self) -> Result<Arc<dyn Backend>> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            parts.push(part.open()?);
        }
        match self.how {
            How::Merge => Ok(Arc::new(Merge::new(parts))),
            How::Alone | How::Chain => {
                let mut parts = parts.into_iter();
                let first = parts.next();
                let first = first.ok_or_else(|| Error::url("the URL names no backend"))?;
                match parts.len() {
                    0 => Ok(first),
                    _ => Ok(Arc::new(Chain::new(first, parts))),
                }
            }
        }
    }
}

/// Without user, password and token.
impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.how.prefix())?;
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{part}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.parts.iter().filter_map(|part| part.user.as_ref());
        let users: Vec<_> = users.map(|(name, _)| name).collect();
        let tokens = self.parts.iter().any(|part| part.token.is_some());
        f.debug_struct("BackendUrl")
            .field("url", &format_args!("{self}"))
            .field("user", &users.first())
            .field("token", &tokens)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
