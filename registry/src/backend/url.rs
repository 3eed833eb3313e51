//! [`BackendUrl`]: a backend as one text, such as a command line or a file has it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

#[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
use super::TlsOptions;
use super::{Backend, Memory};
use crate::error::{Error, Result};

/// A backend as one text, such as a command line or a file has it.
///
/// | URL | backend | feature |
/// |---|---|---|
/// | `memory` | [`Memory`], new and empty | |
/// | `rpc://host:port`, `rpc:///path/of.sock` | a memory registry that another process serves | `client` |
/// | `etcd://host:port,host:port/namespace` | etcd; the port is 2379 if it is left out | `etcd` |
/// | `consul://host:port?dc=NAME` | Consul's agent; the port is 8500 | `consul` |
/// | `zk://host:port,host:port/chroot` | ZooKeeper; the port is 2181 | `zookeeper` |
///
/// `etcds://` and `consuls://` are the same over TLS (feature `tls`).
///
/// Users, passwords and tokens have no place in the text, which ends up in logs and in
/// lists of processes: give them by [`with_user`](Self::with_user) and
/// [`with_token`](Self::with_token). Neither `Debug` nor any error shows them.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::Registry;
/// use gobrpc_registry::backend::BackendUrl;
///
/// # fn main() -> gobrpc_registry::Result<()> {
/// let url: BackendUrl = "memory".parse()?;
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
    scheme: Scheme,
    tls: bool,
    hosts: Vec<String>,
    /// Without slashes around it; of a Unix socket, all of it.
    path: String,
    datacenter: Option<String>,
    user: Option<(String, String)>,
    token: Option<String>,
    #[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
    tls_options: TlsOptions,
}

/// Which backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Memory,
    Rpc,
    Etcd,
    Consul,
    ZooKeeper,
}

/// All schemes: name, backend, over TLS, the feature that it needs, and whether this
/// build has it.
const SCHEMES: [(&str, Scheme, bool, &str, bool); 7] = [
    ("memory", Scheme::Memory, false, "", true),
    (
        "rpc",
        Scheme::Rpc,
        false,
        "client",
        cfg!(feature = "client"),
    ),
    ("etcd", Scheme::Etcd, false, "etcd", cfg!(feature = "etcd")),
    (
        "etcds",
        Scheme::Etcd,
        true,
        "tls",
        cfg!(all(feature = "etcd", feature = "tls")),
    ),
    (
        "consul",
        Scheme::Consul,
        false,
        "consul",
        cfg!(feature = "consul"),
    ),
    (
        "consuls",
        Scheme::Consul,
        true,
        "tls",
        cfg!(all(feature = "consul", feature = "tls")),
    ),
    (
        "zk",
        Scheme::ZooKeeper,
        false,
        "zookeeper",
        cfg!(feature = "zookeeper"),
    ),
];

/// The longest URL, in bytes: addresses of a hundred members.
const LONGEST: usize = 30_000;

impl FromStr for BackendUrl {
    type Err = Error;

