//! [`Catalog`]: what is known of a prefix. Pure: time is an argument.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::backend::Record;
use crate::entry::ServiceEntry;
use crate::key::Key;
use crate::set::ServiceSet;

/// What is known of a prefix: snapshots and changes go in, sets come out.
///
/// What is new shows at once. What is gone shows a little later, so that a
/// server that leaves and comes back is no change
/// ([CURATOR-320](https://github.com/apache/curator/issues/840)), and much later
/// if it is gone right after the registry itself was away, above all if too much
/// is: then it is likelier that the servers did not register again yet
/// ([nacos#10209](https://github.com/alibaba/nacos/issues/10209)). One that
/// said that it leaves is believed at once.
#[derive(Debug)]
pub(crate) struct Catalog {
    slots: BTreeMap<Key, Slot>,
    window: Option<Window>,
    /// When the next slot leaves, or sooner: not every change looks at every slot.
    due: Option<Instant>,
    guards: Guards,
    filled: bool,
    /// Mass removals that were held back.
    pub(crate) holds: u64,
    /// Entries that found no place.
    pub(crate) overflow: u64,
}

/// When removals show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guards {
    /// How long a mass removal right after an outage is held back.
    pub(crate) grace: Duration,
    /// Most entries.
    pub(crate) entries: usize,
}

#[derive(Debug)]
struct Slot {
    entry: Arc<ServiceEntry>,
    leaving: Option<Leaving>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    At(Instant),
    /// By an event, and without a goodbye: not decided yet.
    Soon(Instant),
    /// When the window closes, together with all others of it.
    WithWindow,
    /// In a mass removal that is held back.
    Held(Instant),
}

/// The time after a new snapshot, in which removals are judged together.
#[derive(Debug, Clone, Copy)]
struct Window {
    opened: Instant,
    closes: Instant,
    /// Entries when it opened.
    before: usize,
    /// The registry was away before: what goes by events belongs to it, too.
    after_outage: bool,
}

/// How long after a snapshot removals belong to it.
const WINDOW: Duration = Duration::from_secs(1);

/// A server that leaves and comes back within this time was never away.
const COALESCE: Duration = Duration::from_millis(100);

/// Of fewer entries, losing more than half is nothing unusual.
const MASS_FROM: usize = 4;

impl Catalog {
    pub(crate) const fn new(guards: Guards) -> Self {
        Self {
            slots: BTreeMap::new(),
            window: None,
            due: None,
            guards,
            filled: false,
            holds: 0,
            overflow: 0,
        }
    }

