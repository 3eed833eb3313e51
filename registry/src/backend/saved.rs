//! [`Saved`]: a backend, and what it said last in a folder.

use std::collections::HashMap;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tracing::{info, warn};

use super::{
    Backend, BoxFuture, Caps, Claim, Cursor, Lease, PartFault, Record, Snapshot, Standing, Tail,
};
use crate::entry::ServiceEntry;
use crate::error::{Error, Result};
use crate::key::{Key, Prefix};
use crate::patience::within;

/// A backend, and what it said last in a folder: so that a client that is started
/// while the registry is away knows whom to call.
///
/// Each full look is written down, one file for each service, beside the old one and
/// then in its place. It is read only if the registry does not answer within a second
/// before it ever has: then watches are stale ([`WatchHealth::stale`](crate::WatchHealth::stale))
/// until it does. What is written may be as old as the last full look before the end,
/// a minute as a rule, or as old as the process is gone. A file that is not whole is
/// left alone, and named in the log.
///
/// The folder is for one registry, and may be shared by the processes of one user.
///
/// # Examples
///
/// ```no_run
/// use std::sync::Arc;
/// use gobrpc_registry::{Memory, Registry, Saved};
///
/// let backend = Arc::new(Memory::new());
/// let registry = Registry::new(Arc::new(Saved::new(backend, "/var/cache/gobrpc")));
/// ```
#[derive(Clone)]
pub struct Saved(Arc<Inner>);

struct Inner {
    backend: Arc<dyn Backend>,
    folder: PathBuf,
    /// What was written last, by prefix, for those that the backend has answered.
    written: Mutex<HashMap<Prefix, u64>>,
    /// One page is written at a time.
    turn: Mutex<()>,
}

/// Time for the backend: less than the engine has for one question (5 s).
const PATIENCE: Duration = Duration::from_secs(4);

/// Time for it before what is written down is used: less than a first call waits (3 s),
/// and than a chain of two has for each (2 s).
const HASTE: Duration = Duration::from_secs(1);

/// The longest file that is read (64 MiB).
const MAX: u64 = 64 << 20;

/// Prefixes whose last writing is remembered.
const WRITTEN: usize = 1024;

/// The epoch of what was read from a file: no tail begins there.
const FROM_FILE: Cursor = Cursor {
    epoch: u64::MAX,
    revision: 0,
};

/// What is in a file.
#[derive(Serialize, Deserialize)]
struct Page {
    /// 1; others are not read.
    format: u32,
    prefix: String,
    /// Keys and entries: the first may be other writers' and not that of the second.
    entries: Vec<(String, serde_json::Value)>,
    /// So that a page that is cut short, or mixed of two, is noticed.
    checksum: u64,
}

impl Saved {
    /// A backend, and a folder, which is made when something is written.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, folder: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            backend,
            folder: folder.into(),
            written: Mutex::default(),
            turn: Mutex::default(),
        }))
    }
}