    /// Reads a URL. Nothing is dialled.
    ///
    /// # Errors
    ///
    /// [`Error::Url`] if it is none, and what it should be.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |problem: &dyn fmt::Display| Err(Error::url(format_args!("{problem}")));
        if text.len() > LONGEST {
            return wrong(&format_args!("a URL of {} bytes is too long", text.len()));
        }
        // `memory` alone is good enough.
        let (name, rest) = match text.split_once("://") {
            Some(parts) => parts,
            None if text == "memory" => (text, ""),
            None => {
                return wrong(&format_args!(
                    "{} has no scheme; write etcd://{0} or another of {}",
                    Shown(text),
                    known()
                ));
            }
        };
        let lower = name.to_ascii_lowercase();
        let Some(&(_, scheme, tls, feature, built)) =
            SCHEMES.iter().find(|(known, ..)| *known == lower)
        else {
            return wrong(&format_args!(
                "there is no backend {:?}; it is one of {}",
                Shown(name).to_string(),
                known()
            ));
        };
        if !built {
            return wrong(&format_args!(
                "{lower}:// needs gobrpc-registry with its feature `{feature}`, which this \
                 program was built without"
            ));
        }
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        if rest.contains('@') {
            return wrong(&format_args!(
                "the URL of the {lower} registry has a user in it, and such texts end up in \
                 logs; give user, password or token apart from it"
            ));
        }
        let (hosts, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let mut url = Self {
            scheme,
            tls,
            hosts: hosts
                .split(',')
                .map(|host| host.trim().to_owned())
                .collect(),
            path: path.to_owned(),
            datacenter: None,
            user: None,
            token: None,
            #[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
            tls_options: TlsOptions::default(),
        };
        url.query(query.unwrap_or_default())?;
        url.check(hosts.is_empty())?;
        // What a backend takes for an address, it knows itself; certificates are not
        // read yet.
        let plain = Self {
            tls: false,
            ..url.clone()
        };
        plain.open().map_err(|error| match error {
            Error::Refused(why) => Error::url(format_args!("{lower}://…: {why}")),
            error => error,
        })?;
        Ok(url)
    }
}

