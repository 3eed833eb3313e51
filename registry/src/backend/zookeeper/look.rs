//! [`Found`]: what is under a prefix, read node by node.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream;
use zookeeper_client::{Client, Error as ZkError};

use super::Inner;
use crate::backend::{Cursor, Record};
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};

/// What was under a prefix.
#[derive(Clone, Default)]
pub(super) struct Found {
    pub(super) records: Arc<BTreeMap<Key, Record>>,
    pub(super) malformed: usize,
    /// The last transaction of which anything was seen.
    pub(super) revision: u64,
}

/// The last snapshots, from which tails go on.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<Prefix, (Cursor, Found)>>);

/// Snapshots that are remembered: as many as services are watched at once.
const KNOWN: usize = 1024;

/// Questions that are under way at once.
const AT_ONCE: usize = 128;

impl Known {
    pub(super) fn keep(&self, prefix: &Prefix, at: Cursor, found: Found) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KNOWN && !all.contains_key(prefix) {
            // A tail that does not find its snapshot says that changes were lost.
            all.clear();
        }
        all.insert(prefix.clone(), (at, found));
    }

    pub(super) fn at(&self, prefix: &Prefix, cursor: Cursor) -> Option<Found> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(prefix)
            .filter(|(at, _)| *at == cursor)
            .map(|(_, found)| found.clone())
    }
}

impl Inner {
    /// Everything under a prefix.
    ///
    /// ZooKeeper reads one node at a time, so that this is not as of one moment: a
    /// change meanwhile is seen, or a tail tells of it, since its watch begins
    /// before it looks again.
    pub(super) async fn look(&self, client: &Client, prefix: &Prefix) -> Result<Found> {
        let root = self.nodes.root();
        // Else a server that lags behind may answer.
        let synced = client.sync(&root).await;
        synced.map_err(|error| self.sessions.fault(&root, &error))?;
        let mut found = Found::default();
        let mut paths = vec![root];
        let mut depth = 0;
        match (prefix.as_key(), prefix.service_name()) {
            (Some(key), _) => {
                let path = self.nodes.of_key(key);
                let parent = path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
                // For its count of transactions only.
                self.children(client, parent.into_iter().collect(), &mut found)
                    .await?;
                (paths, depth) = (vec![path], 3);
            }
            (None, Some(_)) => {
                self.children(client, paths, &mut found).await?;
                (paths, depth) = (vec![self.nodes.of_prefix(prefix)], 1);
            }
            (None, None) => {}
        }
        while depth < 3 {
            paths = self.children(client, paths, &mut found).await?;
            depth += 1;
        }
        let values = stream::iter(paths)
            .map(|path| async move {
                let value = client.get_data(&path).await;
                (path, value)
            })
            .buffer_unordered(AT_ONCE);
        let values: Vec<_> = values.collect().await;
        let mut records = BTreeMap::new();
        for (path, value) in values {
            match value {
                Ok((data, stat)) => {
                    found.saw(stat.mzxid);
                    match self.record(&path, &data) {
                        Some(record) => drop(records.insert(record.key.clone(), record)),
                        None => found.malformed += 1,
                    }
                }
                // Gone since its parent was read.
                Err(ZkError::NoNode) => {}
                Err(error) => return Err(self.fault(&path, &error)),
            }
        }
        found.records = Arc::new(records);
        Ok(found)
    }

    /// The nodes below some.
    async fn children(
        &self,
        client: &Client,
        parents: Vec<String>,
        found: &mut Found,
    ) -> Result<Vec<String>> {
        let lists = stream::iter(parents)
            .map(|parent| async move {
                let list = client.get_children(&parent).await;
                (parent, list)
            })
            .buffer_unordered(AT_ONCE);
        let lists: Vec<_> = lists.collect().await;
        let mut below = Vec::new();
        for (parent, list) in lists {
            match list {
                Ok((names, stat)) => {
                    found.saw(stat.pzxid.max(stat.czxid));
                    below.extend(names.iter().map(|name| format!("{parent}/{name}")));
                }
                // A service that nobody has registered yet.
                Err(ZkError::NoNode) => {}
                Err(error) => return Err(self.sessions.fault(&parent, &error)),
            }
        }
        Ok(below)
    }

    /// What a node says, if that is an entry.
    pub(super) fn record(&self, path: &str, data: &[u8]) -> Option<Record> {
        self.reader.read(self.nodes.plain(path)?, data)
    }

    pub(super) fn fault(&self, path: &str, error: &ZkError) -> Error {
        self.sessions.fault(path, error)
    }
}

impl Found {
    fn saw(&mut self, zxid: i64) {
        self.revision = self.revision.max(u64::try_from(zxid).unwrap_or(0));
    }
}
