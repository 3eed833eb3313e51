//! [`ServiceSet`]: the instances of a service at one moment.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::backend::Record;
use crate::entry::ServiceEntry;

/// The instances of a service at one moment, ordered by key.
///
/// Copies are cheap.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ServiceSet(Arc<[Record]>);

impl ServiceSet {
    pub(crate) fn new(records: impl IntoIterator<Item = Record>) -> Self {
        Self(records.into_iter().collect())
    }

    /// Number of instances.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The instances.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<ServiceEntry>> {
        self.0.iter().map(|record| &record.entry)
    }

    /// The instances with the names that they are kept under.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.0
    }

    /// Those that fit.
    pub(crate) fn filter(&self, mut fits: impl FnMut(&ServiceEntry) -> bool) -> Self {
        Self::new(self.0.iter().filter(|record| fits(&record.entry)).cloned())
    }

    /// What is in `self` and was not, or not so, in `before`; and what is gone.
    pub(crate) fn since(&self, before: &Self) -> Change {
        let mut change = Change {
            all: self.clone(),
            added: Vec::new(),
            updated: Vec::new(),
            removed: Vec::new(),
        };
        let (mut new, mut old) = (self.0.iter().peekable(), before.0.iter().peekable());
        loop {
            let order = match (new.peek(), old.peek()) {
                (None, None) => return change,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(new), Some(old)) => new.key.cmp(&old.key),
            };
            let new = new.next_if(|_| order.is_le()).map(|record| &record.entry);
            let old = old.next_if(|_| order.is_ge()).map(|record| &record.entry);
            match (new, old) {
                (Some(new), Some(old)) if new == old => {}
                (Some(new), Some(_)) => change.updated.push(Arc::clone(new)),
                (Some(new), None) => change.added.push(Arc::clone(new)),
                (None, Some(old)) => change.removed.push(Arc::clone(old)),
                (None, None) => return change,
            }
        }
    }
}

impl fmt::Debug for ServiceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|record| record.key.to_string()))
            .finish()
    }
}

/// How a [`ServiceSet`] changed. It has the whole set, too, so that a reader who
/// skips changes still knows the state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The instances now.
    pub all: ServiceSet,
    /// Those that are new.
    pub added: Vec<Arc<ServiceEntry>>,
    /// Those that are not as they were, as they are now.
    pub updated: Vec<Arc<ServiceEntry>>,
    /// Those that are gone, as they were.
    pub removed: Vec<Arc<ServiceEntry>>,
}

impl Change {
    /// True if nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.updated.is_empty() && self.removed.is_empty()
    }
}
