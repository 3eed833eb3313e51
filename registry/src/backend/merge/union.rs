//! [`Union`]: what several backends have, as one.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::leases::all;
use crate::backend::chain::together;
use crate::backend::polled::differences;
use crate::backend::{Backend, BoxFuture, Cursor, Delta, PartFault, Record, Snapshot, Tail};
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};
use crate::patience::within;

/// What several backends have, as one.
pub(super) struct Union {
    backends: Vec<Arc<dyn Backend>>,
    epoch: u64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    revision: u64,
    looks: HashMap<Prefix, Look>,
}

/// What was under a prefix.
#[derive(Clone)]
struct Look {
    revision: u64,
    /// The tail that goes on from here writes what it hears here, too: what one said
    /// last is more than what it said when it was asked last.
    parts: Parts,
}

type Parts = Arc<Mutex<Vec<Part>>>;

/// What one backend has.
#[derive(Clone, Default)]
struct Part {
    records: BTreeMap<Key, Record>,
    malformed: usize,
    /// Where its tail begins; `None` if it fails now.
    cursor: Option<Cursor>,
    /// It has answered before.
    answered: bool,
    /// What it fails with now.
    fault: Option<Error>,
}

/// Looks that are remembered: as many as services are watched at once.
const KNOWN: usize = 1024;

/// Time for each: less than the engine has for one question (5 s).
const PATIENCE: Duration = Duration::from_secs(4);

/// Time for the others after the first answer of all.
const HASTE: Duration = Duration::from_secs(1);

/// How often the tail says that it is alive.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(2);

/// Most changes that are taken in before one is told.
const AT_ONCE: usize = 1024;

/// How long one that fails is left alone.
const AGAIN: Duration = Duration::from_secs(5);

impl Union {
    pub(super) fn new(backends: Vec<Arc<dyn Backend>>) -> Self {
        Self {
            backends,
            epoch: fastrand::u64(1..),
            known: Mutex::default(),
        }
    }

    const fn cursor(&self, revision: u64) -> Cursor {
        Cursor {
            epoch: self.epoch,
            revision,
        }
    }

    pub(super) async fn snapshot(&self, prefix: &Prefix) -> Result<Snapshot> {
        let answers = self.ask(prefix).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known
            .looks
            .get(prefix)
            .map(|look| lock(&look.parts).clone());
        let mut parts = before.unwrap_or_else(|| vec![Part::default(); self.backends.len()]);
        let mut faults = Vec::new();
        for (number, (part, answer)) in parts.iter_mut().zip(answers).enumerate() {
            match answer {
                Ok(snapshot) => {
                    let records = snapshot.records.into_iter();
                    *part = Part {
                        records: records.map(|one| (one.key.clone(), one)).collect(),
                        malformed: snapshot.malformed,
                        cursor: Some(snapshot.cursor),
                        answered: true,
                        fault: None,
                    };
                }
                Err(error) => {
                    if part.cursor.take().is_some() || !part.answered {
                        warn!(%prefix, place = number + 1, %error, "one of the registries is away; what it said last stays");
                    }
                    part.fault = Some(error.clone());
                    faults.push(error);
                }
            }
        }
        if faults.len() == self.backends.len() {
            return Err(together(&faults));
        }
        known.revision += 1;
        let mut snapshot = Snapshot::new(union(&parts), self.cursor(known.revision));
        snapshot.malformed = parts.iter().map(|part| part.malformed).sum();
        let look = Look {
            revision: known.revision,
            parts: Arc::new(Mutex::new(parts)),
        };
        if known.looks.len() >= KNOWN && !known.looks.contains_key(prefix) {
            // A tail that does not find its look says that changes were lost.
            known.looks.clear();
        }
        known.looks.insert(prefix.clone(), look);
        Ok(snapshot)
    }

    /// Asks each. The first time, those that are late are not waited for once another has
    /// answered: somebody waits to call.
    async fn ask(&self, prefix: &Prefix) -> Vec<Result<Snapshot>> {
        let is_first = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            !known.looks.contains_key(prefix)
        };
        let (tell, told) = watch::channel(false);
        let tell = &tell;
        let questions = self.backends.iter().map(|one| {
            let mut told = told.clone();
            let late = async move {
                // It fails if nobody can tell any more, which is when all is over.
                let _ = told.wait_for(|&answered| answered).await;
                sleep(HASTE).await;
            };
            async move {
                tokio::select! {
                    biased;
                    answer = within(PATIENCE, one.snapshot(prefix)) => {
                        if answer.is_ok() {
                            tell.send_replace(true);
                        }
                        answer
                    }
                    () = late, if is_first => Err(Error::silent(HASTE)),
                }
            }
        });
        all(questions.collect()).await
    }

    /// Those that fail, as they were looked at last.
    pub(super) fn faults(&self, prefix: &Prefix) -> Vec<PartFault> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(look) = known.looks.get(prefix) else {
            return Vec::new();
        };
        let parts = lock(&look.parts);
        let faults = parts.iter().enumerate();
        let faults = faults.filter_map(|(place, part)| Some((place, part.fault.clone()?)));
        faults
            .map(|(place, error)| PartFault::new(place, error))
            .collect()
    }

    pub(super) async fn tail(&self, prefix: &Prefix, after: Cursor) -> Result<Box<dyn Tail>> {
        let look = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.looks.get(prefix).cloned()
        };
        let look = look.filter(|look| self.cursor(look.revision) == after);
        let Some(look) = look else {
            return Err(Error::unavailable(
                "what the cursor is about is not known any more",
            ));
        };
        let parts = lock(&look.parts).clone();
        let begins = self
            .backends
            .iter()
            .zip(&parts)
            .map(async |(one, part)| match part.cursor {
                Some(cursor) => within(PATIENCE, one.tail(prefix, cursor)).await.map(Some),
                None => Ok(None),
            });
        let now = Instant::now();
        let mut tails = Vec::new();
        let mut again_at = None;
        let begun = all(begins.collect()).await;
        for (place, (begun, backend)) in begun.into_iter().zip(&self.backends).enumerate() {
            let tail = match begun {
                Ok(tail) => tail,
                Err(error) => {
                    warn!(%prefix, %error, "one of the registries is away; what it said last stays");
                    if let Some(part) = lock(&look.parts).get_mut(place) {
                        part.fault = Some(error);
                    }
                    None
                }
            };
            if tail.is_none() {
                again_at = Some(now + AGAIN);
            }
            tails.push(Followed {
                tail,
                silence: backend.caps().heartbeat.map(|heartbeat| heartbeat * 5 / 2),
                heard_at: now,
            });
        }
        Ok(Box::new(UnionTail {
            told: union(&parts),
            parts: look.parts,
            tails,
            gap: false,
            again_at,
            ready: VecDeque::new(),
            cursor: after,
            beat_at: now + HEARTBEAT,
        }))
    }
}

