//! [`Leases`]: sessions that hold an entry each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use zookeeper_client::{Client, CreateMode, Error as ZkError, MultiWriteError, Stat};

use super::Inner;
use crate::backend::{Claim, Lease, Standing};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::Key;

/// Sessions that hold an entry each, by the leases' tokens.
///
/// A session lives as long as its process does, as ZooKeeper's clients ping by
/// themselves. A lease that nobody renews ends nevertheless: a task ends its
/// session.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<Arc<str>, Held>>);

#[derive(Clone)]
struct Held {
    client: Client,
    path: String,
    /// The instance ID.
    id: String,
    ttl: Duration,
    deadline: Instant,
}

/// Rounds against others that change the same node at the same time.
const ROUNDS: usize = 8;

/// How long the end of a session is waited for.
const ENDS: Duration = Duration::from_secs(2);

impl Leases {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, token: &str) -> Option<Held> {
        let now = Instant::now();
        let mut all = self.lock();
        if all.get(token).is_some_and(|held| held.deadline <= now) {
            all.remove(token);
        }
        all.get(token).cloned()
    }

    /// What is still held after its time is taken away; when to look again.
    fn due(&self, token: &str) -> Option<Instant> {
        self.get(token).map(|held| held.deadline)
    }

    fn renewed(&self, token: &str) {
        if let Some(held) = self.lock().get_mut(token) {
            held.deadline = Instant::now() + held.ttl;
        }
    }

    fn remove(&self, token: &str) -> Option<Held> {
        self.lock().remove(token)
    }

    /// Keeps a new one. A lease of the same instance has nobody left who knows of
    /// it.
    fn keep(&self, token: Arc<str>, held: Held) {
        let mut all = self.lock();
        all.retain(|_, other| other.path != held.path || other.id != held.id);
        all.insert(token, held);
    }
}

/// Ends a session whose lease is not renewed.
async fn watch_over(inner: Weak<Inner>, token: Arc<str>) {
    while let Some(deadline) = inner.upgrade().and_then(|inner| inner.leases.due(&token)) {
        sleep_until(deadline).await;
    }
}

