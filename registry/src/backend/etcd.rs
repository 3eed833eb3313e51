//! [`Etcd`]: entries in etcd 3.4 and later: feature `etcd`.

mod gateway;
mod message;
mod tail;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use self::gateway::Gateway;
use self::message::{Kv, TxnAnswer, base64};
use self::tail::EtcdTail;
#[cfg(feature = "tls")]
use super::TlsOptions;
use super::http::{Http, HttpAddress};
use super::reading::RecordReader;
use super::{Backend, BoxFuture, Caps, Claim, Cursor, Lease, Snapshot, Standing, Tail};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};

/// Entries in etcd 3.4 and later, with its leases.
///
/// It speaks to etcd's JSON gateway over HTTP, so that nothing of gRPC is built
/// in. What follows from that: a user that etcd takes from a client certificate's
/// common name does not work (etcd's gateway does not hand it on); give a user
/// and a password.
///
/// - Give the addresses of all members. Whichever answers serves; one that is
///   paused or cut off costs a second, and no failure.
/// - An entry is bound to its lease: another one at the same address takes its
///   key over, and the end of the old lease then removes nothing.
/// - Values are what etcd's own Go package `naming/endpoints` reads. Its resolver
///   finds the instances of a version at `etcd:///` and the key without its last
///   part, for example `etcd:////services/user/v1`.
///
/// Copies share everything. Nothing is dialled before it is used.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Etcd, Registry};
///
/// let etcd = Etcd::builder()
///     .endpoint("http://10.0.0.1:2379")
///     .endpoint("http://10.0.0.2:2379")
///     .user("registry", "secret")
///     .build()?;
/// let registry = Registry::new(Arc::new(etcd));
/// # Ok::<(), gobrpc_registry::Error>(())
/// ```
#[derive(Clone)]
pub struct Etcd(Arc<Inner>);

struct Inner {
    gateway: Arc<Gateway>,
    /// In front of all keys: empty, or from a slash on without one at its end.
    namespace: String,
    reader: RecordReader,
    caps: Caps,
}

/// How etcd is reached.
#[derive(Clone, Default)]
#[must_use]
pub struct EtcdBuilder {
    endpoints: Vec<String>,
    user: Option<(String, String)>,
    namespace: String,
    #[cfg(feature = "tls")]
    tls: TlsOptions,
}

/// What an etcd server grants at least, unless its election timeout is tuned.
const MIN_TTL: Duration = Duration::from_secs(2);

/// How often a tail asks the member that it listens to whether it is there: 2.5
/// times as much is within the 5 s in which a dead link shall be noticed. Its own
/// progress notifications come every 10 minutes.
const HEARTBEAT: Duration = Duration::from_secs(2);

impl EtcdBuilder {
    /// Adds the address of a member: `http://host:port`, `https://host:port` or
    /// `host:port`. The port is 2379 if it is left out.
    pub fn endpoint(mut self, address: impl Into<String>) -> Self {
        self.endpoints.push(address.into());
        self
    }

    /// Signs in as this user, who needs to read and write the keys in use.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some((name.into(), password.into()));
        self
    }

    /// Puts this in front of all keys: `prod` makes `/prod/services/…`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
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
    /// certificates are malformed.
    pub fn build(self) -> Result<Etcd> {
        let addresses = self.endpoints.iter();
        let addresses: Result<Vec<_>> = addresses
            .map(|address| HttpAddress::parse(address, 2379))
            .collect();
        let addresses = addresses?;
        let mut caps = Caps::new(MIN_TTL, Some(HEARTBEAT));
        if addresses.iter().all(HttpAddress::is_local) {
            caps = caps.local();
        }
        #[cfg(feature = "tls")]
        let http = Http::new(addresses, &self.tls)?;
        #[cfg(not(feature = "tls"))]
        let http = Http::new(addresses)?;
        let namespace = match self.namespace.trim_matches('/') {
            "" => String::new(),
            namespace => format!("/{namespace}"),
        };
        Ok(Etcd(Arc::new(Inner {
            gateway: Arc::new(Gateway::new(http, self.user)),
            namespace,
            reader: RecordReader::default(),
            caps,
        })))
    }
}

