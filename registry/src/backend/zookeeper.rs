//! [`ZooKeeper`]: entries in ZooKeeper 3.6 and later: feature `zookeeper`.

mod held;
mod look;
mod node;
mod session;
mod tail;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::held::Leases;
use self::look::{Found, Known};
use self::node::Nodes;
use self::session::Sessions;
use self::tail::ZooKeeperTail;
use super::reading::RecordReader;
use super::{Backend, BoxFuture, Caps, Claim, Cursor, Lease, Snapshot, Standing, Tail};
use crate::address::Address;
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::Prefix;

/// Entries in ZooKeeper 3.6 and later, as ephemeral nodes.
///
/// - Give the addresses of all servers. Whichever answers serves.
/// - Each registration has a session of its own, so that the end of the session is
///   that of the entry and of no other: the TTL is the session's timeout, which
///   servers keep within 2 and 20 of their ticks (4 s and 40 s by default). A
///   process takes one connection for each registration and one for all that it
///   looks for; servers allow 60 from an address (`maxClientCnxns`).
/// - Nodes are `/services/user/v1/10.0.0.1:8080` with an entry's JSON. Their
///   parents are containers, which ZooKeeper removes when they are empty.
/// - With a [digest user](ZooKeeperBuilder::digest), nodes are for that user only.
/// - While no server answers, the client library dials on its own: at once, and after
///   0.1, 0.2, 0.4, … s, about eight times for each session until that is over. The
///   pauses of the engine come on top of that. Of 200 clients whose server goes, 600
///   dials in the first second were counted, and 200 in a later one.
/// - There is no TLS: the client library has it with a C library only. Where the
///   network is not trusted, use a tunnel.
///
/// Copies share everything. Nothing is dialled before it is used.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Registry, ZooKeeper};
///
/// let zookeeper = ZooKeeper::builder()
///     .endpoint("10.0.0.1:2181")
///     .endpoint("10.0.0.2:2181")
///     .digest("registry", "secret")
///     .chroot("/prod")
///     .build()?;
/// let registry = Registry::new(Arc::new(zookeeper));
/// # Ok::<(), gobrpc_registry::Error>(())
/// ```
#[derive(Clone)]
pub struct ZooKeeper(Arc<Inner>);

struct Inner {
    sessions: Sessions,
    nodes: Nodes,
    reader: RecordReader,
    leases: Leases,
    known: Known,
    caps: Caps,
    /// The first of the servers.
    remote: Address,
}

/// How ZooKeeper is reached.
#[derive(Clone, Default)]
#[must_use]
pub struct ZooKeeperBuilder {
    endpoints: Vec<String>,
    chroot: String,
    digest: Option<(String, String)>,
}

/// Shorter sessions are lost to a busy machine rather than to death.
const MIN_TTL: Duration = Duration::from_secs(1);

/// How often a tail asks its server whether it is there: 2.5 times as much is
/// within the 5 s in which a dead link shall be noticed.
const HEARTBEAT: Duration = Duration::from_secs(2);

impl ZooKeeperBuilder {
    /// Adds the address of a server: `host:port` or `host`. The port is 2181 if it
    /// is left out.
    pub fn endpoint(mut self, address: impl Into<String>) -> Self {
        self.endpoints.push(address.into());
        self
    }

    /// Puts this in front of all nodes: `/prod` makes `/prod/services/…`.
    pub fn chroot(mut self, path: impl Into<String>) -> Self {
        self.chroot = path.into();
        self
    }

    /// Signs in as this user, by ZooKeeper's `digest` scheme. What is registered
    /// is for this user only.
    pub fn digest(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.digest = Some((user.into(), password.into()));
        self
    }

    /// The backend. Nothing is dialled yet.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if there is no address, or one of them or the path is
    /// none.
    pub fn build(self) -> Result<ZooKeeper> {
        let addresses: Result<Vec<Address>> = self.endpoints.iter().map(|one| at(one)).collect();
        let addresses = addresses?;
        let Some(first) = addresses.first() else {
            return Err(Error::refused("no address of ZooKeeper is given"));
        };
        let mut caps = Caps::new(MIN_TTL, Some(HEARTBEAT));
        if addresses.iter().all(Address::is_local) {
            caps = caps.local();
        }
        if let Some((user, _)) = &self.digest {
            if user.is_empty() || user.contains(':') {
                return Err(Error::refused(
                    "a digest user has a name, and no colon in it",
                ));
            }
        }
        let shared = self.digest.is_none();
        Ok(ZooKeeper(Arc::new(Inner {
            sessions: Sessions::new(&addresses, self.digest),
            nodes: Nodes::new(&self.chroot, shared)?,
            reader: RecordReader::default(),
            leases: Leases::default(),
            known: Known::default(),
            caps,
            remote: first.clone(),
        })))
    }
}

