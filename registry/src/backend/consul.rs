//! [`Consul`]: entries in Consul, by its agent: feature `consul`.

mod agent;
mod service;
mod tail;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::agent::{Agent, Health, Listed};
use self::service::Service;
use self::tail::ConsulTail;
#[cfg(feature = "tls")]
use super::TlsOptions;
use super::http::{Http, HttpAddress};
use super::reading::RecordReader;
use super::{Backend, BoxFuture, Caps, Claim, Cursor, Lease, Record, Snapshot, Standing, Tail};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};

/// Entries in Consul, registered with its agent and a TTL check each.
///
/// Entries are Consul services like any others: address, port and tags are
/// Consul's, and `version`, `protocol`, `zone`, `weight`, `state` and `instance`
/// are in the service's metadata, beside the entry's own. So Consul's UI and DNS
/// show them (by passing checks), and services that others registered are found,
/// with the version `unversioned` unless their metadata has one.
///
/// - Give the address of the agent on this machine. Checks live with the agent
///   that they were registered with.
/// - An entry whose lease ends turns critical, is found no more, and is removed
///   by Consul a minute later.
/// - Consul's own bounds hold: 64 pieces of metadata, names of at most 128
///   letters, digits, `-` and `_`, values of at most 512 bytes.
/// - An agent takes 200 connections from one address (`limits.http_max_conns_per_client`)
///   and closes further ones unanswered. A process has one for each service that it
///   watches, and a few more: on a machine with many clients raise that limit, or let
///   them share a process that watches.
/// - Watches of all services at once are polled every 2 s; those of a service are
///   blocking queries.
///
/// Copies share everything. Nothing is dialled before it is used.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Consul, Registry};
///
/// let consul = Consul::builder()
///     .endpoint("http://127.0.0.1:8500")
///     .token("an ACL token")
///     .build()?;
/// let registry = Registry::new(Arc::new(consul));
/// # Ok::<(), gobrpc_registry::Error>(())
/// ```
#[derive(Clone)]
pub struct Consul(Arc<Inner>);

struct Inner {
    agent: Agent,
    reader: RecordReader,
    caps: Caps,
    /// The last snapshots, from which tails go on.
    known: Mutex<HashMap<Prefix, Known>>,
}

/// What was under a prefix, and where that was read.
#[derive(Clone)]
struct Known {
    index: u64,
    records: Arc<Vec<Record>>,
    address: HttpAddress,
}

/// How Consul is reached.
#[derive(Clone, Default)]
#[must_use]
pub struct ConsulBuilder {
    endpoints: Vec<String>,
    token: Option<String>,
    datacenter: Option<String>,
    #[cfg(feature = "tls")]
    tls: TlsOptions,
}

/// Checks of less than a second say more about a busy machine than about death.
const MIN_TTL: Duration = Duration::from_secs(1);

/// How long a blocking query waits: 2.5 times as much is within the 5 s in which
/// a dead link shall be noticed.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Snapshots that are remembered: as many as services are watched at once.
const KNOWN: usize = 1024;

/// How long a change is waited for until it shows: the agent tells the servers
/// of it behind our back.
const SHOWS: Duration = Duration::from_secs(2);

impl ConsulBuilder {
    /// Adds the address of an agent: `http://host:port`, `https://host:port` or
    /// `host:port`. The port is 8500 if it is left out.
    pub fn endpoint(mut self, address: impl Into<String>) -> Self {
        self.endpoints.push(address.into());
        self
    }

    /// Shows this ACL token, which must allow `service:write` for what is
    /// registered, and `service:read` and `node:read` for what is looked for: Consul
    /// shows nothing to one that does not, which is an error here, and no empty list.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Looks in this datacenter, instead of the agent's own.
    pub fn datacenter(mut self, name: impl Into<String>) -> Self {
        self.datacenter = Some(name.into());
        self
    }

    /// Secures connections to `https://` addresses like this.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.tls = tls;
        self
    }

    /// The backend. Nothing is dialled yet.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is no address, one of them is none, or the
    /// token or the certificates are malformed.
    pub fn build(self) -> Result<Consul> {
        let addresses = self.endpoints.iter();
        let addresses: Result<Vec<_>> = addresses
            .map(|address| HttpAddress::parse(address, 8500))
            .collect();
        let addresses = addresses?;
        // The agent is on this machine, and its cluster is not.
        let caps = Caps::new(MIN_TTL, Some(HEARTBEAT));
        #[cfg(feature = "tls")]
        let http = Http::new(addresses, &self.tls)?;
        #[cfg(not(feature = "tls"))]
        let http = Http::new(addresses)?;
        Ok(Consul(Arc::new(Inner {
            agent: Agent::new(http, self.token.as_deref(), self.datacenter)?,
            reader: RecordReader::default(),
            caps,
            known: Mutex::default(),
        })))
    }
}

