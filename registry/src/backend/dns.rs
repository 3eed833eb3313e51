//! [`Dns`]: instances that DNS names, to look up only: feature `dns`.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::{Resolver, TokioResolver};

use super::looking::looking_only;
use super::polled::{Polled, Source};
use super::reading::RecordReader;
use super::{Backend, BoxFuture, Caps, Cursor, Record, Snapshot, Tail};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};

/// Instances that DNS names in SRV records (RFC 2782), which are asked for again and
/// again. Nothing can be registered in it, and not all services can be listed.
///
/// - The version of an instance is `unversioned`, its weight is that of its record,
///   and its address is what its host resolves to: one instance for each address.
/// - Of several priorities, the first one counts, which has the lowest number.
/// - A name that is not there has no instances; a server that does not answer is a
///   failure, which leaves what is known.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Dns, Registry};
///
/// // Asks the system's servers for _user._tcp.prod.example, for the service `user`.
/// let dns = Dns::builder("_{service}._tcp.prod.example").build()?;
/// let registry = Registry::new(Arc::new(dns));
/// # Ok::<(), gobrpc_registry::Error>(())
/// ```
///
/// Consul answers at `{service}.service.consul`, Kubernetes at
/// `_PORT._tcp.{service}.NAMESPACE.svc.cluster.local`.
#[derive(Clone)]
pub struct Dns(Arc<Polled<Zone>>);

/// What is asked, and whom.
#[derive(Debug, Clone)]
#[must_use]
pub struct DnsBuilder {
    name: String,
    servers: Vec<String>,
    every: Duration,
}

struct Zone {
    resolver: TokioResolver,
    /// With `{service}` where the service belongs.
    name: String,
    every: Duration,
    names: RecordReader,
}

/// What stands for the service.
const SERVICE: &str = "{service}";

impl DnsBuilder {
    /// Asks this server, `ip:port` or `ip`, instead of those of the system.
    pub fn server(mut self, address: impl Into<String>) -> Self {
        self.servers.push(address.into());
        self
    }

    /// Asks this often (5 s), at least every 100 ms and at most every minute. The
    /// records' own time to live is not looked at: that a cache may keep a record for
    /// an hour does not make a server live that long.
    pub const fn every(mut self, pause: Duration) -> Self {
        self.every = pause;
        self
    }

    /// The backend. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if `{service}` is not in the name, a server's address is
    /// none, or the system has no servers.
    pub fn build(self) -> Result<Dns> {
        if !self.name.contains(SERVICE) {
            return Err(Error::refused(format_args!(
                "the name \"{}\" does not say where the service belongs: {SERVICE}",
                self.name.escape_debug()
            )));
        }
        let fault = |error: NetError| Error::refused(format_args!("DNS cannot be set up: {error}"));
        let mut builder = if self.servers.is_empty() {
            Resolver::builder_tokio().map_err(fault)?
        } else {
            let servers: Result<Vec<_>> = self.servers.iter().map(|text| server(text)).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers?);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        // Each look is to see what is there now.
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.timeout = Duration::from_secs(2);
        options.attempts = 1;
        Ok(Dns(Arc::new(Polled::new(Zone {
            resolver: builder.build().map_err(fault)?,
            name: self.name,
            every: self
                .every
                .clamp(Duration::from_millis(100), Duration::from_secs(60)),
            names: RecordReader::default(),
        }))))
    }
}

fn server(text: &str) -> Result<NameServerConfig> {
    let address: SocketAddr = match (text.parse(), text.parse()) {
        (Ok(address), _) => address,
        (_, Ok(ip)) => SocketAddr::new(ip, 53),
        _ => {
            return Err(Error::refused(format_args!(
                "\"{}\" is not the address of a DNS server: ip:port",
                text.escape_debug()
            )));
        }
    };
    let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let ways = ways.map(|mut way| {
        way.port = address.port();
        way
    });
    Ok(NameServerConfig::new(address.ip(), true, ways.into()))
}

impl Dns {
    /// Instances at a name, in which `{service}` stands for the service.
    pub fn builder(name: impl Into<String>) -> DnsBuilder {
        DnsBuilder {
            name: name.into(),
            servers: Vec::new(),
            every: Duration::from_secs(5),
        }
    }
}

impl Zone {
    async fn find(&self, service: &str) -> Result<(Vec<Record>, usize)> {
        let name = self.name.replace(SERVICE, service);
        // With a dot at its end, no domain of the system's is put behind it.
        let name = format!("{}.", name.trim_end_matches('.'));
        let answer = match self.resolver.srv_lookup(name.as_str()).await {
            Ok(answer) => answer,
            Err(error) if error.is_no_records_found() => return Ok((Vec::new(), 0)),
            Err(error) => return Err(fault(&name, &error)),
        };
        let found = answer.answers().iter();
        let found = found.filter_map(|record| match &record.data {
            RData::SRV(srv) if !srv.target.is_root() => Some(srv),
            _ => None,
        });
        let found: Vec<&SRV> = found.collect();
        let first = found.iter().map(|srv| srv.priority).min();
        let mut records = Vec::new();
        let mut malformed = 0;
        for srv in found.into_iter().filter(|srv| Some(srv.priority) == first) {
            let host = srv.target.to_ascii();
            let ips = match self.resolver.lookup_ip(host.as_str()).await {
                Ok(ips) => ips,
                Err(error) if error.is_no_records_found() => continue,
                Err(error) => return Err(fault(&host, &error)),
            };
            for ip in ips.iter() {
                let address = SocketAddr::new(ip, srv.port);
                let entry = ServiceEntry::new(service, "unversioned", address)
                    .and_then(|entry| entry.with_id(address.to_string()))
                    .map(|entry| match srv.weight {
                        // RFC 2782: there is no weighing to do.
                        0 => entry,
                        weight => entry.with_weight(weight.into()),
                    });
                match entry {
                    Ok(entry) => records.push(Record::new(Key::of(&entry), entry.into())),
                    Err(error) => {
                        malformed += 1;
                        self.names.name(&format!("{host}:{}", srv.port), &error);
                    }
                }
            }
        }
        Ok((records, malformed))
    }
}

fn fault(name: &str, error: &NetError) -> Error {
    Error::unavailable(format_args!("DNS, for {name}: {error}"))
}

impl Source for Zone {
    fn read<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<(Vec<Record>, usize)>> {
        Box::pin(async move {
            let Some(service) = prefix.service_name() else {
                return Err(Error::refused(
                    "DNS cannot list all services; ask for one by its name",
                ));
            };
            let (mut records, malformed) = self.find(service).await?;
            records.retain(|record| prefix.contains(&record.key));
            Ok((records, malformed))
        })
    }

    fn pause(&self) -> Duration {
        self.every
    }
}

impl Backend for Dns {
    looking_only!("DNS");

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.0.snapshot(prefix))
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        let tail = self.0.tail(prefix, after);
        Box::pin(async { Ok(tail) })
    }

    fn caps(&self) -> Caps {
        // And the time that an answer may take.
        let heartbeat = self.0.source().every + Duration::from_secs(2);
        Caps::new(Duration::ZERO, Some(heartbeat))
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dns").field(&self.0.source().name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let build = |name: &str, server: &str| Dns::builder(name).server(server).build();
        assert!(build("_{service}._tcp.x", "127.0.0.1:53").is_ok());
        assert!(build("{service}.x", "::1").is_ok());
        assert!(build("user.x", "127.0.0.1").is_err());
        assert!(build("{service}.x", "localhost:53").is_err());
    }
}
