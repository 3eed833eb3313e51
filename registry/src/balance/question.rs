//! [`Question`]: a call that needs an endpoint.

use std::fmt;
use std::time::Instant;

use gobrpc_protocol::Head;

use super::HashKey;
use crate::endpoint::Endpoint;

/// A call that needs an endpoint.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Question<'a> {
    head: &'a Head,
    key: Option<HashKey>,
    now: Instant,
    tried: &'a [Endpoint],
    panicking: bool,
    /// What wrappers rule out, innermost last.
    without: Option<&'a Without<'a>>,
}

struct Without<'a> {
    endpoint: &'a Endpoint,
    more: Option<&'a Self>,
}

impl<'a> Question<'a> {
    pub(crate) const fn new(
        head: &'a Head,
        key: Option<HashKey>,
        now: Instant,
        tried: &'a [Endpoint],
    ) -> Self {
        Self {
            head,
            key,
            now,
            tried,
            panicking: false,
            without: None,
        }
    }

    pub(crate) const fn panicking(mut self, panicking: bool) -> Self {
        self.panicking = panicking;
        self
    }

    /// What is asked for.
    #[must_use]
    pub const fn head(&self) -> &'a Head {
        self.head
    }

    /// The key of the caller, who is a [`Keyed`](crate::Keyed); calls with the same
    /// key belong together.
    #[must_use]
    pub const fn key(&self) -> Option<HashKey> {
        self.key
    }

    /// The time: the clock was read once for the call.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// How many endpoints had the call before, and could not run it.
    #[must_use]
    pub const fn attempt(&self) -> usize {
        self.tried.len()
    }

    /// True if an endpoint may get the call: it did not have it before, and it did
    /// not fail since the picker was made.
    #[must_use]
    pub fn allows(&self, endpoint: &Endpoint) -> bool {
        if !self.panicking && !endpoint.admits() {
            return false;
        }
        if self.tried.is_empty() && self.without.is_none() {
            return true;
        }
        // By key: the same address after a restart is the same place.
        if self.tried.iter().any(|old| old.key() == endpoint.key()) {
            return false;
        }
        let mut without = self.without;
        while let Some(Without {
            endpoint: one,
            more,
        }) = without
        {
            if one.is_same(endpoint) {
                return false;
            }
            without = *more;
        }
        true
    }

    /// Asks with an endpoint less, for wrappers that do not want it.
    pub fn without<T>(&self, endpoint: &Endpoint, ask: impl FnOnce(&Question<'_>) -> T) -> T {
        let without = Without {
            endpoint,
            more: self.without,
        };
        ask(&Question {
            without: Some(&without),
            ..*self
        })
    }
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("head", &self.head)
            .field("key", &self.key)
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}