impl Inner {
    pub(super) async fn acquire(
        self: &Arc<Self>,
        entry: &ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> Result<Lease> {
        let key = Key::of(entry);
        let client = self.sessions.open(ttl.max(super::MIN_TTL)).await?;
        let begun = Instant::now();
        let path = self.nodes.of_key(&key);
        let data = entry.to_json();
        let options = CreateMode::Ephemeral.with_acls(self.nodes.acls());
        let mut round = 0;
        loop {
            round += 1;
            if round > ROUNDS {
                return Err(Error::unavailable(format_args!(
                    "{}: {path} changes all the time",
                    self.sessions.cluster()
                )));
            }
            match client.create(&path, data.as_bytes(), &options).await {
                Ok(_) => break,
                Err(ZkError::NoNode) => {
                    let made = self.nodes.make_parents(&client, &path).await;
                    made.map_err(|error| self.fault(&path, &error))?;
                    continue;
                }
                Err(ZkError::NodeExists) => {}
                Err(error) => return Err(self.fault(&path, &error)),
            }
            let (there, stat) = match client.get_data(&path).await {
                Ok(there) => there,
                Err(ZkError::NoNode) => continue,
                Err(error) => return Err(self.fault(&path, &error)),
            };
            if stat.ephemeral_owner == client.session_id().0 {
                break;
            }
            let holder = self.holder(&path, &there);
            if claim == Claim::IfFree && *holder != *entry.id() {
                return Err(Error::Conflict { holder });
            }
            if self.replace(&client, &path, &data, &stat).await? {
                break;
            }
        }
        let ttl = client.session_timeout();
        let token: Arc<str> = client.session_id().to_string().into();
        let held = Held {
            client,
            path,
            id: entry.id().to_owned(),
            ttl,
            deadline: begun + ttl,
        };
        self.leases.keep(Arc::clone(&token), held);
        tokio::spawn(watch_over(Arc::downgrade(self), Arc::clone(&token)));
        Ok(Lease::new(key, token, ttl))
    }

    /// Puts a node of this session in the place of another one, if that is still as
    /// it was seen: else its end would remove the new one as well.
    async fn replace(&self, client: &Client, path: &str, data: &str, old: &Stat) -> Result<bool> {
        let options = CreateMode::Ephemeral.with_acls(self.nodes.acls());
        let mut writer = client.new_multi_writer();
        let written: Result<(), ZkError> = (|| {
            writer.add_delete(path, Some(old.version))?;
            writer.add_create(path, data.as_bytes(), &options)?;
            if old.version == 0 {
                // Versions begin with 0 again. An update of the old life that is
                // under way must not find the version that it expects.
                writer.add_set_data(path, data.as_bytes(), None)?;
            }
            Ok(())
        })();
        written.map_err(|error| self.fault(path, &error))?;
        match writer.commit().await {
            Ok(_) => Ok(true),
            Err(MultiWriteError::OperationFailed {
                source: ZkError::BadVersion | ZkError::NoNode | ZkError::NodeExists,
                ..
            }) => Ok(false),
            Err(MultiWriteError::OperationFailed {
                source: ZkError::NotEmpty,
                ..
            }) => Err(Error::refused(format_args!(
                "{}: {path} is no entry, as there are nodes below it",
                self.sessions.cluster()
            ))),
            Err(error) => Err(self.fault(path, &error.into())),
        }
    }

    /// The instance whose entry that is.
    fn holder(&self, path: &str, data: &[u8]) -> Arc<str> {
        match self.record(path, data) {
            Some(record) => record.entry.id().into(),
            None => "an unreadable entry".into(),
        }
    }

    /// How a lease stands; with its session and its node if it holds it.
    async fn stands(&self, lease: &Lease) -> Result<(Standing, Option<(Held, Stat)>)> {
        let Some(held) = self.leases.get(&lease.token) else {
            return Ok((Standing::Lost, None));
        };
        if held.client.state().is_terminated() {
            self.leases.remove(&lease.token);
            return Ok((Standing::Lost, None));
        }
        self.sessions.connected(&held.client)?;
        match held.client.get_data(&held.path).await {
            Ok((_, stat)) if stat.ephemeral_owner == held.client.session_id().0 => {
                Ok((Standing::Held, Some((held, stat))))
            }
            Ok((data, _)) => {
                let holder = self.holder(&held.path, &data);
                Ok((Standing::Displaced { holder }, None))
            }
            Err(ZkError::NoNode | ZkError::SessionExpired) => {
                self.leases.remove(&lease.token);
                Ok((Standing::Lost, None))
            }
            Err(error) => Err(self.fault(&held.path, &error)),
        }
    }

    pub(super) async fn renew(&self, lease: &Lease) -> Result<Standing> {
        let (standing, _) = self.stands(lease).await?;
        if standing == Standing::Held {
            self.leases.renewed(&lease.token);
        }
        Ok(standing)
    }

    pub(super) async fn update(&self, lease: &Lease, entry: &ServiceEntry) -> Result<Standing> {
        let data = entry.to_json();
        for _ in 0..ROUNDS {
            let (standing, held) = self.stands(lease).await?;
            let Some((held, stat)) = held else {
                return Ok(standing);
            };
            let set = held
                .client
                .set_data(&held.path, data.as_bytes(), Some(stat.version));
            match set.await {
                Ok(_) => return Ok(Standing::Held),
                // Somebody else changed it meanwhile: perhaps by taking it over.
                Err(ZkError::BadVersion | ZkError::NoNode | ZkError::SessionExpired) => {}
                Err(error) => return Err(self.fault(&held.path, &error)),
            }
        }
        Err(Error::unavailable("the node changes all the time"))
    }

    /// Ends the session of a lease, and with it what is left of the entry.
    pub(super) async fn release(&self, lease: &Lease) -> Result<()> {
        let Some(held) = self.leases.remove(&lease.token) else {
            return Ok(());
        };
        let Held { client, path, .. } = held;
        let session = client.session_id().0;
        drop(client);
        let until = Instant::now() + ENDS;
        let mut pause = Duration::from_millis(2);
        let looking = self.sessions.shared().await?;
        loop {
            match looking.check_stat(&path).await {
                Ok(stat) if stat.is_none_or(|stat| stat.ephemeral_owner != session) => {
                    return Ok(());
                }
                Err(error) => return Err(self.fault(&path, &error)),
                Ok(_) if Instant::now() > until => {
                    return Err(Error::unavailable("the session does not end"));
                }
                Ok(_) => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}