impl fmt::Debug for EtcdBuilder {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdBuilder")
            .field("endpoints", &self.endpoints)
            .field("user", &self.user.as_ref().map(|(name, _)| name))
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Etcd {
    /// etcd at one address, or at several with commas between them, without TLS
    /// settings of one's own. See [`Etcd::builder`] for more.
    ///
    /// # Errors
    ///
    /// As for [`EtcdBuilder::build`].
    pub fn connect(endpoints: &str) -> Result<Self> {
        let endpoints = endpoints.split(',').map(str::trim);
        endpoints
            .fold(Self::builder(), EtcdBuilder::endpoint)
            .build()
    }

    /// How etcd is reached.
    pub fn builder() -> EtcdBuilder {
        EtcdBuilder::default()
    }
}

impl Inner {
    fn key(&self, key: &Key) -> String {
        format!("{}{key}", self.namespace)
    }

    /// The first key of a prefix, and the one behind its last.
    fn range(&self, prefix: &Prefix) -> (Vec<u8>, Option<Vec<u8>>) {
        let from = format!("{}{prefix}", self.namespace).into_bytes();
        if prefix.is_key() {
            return (from, None);
        }
        // It ends with a slash, and `0` is what comes behind that.
        let mut to = from.clone();
        if let Some(last) = to.last_mut() {
            *last += 1;
        }
        (from, Some(to))
    }

    /// The key as it is without the namespace, and the value.
    fn plain(&self, kv: &Kv) -> Option<(String, Vec<u8>)> {
        let key = String::from_utf8(kv.key.clone()).ok()?;
        let key = key.strip_prefix(&self.namespace)?.to_owned();
        Some((key, kv.value.clone()))
    }

    /// Puts an entry if the key is as compared; gives what is there if it is not.
    async fn put_if(
        &self,
        compare: serde_json::Value,
        key: &str,
        entry: &ServiceEntry,
        lease: i64,
    ) -> Result<TxnAnswer> {
        let key = base64(key.as_bytes());
        let put = json!({ "requestPut": {
            "key": key,
            "value": base64(entry.to_json().as_bytes()),
            "lease": lease.to_string(),
        }});
        let look = json!({ "requestRange": { "key": key } });
        self.gateway.txn(&compare, &[put], &[look]).await
    }

    /// Who holds the key now, from what a transaction found there.
    fn holder(&self, found: &TxnAnswer) -> Option<Arc<ServiceEntry>> {
        let (key, value) = self.plain(found.kv()?)?;
        Some(self.reader.read(&key, &value)?.entry)
    }

    fn displaced(&self, found: &TxnAnswer) -> Standing {
        match found.kv() {
            None => Standing::Lost,
            Some(_) => Standing::Displaced {
                holder: match self.holder(found) {
                    Some(entry) => entry.id().into(),
                    None => "an unreadable entry".into(),
                },
            },
        }
    }

    async fn acquire(&self, entry: &ServiceEntry, ttl: Duration, claim: Claim) -> Result<Lease> {
        let key = Key::of(entry);
        let full = self.key(&key);
        // Seconds, and no part of them: never less than was asked for.
        let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        let (lease, granted) = self.gateway.grant(seconds.max(1)).await?;
        let lease_of = |key| Lease::new(key, lease.to_string(), Duration::from_secs(granted));
        let name = base64(full.as_bytes());
        let mut compare = match claim {
            Claim::TakeOver => json!([]),
            Claim::IfFree => json!([
                { "key": name, "target": "CREATE", "result": "EQUAL", "createRevision": "0" },
            ]),
        };
        // The second round is for an entry of our own, whose answer was lost.
        for _ in 0..2 {
            let answer = self.put_if(compare, &full, entry, lease).await?;
            if answer.succeeded {
                return Ok(lease_of(key));
            }
            let same = self
                .holder(&answer)
                .filter(|there| there.id() == entry.id());
            let (Some(_), Some(kv)) = (same, answer.kv()) else {
                // Nobody waits for the lease that is not needed.
                drop(self.gateway.revoke(lease).await);
                let holder = match self.displaced(&answer) {
                    Standing::Displaced { holder } => holder,
                    _ => "one that has just left".into(),
                };
                return Err(Error::Conflict { holder });
            };
            compare = json!([
                { "key": name, "target": "MOD", "result": "EQUAL",
                  "modRevision": kv.mod_revision.to_string() },
            ]);
        }
        drop(self.gateway.revoke(lease).await);
        Err(Error::unavailable("the key changes all the time"))
    }

