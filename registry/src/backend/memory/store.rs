//! [`Store`]: entries, leases and history. Pure: time is an argument.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::backend::{Claim, Cursor, Delta, Lease, Record, Snapshot, Standing};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};

/// Entries, leases and history.
///
/// Every change of an entry is one revision and one event; `history` ends with
/// that of `revision`.
pub(super) struct Store {
    epoch: u64,
    revision: u64,
    next_lease: u64,
    entries: BTreeMap<Key, Held>,
    /// Some leases hold nothing: those that were displaced. They expire like all
    /// others, so that there are few.
    leases: HashMap<u64, Grant>,
    expiries: BTreeSet<(Instant, u64)>,
    history: VecDeque<Delta>,
    history_limit: usize,
    entries_limit: usize,
}

struct Held {
    entry: Arc<ServiceEntry>,
    lease: u64,
}

struct Grant {
    key: Key,
    ttl: Duration,
    deadline: Instant,
}

/// A lease of more than a day is no lease, and `Instant` has an end.
const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    pub(super) fn new(history_limit: usize, entries_limit: usize) -> Self {
        Self {
            epoch: fastrand::u64(1..),
            revision: 0,
            next_lease: 1,
            entries: BTreeMap::new(),
            leases: HashMap::new(),
            expiries: BTreeSet::new(),
            history: VecDeque::new(),
            history_limit,
            entries_limit,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) const fn cursor(&self) -> Cursor {
        Cursor {
            epoch: self.epoch,
            revision: self.revision,
        }
    }

    /// When the next lease ends.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.expiries.first().map(|(deadline, _)| *deadline)
    }

    /// Ends the leases that are over.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(&(deadline, lease)) = self.expiries.first() {
            if deadline > now {
                return;
            }
            self.end(lease);
        }
    }

    pub(super) fn acquire(
        &mut self,
        entry: &ServiceEntry,
        ttl: Duration,
        claim: Claim,
        now: Instant,
    ) -> Result<Lease> {
        let key = Key::of(entry);
        let held = self.entries.get(&key);
        match held {
            Some(held) if held.entry.id() != entry.id() && claim == Claim::IfFree => {
                return Err(Error::Conflict {
                    holder: held.entry.id().into(),
                });
            }
            // Those that were displaced count, too: each take-over leaves one.
            held if self.leases.len() >= self.entries_limit
                && held.is_none_or(|held| held.entry.id() != entry.id()) =>
            {
                return Err(Error::refused(format_args!(
                    "{} entries are registered already",
                    self.entries_limit
                )));
            }
            _ => {}
        }
        // A lease of the same instance has nobody left who knows of it.
        let orphan = held
            .filter(|held| held.entry.id() == entry.id())
            .map(|held| held.lease);
        if let Some(lease) = orphan {
            self.forget(lease);
        }
        let lease = self.next_lease;
        self.next_lease += 1;
        let ttl = ttl.min(MAX_TTL);
        let deadline = now + ttl;
        self.put(&key, entry, lease);
        self.expiries.insert((deadline, lease));
        let grant = Grant {
            key: key.clone(),
            ttl,
            deadline,
        };
        self.leases.insert(lease, grant);
        Ok(Lease::new(key, lease.to_string(), ttl))
    }

    #[cfg(feature = "server")]
    pub(super) fn lease(&self, token: &str) -> Option<Lease> {
        let grant = self.leases.get(&token.parse().ok()?)?;
        Some(Lease::new(grant.key.clone(), token, grant.ttl))
    }

    pub(super) fn renew(&mut self, lease: &Lease, now: Instant) -> Standing {
        let standing = self.standing(lease);
        if let (Standing::Held, Some(id)) = (&standing, number(lease)) {
            if let Some(grant) = self.leases.get_mut(&id) {
                self.expiries.remove(&(grant.deadline, id));
                grant.deadline = now + grant.ttl;
                self.expiries.insert((grant.deadline, id));
            }
        }
        standing
    }

    pub(super) fn update(&mut self, lease: &Lease, entry: &ServiceEntry) -> Standing {
        let standing = self.standing(lease);
        if let (Standing::Held, Some(id)) = (&standing, number(lease)) {
            self.put(&lease.key, entry, id);
        }
        standing
    }

    pub(super) fn release(&mut self, lease: &Lease) {
        if let Some(id) = number(lease) {
            self.end(id);
        }
    }

    pub(super) fn snapshot(&self, prefix: &Prefix) -> Snapshot {
        let records = self
            .entries
            .iter()
            .filter(|(key, _)| prefix.contains(key))
            .map(|(key, held)| Record::new(key.clone(), Arc::clone(&held.entry)))
            .collect();
        Snapshot::new(records, self.cursor())
    }

    /// The first change under a prefix after the cursor, which moves past it.
    pub(super) fn after(&self, prefix: &Prefix, cursor: &mut Cursor) -> Option<Delta> {
        // A cursor from the future is one from another life.
        let Some(behind) = self
            .revision
            .checked_sub(cursor.revision)
            .filter(|_| cursor.epoch == self.epoch)
            .and_then(|behind| usize::try_from(behind).ok())
        else {
            return Some(Delta::Gap);
        };
        let Some(start) = self.history.len().checked_sub(behind) else {
            return Some(Delta::Gap);
        };
        for delta in self.history.iter().skip(start) {
            cursor.revision += 1;
            let (Delta::Put(Record { key, .. }) | Delta::Delete(key)) = delta else {
                continue;
            };
            if prefix.contains(key) {
                return Some(delta.clone());
            }
        }
        None
    }

    fn standing(&self, lease: &Lease) -> Standing {
        let id = number(lease);
        let known = id.is_some_and(|id| self.leases.contains_key(&id));
        match self.entries.get(&lease.key) {
            Some(held) if known && Some(held.lease) == id => Standing::Held,
            Some(held) if known => Standing::Displaced {
                holder: held.entry.id().into(),
            },
            _ => Standing::Lost,
        }
    }

    fn put(&mut self, key: &Key, entry: &ServiceEntry, lease: u64) {
        if let Some(held) = self.entries.get_mut(key) {
            held.lease = lease;
            if *held.entry == *entry {
                // Nothing to tell anybody.
                return;
            }
        }
        let entry = Arc::new(entry.clone());
        let held = Held {
            entry: Arc::clone(&entry),
            lease,
        };
        self.entries.insert(key.clone(), held);
        self.record(Delta::Put(Record::new(key.clone(), entry)));
    }

    /// Ends a lease, and its entry if it still holds it.
    fn end(&mut self, lease: u64) {
        let Some(key) = self.forget(lease) else {
            return;
        };
        if self
            .entries
            .get(&key)
            .is_some_and(|held| held.lease == lease)
        {
            self.entries.remove(&key);
            self.record(Delta::Delete(key));
        }
    }

    fn forget(&mut self, lease: u64) -> Option<Key> {
        let grant = self.leases.remove(&lease)?;
        self.expiries.remove(&(grant.deadline, lease));
        Some(grant.key)
    }

    fn record(&mut self, delta: Delta) {
        self.revision += 1;
        self.history.push_back(delta);
        if self.history.len() > self.history_limit {
            self.history.pop_front();
        }
    }
}

