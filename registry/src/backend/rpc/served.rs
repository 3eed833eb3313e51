//! [`Served`]: a memory registry behind the service.

use std::time::Duration;

use gobrpc_protocol::{Error, Result};
use tokio::time::{Instant, sleep_until};

use super::wire::{
    Change, Changes, Entry, Grant, LeaseArgs, Listing, RegisterArgs, RegistryRpc,
    RegistryRpcServer, Scope, Stand, UpdateArgs, WatchArgs, claim, cursor,
};
use crate::backend::memory::Memory;
use crate::backend::{Backend as _, Delta, Lease, Standing};
use crate::error;

/// A [`Memory`] that other processes use by RPC.
///
/// It is for development and for tests: whoever reaches it may change all of it,
/// and its entries are gone when its process ends (servers register again then).
/// Beyond one machine, use etcd, Consul or ZooKeeper.
#[derive(Debug, Clone)]
pub struct Served(Memory);

/// The service that shares a registry: `Registry` on the wire.
///
/// See [`Served`] for what it is good for, and
/// [`wire`](crate::backend::rpc::wire) for how Go programs use it.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::Memory;
/// use gobrpc_registry::backend::rpc;
/// use gobrpc_server::Server;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Memory::new();
/// let running = Server::new()
///     .register(rpc::service(&registry))?
///     .start("127.0.0.1:0")
///     .await?;
/// println!("the registry is at tcp://{}", running.host());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn service(memory: &Memory) -> RegistryRpcServer<Served> {
    RegistryRpcServer::new(Served(memory.clone()))
}

/// What Go programs get that give no TTL.
const TTL: Duration = Duration::from_secs(10);

/// The longest wait of a watch: proxies and firewalls forget connections on which
/// nothing happens for longer.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Most changes in an answer: of the longest entries, they are less than what a
/// client takes in.
const MAX_CHANGES: usize = 128;

impl Served {
    /// The lease of a token; `None` if it is gone, as all are after a restart.
    fn lease(&self, token: &str) -> Option<Lease> {
        let (epoch, number) = token.split_once('-')?;
        if u64::from_str_radix(epoch, 16) != Ok(self.0.cursor().epoch) {
            return None;
        }
        self.0.lease(number)
    }

    async fn with_lease(
        &self,
        token: &str,
        work: impl AsyncFnOnce(&Memory, &Lease) -> error::Result<Standing>,
    ) -> Result<Stand> {
        match self.lease(token) {
            None => Ok(Standing::Lost.into()),
            Some(lease) => Ok(work(&self.0, &lease).await.map_err(refusal)?.into()),
        }
    }
}

impl RegistryRpc for Served {
    async fn register(&self, args: RegisterArgs) -> Result<Grant> {
        let entry = args.entry.read().map_err(refusal)?;
        let ttl = match args.ttl_millis {
            0 => TTL,
            millis => Duration::from_millis(millis),
        };
        match self.0.acquire(&entry, ttl, claim(args.if_free)).await {
            Ok(lease) => Ok(Grant {
                lease: format!("{:x}-{}", self.0.cursor().epoch, lease.token),
                ttl_millis: u64::try_from(lease.ttl.as_millis()).unwrap_or(u64::MAX),
                conflict: String::new(),
            }),
            Err(error::Error::Conflict { holder }) => Ok(Grant {
                conflict: holder.as_ref().to_owned(),
                ..Grant::default()
            }),
            Err(error) => Err(refusal(error)),
        }
    }

    async fn renew(&self, args: LeaseArgs) -> Result<Stand> {
        self.with_lease(&args.lease, async |memory, lease| memory.renew(lease).await)
            .await
    }

    async fn update(&self, args: UpdateArgs) -> Result<Stand> {
        let entry = args.entry.read().map_err(refusal)?;
        self.with_lease(&args.lease, async |memory, lease| {
            if crate::Key::of(&entry) != lease.key {
                return Err(error::Error::refused(format_args!(
                    "an entry stays where it is: it is {}, and not {}",
                    lease.key,
                    crate::Key::of(&entry)
                )));
            }
            memory.update(lease, &entry).await
        })
        .await
    }

    async fn deregister(&self, args: LeaseArgs) -> Result<Stand> {
        self.with_lease(&args.lease, async |memory, lease| {
            memory.release(lease).await?;
            Ok(Standing::Lost)
        })
        .await
    }

    async fn list(&self, scope: Scope) -> Result<Listing> {
        let prefix = scope.prefix().map_err(refusal)?;
        let snapshot = self.0.snapshot(&prefix).await.map_err(refusal)?;
        let records = snapshot.records.iter();
        Ok(Listing {
            entries: records.map(|record| (&*record.entry).into()).collect(),
            epoch: snapshot.cursor.epoch,
            revision: snapshot.cursor.revision,
        })
    }

    async fn watch(&self, args: WatchArgs) -> Result<Changes> {
        let prefix = args.scope.prefix().map_err(refusal)?;
        let after = cursor(args.epoch, args.revision);
        let mut tail = self.0.tail(&prefix, after).await.map_err(refusal)?;
        let wait = Duration::from_millis(args.wait_millis).min(MAX_WAIT);
        let until = Instant::now() + wait;
        let mut answer = Changes::default();
        while answer.changes.len() < MAX_CHANGES {
            // What is there already is all in this answer.
            let until = match answer.changes.is_empty() {
                true => until,
                false => Instant::now(),
            };
            let delta = tokio::select! {
                biased;
                delta = tail.next() => delta.map_err(refusal)?,
                () = sleep_until(until) => break,
            };
            answer.changes.push(match delta {
                Delta::Put(record) => Change {
                    deleted: false,
                    entry: (&*record.entry).into(),
                },
                Delta::Delete(key) => Change {
                    deleted: true,
                    entry: Entry::gone(&key),
                },
                Delta::Gap => {
                    answer.gap = true;
                    break;
                }
                Delta::Progress | Delta::Malformed(_) => continue,
            });
        }
        let now = tail.cursor();
        (answer.epoch, answer.revision) = (now.epoch, now.revision);
        Ok(answer)
    }
}

fn refusal(error: impl Into<error::Error>) -> Error {
    match error.into() {
        error @ error::Error::Entry(_) => Error::invalid_argument(error.to_string()),
        error::Error::Refused(why) => Error::failed_precondition(why.as_ref().to_owned()),
        error => Error::unavailable(error.to_string()),
    }
}
