//! [`File`]: a list in a file.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tracing::{info, warn};

use super::looking::looking_only;
use super::polled::{Polled, Source};
use super::reading::RecordReader;
use super::{Backend, BoxFuture, Caps, Cursor, Record, Snapshot, Tail};
use crate::entry::ServiceEntry;
use crate::error::{EntryError, Error, Result};
use crate::key::{Key, Prefix};

/// A list in a file, which is read again every second: a JSON array of entries. What
/// changes there shows within two seconds.
///
/// ```json
/// [
///   {"Name": "user", "Version": "v1", "Addr": "10.0.0.1:8080"},
///   {"Name": "user", "Version": "v1", "Addr": "10.0.0.2:8080", "Weight": 50, "Zone": "b"}
/// ]
/// ```
///
/// Nothing can be registered in it. Write it as you like: in place, or beside it and
/// renamed. What is there counts once it is whole: while the file is gone, empty or
/// cut off, what it said last goes on to be true, which the log says once. An entry
/// that is none is left out. To take everything away, write `[]`.
///
/// It is read, and not watched by the system's notifications: those miss what happens
/// on network file systems and behind the links by which Kubernetes mounts its
/// configuration, and a file of a thousand entries is read in less than a
/// millisecond.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::Registry;
/// use gobrpc_registry::backend::file::File;
///
/// let registry = Registry::new(Arc::new(File::new("/etc/services.json")));
/// ```
#[derive(Clone)]
pub struct File(Arc<Polled<Reader>>);

struct Reader {
    path: PathBuf,
    state: Arc<Mutex<State>>,
    names: RecordReader,
}

#[derive(Default)]
struct State {
    /// What the file had in it when it was last good.
    bytes: Option<Arc<[u8]>>,
    good: Option<Arc<Good>>,
    /// It is not good now, which was said.
    failed: bool,
}

struct Good {
    records: Vec<Record>,
    malformed: Vec<(String, EntryError)>,
}

/// How often it is read.
const EVERY: Duration = Duration::from_secs(1);

/// The longest file (64 MiB).
const MAX: u64 = 64 << 20;

impl File {
    /// The list in the file of this name, which need not be there yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Polled::new(Reader {
            path: path.into(),
            state: Arc::default(),
            names: RecordReader::default(),
        })))
    }
}

impl Source for Reader {
    fn read<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<(Vec<Record>, usize)>> {
        Box::pin(async move {
            let (path, state) = (self.path.clone(), Arc::clone(&self.state));
            let good = tokio::task::spawn_blocking(move || {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                state.refresh(&path)
            });
            let good = good.await.map_err(Error::unavailable)??;
            for (name, error) in &good.malformed {
                self.names.name(name, error);
            }
            let records = good.records.iter();
            let records = records.filter(|record| prefix.contains(&record.key));
            Ok((records.cloned().collect(), good.malformed.len()))
        })
    }

    fn pause(&self) -> Duration {
        EVERY
    }
}

impl State {
    /// What the file says, or said when it was last whole.
    fn refresh(&mut self, path: &std::path::Path) -> Result<Arc<Good>> {
        let read = || -> Result<Vec<u8>, String> {
            let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
            let mut bytes = Vec::new();
            let read = file.take(MAX + 1).read_to_end(&mut bytes);
            read.map_err(|error| error.to_string())?;
            match bytes.len() as u64 {
                0 => Err("it is empty; [] would be a list without entries".to_owned()),
                len if len > MAX => Err(format!("it is longer than {MAX} bytes")),
                _ => Ok(bytes),
            }
        };
        let outcome = read().and_then(|bytes| {
            if let (Some(same), Some(good)) = (&self.bytes, &self.good) {
                if **same == *bytes {
                    return Ok(Arc::clone(good));
                }
            }
            let good = Arc::new(parse(&bytes)?);
            (self.bytes, self.good) = (Some(bytes.into()), Some(Arc::clone(&good)));
            Ok(good)
        });
        let file = path.display();
        match (outcome, &self.good) {
            (Ok(good), _) => {
                if std::mem::take(&mut self.failed) {
                    info!(%file, "the list is good again");
                }
                Ok(good)
            }
            (Err(error), Some(last)) => {
                if !std::mem::replace(&mut self.failed, true) {
                    warn!(%file, %error, "the list is not good now; what it said last stays");
                }
                Ok(Arc::clone(last))
            }
            (Err(error), None) => Err(Error::unavailable(format_args!("{file}: {error}"))),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Good, String> {
    let list: Vec<Value> = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no JSON array of entries: {error}"))?;
    let mut good = Good {
        records: Vec::with_capacity(list.len()),
        malformed: Vec::new(),
    };
    for (number, json) in list.iter().enumerate() {
        match ServiceEntry::from_json(&json.to_string()) {
            Ok(entry) => good
                .records
                .push(Record::new(Key::of(&entry), entry.into())),
            Err(error) => good
                .malformed
                .push((format!("entry {number} of the list"), error)),
        }
    }
    Ok(good)
}

impl Backend for File {
    looking_only!("a list in a file");

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(self.0.snapshot(prefix))
    }

    fn tail<'a>(
        &'a self,
        prefix: &'a Prefix,
        after: Cursor,
    ) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        let tail = self.0.tail(prefix, after);
        Box::pin(async { Ok(tail) })
    }

