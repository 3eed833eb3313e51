//! [`Calls`]: the calls of a connection that are not answered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use gobrpc_protocol::call_state::Streams;
use gobrpc_protocol::flow::{Inbound, Outbound};
use gobrpc_protocol::server_connection::IncomingRequest;
use gobrpc_protocol::{CallState, Cancel, Error};

use crate::handlers::{Event, Finished};

/// The states of calls that are not answered, by the numbers that the peer gave.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Of those that run as tasks; of two with one number the last.
    running: HashMap<u64, Arc<CallState>>,
    /// How many those are.
    count: usize,
    /// Of those with streams, also of those that wait.
    streams: HashMap<u64, Arc<CallState>>,
}

impl Calls {
    /// How many handlers run as tasks.
    pub(super) fn running(&self) -> usize {
        self.count
    }

    /// True if any call has streams.
    pub(super) fn has_streams(&self) -> bool {
        !self.streams.is_empty()
    }

    /// Notes that a handler runs as a task.
    pub(super) fn begin(&mut self, seq: u64, state: &Arc<CallState>) {
        self.count += 1;
        self.running.insert(seq, Arc::clone(state));
    }

    /// Notes that a handler that ran as a task is over.
    pub(super) fn finish(&mut self, seq: u64, state: &Arc<CallState>) {
        self.count -= 1;
        // The peer may have given the number to another call since.
        forget(&mut self.running, seq, state);
    }

    /// Cancels a call that runs, if there is one of this number.
    pub(super) fn cancel(&self, seq: u64, reason: Cancel) {
        if let Some(state) = self.running.get(&seq) {
            state.cancel(reason);
        }
    }

    /// Cancels all that run.
    pub(super) fn cancel_all(&self, reason: Cancel) {
        for state in self.running.values() {
            state.cancel(reason);
        }
    }

    /// The state of a call with streams; `None` if there is one of this number
    /// already, from whose frames its own could not be told.
    pub(super) fn open_streams(
        &mut self,
        request: &IncomingRequest,
        finished: &Arc<Finished>,
    ) -> Option<Arc<CallState>> {
        let seq = request.seq;
        if self.streams.contains_key(&seq) {
            return None;
        }
        let finished = Arc::clone(finished);
        let state = Arc::new(CallState::with_streams(Streams {
            inbound: request.streams.arguments().then(Inbound::default),
            outbound: request
                .streams
                .replies()
                .then(|| Outbound::new(request.credit)),
            on_grant: Some(Box::new(move |bytes| {
                finished.push(Event::Grant { seq, bytes });
            })),
        }));
        self.streams.insert(seq, Arc::clone(&state));
        Some(state)
    }

    /// Forgets the streams of a call that is answered.
    pub(super) fn end_streams(&mut self, seq: u64, state: &Arc<CallState>) {
        let Some(streams) = state.streams() else {
            return;
        };
        forget(&mut self.streams, seq, state);
        if let Some(outbound) = &streams.outbound {
            outbound.close();
        }
        if let Some(inbound) = &streams.inbound {
            inbound.finish(Err(Error::cancelled("the call is over")));
        }
    }

    /// The stream of arguments of a call.
    pub(super) fn inbound(&self, seq: u64) -> Option<&Inbound> {
        self.streams.get(&seq)?.streams()?.inbound.as_ref()
    }

    /// The stream of replies of a call.
    pub(super) fn outbound(&self, seq: u64) -> Option<&Outbound> {
        self.streams.get(&seq)?.streams()?.outbound.as_ref()
    }
}

impl Drop for Calls {
    /// A handler on a thread runs on if the runtime shuts down, and has to be told.
    fn drop(&mut self) {
        self.cancel_all(Cancel::Connection);
    }
}

/// Takes a call out, unless its number is another's by now.
fn forget(calls: &mut HashMap<u64, Arc<CallState>>, seq: u64, state: &Arc<CallState>) {
    if let Entry::Occupied(known) = calls.entry(seq)
        && Arc::ptr_eq(known.get(), state)
    {
        known.remove();
    }
}
