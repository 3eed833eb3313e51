//! [`Access`]: how a registry is reached.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use gobrpc_registry::backend::{BackendUrl, PartFault, Snapshot, TlsOptions};
use gobrpc_registry::{Backend, Error, Prefix};

use crate::exit::Failure;
use crate::printable::printable;

/// What the help of each command that uses a registry says about it.
pub(crate) const URLS: &str = "\
Registries:
  rpc://host:port                  one that `gobrpc registry serve` shares; for development
  etcd://host:port,host:port       etcd 3.4 or later, all of its members; with a /namespace
  consul://host:port               Consul, by the agent of this machine; ?dc=NAME
  zk://host:port,host:port         ZooKeeper 3.6 or later; with a /chroot
  etcds:// consuls://              the same over TLS
  dns:///_{service}._tcp.DOMAIN    SRV records; or dns://server:port/…; to look up only
  file:///services.json            a JSON array of entries; to look up only
  static://host:port,…/SERVICE     these addresses; to look up only
  chain:URL URL …                  the first that answers, in quotes; or several --backend
  merge:URL URL …                  what any of them has, in quotes; to move between registries
  $GOBRPC_REGISTRY is the one that is used if none is given. Passwords and tokens are taken
  from $GOBRPC_REGISTRY_PASSWORD and $GOBRPC_REGISTRY_TOKEN, or from files.";

/// Options of all commands that use a registry. Secrets are no options: others see the
/// command lines of a machine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Access to the registry")]
pub(crate) struct Access {
    /// Sign in as this user, whose password is in $GOBRPC_REGISTRY_PASSWORD
    #[arg(
        long,
        value_name = "NAME",
        env = "GOBRPC_REGISTRY_USER",
        hide_env = true
    )]
    user: Option<String>,
    /// Read the password from the first line of this file
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Read the token from the first line of this file, not $GOBRPC_REGISTRY_TOKEN
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Trust the certificates in this file (PEM), not those of the system
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Show the registry the certificate in this file (PEM)
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
}

/// Where a registry is, and how it is reached.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Where the registry is; of several, the first one that answers
    #[arg(long, value_name = "URL", env = "GOBRPC_REGISTRY", hide_env = true)]
    backend: Vec<String>,
    #[command(flatten)]
    access: Access,
}

impl Place {
    /// The registry that is there.
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        match self.backend.as_slice() {
            [] => Err(Failure::usage(
                "where is the registry? Give --backend, or set GOBRPC_REGISTRY, to \
                 etcd://localhost:2379 for example; `gobrpc registry serve` is one for \
                 development",
            )),
            [url] => self.access.open(url),
            urls => self.access.open(&format!("chain:{}", urls.join(" "))),
        }
    }
}

/// A registry, which nothing was asked yet.
pub(crate) struct Opened {
    pub(crate) backend: Arc<dyn Backend>,
    url: BackendUrl,
    /// Who signs in was said.
    signed_in: bool,
}

impl Access {
    /// The registry at a URL.
    pub(crate) fn open(&self, url: &str) -> Result<Opened, Failure> {
        let mut url: BackendUrl = url
            .parse()
            .map_err(|error: Error| Failure::usage(error.to_string()))?;
        let mut signed_in = false;
        if let Some(user) = &self.user {
            let password = self.password()?;
            url = url.with_user(user, password);
            signed_in = true;
        }
        if let Some(token) = self.token(&url)? {
            url = url.with_token(token);
            signed_in = true;
        }
        let tls = self.tls(&url)?;
        url = url.with_tls(tls);
        let backend = url.open().map_err(|error| match error {
            Error::Url(_) => Failure::usage(error.to_string()),
            error => Failure::failed(format!("{url}: {error}")),
        })?;
        Ok(Opened {
            backend,
            url,
            signed_in,
        })
    }

    fn password(&self) -> Result<String, Failure> {
        match (&self.password_file, secret("GOBRPC_REGISTRY_PASSWORD")?) {
            (Some(file), _) => first_line(file),
            (None, Some(password)) => Ok(password),
            (None, None) => Err(Failure::usage(
                "a user has a password: set GOBRPC_REGISTRY_PASSWORD, or give --password-file",
            )),
        }
    }

    /// The token, if one is given for this registry: the variable may be there for
    /// another.
    fn token(&self, url: &BackendUrl) -> Result<Option<String>, Failure> {
        match &self.token_file {
            Some(file) => first_line(file).map(Some),
            None if url.to_string().contains("consul") => secret("GOBRPC_REGISTRY_TOKEN"),
            None => Ok(None),
        }
    }

