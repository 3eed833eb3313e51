//! [`Selector`]: which instances of a service are meant.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::entry::ServiceEntry;
use crate::error::SelectorError;
use crate::set::ServiceSet;
use crate::version::{self, Versions};

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
    versions: Vec<Versions>,
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

    /// Those of exactly this version, letter by letter.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.versions.push(Versions::Exact(version.into()));
        self
    }

    /// Those of the versions that a text means: `latest` as
    /// [`Selector::latest`], a range of semantic versions as Cargo has them
    /// (`^1.2`, `~1.2`, `>=1, <3`, `1.*`), or anything else as
    /// [`Selector::version`].
    ///
    /// In a range, `v1` and `v1.2` are `1.0.0` and `1.2.0`; a pre-release fits only
    /// where the range names one of the same version; what is no semantic version
    /// does not fit.
    ///
    /// # Errors
    ///
    /// If it looks like a range and is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_registry::{Selector, ServiceEntry};
    ///
    /// let selector = Selector::new().versions("^1.2")?;
    /// assert!(selector.fits(&ServiceEntry::new("user", "v1.4.0", "10.0.0.1:80")?));
    /// assert!(!selector.fits(&ServiceEntry::new("user", "v2", "10.0.0.1:80")?));
    /// assert!(Selector::new().versions("^one").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn versions(mut self, versions: &str) -> Result<Self, SelectorError> {
        self.versions.push(Versions::parse(versions)?);
        Ok(self)
    }

    /// Those of the highest version that any has, of those that fit everything
    /// else; pre-releases, and what is no semantic version, are none of them.
    ///
    /// The first instance of a new version draws all calls to itself: raise its
    /// number when it may have them.
    #[must_use]
    pub fn latest(mut self) -> Self {
        self.versions.push(Versions::Latest);
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

    /// True if the instance is one of them; for [`Selector::latest`], if it could
    /// be.
    #[must_use]
    pub fn fits(&self, entry: &ServiceEntry) -> bool {
        let version = entry.version();
        self.versions.iter().all(|versions| versions.fits(version))
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
        if self.versions.contains(&Versions::Latest) {
            return self.highest(set);
        }
        // The usual case: nothing is copied.
        if set.iter().all(|entry| self.fits(entry)) {
            return set.clone();
        }
        set.filter(|entry| self.fits(entry))
    }

    fn highest(&self, set: &ServiceSet) -> ServiceSet {
        // One that drains still says which version is there.
        let fitting = set.iter().filter(|entry| self.fits(entry));
        let highest = fitting.map(|entry| entry.version()).reduce(|one, other| {
            match version::compare(one, other) {
                Some(Ordering::Less) => other,
                _ => one,
            }
        });
        set.filter(|entry| {
            let order = highest.and_then(|highest| version::compare(entry.version(), highest));
            order == Some(Ordering::Equal) && self.fits(entry)
        })
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector")
            .field("versions", &self.versions)
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
    use crate::backend::Record;
    use crate::key::Key;

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

    #[test]
    fn the_latest_of_those_that_fit_is_no_pre_release() {
        let versions = [
            "v1",
            "v1.10.0",
            "v1.9.0",
            "v1.10",
            "v2.0.0-rc.1",
            "blue",
            "v0.1",
        ];
        let records = versions.iter().enumerate().map(|(at, version)| {
            let addr = format!("h:{}", at + 1);
            let entry = ServiceEntry::new("s", *version, addr).unwrap();
            let entry = entry.with_zone(if *version == "v0.1" { "b" } else { "a" });
            Record::new(Key::of(&entry), Arc::new(entry))
        });
        let set = ServiceSet::new(records);
        let latest = |selector: Selector| {
            let set = selector.select(&set);
            set.iter()
                .map(|e| e.version().to_owned())
                .collect::<Vec<_>>()
        };
        let all = Selector::new;
        assert_eq!(latest(all().latest()), ["v1.10.0", "v1.10"]);
        assert_eq!(
            latest(all().zone("b").versions("latest").unwrap()),
            ["v0.1"]
        );
        assert_eq!(
            latest(all().versions("<1.10").unwrap().latest()),
            ["v1.9.0"]
        );
        assert!(latest(all().zone("c").latest()).is_empty());
    }
}
