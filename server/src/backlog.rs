//! [`Backlog`]: requests that wait for a handler to end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gobrpc_protocol::CallState;
use gobrpc_protocol::server_connection::IncomingRequest;
use tokio::time::Instant;

/// What a request counts for beside its body, in bytes.
const REQUEST_BYTES: usize = 256;

/// The requests of a peer of ours that came while all handlers were busy, oldest
/// first.
///
/// From Go the server stops to read then. A peer of ours may send something else
/// behind such a request, first of all that it gives up on a call: that has to be
/// seen, or handlers that nobody waits for would keep it from being read.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    requests: BTreeMap<u64, Waiting>,
    /// The tickets by the numbers that the peer gave; the last counts.
    by_seq: HashMap<u64, u64>,
    next: u64,
    bytes: usize,
}

/// A request that was not looked at yet.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) request: IncomingRequest,
    /// When its last byte was read.
    pub(crate) received: Instant,
    /// The state of the call, if it has one before it is begun: its streams.
    pub(crate) state: Option<Arc<CallState>>,
}

impl Waiting {
    fn bytes(&self) -> usize {
        let body = self.request.body.as_ref();
        REQUEST_BYTES + body.map_or(0, |body| body.bytes().len())
    }
}

impl Backlog {
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// What all requests together count for, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn push(&mut self, waiting: Waiting) {
        self.bytes += waiting.bytes();
        self.by_seq.insert(waiting.request.seq, self.next);
        self.requests.insert(self.next, waiting);
        self.next += 1;
    }

    /// Takes the oldest one out.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let (ticket, waiting) = self.requests.pop_first()?;
        Some(self.forget(ticket, waiting))
    }

    /// Takes the one with this number out, if it is there.
    pub(crate) fn remove(&mut self, seq: u64) -> Option<Waiting> {
        let ticket = self.by_seq.remove(&seq)?;
        let waiting = self.requests.remove(&ticket)?;
        Some(self.forget(ticket, waiting))
    }

    fn forget(&mut self, ticket: u64, waiting: Waiting) -> Waiting {
        self.bytes -= waiting.bytes();
        let seq = waiting.request.seq;
        if self.by_seq.get(&seq) == Some(&ticket) {
            self.by_seq.remove(&seq);
        }
        waiting
    }
}
