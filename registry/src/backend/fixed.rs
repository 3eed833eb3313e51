//! [`Static`]: a list that the program has.

use std::sync::Arc;
use std::time::Duration;

use super::looking::looking_only;
use super::polled::by_key;
use super::{Backend, BoxFuture, Caps, Cursor, Delta, Record, Snapshot, Tail};
use crate::entry::ServiceEntry;
use crate::error::Result;
use crate::key::{Key, Prefix};

/// A list that the program has: nothing can be registered in it, and nothing changes.
///
/// Of two entries at the same address, the first one counts.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use gobrpc_registry::backend::fixed::Static;
/// use gobrpc_registry::{Registry, Selector, ServiceEntry};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gobrpc_registry::Error> {
/// let list = Static::new([
///     ServiceEntry::new("user", "v1", "10.0.0.1:8080")?,
///     ServiceEntry::new("user", "v1", "10.0.0.2:8080")?,
/// ]);
/// let registry = Registry::new(Arc::new(list));
/// assert_eq!(registry.get("user", &Selector::new()).await?.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Static(Arc<[Record]>);

impl Static {
    /// A list of these entries.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = ServiceEntry>) -> Self {
        let entries = entries.into_iter();
        let records = entries.map(|entry| Record::new(Key::of(&entry), entry.into()));
        Self(by_key(records.collect()).into())
    }
}

impl Backend for Static {
    looking_only!("a list that a program has");

    fn snapshot<'a>(&'a self, prefix: &'a Prefix) -> BoxFuture<'a, Result<Snapshot>> {
        let records = self.0.iter().filter(|record| prefix.contains(&record.key));
        let snapshot = Snapshot::new(records.cloned().collect(), Cursor::default());
        Box::pin(async { Ok(snapshot) })
    }

    fn tail<'a>(&'a self, _: &'a Prefix, _: Cursor) -> BoxFuture<'a, Result<Box<dyn Tail>>> {
        let tail: Box<dyn Tail> = Box::new(Unchanging);
        Box::pin(async { Ok(tail) })
    }

    fn caps(&self) -> Caps {
        Caps::new(Duration::ZERO, None)
    }
}

struct Unchanging;

impl Tail for Unchanging {
    fn next(&mut self) -> BoxFuture<'_, Result<Delta>> {
        Box::pin(std::future::pending())
    }

    fn cursor(&self) -> Cursor {
        Cursor::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Claim;
    use crate::error::Error;

    #[tokio::test]
    async fn what_is_in_the_list_is_found_and_nothing_is_registered() {
        let entry = |name: &str, port| ServiceEntry::new(name, "v1", format!("h:{port}")).unwrap();
        let first = entry("user", 1);
        let list = Static::new([
            first.clone(),
            entry("user", 2),
            entry("user", 1),
            entry("a", 1),
        ]);
        let user = list.snapshot(&Prefix::service("user")).await.unwrap();
        assert_eq!(user.records.len(), 2);
        assert_eq!(*user.records[0].entry, first);
        assert_eq!(
            list.snapshot(&Prefix::all()).await.unwrap().records.len(),
            3
        );
        let new = entry("user", 3);
        let error = list
            .acquire(&new, Duration::from_secs(1), Claim::TakeOver)
            .await;
        assert!(matches!(error, Err(Error::Unsupported(_))));
    }
}