impl fmt::Debug for ConsulBuilder {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsulBuilder")
            .field("endpoints", &self.endpoints)
            .field("token", &self.token.is_some())
            .field("datacenter", &self.datacenter)
            .finish_non_exhaustive()
    }
}

impl Consul {
    /// Consul's agent at this address, without a token. See [`Consul::builder`]
    /// for more.
    ///
    /// # Errors
    ///
    /// As for [`ConsulBuilder::build`].
    pub fn connect(endpoint: &str) -> Result<Self> {
        Self::builder().endpoint(endpoint).build()
    }

    /// How Consul is reached.
    pub fn builder() -> ConsulBuilder {
        ConsulBuilder::default()
    }
}

fn conflict(other: &Listed) -> Error {
    Error::Conflict {
        holder: other.service.instance().into(),
    }
}

impl Inner {
    /// The entries under a key, whatever their checks say: one, as a rule.
    async fn lives(&self, key: &Key) -> Result<Vec<Listed>> {
        // Entries of ours have their address there.
        let Ok(address) = key.instance().parse() else {
            return Ok(Vec::new());
        };
        let (host, port) = service::place(&address);
        let all = self.agent.at(key.service(), &host, port).await?;
        let at_key = |listed: &Listed| match listed.service.entry(key.service()) {
            Ok(entry) => Key::of(&entry) == *key,
            Err(_) => false,
        };
        Ok(all.into_iter().filter(at_key).collect())
    }

    async fn acquire(&self, entry: &ServiceEntry, ttl: Duration, claim: Claim) -> Result<Lease> {
        let key = Key::of(entry);
        let ttl = ttl.max(MIN_TTL);
        let before = self.lives(&key).await?;
        let other = before
            .iter()
            .find(|one| one.is_passing() && one.service.instance() != entry.id());
        if let (Claim::IfFree, Some(other)) = (claim, other) {
            return Err(conflict(other));
        }
        // A name of its own makes it impossible to renew or remove another life.
        let id = format!(
            "{}:{}:{}:{:016x}",
            entry.name(),
            entry.version(),
            entry.addr(),
            fastrand::u64(..)
        );
        self.agent.register(&Service::of(entry, &id)?, ttl).await?;
        // Of those that register at the same time, each sees those before it.
        let mut older = before;
        self.shows(&key, |lives| {
            match lives.iter().find(|one| one.service.id == id) {
                Some(mine) => {
                    let created = mine.service.created;
                    older = lives
                        .iter()
                        .filter(|one| one.service.created < created)
                        .cloned()
                        .collect();
                    mine.is_passing()
                }
                None => false,
            }
        })
        .await;
        let other = older
            .iter()
            .find(|one| one.is_passing() && one.service.instance() != entry.id());
        if let (Claim::IfFree, Some(other)) = (claim, other) {
            self.agent.deregister(&id).await?;
            return Err(conflict(other));
        }
        for old in older {
            self.agent.remove(&old).await?;
        }
        Ok(Lease::new(key, id, ttl))
    }

