//! [`Rpc`]: entries in the registry of another process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gobrpc_client::{Address, Client, Limits};
use gobrpc_protocol::Code;

use super::tail::RpcTail;
use super::wire::{
    Entry, Grant, LeaseArgs, RegisterArgs, RegistryRpcClient, Scope, UpdateArgs, cursor,
};
use crate::backend::reading::RecordReader;
use crate::backend::{
    Backend, BoxFuture, Caps, Claim, Cursor, Lease, Record, Snapshot, Standing, Tail,
};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};

/// Entries in the registry of another process, which serves a
/// [`Memory`](crate::Memory) by `backend::rpc::service`, or by
/// `gobrpc registry serve`.
///
/// It is for development and for tests, on one machine: what is registered is gone
/// with the process that serves it, and whoever reaches that may change all of it.
/// Registrations and watches outlive its restarts: each start has an epoch of its
/// own, so that none takes one for the other.
///
/// Copies share one connection. Nothing is dialled before it is used.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Registry, Rpc};
///
/// let registry = Registry::new(Arc::new(Rpc::connect("tcp://127.0.0.1:7070")?));
/// # Ok::<(), gobrpc_registry::Error>(())
/// ```
#[derive(Clone)]
pub struct Rpc(Arc<Inner>);

pub(super) struct Inner {
    client: RegistryRpcClient<Client>,
    address: String,
    reader: RecordReader,
    caps: Caps,
    /// Host and port, unless it is on this machine anyway.
    remote: Option<String>,
}

/// As those of a memory registry.
const MIN_TTL: Duration = Duration::from_millis(100);

/// How long a watch waits: 2.5 times as much is within the 5 s in which a dead
/// link shall be noticed.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(2);

/// Longest answer that is taken in: 65,536 entries of 1 KiB.
const MAX_ANSWER: usize = 64 << 20;

/// The pause after a failed dial. The engine has one of its own.
const PAUSE: Duration = Duration::from_millis(100);

impl Rpc {
    /// The registry at a dial address: `tcp://host:port`, `unix:///path`,
    /// `http://host:port`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if that is no address.
    pub fn connect(address: &str) -> Result<Self> {
        let parsed: Address = address
            .parse()
            .map_err(|error| Error::refused(format_args!("{error}")))?;
        let mut limits = Limits::default();
        limits.message_bytes = MAX_ANSWER;
        let builder = Client::builder().limits(limits).backoff(PAUSE / 10, PAUSE);
        let client = builder.connect_to(parsed);
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or_default();
        let local = host.is_empty()
            || host
                .parse::<crate::Address>()
                .is_ok_and(|address| address.is_local());
        let caps = Caps::new(MIN_TTL, Some(HEARTBEAT));
        Ok(Self(Arc::new(Inner {
            address: client.peer().to_owned(),
            client: RegistryRpcClient::new(client),
            reader: RecordReader::default(),
            caps: if local { caps.local() } else { caps },
            remote: (!host.is_empty()).then(|| host.to_owned()),
        })))
    }
}

impl Inner {
    pub(super) const fn client(&self) -> &RegistryRpcClient<Client> {
        &self.client
    }

    /// What an entry is, unless it is none.
    pub(super) fn record(&self, mut entry: Entry) -> Option<Record> {
        let name = format!("{}/{}/{}", entry.name, entry.version, entry.addr);
        // One that is made up at each reading would be a change each time.
        if entry.id.is_empty() {
            entry.id.clone_from(&entry.addr);
        }
        match entry.read() {
            Ok(entry) => Some(Record::new(Key::of(&entry), entry.into())),
            Err(error) => {
                self.reader.name(&name, &error);
                None
            }
        }
    }

    /// What a failed call means.
    pub(super) fn fault(&self, error: &gobrpc_protocol::Error) -> Error {
        let address = &self.address;
        if !error.is_answer() {
            // Once it is dialled, the error says whom.
            return match error.peer() {
                Some(_) => Error::unavailable(error),
                None => Error::unavailable(format_args!("{address}: {error}")),
            };
        }
        match error.code() {
            Code::Unavailable | Code::ResourceExhausted | Code::Internal => {
                Error::unavailable(format_args!("{address}: {}", error.message()))
            }
            Code::Unimplemented => Error::refused(format_args!(
                "{address}: this is no registry, or an older one: {}",
                error.message()
            )),
            _ => Error::refused(format_args!("{address}: {}", error.message())),
        }
    }

    async fn acquire(&self, entry: &ServiceEntry, ttl: Duration, claim: Claim) -> Result<Lease> {
        let args = RegisterArgs {
            entry: entry.into(),
            ttl_millis: u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX),
            if_free: claim == Claim::IfFree,
        };
        let answer = self.client.register(args).await;
        let grant: Grant = answer.map_err(|error| self.fault(&error))?;
        if !grant.conflict.is_empty() {
            return Err(Error::Conflict {
                holder: grant.conflict.into(),
            });
        }
        let ttl = Duration::from_millis(grant.ttl_millis);
        Ok(Lease::new(Key::of(entry), grant.lease, ttl))
    }

    async fn snapshot(&self, prefix: &Prefix) -> Result<Snapshot> {
        let answer = self.client.list(Scope::of(prefix)).await;
        let listing = answer.map_err(|error| self.fault(&error))?;
        let total = listing.entries.len();
        let entries = listing.entries.into_iter();
        let records: Vec<Record> = entries.filter_map(|entry| self.record(entry)).collect();
        let malformed = total - records.len();
        let mut snapshot = Snapshot::new(records, cursor(listing.epoch, listing.revision));
        snapshot.malformed = malformed;
        Ok(snapshot)
    }
}

fn args(lease: &Lease) -> LeaseArgs {
    LeaseArgs {
        lease: lease.token.as_ref().to_owned(),
    }
}

impl Backend for Rpc {
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>> {
        Box::pin(self.0.acquire(entry, ttl, claim))
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move {
            let answer = self.0.client.renew(args(lease)).await;
            Ok(answer.map_err(|error| self.0.fault(&error))?.into())
        })
    }

    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move {
            let args = UpdateArgs {
                lease: lease.token.as_ref().to_owned(),
                entry: entry.into(),
            };
            let answer = self.0.client.update(args).await;
            Ok(answer.map_err(|error| self.0.fault(&error))?.into())
        })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let answer = self.0.client.deregister(args(lease)).await;
            answer.map(drop).map_err(|error| self.0.fault(&error))
        })
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
            let tail: Box<dyn Tail> = Box::new(RpcTail::new(Arc::clone(&self.0), prefix, after));
            Ok(tail)
        })
    }

    fn caps(&self) -> Caps {
        self.0.caps
    }

    fn remote(&self) -> Option<String> {
        self.0.remote.clone()
    }
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rpc").field(&self.0.address).finish()
    }
}
