//! [`Chain`]: the first of several backends that answers.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::warn;

use super::{Backend, BoxFuture, Caps, Claim, Cursor, Lease, PartFault, Snapshot, Standing, Tail};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::Prefix;
use crate::patience::within;

/// The first of several backends that answers: for a registry, and something to fall
/// back on while it is away.
///
/// - What is registered is registered in the first one only.
/// - The first one that answers a question is believed, also if it knows nothing. One
///   further back is asked if those before it fail, or take too long.
/// - Whoever follows a service goes on with the backend that answered, and comes back
///   to one further in front with the next full look, which is a minute later at most.
///   Those before it, and why they do not answer, are in
///   [`WatchHealth::faults`](crate::WatchHealth::faults).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::{Backend, Chain, File, Memory, Registry};
///
/// let first: Arc<dyn Backend> = Arc::new(Memory::new());
/// let list: Arc<dyn Backend> = Arc::new(File::new("/etc/services.json"));
/// let registry = Registry::new(Arc::new(Chain::new(first, [list])));
/// ```
#[derive(Clone)]
pub struct Chain(Arc<Inner>);

struct Inner {
    first: Arc<dyn Backend>,
    others: Vec<Arc<dyn Backend>>,
    /// Who answered last, by what was asked.
    answered: Mutex<HashMap<Prefix, Answered>>,
}

/// Who answered, and with which cursor.
struct Answered {
    index: usize,
    inner: Cursor,
    /// What those before it failed with.
    faults: Vec<Error>,
}

/// Time for all of them: less than the engine has for one question (5 s).
const PATIENCE: Duration = Duration::from_secs(4);

/// Questions that are remembered: as many as services are watched at once.
const KNOWN: usize = 1024;

impl Chain {
    /// The first backend, in which is registered, and those to fall back on.
    #[must_use]
    pub fn new(
        first: Arc<dyn Backend>,
        others: impl IntoIterator<Item = Arc<dyn Backend>>,
    ) -> Self {
        Self(Arc::new(Inner {
            first,
            others: others.into_iter().collect(),
            answered: Mutex::default(),
        }))
    }
}

impl Inner {
    fn all(&self) -> impl Iterator<Item = &Arc<dyn Backend>> {
        std::iter::once(&self.first).chain(&self.others)
    }

    async fn snapshot(&self, prefix: &Prefix) -> Result<Snapshot> {
        let count = u32::try_from(self.others.len() + 1).unwrap_or(u32::MAX);
        let mut faults = Vec::new();
        for (index, backend) in self.all().enumerate() {
            match within(PATIENCE / count, backend.snapshot(prefix)).await {
                Ok(mut snapshot) => {
                    let inner = snapshot.cursor;
                    snapshot.cursor = outer(index, inner);
                    let answered = Answered {
                        index,
                        inner,
                        faults,
                    };
                    let before = self.remember(prefix, answered);
                    if before != Some(index) && index > 0 {
                        warn!(%prefix, place = index + 1, "the registry is away; another one answers");
                    }
                    return Ok(snapshot);
                }
                Err(error) => faults.push(error),
            }
        }
        Err(together(&faults))
    }

    /// Who answered before.
    fn remember(&self, prefix: &Prefix, now: Answered) -> Option<usize> {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if answered.len() >= KNOWN && !answered.contains_key(prefix) {
            answered.clear();
        }
        let before = answered.insert(prefix.clone(), now);
        before.map(|before| before.index)
    }

    fn faults(&self, prefix: &Prefix) -> Vec<PartFault> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let faults = answered.get(prefix).map(|known| known.faults.as_slice());
        let faults = faults.unwrap_or_default().iter().cloned().enumerate();
        faults
            .map(|(place, error)| PartFault::new(place, error))
            .collect()
    }

    async fn tail(&self, prefix: &Prefix, after: Cursor) -> Result<Box<dyn Tail>> {
        let known = {
            let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
            answered.get(prefix).map(|known| (known.index, known.inner))
        };
        let known = known.filter(|(index, inner)| outer(*index, *inner) == after);
        let Some((index, inner)) = known else {
            return Err(Error::unavailable("nobody knows any more who answered"));
        };
        let backend = self.all().nth(index).unwrap_or(&self.first);
        let tail = backend.tail(prefix, inner).await?;
        Ok(Box::new(ChainTail { index, tail }))
    }
}

/// All that went wrong, in one.
pub(super) fn together(faults: &[Error]) -> Error {
    // What this error says once, its parts need not say again.
    let texts = faults.iter().map(|fault| match fault {
        Error::Unavailable(why) => why.to_string(),
        Error::Refused(why) if !faults.iter().any(Error::may_pass) => why.to_string(),
        fault => fault.to_string(),
    });
    let texts: Vec<String> = texts.collect();
    let text = texts.join("; ");
    match faults.iter().any(Error::may_pass) {
        true => Error::unavailable(text),
        false => Error::refused(text),
    }
}

/// No backend's moment is taken for that of another.
const fn outer(index: usize, inner: Cursor) -> Cursor {
    let place = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Cursor {
        epoch: inner.epoch.wrapping_add(place),
        revision: inner.revision,
    }
}

struct ChainTail {
    index: usize,
    tail: Box<dyn Tail>,
}

impl Tail for ChainTail {
    fn next(&mut self) -> BoxFuture<'_, Result<super::Delta>> {
        self.tail.next()
    }

    fn cursor(&self) -> Cursor {
        outer(self.index, self.tail.cursor())
    }
}

impl Backend for Chain {
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>> {
        self.0.first.acquire(entry, ttl, claim)
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>> {
        self.0.first.renew(lease)
    }

    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>> {
        self.0.first.update(lease, entry)
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        self.0.first.release(lease)
    }

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        // What is registered is looked for where it was.
        match prefix.is_key() {
            true => self.0.first.snapshot(prefix),
            false => Box::pin(self.0.snapshot(prefix)),
        }
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        match prefix.is_key() {
            true => self.0.first.tail(prefix, after),
            false => Box::pin(self.0.tail(prefix, after)),
        }
    }

    fn caps(&self) -> Caps {
        let caps = self.0.first.caps();
        let heartbeats = self.0.all().map(|backend| backend.caps().heartbeat);
        // The slowest one's, as it may be the one that answers.
        let heartbeat = heartbeats.collect::<Option<Vec<_>>>();
        let heartbeat = heartbeat.and_then(|all| all.into_iter().max());
        Caps { heartbeat, ..caps }
    }

    fn faults(&self, prefix: &Prefix) -> Vec<PartFault> {
        match prefix.is_key() {
            true => self.0.first.faults(prefix),
            false => self.0.faults(prefix),
        }
    }

    fn lease_faults(&self, lease: &Lease) -> Vec<PartFault> {
        self.0.first.lease_faults(lease)
    }

    fn remote(&self) -> Option<String> {
        self.0.first.remote()
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("others", &self.0.others.len())
            .finish_non_exhaustive()
    }
}