    pub(crate) fn set(&self) -> ServiceSet {
        ServiceSet::new(
            self.slots
                .iter()
                .map(|(key, slot)| Record::new(key.clone(), Arc::clone(&slot.entry))),
        )
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Takes in an entry; true if that shows.
    pub(crate) fn put(&mut self, record: Record) -> bool {
        if let Some(slot) = self.slots.get_mut(&record.key) {
            slot.leaving = None;
            if slot.entry == record.entry {
                return false;
            }
            slot.entry = record.entry;
            return true;
        }
        if self.slots.len() >= self.guards.entries {
            self.overflow += 1;
            return false;
        }
        let slot = Slot {
            entry: record.entry,
            leaving: None,
        };
        self.slots.insert(record.key, slot);
        true
    }

    /// Takes out an entry, soon.
    pub(crate) fn remove(&mut self, key: &Key, now: Instant) {
        let swept = self.window.is_some_and(|window| window.after_outage);
        if let Some(slot) = self.slots.get_mut(key) {
            let leaving = match (slot.has_said_goodbye(), swept) {
                (true, _) => Leaving::At(now + COALESCE),
                (false, true) => Leaving::WithWindow,
                (false, false) => Leaving::Soon(now + COALESCE),
            };
            slot.leaving.get_or_insert(leaving);
            self.due = sooner(self.due, slot.due());
        }
    }

    /// Forgets everything; true if that shows.
    pub(crate) fn clear(&mut self) -> bool {
        self.window = None;
        self.due = None;
        let shows = !self.slots.is_empty();
        self.slots.clear();
        shows
    }

    /// Takes in a snapshot; true if that shows. `after_outage` says that the
    /// registry was away: what is held back then is held back anew, as the
    /// servers have found the registry no sooner than this.
    pub(crate) fn replace(
        &mut self,
        records: Vec<Record>,
        after_outage: bool,
        now: Instant,
    ) -> bool {
        let mut changed = self.tick(now);
        let first = !std::mem::replace(&mut self.filled, true);
        let before = self.slots.len();
        let mut missing: BTreeMap<Key, ()> =
            self.slots.keys().map(|key| (key.clone(), ())).collect();
        for record in records {
            missing.remove(&record.key);
            changed |= self.put(record);
        }
        // One that is open goes on, or snapshots that come in a row would put it off
        // for ever; another outage is another reason to wait.
        if !first && (after_outage || self.window.is_none()) {
            // Each server needs a third of its TTL and a bit to come back, and leases
            // that ended during an outage are swept in the seconds after it, at 500 a
            // half second on etcd: a third of the grace, which is two TTLs.
            let open = match after_outage {
                true => (self.guards.grace / 3).max(WINDOW),
                false => WINDOW,
            };
            self.window = Some(Window {
                opened: now,
                closes: now + open,
                before,
                after_outage,
            });
        }
        for key in missing.into_keys() {
            if let Some(slot) = self.slots.get_mut(&key) {
                if slot.has_said_goodbye() {
                    slot.leaving.get_or_insert(Leaving::At(now + COALESCE));
                    self.due = sooner(self.due, slot.due());
                } else if after_outage || slot.leaving.is_none() {
                    // What was decided stands, unless an outage came between.
                    slot.leaving = Some(Leaving::WithWindow);
                }
            }
        }
        changed || first
    }

    /// When there is something to do.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        sooner(self.due, self.window.map(|window| window.closes))
    }

    /// Does what is due; true if that shows. Not to be called while the registry
    /// is away: nothing leaves then.
    pub(crate) fn tick(&mut self, now: Instant) -> bool {
        if self.next_due().is_none_or(|due| due > now) {
            return false;
        }
        if let Some(window) = self.window.filter(|w| w.closes <= now) {
            self.window = None;
            self.judge(window);
        }
        self.judge_sweep(now);
        let before = self.slots.len();
        self.slots
            .retain(|_, slot| slot.due().is_none_or(|due| due > now));
        self.due = self.slots.values().filter_map(Slot::due).min();
        self.slots.len() != before
    }

    /// Decides on the removals of a window.
    fn judge(&mut self, window: Window) {
        let leaves = |slot: &Slot| slot.leaving == Some(Leaving::WithWindow);
        let leaving = self.slots.values().filter(|slot| leaves(slot)).count();
        if leaving == 0 {
            return;
        }
        let all = self.slots.values().all(|slot| slot.leaving.is_some());
        let most = window.before >= MASS_FROM && leaving * 2 > window.before;
        let leaving = if all || most {
            self.holds += 1;
            Leaving::Held(window.opened + self.guards.grace)
        } else {
            Leaving::At(window.closes)
        };
        for slot in self.slots.values_mut().filter(|slot| leaves(slot)) {
            slot.leaving = Some(leaving);
        }
    }

    /// Decides on what leaves by events.
    ///
    /// Servers die one by one. Where half of them or more go in one moment and
    /// without a word, it is likelier that the registry ended their leases: etcd's
    /// leader does that when it was stopped for longer than they last and goes on
    /// ([etcd#15247](https://github.com/etcd-io/etcd/issues/15247)). Those that live
    /// learn it by their next renewal, and have as long as after an outage.
    fn judge_sweep(&mut self, now: Instant) {
        let soon = |slot: &Slot| match slot.leaving {
            Some(Leaving::Soon(at)) => Some(at),
            _ => None,
        };
        if !self.slots.values().filter_map(soon).any(|at| at <= now) {
            return;
        }
        let leaving = self.slots.values().filter_map(soon).count();
        if leaving < 2 || leaving * 2 < self.slots.len() {
            return;
        }
        self.holds += 1;
        let held = Leaving::Held(now + (self.guards.grace / 3).max(WINDOW));
        for slot in self.slots.values_mut().filter(|slot| soon(slot).is_some()) {
            slot.leaving = Some(held);
        }
    }
}