fn lock(parts: &Parts) -> MutexGuard<'_, Vec<Part>> {
    parts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What counts of several, ordered by key.
fn union(parts: &[Part]) -> Vec<Record> {
    let mut records: BTreeMap<&Key, &Record> = BTreeMap::new();
    let mut instances: HashSet<(&str, &str)> = HashSet::new();
    for part in parts {
        for (key, record) in &part.records {
            let instance = (key.service(), record.entry.id());
            let known = records.contains_key(key)
                || (!record.entry.id().is_empty() && instances.contains(&instance));
            if !known {
                records.insert(key, record);
            }
        }
        // Within one backend, two addresses of one ID are two instances.
        instances.extend(
            part.records
                .iter()
                .map(|(key, one)| (key.service(), one.entry.id())),
        );
    }
    records.into_values().cloned().collect()
}

struct Followed {
    tail: Option<Box<dyn Tail>>,
    /// After so long it is taken for dead.
    silence: Option<Duration>,
    heard_at: Instant,
}

struct UnionTail {
    parts: Parts,
    tails: Vec<Followed>,
    told: Vec<Record>,
    /// One of them broke, or lost changes.
    gap: bool,
    /// When all are to be asked again, as one fails.
    again_at: Option<Instant>,
    ready: VecDeque<Delta>,
    cursor: Cursor,
    beat_at: Instant,
}

impl UnionTail {
    async fn advance(&mut self) -> Result<Delta> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            let silences = self.tails.iter().filter(|one| one.tail.is_some());
            let silences = silences.filter_map(|one| Some(one.heard_at + one.silence?));
            let again_at = silences.chain(self.again_at).min();
            let wake = again_at.map_or(self.beat_at, |at| at.min(self.beat_at));
            let heard = tokio::select! {
                biased;
                heard = first(&mut self.tails) => Some(heard),
                () = sleep_until(wake) => None,
            };
            let now = Instant::now();
            if let Some((index, delta)) = heard {
                self.take(index, delta, now);
                self.take_what_is_there(now).await;
                let all = union(&lock(&self.parts));
                self.ready.extend(differences(&self.told, &all));
                self.told = all;
                // One that broke is asked again, with all others.
                if self.gap {
                    self.ready.push_back(Delta::Gap);
                }
            } else if again_at.is_some_and(|at| at <= now) {
                return Ok(Delta::Gap);
            } else {
                self.beat_at = now + HEARTBEAT;
                return Ok(Delta::Progress);
            }
        }
    }

    /// Takes in what all have to say already: an entry that has left all of them must
    /// not come back because one of them is heard later.
    async fn take_what_is_there(&mut self, now: Instant) {
        for _ in 0..AT_ONCE {
            if self.gap {
                return;
            }
            let heard = tokio::select! {
                biased;
                heard = first(&mut self.tails) => heard,
                () = std::future::ready(()) => return,
            };
            self.take(heard.0, heard.1, now);
        }
    }

    fn take(&mut self, index: usize, delta: Result<Delta>, now: Instant) {
        let mut parts = lock(&self.parts);
        let (Some(part), Some(followed)) = (parts.get_mut(index), self.tails.get_mut(index)) else {
            return;
        };
        followed.heard_at = now;
        match delta {
            Ok(Delta::Put(record)) => drop(part.records.insert(record.key.clone(), record)),
            Ok(Delta::Delete(key)) => drop(part.records.remove(&key)),
            // Whether another one has it is seen in the union.
            Ok(Delta::Malformed(key)) => {
                part.records.remove(&key);
                part.malformed += 1;
            }
            Ok(Delta::Progress) => {}
            Ok(Delta::Gap) => self.gap = true,
            Err(error) => {
                warn!(place = index + 1, %error, "one of the registries is away; what it said last stays");
                part.fault = Some(error);
                self.gap = true;
            }
        }
    }
}

/// The next change of any of them. Dropping the future loses none, as dropping theirs
/// loses none.
async fn first(tails: &mut [Followed]) -> (usize, Result<Delta>) {
    let tails = tails.iter_mut().enumerate();
    let mut next: Vec<_> = tails
        .filter_map(|(index, one)| Some((index, one.tail.as_mut()?.next())))
        .collect();
    std::future::poll_fn(|context| {
        for (index, next) in &mut next {
            if let Poll::Ready(delta) = next.as_mut().poll(context) {
                return Poll::Ready((*index, delta));
            }
        }
        Poll::Pending
    })
    .await
}

impl Tail for UnionTail {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(self.advance())
    }

    fn cursor(&self) -> Cursor {
        self.cursor
    }
}
