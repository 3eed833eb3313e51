//! [`Selector`]: which instances of a service are meant.

use std::fmt;
use std::sync::Arc;

use crate::entry::ServiceEntry;
use crate::set::ServiceSet;

/// Which instances of a service are meant: those that fit everything that was
/// asked for.
///
/// # Examples
///
/// ```
/// use gobrpc_registry::{Selector, ServiceEntry};
///
/// let canary = Selector::new().version("v2").tag("canary").filter(|e| e.weight > 0);
/// let entry = ServiceEntry::new("user", "v2", "10.0.0.1:8080")?.with_tag("canary");
/// assert!(canary.fits(&entry));
/// assert!(!canary.fits(&ServiceEntry::new("user", "v2", "10.0.0.2:8080")?));
/// # Ok::<(), gobrpc_registry::EntryError>(())
/// ```
#[derive(Clone, Default)]
pub struct Selector {
    version: Option<String>,
    zone: Option<String>,
    tags: Vec<String>,
    metadata: Vec<(String, String)>,
    filters: Vec<Filter>,
}

type Filter = Arc<dyn Fn(&ServiceEntry) -> bool + Send + Sync>;

impl Selector {
    /// All instances.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of exactly this version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Those in this zone.
    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// Those with this tag; asked for twice, those with both.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Those with this piece of metadata.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.push((name.into(), value.into()));
        self
    }

    /// Those for which this is true. It runs on every reading, so it must be
    /// quick, and say the same of the same entry.
    #[must_use]
    pub fn filter(
        mut self,
        filter: impl Fn(&ServiceEntry) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.filters.push(Arc::new(filter));
        self
    }

    /// True if the instance is one of them.
    #[must_use]
    pub fn fits(&self, entry: &ServiceEntry) -> bool {
        self.version.as_deref().is_none_or(|v| v == entry.version())
            && self.zone.as_ref().is_none_or(|zone| *zone == entry.zone)
            && self.tags.iter().all(|tag| entry.tags.contains(tag))
            && self
                .metadata
                .iter()
                .all(|(name, value)| entry.metadata.get(name) == Some(value))
            && self.filters.iter().all(|filter| filter(entry))
    }

    /// Those of a set.
    pub(crate) fn select(&self, set: &ServiceSet) -> ServiceSet {
        // The usual case: nothing is copied.
        if set.iter().all(|entry| self.fits(entry)) {
            return set.clone();
        }
        set.filter(|entry| self.fits(entry))
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector")
            .field("version", &self.version)
            .field("zone", &self.zone)
            .field("tags", &self.tags)
            .field("metadata", &self.metadata)
            .field("filters", &self.filters.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_asked_for_must_fit() {
        let entry = ServiceEntry::new("s", "v1", "h:1")
            .unwrap()
            .with_zone("a")
            .with_tag("x")
            .with_tag("y")
            .with_metadata("k", "v");
        let all = Selector::new;
        for (selector, fits) in [
            (all(), true),
            (all().version("v1"), true),
            (all().version("v"), false),
            (all().zone("a").tag("x").tag("y").metadata("k", "v"), true),
            (all().zone("b"), false),
            (all().tag("x").tag("z"), false),
            (all().metadata("k", "w"), false),
            (all().metadata("l", "v"), false),
            (all().filter(|e| e.weight == 100), true),
            (all().filter(|_| true).filter(|_| false), false),
        ] {
            assert_eq!(selector.fits(&entry), fits, "{selector:?}");
        }
    }
}
