//! [`Polled`]: backends that are looked at again and again, since nothing tells what
//! changes there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{BoxFuture, Cursor, Delta, Record, Snapshot, Tail};
use crate::error::Result;
use crate::key::{Key, Prefix};

/// What is looked at.
pub(super) trait Source: Send + Sync + 'static {
    /// Everything under a prefix, and how many values are no entries.
    fn read<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<(Vec<Record>, usize)>>;

    /// How long it is left alone.
    fn pause(&self) -> Duration;
}

/// A source that is looked at again and again.
pub(super) struct Polled<S> {
    source: S,
    epoch: u64,
    known: Mutex<Known>,
}

/// What the last looks gave, by which tails go on.
#[derive(Default)]
struct Known {
    revision: u64,
    sets: HashMap<Prefix, (u64, Arc<[Record]>)>,
}

/// A revision, what was there, and how many values were no entries.
type Look = (u64, Arc<[Record]>, usize);

/// Sets that are remembered: as many as services are watched at once.
const KNOWN: usize = 1024;

impl<S: Source> Polled<S> {
    pub(super) fn new(source: S) -> Self {
        Self {
            source,
            epoch: fastrand::u64(1..),
            known: Mutex::default(),
        }
    }

    pub(super) const fn source(&self) -> &S {
        &self.source
    }

    async fn look(&self, prefix: &Prefix) -> Result<Look> {
        let (records, malformed) = self.source.read(prefix).await?;
        let records = by_key(records);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((revision, same)) = known.sets.get(prefix) {
            if same[..] == records[..] {
                return Ok((*revision, Arc::clone(same), malformed));
            }
        }
        known.revision += 1;
        let (revision, records): (u64, Arc<[Record]>) = (known.revision, records.into());
        if known.sets.len() >= KNOWN && !known.sets.contains_key(prefix) {
            // A tail that does not find its set says that changes were lost.
            known.sets.clear();
        }
        let set = (revision, Arc::clone(&records));
        known.sets.insert(prefix.clone(), set);
        Ok((revision, records, malformed))
    }

    const fn cursor(&self, revision: u64) -> Cursor {
        Cursor {
            epoch: self.epoch,
            revision,
        }
    }

    pub(super) async fn snapshot(&self, prefix: &Prefix) -> Result<Snapshot> {
        let (revision, records, malformed) = self.look(prefix).await?;
        let mut snapshot = Snapshot::new(records.to_vec(), self.cursor(revision));
        snapshot.malformed = malformed;
        Ok(snapshot)
    }

    pub(super) fn tail(self: &Arc<Self>, prefix: &Prefix, after: Cursor) -> Box<dyn Tail> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let told = known.sets.get(prefix);
        let told = told
            .filter(|(revision, _)| self.cursor(*revision) == after)
            .map(|(_, records)| Arc::clone(records));
        drop(known);
        Box::new(PolledTail {
            polled: Arc::clone(self),
            prefix: prefix.clone(),
            told,
            ready: VecDeque::new(),
            cursor: after,
            look: None,
            next_at: Instant::now(),
        })
    }
}

struct PolledTail<S> {
    polled: Arc<Polled<S>>,
    prefix: Prefix,
    /// `None` if what the cursor is about is no longer known.
    told: Option<Arc<[Record]>>,
    ready: VecDeque<Delta>,
    cursor: Cursor,
    look: Option<BoxFuture<'static, Result<Look>>>,
    next_at: Instant,
}

impl<S: Source> PolledTail<S> {
    async fn advance(&mut self) -> Result<Delta> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            let Some(told) = &self.told else {
                return Ok(Delta::Gap);
            };
            if self.look.is_none() {
                sleep_until(self.next_at).await;
            }
            let look = self.look.get_or_insert_with(|| {
                let (polled, prefix) = (Arc::clone(&self.polled), self.prefix.clone());
                Box::pin(async move { polled.look(&prefix).await })
            });
            let outcome = look.await;
            self.look = None;
            self.next_at = Instant::now() + self.polled.source.pause();
            let (revision, records, _) = outcome?;
            self.ready = differences(told, &records);
            self.ready.push_back(Delta::Progress);
            self.cursor = self.polled.cursor(revision);
            self.told = Some(records);
        }
    }
}

impl<S: Source> Tail for PolledTail<S> {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(self.advance())
    }

    fn cursor(&self) -> Cursor {
        self.cursor
    }
}

/// Ordered by key, with the first of those that have the same.
pub(super) fn by_key(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by(|one, other| one.key.cmp(&other.key));
    records.dedup_by(|one, other| one.key == other.key);
    records
}

/// What made one list the other; both are ordered by key.
pub(super) fn differences(before: &[Record], after: &[Record]) -> VecDeque<Delta> {
    let find = |records: &[Record], key: &Key| {
        let at = records.binary_search_by(|one| one.key.cmp(key));
        at.ok().and_then(|at| records.get(at).cloned())
    };
    let gone = before
        .iter()
        .filter(|record| find(after, &record.key).is_none())
        .map(|record| Delta::Delete(record.key.clone()));
    let new = after
        .iter()
        .filter(|record| find(before, &record.key).as_ref() != Some(record))
        .map(|record| Delta::Put(record.clone()));
    gone.chain(new).collect()
}
