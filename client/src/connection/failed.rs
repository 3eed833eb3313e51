//! [`Failed`]: what becomes of the calls of a connection that is gone.

use std::collections::{BTreeMap, HashSet};

use gobrpc_protocol::client_connection::Seq;
use gobrpc_protocol::{Delivery, Error, Phase, Request};

use super::{Completion, Connection, Event};
use crate::queue::Waiting;

/// What becomes of the calls of a connection that is gone.
pub(crate) struct Failed {
    /// Those that are over.
    pub(crate) over: Vec<Completion>,
    /// Those of which no byte was written, and that may go by another connection,
    /// oldest first.
    pub(crate) unsent: Vec<Waiting>,
}

impl Connection {
    /// Ends the connection: its calls fail, each with what is known of its
    /// delivery. Those that were not sent may be made again, if `again` says so.
    pub(crate) fn fail(mut self, written: u64, cause: &Error, again: bool) -> Failed {
        let mut over = Vec::new();
        self.note_written(written, &mut over);
        let error = |delivery, phase| cause.clone().with_delivery(delivery).with_phase(phase);
        let refused = error(Delivery::Refused, Phase::Handshake);
        let (sent, part, not_sent) = match cause.delivery() {
            // The peer had not begun to take calls.
            Delivery::Refused => (
                refused.clone(),
                refused,
                error(Delivery::NotSent, Phase::Handshake),
            ),
            _ => (
                error(Delivery::Sent, Phase::Wait),
                error(Delivery::PartSent, Phase::Write),
                error(Delivery::NotSent, Phase::Write),
            ),
        };
        // It would be refused again.
        let again = again && cause.delivery() != Delivery::Refused;
        // Of arguments in chunks a part is sent. The others go out in the order of
        // their numbers, so that of them only the oldest that is not written whole
        // may be cut.
        let mut cut: HashSet<Seq> = self.protocol.take_cut();
        cut.extend(self.in_chunks.drain(..).map(|(seq, _)| seq));
        let unsent = self.unwritten.drain(..);
        let mut unsent: BTreeMap<Seq, Request> =
            unsent.map(|call| (call.seq, call.request)).collect();
        let begun = written > self.unwritten_from;
        let oldest = begun.then(|| unsent.pop_first()).flatten();
        cut.extend(oldest.map(|(seq, _)| seq));
        let mut waiting = BTreeMap::new();
        let one_way = self.one_way.drain(..).map(|(seq, _, slot)| (seq, slot));
        let calls = self.protocol.take_pending().into_iter();
        for (seq, slot) in calls.chain(one_way) {
            let error = match unsent.remove(&seq) {
                Some(request) if again && slot.may_move() => {
                    waiting.insert(seq, Waiting { request, slot });
                    continue;
                }
                Some(_) => &not_sent,
                None if cut.contains(&seq) => &part,
                None => &sent,
            };
            over.push((slot, Event::Result(Err(error.clone()))));
        }
        Failed {
            over,
            unsent: waiting.into_values().collect(),
        }
    }
}
