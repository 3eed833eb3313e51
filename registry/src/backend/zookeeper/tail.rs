//! [`ZooKeeperTail`]: what changes in ZooKeeper.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use zookeeper_client::{
    AddWatchMode, Client, Error as ZkError, EventType, PersistentWatcher, SessionState,
    WatchedEvent,
};

use super::{Found, HEARTBEAT, Inner, cursor};
use crate::backend::{BoxFuture, Cursor, Delta, Tail};
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};
use crate::patience::within;

/// What changes in ZooKeeper under a prefix: a recursive watch says which nodes to
/// read again. After each break it is armed and everything is read again: on a new
/// connection a server knows of no watch, the client library does not arm one that is
/// recursive again (zookeeper-client 0.11, `WatchManager::resend_watches`), and one that
/// is does not tell what was missed
/// ([ZOOKEEPER-4698](https://issues.apache.org/jira/browse/ZOOKEEPER-4698)).
pub(super) struct ZooKeeperTail {
    inner: Arc<Inner>,
    prefix: Prefix,
    client: Client,
    watcher: PersistentWatcher,
    /// What was told so far.
    told: Found,
    ready: VecDeque<Delta>,
    /// Nodes to read again.
    dirty: BTreeSet<String>,
    /// Everything is to be read again.
    all: bool,
    /// The connection is another one, which the watch is not armed on.
    unarmed: bool,
    connected: bool,
    /// The connection broke since the work began, which fails for that.
    broke: bool,
    work: Option<BoxFuture<'static, Result<Work>>>,
    heartbeat_at: Instant,
}

/// What a question gave.
enum Work {
    /// With the watch, if it was armed again before.
    All(Found, Option<PersistentWatcher>),
    /// The value of a node, and the transaction that wrote it; `None` if it is
    /// gone.
    Node(String, Option<(Vec<u8>, i64)>),
    Alive,
}

/// Of more nodes than these, everything is read again.
const DIRTY: usize = 4096;

/// How long an answer to a probe may take.
const PROBE: Duration = Duration::from_secs(3);

impl ZooKeeperTail {
    pub(super) async fn open(inner: Arc<Inner>, prefix: &Prefix, after: Cursor) -> Result<Self> {
        let client = inner.sessions.shared().await?;
        // Before everything is read, so that nothing is missed in between.
        let arm = || inner.arm(&client, prefix);
        let watcher = inner.sessions.twice(&client, arm).await?;
        let mut ready = VecDeque::new();
        let told = inner.known.at(prefix, after);
        if told.is_none() {
            ready.push_back(Delta::Gap);
        }
        Ok(Self {
            inner,
            prefix: prefix.clone(),
            client,
            watcher,
            told: told.unwrap_or_default(),
            ready,
            dirty: BTreeSet::new(),
            all: true,
            unarmed: false,
            connected: true,
            broke: false,
            work: None,
            heartbeat_at: Instant::now() + HEARTBEAT,
        })
    }