/// Where a server is.
fn at(text: &str) -> Result<Address> {
    let text = text.strip_prefix("tcp://").unwrap_or(text);
    let with_port = match text.rsplit_once(':') {
        Some((host, _)) if !host.starts_with('[') || host.ends_with(']') => text.to_owned(),
        _ => format!("{text}:2181"),
    };
    let address: Address = with_port.parse()?;
    match address.port() {
        Some(_) => Ok(address),
        None => Err(Error::refused(format_args!(
            "\"{address}\" is a path, and no host and port"
        ))),
    }
}

impl fmt::Debug for ZooKeeperBuilder {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooKeeperBuilder")
            .field("endpoints", &self.endpoints)
            .field("chroot", &self.chroot)
            .field("digest", &self.digest.as_ref().map(|(user, _)| user))
            .finish()
    }
}

impl ZooKeeper {
    /// ZooKeeper at one address, or at several with commas between them, and a path
    /// in front of all nodes behind the last one if one is wanted:
    /// `10.0.0.1:2181,10.0.0.2:2181/prod`. See [`ZooKeeper::builder`] for more.
    ///
    /// # Errors
    ///
    /// As for [`ZooKeeperBuilder::build`].
    pub fn connect(cluster: &str) -> Result<Self> {
        let (addresses, chroot) = match cluster.find('/') {
            Some(slash) => cluster.split_at(slash),
            None => (cluster, ""),
        };
        let builder = Self::builder().chroot(chroot);
        let addresses = addresses.split(',').map(str::trim);
        addresses.fold(builder, ZooKeeperBuilder::endpoint).build()
    }

    /// How ZooKeeper is reached.
    pub fn builder() -> ZooKeeperBuilder {
        ZooKeeperBuilder::default()
    }
}

impl Inner {
    async fn snapshot(&self, prefix: &Prefix) -> Result<Snapshot> {
        let client = self.sessions.shared().await?;
        let look = || self.look(&client, prefix);
        let found = self.sessions.twice(&client, look).await?;
        let records = found.records.values().cloned().collect();
        let cursor = cursor(client.session_id().0, found.revision);
        let mut snapshot = Snapshot::new(records, cursor);
        snapshot.malformed = found.malformed;
        self.known.keep(prefix, cursor, found);
        Ok(snapshot)
    }
}

/// ZooKeeper's transactions are counted from the start again when all data was lost,
/// and it has no name for that. But sessions are data as well: within one, there is one
/// history, which no server shows an older part of than was seen.
const fn cursor(session: i64, revision: u64) -> Cursor {
    Cursor {
        epoch: session.cast_unsigned(),
        revision,
    }
}

impl Backend for ZooKeeper {
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
            let tail = ZooKeeperTail::open(Arc::clone(&self.0), prefix, after).await?;
            let tail: Box<dyn Tail> = Box::new(tail);
            Ok(tail)
        })
    }

    fn caps(&self) -> Caps {
        self.0.caps
    }

    fn remote(&self) -> Option<String> {
        Some(self.0.remote.to_string())
    }
}

impl fmt::Debug for ZooKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZooKeeper")
            .field("servers", &self.0.sessions.cluster())
            .field("chroot", &self.0.nodes.chroot())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, shown) in [
            ("h", "h:2181"),
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("[::1]", "[::1]:2181"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(at(text).unwrap().as_str(), shown);
        }
        for text in ["", "h:0", "u:p@h:1", "a b", "/path", "h:99999"] {
            assert!(at(text).is_err(), "{text}");
        }
        assert!(ZooKeeper::builder().build().is_err());
        assert!(ZooKeeper::connect("a,b:2181/prod").is_ok());
        assert!(ZooKeeper::connect("a,,b").is_err());
        assert!(ZooKeeper::connect("a/b/../c").is_err());
        assert!(
            ZooKeeper::builder()
                .endpoint("a")
                .digest("a:b", "c")
                .build()
                .is_err()
        );
    }

    #[test]
    fn the_password_is_not_shown() {
        let builder = ZooKeeper::builder().endpoint("h").digest("user", "hunter2");
        let shown = format!("{builder:?} {:?}", builder.clone().build().unwrap());
        assert!(
            shown.contains("user") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
