//! [`RecordReader`]: what others wrote, as entries.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tracing::warn;

#[cfg(any(feature = "etcd", feature = "zookeeper"))]
use super::Record;
#[cfg(any(feature = "etcd", feature = "zookeeper"))]
use crate::entry::ServiceEntry;
use crate::error::EntryError;
#[cfg(any(feature = "etcd", feature = "zookeeper"))]
use crate::key::Key;

/// Reads what is kept under a key as an entry; what is none is named once in the
/// log, with the reason, since one bad writer must neither hide the others nor
/// fill the log.
#[derive(Debug, Default)]
pub(crate) struct RecordReader {
    named: Mutex<HashSet<u64>>,
}

/// Bad keys that are remembered: beyond, all are forgotten, and named once more.
const NAMED: usize = 1024;

impl RecordReader {
    /// The entry under a key; `None` if it is none.
    #[cfg(any(feature = "etcd", feature = "zookeeper"))]
    pub(crate) fn read(&self, key: &str, value: &[u8]) -> Option<Record> {
        let record = key.parse::<Key>().and_then(|key| {
            let json = std::str::from_utf8(value)
                .map_err(|_| EntryError::Json("it is not UTF-8".to_owned()))?;
            let entry = ServiceEntry::from_json_at(&key, json)?;
            Ok(Record::new(key, entry.into()))
        });
        match record {
            Ok(record) => Some(record),
            Err(error) => {
                self.name(key, &error);
                None
            }
        }
    }

    /// Says, once, that this is no entry.
    pub(crate) fn name(&self, key: &str, error: &EntryError) {
        use std::hash::BuildHasher as _;
        // The text of a stranger is not kept.
        let hash = FIXED.hash_one(key);
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() >= NAMED {
            named.clear();
        }
        if named.insert(hash) {
            drop(named);
            let key: String = key.chars().take(128).flat_map(char::escape_debug).collect();
            warn!(%key, %error, "this is no entry, and is ignored");
        }
    }
}

const FIXED: std::hash::BuildHasherDefault<std::hash::DefaultHasher> =
    std::hash::BuildHasherDefault::new();

#[cfg(all(test, any(feature = "etcd", feature = "zookeeper")))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_entry_is_none_and_is_named_once() {
        let reader = RecordReader::default();
        let key = "/services/user/v1/10.0.0.1:80";
        assert!(reader.read(key, b"{}").is_some());
        for (key, value) in [
            (key, &b"\xff"[..]),
            (key, b"["),
            (key, br#"{"Name":"other"}"#),
            ("/services/user/v1", b"{}"),
            ("/elsewhere", b"{}"),
        ] {
            assert!(reader.read(key, value).is_none(), "{key} {value:?}");
        }
        assert_eq!(reader.named.lock().unwrap().len(), 3);
        for number in 0..2 * NAMED {
            assert!(reader.read(&number.to_string(), b"").is_none());
        }
        assert!(reader.named.lock().unwrap().len() <= NAMED);
    }
}