fn number(lease: &Lease) -> Option<u64> {
    lease.token.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(port: u16) -> ServiceEntry {
        ServiceEntry::new("s", "v1", format_args!("10.0.0.1:{port}")).unwrap()
    }

    #[test]
    fn the_last_entry_is_taken_and_no_more() {
        let (mut store, now) = (Store::new(8, 2), Instant::now());
        let mut acquire = |port| {
            let ttl = Duration::from_secs(1);
            store.acquire(&entry(port), ttl, Claim::TakeOver, now)
        };
        acquire(1).unwrap();
        acquire(2).unwrap();
        assert!(matches!(acquire(3), Err(Error::Refused(_))));
    }

    #[test]
    fn history_is_kept_to_its_limit_and_then_there_is_a_gap() {
        let (mut store, now) = (Store::new(3, 100), Instant::now());
        let mut start = store.cursor();
        for port in 1..=3 {
            let ttl = Duration::from_secs(1);
            store
                .acquire(&entry(port), ttl, Claim::TakeOver, now)
                .unwrap();
        }
        let prefix = Prefix::all();
        let mut cursor = start;
        for _ in 0..3 {
            assert!(matches!(
                store.after(&prefix, &mut cursor),
                Some(Delta::Put(_))
            ));
        }
        assert_eq!(store.after(&prefix, &mut cursor), None);
        let ttl = Duration::from_secs(1);
        store.acquire(&entry(4), ttl, Claim::TakeOver, now).unwrap();
        assert_eq!(store.after(&prefix, &mut start), Some(Delta::Gap));
        // From another life, and from the future.
        let mut other = Cursor { epoch: 0, ..cursor };
        assert_eq!(store.after(&prefix, &mut other), Some(Delta::Gap));
        let mut future = Cursor {
            revision: 99,
            ..cursor
        };
        assert_eq!(store.after(&prefix, &mut future), Some(Delta::Gap));
    }
}