impl BackendUrl {
    /// Signs in as this user; etcd and ZooKeeper have them.
    pub fn with_user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some((name.into(), password.into()));
        self
    }

    /// Shows this token; Consul has them.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Secures the connections of `etcds://` and `consuls://` like this.
    #[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
    pub fn with_tls(mut self, tls: TlsOptions) -> Self {
        self.tls_options = tls;
        self
    }

    /// The backend. Nothing is dialled before it is used.
    ///
    /// # Errors
    ///
    /// [`Error::Url`] if a user or token is given to a backend that has none;
    /// [`Error::Refused`] if the backend does not take an address, or the certificates
    /// are malformed.
    pub fn open(&self) -> Result<Arc<dyn Backend>> {
        let unused = match self.scheme {
            Scheme::Etcd | Scheme::ZooKeeper => {
                self.token.is_some().then_some("token; it has users")
            }
            Scheme::Consul => self.user.is_some().then_some("user; it has tokens"),
            _ if self.user.is_some() => Some("user"),
            _ => self.token.is_some().then_some("token"),
        };
        if let Some(what) = unused {
            return Err(Error::url(format_args!(
                "the registry at {self} knows no {what}"
            )));
        }
        match self.scheme {
            Scheme::Memory => Ok(Arc::new(Memory::new())),
            #[cfg(feature = "client")]
            Scheme::Rpc => {
                let address = match self.hosts.first().filter(|host| !host.is_empty()) {
                    Some(host) => format!("tcp://{host}"),
                    None => format!("unix://{}", self.path),
                };
                Ok(Arc::new(super::rpc::Rpc::connect(&address)?))
            }
            #[cfg(feature = "etcd")]
            Scheme::Etcd => {
                let mut builder = super::etcd::Etcd::builder().namespace(&self.path);
                for host in &self.hosts {
                    builder = builder.endpoint(self.http(host));
                }
                if let Some((name, password)) = &self.user {
                    builder = builder.user(name, password);
                }
                #[cfg(feature = "tls")]
                {
                    builder = builder.tls(self.tls_options.clone());
                }
                Ok(Arc::new(builder.build()?))
            }
            #[cfg(feature = "consul")]
            Scheme::Consul => {
                let mut builder = super::consul::Consul::builder();
                for host in &self.hosts {
                    builder = builder.endpoint(self.http(host));
                }
                if let Some(token) = &self.token {
                    builder = builder.token(token);
                }
                if let Some(name) = &self.datacenter {
                    builder = builder.datacenter(name);
                }
                #[cfg(feature = "tls")]
                {
                    builder = builder.tls(self.tls_options.clone());
                }
                Ok(Arc::new(builder.build()?))
            }
            #[cfg(feature = "zookeeper")]
            Scheme::ZooKeeper => {
                let mut builder = super::zookeeper::ZooKeeper::builder().chroot(&self.path);
                for host in &self.hosts {
                    builder = builder.endpoint(host);
                }
                if let Some((name, password)) = &self.user {
                    builder = builder.digest(name, password);
                }
                Ok(Arc::new(builder.build()?))
            }
            #[cfg(not(all(
                feature = "client",
                feature = "consul",
                feature = "etcd",
                feature = "zookeeper"
            )))]
            _ => Err(Error::url(format_args!(
                "{self} is a backend that this program was built without"
            ))),
        }
    }

    #[cfg(any(feature = "consul", feature = "etcd"))]
    fn http(&self, host: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{host}")
    }

    fn query(&mut self, query: &str) -> Result<()> {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match (self.scheme, pair.split_once('=')) {
                (Scheme::Consul, Some(("dc", name))) if !name.is_empty() => {
                    self.datacenter = Some(name.to_owned());
                }
                // Its value may be a password.
                (_, found) => {
                    let name = found.map_or(pair, |(name, _)| name);
                    return Err(Error::url(format_args!(
                        "the URL of a registry has no setting {}; {}",
                        Shown(name),
                        match self.scheme {
                            Scheme::Consul => "of Consul there is ?dc=NAME",
                            _ => "this one has none at all",
                        }
                    )));
                }
            }
        }
        Ok(())
    }

    /// That hosts and path are what the backend can have.
    fn check(&self, no_host: bool) -> Result<()> {
        let wrong = |problem: &str| Err(Error::url(problem));
        let has_path = !self.path.trim_matches('/').is_empty();
        match self.scheme {
            Scheme::Memory if !no_host || has_path => {
                wrong("memory is in this process: it has no host; rpc://host:port is another's")
            }
            Scheme::Rpc if no_host && !has_path => {
                wrong("rpc:// wants rpc://host:port, or rpc:///path of a Unix socket")
            }
            Scheme::Rpc if !no_host && has_path => wrong("rpc://host:port has no path"),
            Scheme::Rpc if self.hosts.len() > 1 => wrong("rpc:// has one host only"),
            Scheme::Etcd if no_host => wrong("etcd:// wants a host: etcd://localhost:2379"),
            Scheme::ZooKeeper if no_host => wrong("zk:// wants a host: zk://localhost:2181"),
            Scheme::Consul if no_host => wrong("consul:// wants a host: consul://localhost:8500"),
            Scheme::Consul if has_path => wrong("consul://host:port has no path"),
            _ if !no_host && self.hosts.iter().any(String::is_empty) => {
                wrong("the URL has an empty host between its commas")
            }
            _ => Ok(()),
        }
    }
}

fn known() -> String {
    let names = SCHEMES.iter().filter(|(_, _, tls, ..)| !tls);
    let names: Vec<String> = names
        .map(|&(name, scheme, ..)| match scheme {
            Scheme::Memory => name.to_owned(),
            _ => format!("{name}://"),
        })
        .collect();
    names.join(", ")
}

/// A text of a stranger, cut and escaped.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What may be a password stands before it.
        let shown = self.0.rsplit_once('@').map_or(self.0, |(_, host)| host);
        let text = shown.chars().take(128).flat_map(char::escape_debug);
        f.write_str(&text.collect::<String>())
    }
}

/// Without user, password and token.
impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = SCHEMES
            .iter()
            .find(|(_, scheme, tls, ..)| (*scheme, *tls) == (self.scheme, self.tls));
        let name = found.map_or("", |(name, ..)| name);
        if self.scheme == Scheme::Memory {
            return f.write_str(name);
        }
        write!(f, "{name}://{}{}", self.hosts.join(","), self.path)?;
        match &self.datacenter {
            Some(name) => write!(f, "?dc={name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendUrl")
            .field("url", &format_args!("{self}"))
            .field("user", &self.user.as_ref().map(|(name, _)| name))
            .field("token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
