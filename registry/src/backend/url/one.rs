//! [`One`]: the URL of one backend.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::scheme::{Scheme, Shown, Spelling};
#[cfg(any(
    feature = "client",
    feature = "consul",
    feature = "dns",
    feature = "etcd",
    feature = "zookeeper"
))]
use crate::backend;
#[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
use crate::backend::TlsOptions;
use crate::backend::file::File;
use crate::backend::fixed::Static;
use crate::backend::{Backend, Memory};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};

/// The URL of one backend.
#[derive(Clone)]
pub(super) struct One {
    pub(super) scheme: Scheme,
    tls: bool,
    hosts: Vec<String>,
    /// With the slash that it begins with.
    path: String,
    datacenter: Option<String>,
    pub(super) user: Option<(String, String)>,
    pub(super) token: Option<String>,
    #[cfg(all(feature = "tls", any(feature = "consul", feature = "etcd")))]
    pub(super) tls_options: TlsOptions,
}

impl FromStr for One {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |problem: &dyn fmt::Display| Err(Error::url(format_args!("{problem}")));
        // `memory` alone is good enough.
        let (name, rest) = match text.split_once("://") {
            Some(parts) => parts,
            None if text == "memory" => (text, ""),
            None => {
                return wrong(&format_args!(
                    "{} has no scheme; write etcd://{0} or another of {}",
                    Shown(text),
                    Spelling::all()
                ));
            }
        };
        if Spelling::is_zookeeper_over_tls(name) {
            return wrong(
                &"ZooKeeper over TLS is not supported, as the TLS of its client library is \
                  OpenSSL's: use zk:// to a TLS proxy on this machine, such as stunnel",
            );
        }
        let Some(spelling) = Spelling::find(name) else {
            return wrong(&format_args!(
                "there is no backend {:?}; it is one of {}",
                Shown(name).to_string(),
                Spelling::all()
            ));
        };
        let Spelling { name, scheme, .. } = *spelling;
        if !spelling.built {
            return wrong(&format_args!(
                "{name}:// needs gobrpc-registry with its feature `{}`, which this program was \
                 built without",
                spelling.feature
            ));
        }
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (hosts, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        // The name of a file may have one.
        let is_file = scheme == Scheme::File;
        if hosts.contains('@') || path.contains('@') && !is_file {
            return wrong(&format_args!(
                "the URL of the {name} registry has a user in it, and such texts end up in \
                 logs; give user, password or token apart from it"
            ));
        }
        let mut url = Self {
            scheme,
            tls: spelling.tls,
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
            Error::Refused(why) => Error::url(format_args!("{name}://…: {why}")),
            error => error,
        })?;
        Ok(url)
    }
}

impl One {
    pub(super) const fn has_users(&self) -> bool {
        matches!(self.scheme, Scheme::Etcd | Scheme::ZooKeeper)
    }

    pub(super) const fn has_tokens(&self) -> bool {
        matches!(self.scheme, Scheme::Consul)
    }

    pub(super) fn open(&self) -> Result<Arc<dyn Backend>> {
        let unused = match (&self.user, &self.token) {
            (Some(_), _) if !self.has_users() && self.has_tokens() => Some("user; it has tokens"),
            (_, Some(_)) if !self.has_tokens() && self.has_users() => Some("token; it has users"),
            (Some(_), _) if !self.has_users() => Some("user"),
            (_, Some(_)) if !self.has_tokens() => Some("token"),
            _ => None,
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
                Ok(Arc::new(backend::rpc::Rpc::connect(&address)?))
            }
            #[cfg(feature = "etcd")]
            Scheme::Etcd => {
                let mut builder = backend::etcd::Etcd::builder().namespace(&self.path);
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
                let mut builder = backend::consul::Consul::builder();
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
                let mut builder = backend::zookeeper::ZooKeeper::builder().chroot(&self.path);
                for host in &self.hosts {
                    builder = builder.endpoint(host);
                }
                if let Some((name, password)) = &self.user {
                    builder = builder.digest(name, password);
                }
                Ok(Arc::new(builder.build()?))
            }
            #[cfg(feature = "dns")]
            Scheme::Dns => {
                let mut builder = backend::dns::Dns::builder(self.path.trim_matches('/'));
                for server in self.hosts.iter().filter(|host| !host.is_empty()) {
                    builder = builder.server(server);
                }
                Ok(Arc::new(builder.build()?))
            }
            Scheme::File => Ok(Arc::new(File::new(&self.path))),
            Scheme::Static => Ok(Arc::new(Static::new(self.entries()?))),
            #[cfg(not(all(
                feature = "client",
                feature = "consul",
                feature = "dns",
                feature = "etcd",
                feature = "zookeeper"
            )))]
            _ => Err(Error::url(format_args!(
                "{self} is a backend that this program was built without"
            ))),
        }
    }

    /// Those of `static://host:port,host:port/service/version`.
    fn entries(&self) -> Result<Vec<ServiceEntry>> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        let (service, version) = path.split_once('/').unwrap_or((path, "v1"));
        let entry = |host: &String| ServiceEntry::new(service, version, host);
        let entries: Result<_, _> = self.hosts.iter().map(entry).collect();
        entries.map_err(|error| Error::url(format_args!("static://…: {error}")))
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
            Scheme::Dns if !has_path => wrong(
                "dns:// wants the name that it asks for: dns:///_{service}._tcp.example.org, \
                 or dns://server:port/_{service}._tcp.example.org",
            ),
            Scheme::File if !no_host || !has_path => {
                wrong("file:// wants the whole path of a file: file:///etc/services.json")
            }
            Scheme::Static if no_host || !matches!(self.path.matches('/').count(), 1 | 2) => {
                wrong("static:// wants static://host:port,host:port/service/version")
            }
            Scheme::Consul if has_path => wrong("consul://host:port has no path"),
            _ if !no_host && self.hosts.iter().any(String::is_empty) => {
                wrong("the URL has an empty host between its commas")
            }
            _ => Ok(()),
        }
    }
}

/// Without user, password and token.
impl fmt::Display for One {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Spelling::of(self.scheme, self.tls);
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