    /// The next change, which nothing is lost of if this is dropped.
    async fn advance(&mut self) -> Result<Delta> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            self.begin();
            let working = self.work.is_some();
            tokio::select! {
                // The session's events first: the end of a connection is told before
                // the work that it ends.
                biased;
                event = self.watcher.changed() => self.hear(event)?,
                work = async { match &mut self.work {
                    Some(work) => work.await,
                    None => std::future::pending().await,
                }}, if working => {
                    self.work = None;
                    self.heartbeat_at = Instant::now() + HEARTBEAT;
                    match work {
                        Ok(work) => self.take(work),
                        // The session may go on by another connection, and everything
                        // is read again then; who waits for that knows for how long.
                        Err(_) if self.broke => self.all = true,
                        Err(error) => return Err(error),
                    }
                }
                () = sleep_until(self.heartbeat_at), if !working && self.connected => {
                    let (inner, client) = (Arc::clone(&self.inner), self.client.clone());
                    self.broke = false;
                    self.work = Some(Box::pin(async move {
                        let root = inner.nodes.root();
                        let probe = async {
                            let synced = client.sync(&root).await;
                            synced.map_err(|error| inner.fault(&root, &error))
                        };
                        within(PROBE, probe).await.map(|()| Work::Alive)
                    }));
                }
            }
        }
    }

    /// Begins what there is to read.
    fn begin(&mut self) {
        if self.work.is_some() || !self.connected {
            return;
        }
        self.broke = false;
        let (inner, client) = (Arc::clone(&self.inner), self.client.clone());
        if self.all {
            (self.all, self.dirty) = (false, BTreeSet::new());
            let prefix = self.prefix.clone();
            let unarmed = std::mem::take(&mut self.unarmed);
            self.work = Some(Box::pin(async move {
                let watcher = match unarmed {
                    true => Some(inner.arm(&client, &prefix).await?),
                    false => None,
                };
                Ok(Work::All(inner.look(&client, &prefix).await?, watcher))
            }));
        } else if let Some(path) = self.dirty.pop_first() {
            self.work = Some(Box::pin(async move {
                match client.get_data(&path).await {
                    Ok((data, stat)) => Ok(Work::Node(path, Some((data, stat.mzxid)))),
                    Err(ZkError::NoNode) => Ok(Work::Node(path, None)),
                    Err(error) => Err(inner.fault(&path, &error)),
                }
            }));
        }
    }

    /// Takes in what the watch says.
    ///
    /// # Errors
    ///
    /// If the session is over; nothing comes after that.
    fn hear(&mut self, event: WatchedEvent) -> Result<()> {
        if event.event_type == EventType::Session {
            match event.session_state {
                SessionState::Disconnected => (self.connected, self.broke) = (false, true),
                state if state.is_terminated() => {
                    return Err(Error::unavailable(format_args!(
                        "{}: the session is over ({state})",
                        self.inner.sessions.cluster()
                    )));
                }
                _ => (self.connected, self.all, self.unarmed) = (true, true, true),
            }
            return Ok(());
        }
        let of_entry = |path: &str| self.inner.nodes.plain(path)?.parse::<Key>().ok();
        if !self.all && event.event_type != EventType::NodeChildrenChanged {
            // Nodes of another form are counted by snapshots.
            if of_entry(&event.path).is_some_and(|key| self.prefix.contains(&key)) {
                self.dirty.insert(event.path);
                self.all = self.dirty.len() > DIRTY;
            }
        }
        Ok(())
    }

    fn take(&mut self, work: Work) {
        match work {
            Work::Alive => self.ready.push_back(Delta::Progress),
            Work::All(now, watcher) => {
                if let Some(watcher) = watcher {
                    self.watcher = watcher;
                }
                for key in self.told.records.keys() {
                    if !now.records.contains_key(key) {
                        self.ready.push_back(Delta::Delete(key.clone()));
                    }
                }
                for (key, record) in &*now.records {
                    if self.told.records.get(key) != Some(record) {
                        self.ready.push_back(Delta::Put(record.clone()));
                    }
                }
                let revision = now.revision.max(self.told.revision);
                self.told = Found { revision, ..now };
            }
            Work::Node(path, value) => {
                let key = self
                    .inner
                    .nodes
                    .plain(&path)
                    .and_then(|key| key.parse::<Key>().ok());
                let Some(key) = key else { return };
                let record = value
                    .as_ref()
                    .and_then(|(data, _)| self.inner.record(&path, data));
                let zxid = value.as_ref().map_or(0, |(_, zxid)| *zxid);
                let zxid = u64::try_from(zxid).unwrap_or(0);
                self.told.revision = self.told.revision.max(zxid);
                let told = Arc::make_mut(&mut self.told.records);
                let delta = match (record, value) {
                    (Some(record), _) if told.get(&key) == Some(&record) => return,
                    (Some(record), _) => {
                        told.insert(key, record.clone());
                        Delta::Put(record)
                    }
                    (None, Some(_)) => {
                        told.remove(&key);
                        Delta::Malformed(key)
                    }
                    (None, None) if told.remove(&key).is_some() => Delta::Delete(key),
                    (None, None) => return,
                };
                self.ready.push_back(delta);
            }
        }
    }
}

impl Inner {
    /// Has a server tell what changes under a prefix.
    async fn arm(&self, client: &Client, prefix: &Prefix) -> Result<PersistentWatcher> {
        let path = self.nodes.of_prefix(prefix);
        let watcher = client.watch(&path, AddWatchMode::PersistentRecursive).await;
        watcher.map_err(|error| self.fault(&path, &error))
    }
}

impl Tail for ZooKeeperTail {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(self.advance())
    }

    fn cursor(&self) -> Cursor {
        cursor(self.client.session_id().0, self.told.revision)
    }
}
