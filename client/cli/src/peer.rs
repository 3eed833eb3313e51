//! [`PeerArgs`]: which server, and how to reach it.

mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use gobrpc_client::{Address, Client, ClientBuilder, Limits};
use gobrpc_protocol::Caller;
use gobrpc_registry::client::Dial;
use gobrpc_registry::{Balanced, Policy, Prefix, Registry, Selector, ServiceEntry};

use crate::exit::Failure;
use crate::printable::printable;
use crate::registry::{Access, Opened};
use crate::{duration, size};
use tls::TlsArgs;

/// What the help of each command that calls says about addresses.
pub(crate) const ADDRESSES: &str = "\
Addresses:
  host:port            TCP, as rpc.Dial(\"tcp\", …); tcp://host:port is the same
  tls://host:port      TCP and TLS, as tls.Dial and rpc.NewClient
  http://host:port     HTTP CONNECT, as rpc.DialHTTP; with a path, as DialHTTPPath
  https://host:port    HTTP CONNECT over TLS
  unix:///path         a Unix socket, as rpc.Dial(\"unix\", …)
  NAME                 with --via: a service in the registry; each call goes to one of its
                       instances, and to another if it certainly did not run";

/// Options of all commands that call a server.
#[derive(Debug, Args)]
pub(crate) struct PeerArgs {
    /// Where the server is: host:port, http://host:port, unix:///path; a name with --via
    #[arg(value_name = "ADDR")]
    addr: String,
    /// Connect by HTTP CONNECT, as Go's rpc.DialHTTP; for host:port
    #[arg(long)]
    http: bool,
    /// Find the server in the registry there, such as etcd://host:port
    #[arg(long, value_name = "URL", conflicts_with = "http")]
    via: Option<String>,
    /// Only instances of this version; with --via
    #[arg(long, value_name = "VERSION", requires = "via")]
    service_version: Option<String>,
    /// Only instances in this zone; with --via
    #[arg(long, value_name = "ZONE", requires = "via")]
    zone: Option<String>,
    /// Only instances with this tag; with --via
    #[arg(long, value_name = "TAG", requires = "via")]
    tag: Vec<String>,
    /// How long everything may take, such as 500ms, 30s or 2m; 0 is for ever
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    timeout: Duration,
    /// Longest message, in bytes or as 64K, 64M, 1G [default: 16M]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_message: Option<usize>,
    /// Send headers exactly as Go's client does, without our extension
    #[arg(long)]
    plain_go: bool,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    access: Access,
}

/// The server of a command, and the time that is left for it.
pub(crate) struct Peer {
    pub(crate) caller: Arc<dyn Caller>,
    /// What errors call it.
    pub(crate) name: String,
    deadline: Option<Instant>,
}

impl PeerArgs {
    /// The name of the service in a registry, if the server is to be found there.
    pub(crate) fn service(&self) -> Option<&str> {
        self.via.as_ref().map(|_| self.addr.as_str())
    }

    /// The peer; it is not dialled yet.
    pub(crate) async fn peer(&self) -> Result<Peer, Failure> {
        let mut deadline = None;
        if !self.timeout.is_zero() {
            deadline = Instant::now().checked_add(self.timeout);
        }
        if let Some(url) = &self.via {
            let opened = self.access.open(url)?;
            let balanced = self.balanced(&opened).await?;
            return Ok(Peer {
                caller: Arc::new(balanced),
                name: format!("{} by {}", self.addr, opened.url()),
                deadline,
            });
        }
        let client = self.builder()?.connect_to(self.address()?);
        Ok(Peer {
            name: client.peer().to_owned(),
            caller: Arc::new(client),
            deadline,
        })
    }

    fn address(&self) -> Result<Address, Failure> {
        let (scheme, host) = self.addr.split_once("://").unwrap_or(("tcp", &self.addr));
        let http = self.http || matches!(scheme, "http" | "https");
        let tls = self.tls.tls || matches!(scheme, "tls" | "https");
        if (self.http || self.tls.tls) && !matches!(scheme, "tcp" | "tls" | "http" | "https") {
            let option = if self.http { "--http" } else { "--tls" };
            return Err(Failure::usage(format!(
                "{option} works over TCP, and {scheme}:// is something else"
            )));
        }
        if let (false, Some(option)) = (tls, self.tls.given()) {
            return Err(Failure::usage(format!(
                "{option} is about TLS, and {} is without: add --tls",
                self.addr
            )));
        }
        let text = match (http, tls) {
            (false, true) => format!("tls://{host}"),
            (true, true) => format!("https://{host}"),
            (true, false) => format!("http://{host}"),
            (false, false) => self.addr.clone(),
        };
        text.parse()
            .map_err(|error: gobrpc_client::Error| Failure::usage(error.message()))
    }

    fn builder(&self) -> Result<ClientBuilder, Failure> {
        let mut builder = Client::builder().plain_go(self.plain_go);
        if let Some(bytes) = self.max_message {
            let limits = size::limits(Limits::default(), bytes);
            builder = builder.limits(limits);
        }
        if !self.timeout.is_zero() {
            // A little less, so that a dial which hangs says where.
            builder = builder.connect_timeout(self.timeout.mul_f64(0.9));
        }
        if let Some(tls) = self.tls.settings()? {
            builder = builder.tls(tls);
        }
        Ok(builder)
    }

    /// A caller over the instances in a registry. That there are some is looked at
    /// first: then it is said what there is instead.
    async fn balanced(&self, opened: &Opened) -> Result<Balanced, Failure> {
        let mut selector = Selector::new();
        if let Some(version) = &self.service_version {
            selector = selector.version(version);
        }
        if let Some(zone) = &self.zone {
            selector = selector.zone(zone);
        }
        selector = self.tag.iter().fold(selector, Selector::tag);
        let limit = match self.timeout {
            Duration::ZERO => Duration::from_secs(3600),
            timeout => timeout.min(Duration::from_secs(5)),
        };
        let prefix = Prefix::service(&self.addr);
        let found = opened.snapshot(&prefix, limit).await?;
        let entries: Vec<&ServiceEntry> =
            found.records.iter().map(|record| &*record.entry).collect();
        let fit = |entry: &&&ServiceEntry| selector.fits(entry) && entry.is_serving();
        if entries.iter().filter(fit).count() == 0 {
            return Err(Failure::failed(self.nobody(opened, &entries)));
        }
        let registry = Registry::new(Arc::clone(&opened.backend));
        let watch = registry
            .watch(&self.addr)
            .map_err(|error| opened.explain(&error))?
            .with_selector(selector);
        // As short a pause as that of the registry's own dialling.
        let pause = Duration::from_millis(100);
        let dial = Dial::new(self.builder()?.backoff(pause / 10, pause));
        Balanced::new(watch, dial, Policy::default()).map_err(|error| opened.explain(&error))
    }

    fn nobody(&self, opened: &Opened, entries: &[&ServiceEntry]) -> String {
        let (url, name) = (opened.url(), &self.addr);
        if entries.is_empty() {
            return format!(
                "nobody serves {name} by {url}: nothing is registered by this name; \
                 `gobrpc registry ls --backend {url}` shows what is"
            );
        }
        let there: Vec<String> = entries
            .iter()
            .map(|entry| {
                let state = if entry.is_serving() { "" } else { ", draining" };
                let (version, zone) = (entry.version(), &entry.zone);
                let zone = match zone.as_str() {
                    "" => String::new(),
                    zone => format!(", zone {zone}"),
                };
                format!("{} ({version}{zone}{state})", entry.addr())
            })
            .collect();
        printable(&format!(
            "nobody serves {name} by {url} as is asked for; there is {}",
            there.join(", ")
        ))
    }
}

impl Peer {
    /// The time that is left; none if there is no end.
    ///
    /// At least a millisecond, so that it is the call which says that time is
    /// up, and how far it came.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let left = self.deadline?.saturating_duration_since(Instant::now());
        Some(left.max(Duration::from_millis(1)))
    }
}