    fn tls(&self, url: &BackendUrl) -> Result<TlsOptions, Failure> {
        let given = self.ca_file.is_some() || self.cert_file.is_some();
        if given && !url.parts().any(|part| is_over_tls(&part)) {
            return Err(Failure::usage(format!(
                "{url} is not reached over TLS, and has no use for certificates: that is \
                 etcds:// and consuls://"
            )));
        }
        let read = |file: &PathBuf| {
            std::fs::read(file)
                .map_err(|error| Failure::failed(format!("{}: {error}", file.display())))
        };
        let mut tls = TlsOptions::new();
        if let Some(file) = &self.ca_file {
            tls = tls.ca_pem(read(file)?);
        }
        if let (Some(chain), Some(key)) = (&self.cert_file, &self.key_file) {
            tls = tls.identity_pem(read(chain)?, read(key)?);
        }
        Ok(tls)
    }
}

fn is_over_tls(url: &BackendUrl) -> bool {
    let url = url.to_string();
    url.starts_with("etcds://") || url.starts_with("consuls://")
}

fn secret(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(secret) if !secret.is_empty() => Ok(Some(secret)),
        Ok(_) | Err(std::env::VarError::NotPresent) => Ok(None),
        Err(_) => Err(Failure::usage(format!("{name} is not UTF-8"))),
    }
}

fn first_line(file: &PathBuf) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.to_owned()),
        None => Err(Failure::failed(format!(
            "{}: its first line is empty",
            file.display()
        ))),
    }
}

/// True of what the registries say to those who did not sign in, and not of what is said
/// of one that is another program, or cannot do what it is asked for.
fn is_about_access(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    let words = ["permission", "acl", "who we are", "authenticat", "digest"];
    words.iter().any(|word| why.contains(word))
}

impl Opened {
    /// Where it is, without secrets.
    pub(crate) fn url(&self) -> String {
        self.url.to_string()
    }

    /// All that is registered under a prefix, now; says how many values are no entries.
    pub(crate) async fn snapshot(
        &self,
        prefix: &Prefix,
        limit: Duration,
    ) -> Result<Snapshot, Failure> {
        let snapshot = self.within(limit, self.backend.snapshot(prefix)).await?;
        // What the others have is an answer all the same.
        for fault in self.backend.faults(prefix) {
            eprintln!("gobrpc: {}", printable(&self.explain_fault(&fault)));
        }
        if snapshot.malformed > 0 {
            eprintln!(
                "gobrpc: {}: {} values there are no entries, and are left out",
                self.url, snapshot.malformed
            );
        }
        Ok(snapshot)
    }

    /// Which of several registries fails, and with what.
    pub(super) fn explain_fault(&self, fault: &PartFault) -> String {
        match self.url.parts().nth(fault.place) {
            Some(part) => explain(&part, &fault.error, self.signed_in),
            None => fault.to_string(),
        }
    }

    /// Does something with the registry in this time.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done.map_err(|error| self.explain(&error)),
            Err(_) => Err(Failure::failed(format!(
                "{}: no answer within {}; is something else listening there? --timeout waits \
                 longer",
                self.url,
                crate::duration::show(limit)
            ))),
        }
    }

    /// What went wrong, where, and what to do.
    pub(crate) fn explain(&self, error: &Error) -> Failure {
        Failure::failed(explain(&self.url, error, self.signed_in))
    }
}

fn explain(url: &BackendUrl, error: &Error, signed_in: bool) -> String {
    match error {
        // It says which file it cannot read.
        Error::Unavailable(why) if url.to_string().starts_with("file:") => format!("{url}: {why}"),
        Error::Unavailable(why) => format!(
            "{url}: the registry is not reachable: {why}; does it run, and is that its address?"
        ),
        Error::Refused(why) if signed_in || !is_about_access(why) => {
            format!("{url}: the registry refuses: {why}")
        }
        Error::Refused(why) => format!(
            "{url}: the registry refuses: {why}; nobody signed in: {}",
            how_to_sign_in(url)
        ),
        error => format!("{url}: {error}"),
    }
}

/// What the registries there want of who signs in.
fn how_to_sign_in(url: &BackendUrl) -> String {
    let urls: Vec<String> = url.parts().map(|part| part.to_string()).collect();
    let any = |start: &str| urls.iter().any(|url| url.starts_with(start));
    let users = any("etcd") || any("zk");
    let ways = [
        users.then_some("give --user and set $GOBRPC_REGISTRY_PASSWORD, or give --password-file"),
        any("consul").then_some("set $GOBRPC_REGISTRY_TOKEN, or give --token-file"),
    ];
    ways.into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; for Consul ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_kept_out_is_told_to_sign_in() {
        for (why, expected) in [
            ("http://h:1: etcd asks who we are; give a user", true),
            ("http://h:1: Permission denied: Missing service:write", true),
            ("http://h:1: ACL not found", true),
            ("h:1: no permission for /services", true),
            (
                "http://h:1: this is no etcd 3.4 or later, as it has no /v3",
                false,
            ),
            (
                "http://h:1: this is no agent of Consul: 404 Not Found",
                false,
            ),
            ("DNS cannot list all services", false),
        ] {
            assert_eq!(is_about_access(why), expected, "{why}");
        }
    }
}