impl Slot {
    /// It drains: that it goes is what it wants, whatever the registry did.
    fn has_said_goodbye(&self) -> bool {
        !self.entry.is_serving()
    }

    fn due(&self) -> Option<Instant> {
        match self.leaving? {
            Leaving::At(at) | Leaving::Soon(at) | Leaving::Held(at) => Some(at),
            Leaving::WithWindow => None,
        }
    }
}

fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(20);

    fn catalog(ports: impl IntoIterator<Item = u16>, now: Instant) -> Catalog {
        let guards = Guards {
            grace: GRACE,
            entries: 10,
        };
        let mut catalog = Catalog::new(guards);
        assert!(catalog.replace(records(ports), false, now));
        catalog
    }

    fn record(port: u16) -> Record {
        let entry = ServiceEntry::new("s", "v1", format_args!("10.0.0.1:{port}"))
            .unwrap()
            .with_id("id")
            .unwrap();
        Record::new(Key::of(&entry), Arc::new(entry))
    }

    fn records(ports: impl IntoIterator<Item = u16>) -> Vec<Record> {
        ports.into_iter().map(record).collect()
    }

    #[test]
    fn what_leaves_and_comes_back_was_never_away() {
        let now = Instant::now();
        let mut catalog = catalog([1, 2], now);
        catalog.remove(&record(1).key, now);
        assert_eq!(catalog.len(), 2);
        assert!(!catalog.put(record(1)));
        assert!(!catalog.tick(now + COALESCE * 2));
        catalog.remove(&record(1).key, now);
        assert!(!catalog.tick(now + COALESCE / 2));
        assert!(catalog.tick(now + COALESCE));
        assert_eq!(catalog.len(), 1);
    }

    #[test]
    fn the_last_one_that_leaves_by_an_event_is_gone() {
        let now = Instant::now();
        let mut catalog = catalog([1], now);
        catalog.remove(&record(1).key, now);
        assert!(catalog.tick(now + COALESCE));
        assert_eq!((catalog.len(), catalog.holds), (0, 0));
    }

    #[test]
    fn half_of_them_or_more_that_leave_in_one_moment_are_held() {
        for (of, gone, held) in [(3, 1, false), (3, 2, true), (4, 2, true), (5, 2, false)] {
            let now = Instant::now();
            let mut catalog = catalog(1..=of, now);
            for port in 1..=gone {
                catalog.remove(&record(port).key, now + COALESCE / 4 * u32::from(port));
            }
            assert_eq!(catalog.tick(now + COALESCE * 2), !held, "{gone} of {of}");
            assert_eq!(catalog.holds, u64::from(held));
            // One of those that are held comes back, and the others are believed.
            let back = held && !catalog.put(record(1));
            assert_eq!(catalog.tick(now + GRACE), held);
            assert_eq!(catalog.len(), usize::from(of - gone) + usize::from(back));
        }
    }

    #[test]
    fn an_empty_answer_after_an_outage_is_held_and_then_believed() {
        let now = Instant::now();
        let mut catalog = catalog([1], now);
        assert!(!catalog.replace(Vec::new(), true, now));
        assert!(!catalog.tick(now + GRACE / 3));
        assert_eq!((catalog.len(), catalog.holds), (1, 1));
        assert!(!catalog.tick(now + GRACE - COALESCE));
        assert!(catalog.tick(now + GRACE));
        assert_eq!(catalog.len(), 0);
    }

    #[test]
    fn losing_more_than_half_is_held_and_half_is_not() {
        // Of three, two may leave.
        for (of, left, held) in [(4, 2, false), (4, 1, true), (3, 1, false)] {
            for (outage, time) in [(false, WINDOW), (true, GRACE / 3)] {
                let now = Instant::now();
                let mut catalog = catalog(1..=of, now);
                catalog.replace(records(1..=left), outage, now);
                assert!(!catalog.tick(now + time - COALESCE / 2));
                assert_eq!(catalog.tick(now + time), !held, "{left} of {of}");
                assert_eq!(catalog.holds, u64::from(held));
            }
        }
    }

    #[test]
    fn the_last_to_come_back_after_an_outage_was_never_away() {
        let now = Instant::now();
        let mut catalog = catalog(1..=3, now);
        catalog.replace(records(1..=2), true, now);
        assert!(!catalog.tick(now + WINDOW * 5));
        assert!(!catalog.put(record(3)));
        assert!(!catalog.tick(now + GRACE * 2));
        assert_eq!((catalog.len(), catalog.holds), (3, 0));
    }

    #[test]
    fn leases_swept_right_after_an_outage_count_as_part_of_it() {
        let now = Instant::now();
        let mut catalog = catalog(1..=6, now);
        catalog.replace(records(1..=6), true, now);
        // Not in one go: etcd ends 500 leases in half a second.
        for port in 1..=5 {
            let at = now + WINDOW * u32::from(port);
            assert!(!catalog.tick(at));
            catalog.remove(&record(port).key, at);
        }
        assert!(!catalog.tick(now + GRACE / 3));
        assert_eq!((catalog.len(), catalog.holds), (6, 1));
        // They register again, but for one.
        for port in 2..=5 {
            assert!(!catalog.put(record(port)));
        }
        assert!(catalog.tick(now + GRACE));
        assert_eq!(catalog.len(), 5);
    }

    #[test]
    fn the_last_one_that_leaves_right_after_a_resync_is_gone() {
        let now = Instant::now();
        let mut catalog = catalog([1], now);
        catalog.replace(records([1]), false, now);
        catalog.remove(&record(1).key, now);
        // And another one, before that shows.
        catalog.replace(Vec::new(), false, now + COALESCE / 2);
        assert!(catalog.tick(now + COALESCE));
        assert_eq!((catalog.len(), catalog.holds), (0, 0));
    }

    #[test]
    fn a_resync_does_not_prolong_a_hold_and_an_outage_does() {
        for (outage, left) in [(false, 0), (true, 1)] {
            let now = Instant::now();
            let mut catalog = catalog([1], now);
            catalog.replace(Vec::new(), true, now);
            catalog.tick(now + GRACE / 3);
            let later = now + GRACE / 2;
            catalog.replace(Vec::new(), outage, later);
            catalog.tick(later + GRACE / 3);
            catalog.tick(now + GRACE);
            assert_eq!(catalog.len(), left, "{outage}");
            catalog.tick(later + GRACE);
            assert_eq!(catalog.len(), 0);
        }
    }

    #[test]
    fn who_says_goodbye_is_believed_right_after_an_outage() {
        let now = Instant::now();
        let draining = |port| {
            let mut record = record(port);
            let entry = Arc::make_mut(&mut record.entry);
            entry.state = crate::entry::State::Draining;
            record
        };
        let mut catalog = catalog(1..=4, now);
        let left = vec![record(1), record(2), draining(3), draining(4)];
        assert!(catalog.replace(left, true, now));
        catalog.remove(&record(3).key, now);
        assert!(catalog.tick(now + COALESCE));
        // In a list as well.
        catalog.replace(records(1..=2), true, now + WINDOW);
        assert!(catalog.tick(now + WINDOW + COALESCE));
        assert_eq!((catalog.len(), catalog.holds), (2, 0));
    }

    #[test]
    fn lists_in_a_row_put_nothing_off() {
        let now = Instant::now();
        let mut catalog = catalog(1..=3, now);
        for half in 0..4 {
            catalog.replace(records(1..=2), false, now + WINDOW / 2 * half);
        }
        assert_eq!(catalog.len(), 2);
    }

    #[test]
    fn the_last_place_is_taken_and_no_more() {
        let catalog = catalog(1..=10, Instant::now());
        assert_eq!((catalog.len(), catalog.overflow), (10, 0));
        let mut catalog = catalog;
        assert!(!catalog.put(record(11)));
        assert_eq!((catalog.len(), catalog.overflow), (10, 1));
    }
}