    /// Compares the lease of a key with this one.
    fn held_by(&self, lease: &Lease, id: i64) -> serde_json::Value {
        json!([{
            "key": base64(self.key(&lease.key).as_bytes()),
            "target": "LEASE",
            "result": "EQUAL",
            "lease": id.to_string(),
        }])
    }

    async fn renew(&self, lease: &Lease) -> Result<Standing> {
        let id = id_of(lease)?;
        // A lease lives on without the key that another one took over. Both at once,
        // as etcd may be slow.
        let look = json!({ "requestRange": { "key": base64(self.key(&lease.key).as_bytes()) } });
        let (compare, otherwise) = (self.held_by(lease, id), [look]);
        let (alive, answer) = tokio::try_join!(
            self.gateway.keep_alive(id),
            self.gateway.txn(&compare, &[], &otherwise),
        )?;
        Ok(match answer.succeeded {
            true if alive => Standing::Held,
            true => Standing::Lost,
            false => self.displaced(&answer),
        })
    }

    async fn update(&self, lease: &Lease, entry: &ServiceEntry) -> Result<Standing> {
        let id = id_of(lease)?;
        let answer = self
            .put_if(self.held_by(lease, id), &self.key(&lease.key), entry, id)
            .await?;
        Ok(match answer.succeeded {
            true => Standing::Held,
            false => self.displaced(&answer),
        })
    }

    async fn snapshot(&self, prefix: &Prefix) -> Result<Snapshot> {
        let (from, to) = self.range(prefix);
        let answer = self.gateway.range(&from, to.as_deref()).await?;
        let mut records = Vec::with_capacity(answer.kvs.len());
        let mut malformed = 0;
        for kv in &answer.kvs {
            let plain = self.plain(kv);
            match plain.and_then(|(key, value)| self.reader.read(&key, &value)) {
                Some(record) => records.push(record),
                None => malformed += 1,
            }
        }
        let mut snapshot = Snapshot::new(records, cursor(answer.header.revision));
        snapshot.malformed = malformed;
        Ok(snapshot)
    }
}

fn id_of(lease: &Lease) -> Result<i64> {
    lease
        .token
        .parse()
        .map_err(|_| Error::refused("the lease is not one of etcd"))
}

/// etcd's cluster ID survives the loss of all data, so that lives cannot be told
/// apart.
fn cursor(revision: i64) -> Cursor {
    Cursor {
        epoch: 0,
        revision: revision.unsigned_abs(),
    }
}

impl Backend for Etcd {
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
        Box::pin(async move { self.0.gateway.revoke(id_of(lease)?).await })
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
            let tail: Box<dyn Tail> =
                Box::new(EtcdTail::open(Arc::clone(&self.0), prefix, after).await?);
            Ok(tail)
        })
    }

    fn caps(&self) -> Caps {
        self.0.caps
    }

    fn remote(&self) -> Option<String> {
        self.0.gateway.http().remote()
    }
}

impl fmt::Debug for Etcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Etcd")
            .field("endpoints", self.0.gateway.http())
            .field("namespace", &self.0.namespace)
            .finish_non_exhaustive()
    }
}