    fn caps(&self) -> Caps {
        Caps::new(Duration::ZERO, Some(2 * EVERY))
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.0.source().path).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in a folder of its own, which goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = format!("gobrpc-file-{:x}", fastrand::u64(..));
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir(&folder).unwrap();
            Self(folder)
        }

        fn file(&self) -> PathBuf {
            self.0.join("list.json")
        }

        fn write(&self, text: &str) {
            std::fs::write(self.file(), text).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    fn list(ports: &[u16]) -> String {
        let entries: Vec<String> = ports
            .iter()
            .map(|port| format!(r#"{{"Name":"user","Version":"v1","Addr":"h:{port}"}}"#))
            .collect();
        format!("[{}]", entries.join(","))
    }

    async fn ports(file: &File) -> Vec<u16> {
        let snapshot = file.snapshot(&Prefix::service("user")).await.unwrap();
        let records = snapshot.records.iter();
        records
            .filter_map(|record| record.entry.addr().port())
            .collect()
    }

    #[tokio::test]
    async fn what_the_file_said_last_stays_until_it_is_whole_again() {
        let folder = Folder::new();
        let file = File::new(folder.file());
        let all = Prefix::all();
        let error = file.snapshot(&all).await.unwrap_err();
        assert!(
            error.may_pass() && error.to_string().contains("list.json"),
            "{error}"
        );
        folder.write("[");
        assert!(file.snapshot(&all).await.is_err());
        folder.write(&list(&[1, 2]));
        assert_eq!(ports(&file).await, [1, 2]);
        // Cut off at each place, as by a reader that comes while it is written.
        let next = list(&[3]);
        for end in 0..next.len() {
            folder.write(&next[..end]);
            assert_eq!(ports(&file).await, [1, 2], "{end}");
        }
        folder.write(&next);
        assert_eq!(ports(&file).await, [3]);
        std::fs::remove_file(folder.file()).unwrap();
        assert_eq!(ports(&file).await, [3]);
        // A new one, renamed.
        let beside = folder.0.join("new");
        std::fs::write(&beside, list(&[4])).unwrap();
        std::fs::rename(beside, folder.file()).unwrap();
        assert_eq!(ports(&file).await, [4]);
        // The same length, at once.
        folder.write(&list(&[5]));
        assert_eq!(ports(&file).await, [5]);
        folder.write("[]");
        assert!(ports(&file).await.is_empty());
    }

    #[tokio::test]
    async fn what_is_no_entry_is_left_out_and_counted() {
        let folder = Folder::new();
        let file = File::new(folder.file());
        folder.write(r#"[{"Name":"user","Version":"v1","Addr":"h:1"}, 7, {"Name":"user"}, "x"]"#);
        let snapshot = file.snapshot(&Prefix::all()).await.unwrap();
        assert_eq!((snapshot.records.len(), snapshot.malformed), (1, 3));
    }

    #[tokio::test]
    async fn changes_are_told_in_full() {
        use crate::backend::Delta;
        let folder = Folder::new();
        let file = File::new(folder.file());
        folder.write(&list(&[1, 2]));
        let prefix = Prefix::service("user");
        let cursor = file.snapshot(&prefix).await.unwrap().cursor;
        let mut tail = file.tail(&prefix, cursor).await.unwrap();
        folder.write(&list(&[2, 3]));
        let mut seen = Vec::new();
        while seen.len() < 2 {
            match tail.next().await.unwrap() {
                Delta::Progress => {}
                Delta::Put(record) => seen.push(format!("put {}", record.key.instance())),
                Delta::Delete(key) => seen.push(format!("delete {}", key.instance())),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen, ["delete h:1", "put h:3"]);
        // A cursor of another moment.
        let mut tail = file.tail(&prefix, cursor).await.unwrap();
        assert_eq!(tail.next().await.unwrap(), Delta::Gap);
    }
}
