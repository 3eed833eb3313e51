//! [`PendingCalls`]: the calls that the peer has not answered.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::client_connection::Seq;

/// The calls of a connection that the peer has not answered, by their numbers.
#[derive(Debug)]
pub(crate) struct PendingCalls<T> {
    calls: HashMap<u64, Pending<T>, BuildHasherDefault<SeqHasher>>,
    /// How many of them are questions of the connection itself.
    questions: usize,
    next: u64,
}

/// A call that the peer has not answered.
#[derive(Debug)]
enum Pending<T> {
    /// Somebody waits for it.
    Waiting(T),
    /// Nobody waits any more.
    GivenUp,
    /// The connection itself asked, and nobody waits.
    Question,
}

impl<T> Pending<T> {
    fn call(self) -> Option<T> {
        match self {
            Self::Waiting(call) => Some(call),
            Self::GivenUp | Self::Question => None,
        }
    }
}

impl<T> Default for PendingCalls<T> {
    fn default() -> Self {
        Self {
            calls: HashMap::default(),
            questions: 0,
            next: 0,
        }
    }
}

impl<T> PendingCalls<T> {
    /// The number that the next call has.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Notes that the next call was sent, and that somebody waits for it.
    pub(crate) fn wait(&mut self, call: T) -> Seq {
        Seq::new(self.insert(Pending::Waiting(call)))
    }

    /// Notes that the next call was sent, and gets no reply.
    pub(crate) fn skip(&mut self) -> Seq {
        let seq = self.next;
        self.next = seq.wrapping_add(1);
        Seq::new(seq)
    }

    /// Notes that the next call was sent, and that its reply is nobody's.
    pub(crate) fn ignore(&mut self) -> Seq {
        Seq::new(self.insert(Pending::GivenUp))
    }

    /// Notes that the next call was sent, and is a question of the connection's.
    pub(crate) fn ask(&mut self) -> u64 {
        self.questions += 1;
        self.insert(Pending::Question)
    }

    fn insert(&mut self, pending: Pending<T>) -> u64 {
        let seq = self.skip().get();
        self.calls.insert(seq, pending);
        seq
    }

    /// What was given with a call, if somebody waits for it.
    pub(crate) fn get(&self, seq: Seq) -> Option<&T> {
        match self.calls.get(&seq.get())? {
            Pending::Waiting(call) => Some(call),
            Pending::GivenUp | Pending::Question => None,
        }
    }

    /// True if the peer has not answered it, be it waited for or not.
    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.calls.contains_key(&seq)
    }

    /// Notes that nobody waits for a call any more; it stays until it is answered.
    pub(crate) fn give_up(&mut self, seq: Seq) -> Option<T> {
        let pending = self.calls.get_mut(&seq.get())?;
        if !matches!(pending, Pending::Waiting(_)) {
            return None;
        }
        std::mem::replace(pending, Pending::GivenUp).call()
    }

    /// Gives up on all calls after this one; gives those that somebody waits for.
    pub(crate) fn give_up_after(&mut self, last: u64) -> Vec<(Seq, T)> {
        let mut given_up = Vec::new();
        for (&seq, pending) in &mut self.calls {
            if seq > last && matches!(pending, Pending::Waiting(_)) {
                let call = std::mem::replace(pending, Pending::GivenUp).call();
                given_up.extend(call.map(|call| (Seq::new(seq), call)));
            }
        }
        given_up
    }

    /// Notes that the peer has answered; gives who waits, if somebody does.
    #[inline]
    pub(crate) fn answer(&mut self, seq: u64) -> Option<T> {
        match self.calls.remove(&seq)? {
            Pending::Waiting(call) => Some(call),
            Pending::GivenUp => None,
            Pending::Question => {
                self.questions -= 1;
                None
            }
        }
    }

    /// How many there are, without the questions.
    pub(crate) fn in_flight(&self) -> usize {
        self.calls.len() - self.questions
    }

    /// Takes all out that somebody waits for, and forgets the others.
    pub(crate) fn take(&mut self) -> Vec<(Seq, T)> {
        self.questions = 0;
        self.calls
            .drain()
            .filter_map(|(seq, pending)| Some((Seq::new(seq), pending.call()?)))
            .collect()
    }
}

/// Numbers of calls are ours and count up, so that no peer can make them collide:
/// spreading them over the table is all that a hash has to do.
#[derive(Debug, Default)]
struct SeqHasher(u64);

impl Hasher for SeqHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }
    fn write_u64(&mut self, seq: u64) {
        // Fibonacci hashing: 2^64 divided by the golden ratio.
        self.0 = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