    /// Waits until the servers know what the agent was told, for a while.
    async fn shows(&self, key: &Key, mut there: impl FnMut(&[Listed]) -> bool) {
        let mut pause = Duration::from_millis(5);
        let until = tokio::time::Instant::now() + SHOWS;
        while tokio::time::Instant::now() < until {
            match self.lives(key).await {
                Ok(lives) if there(&lives) => return,
                Ok(_) => {}
                // What was done is done; that it shows is a courtesy.
                Err(_) => return,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// How the lease stands; one whose time is over is taken away, or the next
    /// renewal would bring it back to life.
    async fn stands(&self, lease: &Lease) -> Result<Standing> {
        match self.agent.health(&lease.token).await? {
            Health::Passing => return Ok(Standing::Held),
            Health::Critical => self.agent.deregister(&lease.token).await?,
            Health::Unknown => {}
        }
        let lives = self.lives(&lease.key).await?;
        let other = lives
            .into_iter()
            .find(|one| one.is_passing() && one.service.id != *lease.token);
        Ok(match other {
            Some(other) => Standing::Displaced {
                holder: other.service.instance().into(),
            },
            None => Standing::Lost,
        })
    }

    async fn renew(&self, lease: &Lease) -> Result<Standing> {
        match self.stands(lease).await? {
            Standing::Held if self.agent.pass(&lease.token).await? => Ok(Standing::Held),
            Standing::Held => Ok(Standing::Lost),
            gone => Ok(gone),
        }
    }

    async fn update(&self, lease: &Lease, entry: &ServiceEntry) -> Result<Standing> {
        let standing = self.stands(lease).await?;
        if standing != Standing::Held {
            return Ok(standing);
        }
        let service = Service::of(entry, &lease.token)?;
        self.agent.register(&service, lease.ttl).await?;
        self.shows(&lease.key, |lives| {
            lives.iter().any(|one| one.service.is_as(&service))
        })
        .await;
        Ok(Standing::Held)
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.agent.deregister(&lease.token).await?;
        self.shows(&lease.key, |lives| {
            lives.iter().all(|one| one.service.id != *lease.token)
        })
        .await;
        Ok(())
    }

    /// What is found, as records, and how much of it is none.
    fn records(&self, name: &str, listed: &[Listed], prefix: &Prefix) -> (Vec<Record>, usize) {
        let mut malformed = 0;
        // Two lives at one address are there while one takes over.
        let mut newest: HashMap<Key, (u64, Record)> = HashMap::new();
        for one in listed.iter().filter(|one| one.is_passing()) {
            match one.service.entry(name) {
                Ok(entry) => {
                    let record = Record::new(Key::of(&entry), entry.into());
                    if !prefix.contains(&record.key) {
                        continue;
                    }
                    let age = one.service.created;
                    match newest.get(&record.key) {
                        Some((other, _)) if *other > age => {}
                        _ => drop(newest.insert(record.key.clone(), (age, record))),
                    }
                }
                Err(error) => {
                    malformed += 1;
                    self.reader.name(&one.service.id, &error);
                }
            }
        }
        let mut records: Vec<Record> = newest.into_values().map(|(_, record)| record).collect();
        records.sort_by(|one, other| one.key.cmp(&other.key));
        (records, malformed)
    }

    /// Everything under a prefix, and where that was read.
    async fn look(&self, prefix: &Prefix) -> Result<(Known, usize)> {
        let (head, names) = match prefix.service_name() {
            Some(name) => (None, vec![name.to_owned()]),
            None => {
                let (head, mut names) = self.agent.names().await?;
                if names.is_empty() {
                    self.agent.may_read(None).await?;
                }
                // Consul's own servers.
                names.retain(|name| name != "consul");
                (Some(head), names)
            }
        };
        let mut all = Vec::new();
        let mut malformed = 0;
        let mut known = head.map(|head| (head.index, head.address));
        for name in names {
            let (head, listed) = self.agent.list(&name, None).await?;
            if listed.is_empty() && prefix.service_name().is_some() {
                self.agent.may_read(Some(&name)).await?;
            }
            let (records, bad) = self.records(&name, &listed, prefix);
            all.extend(records);
            malformed += bad;
            // Of several answers, the one that is newest.
            let index = known.map_or(0, |(index, _)| index).max(head.index);
            known = Some((index, head.address));
        }
        let Some((index, address)) = known else {
            return Err(Error::unavailable("Consul answered nothing"));
        };
        let known = Known {
            index,
            records: Arc::new(all),
            address,
        };
        Ok((known, malformed))
    }

    async fn snapshot(&self, prefix: &Prefix) -> Result<Snapshot> {
        let (known, malformed) = self.look(prefix).await?;
        let mut snapshot = Snapshot::new(known.records.to_vec(), cursor(known.index));
        snapshot.malformed = malformed;
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KNOWN && !all.contains_key(prefix) {
            // A tail that does not find its snapshot says that changes were lost.
            all.clear();
        }
        all.insert(prefix.clone(), known);
        Ok(snapshot)
    }

    fn known(&self, prefix: &Prefix, at: Cursor) -> Option<Known> {
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(prefix)
            .filter(|known| known.index == at.revision)
            .cloned()
    }
}

/// Consul's index goes on from somewhere else when all data was lost, and it has
/// no name for that.
const fn cursor(index: u64) -> Cursor {
    Cursor {
        epoch: 0,
        revision: index,
    }
}

impl Backend for Consul {
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>> {
        Box::pin(self.0.acquire(entry, ttl, claim))
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(self.0.renew(lease))
    }

    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(self.0.update(lease, entry))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.release(lease))
    }

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.0.snapshot(prefix))
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        Box::pin(async move {
            let tail: Box<dyn Tail> = Box::new(ConsulTail::new(Arc::clone(&self.0), prefix, after));
            Ok(tail)
        })
    }

    fn caps(&self) -> Caps {
        self.0.caps
    }

    fn remote(&self) -> Option<String> {
        self.0.agent.http().remote()
    }
}

impl fmt::Debug for Consul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consul")
            .field("endpoints", self.0.agent.http())
            .finish_non_exhaustive()
    }
}