impl Inner {
    async fn snapshot(self: &Arc<Self>, prefix: &Prefix) -> Result<Snapshot> {
        let mut asked = pin!(within(PATIENCE, self.backend.snapshot(prefix)));
        let is_first = !self.has_answered(prefix);
        let mut answer = None;
        if is_first {
            answer = timeout(HASTE, asked.as_mut()).await.ok();
            if answer.is_none()
                && let Some(saved) = self.saved(prefix, &Error::silent(HASTE)).await
            {
                return Ok(saved);
            }
        }
        let answer = match answer {
            Some(answer) => answer,
            None => asked.await,
        };
        match answer {
            Ok(snapshot) => {
                self.write(prefix, &snapshot.records);
                Ok(snapshot)
            }
            Err(error) if is_first => self.saved(prefix, &error).await.ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// What is written down, since the backend fails.
    async fn saved(self: &Arc<Self>, prefix: &Prefix, error: &Error) -> Option<Snapshot> {
        let (inner, asked) = (Arc::clone(self), prefix.clone());
        let read = tokio::task::spawn_blocking(move || inner.read(&asked)).await;
        let records = read.ok().flatten()?;
        info!(%prefix, entries = records.len(), %error, "the registry is away; what is written down is used");
        Some(Snapshot::new(records, FROM_FILE))
    }

    fn has_answered(&self, prefix: &Prefix) -> bool {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.contains_key(prefix)
    }

    fn is_latest(&self, prefix: &Prefix, checksum: u64) -> bool {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.get(prefix) == Some(&checksum)
    }

    fn file(&self, prefix: &str) -> PathBuf {
        self.folder
            .join(format!("{:016x}.json", hash(prefix.as_bytes())))
    }

    /// Writes a page in the background, unless it is there.
    fn write(self: &Arc<Self>, prefix: &Prefix, records: &[Record]) {
        let page = Page::new(prefix, records);
        {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            if written.len() >= WRITTEN && !written.contains_key(prefix) {
                written.clear();
            }
            if written.insert(prefix.clone(), page.checksum) == Some(page.checksum) {
                return;
            }
        }
        let path = self.file(&page.prefix);
        let (inner, prefix) = (Arc::clone(self), prefix.clone());
        tokio::task::spawn_blocking(move || {
            let _turn = inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
            // Threads may begin in any order: a newer page stays.
            if !inner.is_latest(&prefix, page.checksum) {
                return;
            }
            if let Err(error) = page.write(&path) {
                warn!(file = %path.display(), %error, "what the registry says cannot be written down");
            }
        });
    }

    fn read(&self, prefix: &Prefix) -> Option<Vec<Record>> {
        let path = self.file(&prefix.to_string());
        match Page::read(&path, prefix) {
            Ok(records) => records,
            Err(problem) => {
                warn!(file = %path.display(), problem, "what was written down is not used");
                None
            }
        }
    }
}

impl Page {
    fn new(prefix: &Prefix, records: &[Record]) -> Self {
        let entries = records.iter().filter_map(|record| {
            let entry = serde_json::to_value(&*record.entry).ok()?;
            Some((record.key.to_string(), entry))
        });
        let mut page = Self {
            format: 1,
            prefix: prefix.to_string(),
            entries: entries.collect(),
            checksum: 0,
        };
        page.checksum = page.sum();
        page
    }

    fn sum(&self) -> u64 {
        let text = serde_json::to_string(&(&self.prefix, &self.entries)).unwrap_or_default();
        hash(text.as_bytes())
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // Another process may write the same page.
        let beside = path.with_extension(format!("{:016x}.new", fastrand::u64(..)));
        let written = (|| {
            let mut file = std::fs::File::create_new(&beside)?;
            file.write_all(serde_json::to_string(self)?.as_bytes())?;
            // Else a crash of the machine may leave an empty file in its place.
            file.sync_all()?;
            std::fs::rename(&beside, path)
        })();
        if written.is_err() {
            drop(std::fs::remove_file(&beside));
        }
        written
    }

    /// `None` if there is no page.
    fn read(path: &Path, prefix: &Prefix) -> Result<Option<Vec<Record>>, &'static str> {
        match std::fs::metadata(path) {
            Ok(about) if about.len() > MAX => return Err("it is too long"),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err("it cannot be read"),
        }
        let text = std::fs::read(path).map_err(|_| "it cannot be read")?;
        let page: Self = serde_json::from_slice(&text).map_err(|_| "it is not whole")?;
        if page.format != 1 {
            return Err("it is of another version");
        }
        if page.checksum != page.sum() {
            return Err("its checksum is wrong");
        }
        if page.prefix != prefix.to_string() {
            return Err("it is about something else");
        }
        let records = page.entries.iter().map(|(key, entry)| {
            let key: Key = key.parse().ok()?;
            let entry = ServiceEntry::from_json_at(&key, &entry.to_string()).ok()?;
            prefix
                .contains(&key)
                .then(|| Record::new(key, entry.into()))
        });
        records
            .collect::<Option<Vec<_>>>()
            .map(Some)
            .ok_or("it has something else in it than entries")
    }
}

/// FNV-1a: names of files and checksums that the next version gets as well.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

impl Backend for Saved {
    fn acquire<'a>(
        &'a self,
        entry: &'a ServiceEntry,
        ttl: Duration,
        claim: Claim,
    ) -> BoxFuture<'a, Result<Lease>> {
        self.0.backend.acquire(entry, ttl, claim)
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Standing>> {
        self.0.backend.renew(lease)
    }

    fn update<'a>(
        &'a self,
        lease: &'a Lease,
        entry: &'a ServiceEntry,
    ) -> BoxFuture<'a, Result<Standing>> {
        self.0.backend.update(lease, entry)
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        self.0.backend.release(lease)
    }

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        // What is registered is asked about where it is.
        match prefix.is_key() {
            true => self.0.backend.snapshot(prefix),
            false => Box::pin(self.0.snapshot(prefix)),
        }
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        if after == FROM_FILE {
            let error =
                Error::unavailable("it has not answered yet, and what is written down is used");
            return Box::pin(async { Err(error) });
        }
        self.0.backend.tail(prefix, after)
    }

    fn caps(&self) -> Caps {
        self.0.backend.caps()
    }

    fn faults(&self, prefix: &Prefix) -> Vec<PartFault> {
        self.0.backend.faults(prefix)
    }

    fn lease_faults(&self, lease: &Lease) -> Vec<PartFault> {
        self.0.backend.lease_faults(lease)
    }

    fn remote(&self) -> Option<String> {
        self.0.backend.remote()
    }
}

impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saved")
            .field("folder", &self.0.folder)
            .finish_non_exhaustive()
    }
}
