//! [`Queue`]: calls that wait for a place on the connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use gobrpc_protocol::{Error, Request, Result};

use crate::options::Options;
use crate::slot::{Place, Slot};

/// The calls that wait, oldest first; bounded in number and in bytes.
///
/// A tree and no ring, since calls are given up anywhere in it and must give
/// their memory back at once.
#[derive(Debug)]
pub(crate) struct Queue {
    calls: BTreeMap<u64, Waiting>,
    /// Tickets before this one were given to calls that came back, the others to those
    /// that came.
    front: u64,
    next: u64,
    bytes: usize,
}

impl Default for Queue {
    fn default() -> Self {
        // Neither end is ever reached.
        const MIDDLE: u64 = u64::MAX / 2;
        Self {
            calls: BTreeMap::new(),
            front: MIDDLE,
            next: MIDDLE,
            bytes: 0,
        }
    }
}

/// A call that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) request: Request,
    pub(crate) slot: Arc<Slot>,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Adds a call at the end.
    pub(crate) fn push(&mut self, waiting: Waiting, options: &Options) -> Result<()> {
        if self.calls.len() >= options.max_queued {
            return Err(Error::resource_exhausted(format!(
                "{} calls wait for the connection already (raise max_queued)",
                self.calls.len()
            )));
        }
        // One call may be larger than all may be together, else it could
        // never go out.
        let bytes = self.bytes.saturating_add(waiting.request.body.len());
        if !self.calls.is_empty() && bytes > options.max_queued_bytes {
            return Err(Error::resource_exhausted(format!(
                "{} bytes wait for the connection already (raise max_queued_bytes)",
                self.bytes
            )));
        }
        self.bytes = bytes;
        waiting.slot.put(Place::Queue(self.next));
        self.calls.insert(self.next, waiting);
        self.next += 1;
        Ok(())
    }

    /// Puts calls back that were taken out and not sent, oldest first.
    ///
    /// They are as many as the connection's write buffer held, which has its own
    /// bound, and are older than those that wait.
    pub(crate) fn put_back(&mut self, calls: Vec<Waiting>) {
        for waiting in calls.into_iter().rev() {
            self.front -= 1;
            self.bytes = self.bytes.saturating_add(waiting.request.body.len());
            waiting.slot.put(Place::Queue(self.front));
            self.calls.insert(self.front, waiting);
        }
    }

    /// The oldest call.
    pub(crate) fn first(&self) -> Option<&Waiting> {
        self.calls.first_key_value().map(|(_, waiting)| waiting)
    }

    /// Takes the oldest call out.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let (_, waiting) = self.calls.pop_first()?;
        self.bytes = self.bytes.saturating_sub(waiting.request.body.len());
        Some(waiting)
    }

    /// Takes a call out by its ticket, if it is still there.
    pub(crate) fn remove(&mut self, ticket: u64) -> Option<Waiting> {
        let waiting = self.calls.remove(&ticket)?;
        self.bytes = self.bytes.saturating_sub(waiting.request.body.len());
        Some(waiting)
    }

    /// Takes out all calls that `doomed` picks.
    pub(crate) fn take(&mut self, doomed: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let tickets: Vec<u64> = self
            .calls
            .iter()
            .filter(|(_, waiting)| doomed(waiting))
            .map(|(&ticket, _)| ticket)
            .collect();
        tickets
            .into_iter()
            .filter_map(|ticket| self.remove(ticket))
            .collect()
    }
}
