//! [`Batches`]: requests that came together, and are answered together.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Most requests of a batch. Beside the limits of messages, since a request that is
/// none takes one byte and its answer a hundred.
pub const BATCH_MAX: usize = 128;

/// The parts of a batch, as they were written.
#[derive(Debug)]
pub(super) struct Parts<'a>(pub(super) Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Parts<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Parts<'de>, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = json.next_element()? {
                    if parts.len() >= BATCH_MAX {
                        return Err(A::Error::custom(format!(
                            "a batch of more than {BATCH_MAX} requests"
                        )));
                    }
                    parts.push(part);
                }
                Ok(Parts(parts))
            }
        }
        json.deserialize_seq(Elements)
    }
}

/// The batches that are not answered whole.
#[derive(Debug, Default)]
pub(super) struct Batches {
    open: HashMap<u64, Batch>,
    next: u64,
}

/// A batch that is being answered.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Requests without an answer.
    pub(super) left: usize,
    /// The answers, with commas between them.
    replies: Vec<u8>,
}

impl Batch {
    /// Adds an answer.
    pub(super) fn push(&mut self, reply: &[u8]) {
        if !self.replies.is_empty() {
            self.replies.push(b',');
        }
        self.replies.extend_from_slice(reply);
    }

    /// Bytes of the answers so far.
    pub(super) fn len(&self) -> usize {
        self.replies.len()
    }

    /// Appends all answers, if there are any: to notifications alone there is none.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        if !self.replies.is_empty() {
            out.push(b'[');
            out.extend_from_slice(&self.replies);
            out.extend_from_slice(b"]\n");
        }
    }
}

impl Batches {
    /// The number that the next batch will have.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Keeps a batch until all of it is answered.
    pub(super) fn open(&mut self, batch: Batch) {
        self.open.insert(self.next, batch);
        self.next = self.next.wrapping_add(1);
    }

    /// A batch that is being answered.
    pub(super) fn get(&mut self, number: u64) -> Option<&mut Batch> {
        self.open.get_mut(&number)
    }

    /// Takes a batch out.
    pub(super) fn close(&mut self, number: u64) -> Option<Batch> {
        self.open.remove(&number)
    }
}
