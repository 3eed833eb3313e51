//! [`Key`] and [`Prefix`]: the names of entries and of sets of them.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use crate::entry::ServiceEntry;
use crate::error::EntryError;

/// The name of an entry: `/services/{name}/{version}/{host:port}`.
///
/// `/`, `%` and control characters inside of a part are written as `%XX`. The
/// last part is the address for entries of ours; other writers put other names
/// there, so it identifies an instance and is not dialled.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::Key;
///
/// let key: Key = "/services/user/v1/[::1]:8080".parse().unwrap();
/// assert_eq!((key.service(), key.version(), key.instance()), ("user", "v1", "[::1]:8080"));
/// assert_eq!(key.to_string(), "/services/user/v1/[::1]:8080");
/// assert!("/services/user/v1".parse::<Key>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    service: Arc<str>,
    version: Arc<str>,
    instance: Arc<str>,
}

/// What every key starts with.
const ROOT: &str = "/services/";

/// The longest part, in bytes: the longest name that etcd, Consul and ZooKeeper
/// users are seen to give is a DNS name (253).
pub(crate) const MAX_PART: usize = 300;

impl Key {
    /// The key of an entry.
    #[must_use]
    pub fn of(entry: &ServiceEntry) -> Self {
        Self {
            service: entry.name().into(),
            version: entry.version().into(),
            instance: entry.addr().as_str().into(),
        }
    }

    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The instance: its address, unless somebody else wrote the entry.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ROOT)?;
        escape(f, &self.service)?;
        f.write_char('/')?;
        escape(f, &self.version)?;
        f.write_char('/')?;
        escape(f, &self.instance)
    }
}

impl FromStr for Key {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        let wrong = || EntryError::key(text);
        let mut parts = text.strip_prefix(ROOT).ok_or_else(wrong)?.split('/');
        let (Some(service), Some(version), Some(instance), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let part = |part| unescape(part).ok_or_else(wrong);
        Ok(Self {
            service: part(service)?.into(),
            version: part(version)?.into(),
            instance: part(instance)?.into(),
        })
    }
}

/// A set of keys: all, those of a service, or a single one.
///
/// A backend watches `/services/user/` with its last slash: without it,
/// `user-admin` would be matched, too.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::{Key, Prefix};
///
/// let user = Prefix::service("user");
/// assert_eq!(user.to_string(), "/services/user/");
/// let key: Key = "/services/user-admin/v1/10.0.0.1:80".parse().unwrap();
/// assert!(!user.contains(&key));
/// assert!(Prefix::all().contains(&key));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefix(Scope);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Scope {
    All,
    Service(Arc<str>),
    Key(Key),
}

impl Prefix {
    /// Every entry of every service.
    #[must_use]
    pub const fn all() -> Self {
        Self(Scope::All)
    }

    /// Every entry of a service, of all its versions.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self(Scope::Service(name.into()))
    }

    /// One entry.
    #[must_use]
    pub const fn key(key: Key) -> Self {
        Self(Scope::Key(key))
    }

    /// True if the key is one of them.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        match &self.0 {
            Scope::All => true,
            Scope::Service(name) => **name == *key.service,
            Scope::Key(one) => one == key,
        }
    }

    /// The service, unless it is all of them.
    #[must_use]
    pub fn service_name(&self) -> Option<&str> {
        match &self.0 {
            Scope::All => None,
            Scope::Service(name) => Some(name),
            Scope::Key(key) => Some(key.service()),
        }
    }

    /// The key, if it is a single one.
    #[must_use]
    pub const fn as_key(&self) -> Option<&Key> {
        match &self.0 {
            Scope::Key(key) => Some(key),
            _ => None,
        }
    }

    /// True if it is a single key, not the start of several.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        matches!(self.0, Scope::Key(_))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Scope::All => f.write_str(ROOT),
            Scope::Service(name) => {
                f.write_str(ROOT)?;
                escape(f, name)?;
                f.write_char('/')
            }
            Scope::Key(key) => key.fmt(f),
        }
    }
}

fn escape(f: &mut fmt::Formatter<'_>, part: &str) -> fmt::Result {
    for c in part.chars() {
        match c {
            '/' | '%' | '\0'..='\x1f' | '\x7f' => write!(f, "%{:02X}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

fn unescape(part: &str) -> Option<String> {
    if part.is_empty() || part.len() > 3 * MAX_PART {
        return None;
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(*rest.next()?).to_digit(16);
        bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|part| part.len() <= MAX_PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_as_they_were() {
        let entry = ServiceEntry::new("a/b%c\u{e9}", "v1", "/run/a b.sock").unwrap();
        let key = Key::of(&entry);
        let text = key.to_string();
        assert_eq!(text, "/services/a%2Fb%25c\u{e9}/v1/%2Frun%2Fa b.sock");
        assert_eq!(text.parse::<Key>().unwrap(), key);
        assert_eq!(
            "/services/a%2fb/v/x".parse::<Key>().unwrap().service(),
            "a/b"
        );
    }

    #[test]
    fn what_is_no_key_is_an_error() {
        for text in [
            "",
            "/services/",
            "/services/a/b",
            "/services/a/b/c/d",
            "/services/a//c",
            "/other/a/b/c",
            "services/a/b/c",
            "/services/a/b/%2",
            "/services/a/b/%zz",
            "/services/a/b/%+1",
            "/services/a/b/%ff",
        ] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
        let part = "a".repeat(MAX_PART);
        assert!(format!("/services/{part}/v/x").parse::<Key>().is_ok());
        assert!(format!("/services/{part}a/v/x").parse::<Key>().is_err());
    }
}
