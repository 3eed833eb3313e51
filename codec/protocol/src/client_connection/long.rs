//! Long bodies of a [`ClientConnection`]: arguments that go out in chunks, and replies
//! that come so.

use std::collections::HashSet;

use gobrpc_codec::RawValue;

use super::incoming::{IncomingReply, ReplyHeader};
use super::{ClientConnection, Seq, Started, answered};
use crate::body::{Body, Payload};
use crate::caller::Head;
use crate::chunks::{self, CHUNK_BYTES};
use crate::error::{Delivery, Error, Phase, Result};
use crate::header::{caps, flags};
use crate::metadata::Metadata;

impl<T> ClientConnection<T> {
    /// Appends the head of a call, whose argument [`fill`](Self::fill) appends.
    #[cold]
    pub(super) fn call_in_chunks(
        &mut self,
        head: &Head,
        body: &Payload,
        call: T,
    ) -> Result<Started> {
        let stream = self.cut.stream(body).map_err(|error| {
            Error::from(error)
                .with_phase(Phase::Encode)
                .with_delivery(Delivery::NotSent)
        })?;
        let header = self.header_of(head, flags::CHUNKED);
        let total = stream.len() as u64;
        self.outbox
            .frame(header, |encoder, output| encoder.encode(&total, output))?;
        let seq = self.pending.wait(call);
        self.cut.push(seq.0, stream);
        let end = u64::MAX;
        Ok(Started { seq, end })
    }

    /// Appends the next chunk of long arguments, to be called when the output is
    /// short. Gives the call of which that was the end.
    pub fn fill(&mut self) -> Option<Started> {
        let packs = self.packs();
        let outbox = &mut self.outbox;
        let seq = self.cut.next(|seq, bytes| {
            let (header, bytes) = chunks::frame(seq, bytes, packs);
            // A chunk is within the limits of a message, or the whole was not.
            let _ = outbox.frame(header, |encoder, output| encoder.encode(&&*bytes, output));
        })?;
        Some(Started {
            seq: Seq(seq),
            end: self.appended(),
        })
    }

    /// Takes the calls out whose arguments are not appended whole: the peer cannot
    /// have run them.
    pub fn take_cut(&mut self) -> HashSet<Seq> {
        self.cut.take().into_iter().map(Seq).collect()
    }

    /// True if [`fill`](Self::fill) has something to append.
    #[must_use]
    pub fn has_chunks(&self) -> bool {
        !self.cut.is_empty()
    }

    /// Begins a reply that comes in chunks. Gives an error in its place if it is too
    /// long; the peer is told that nobody waits for it.
    #[cold]
    pub(super) fn begin_reply(
        &mut self,
        seq: u64,
        metadata: Metadata,
        body: &Result<Body>,
    ) -> Option<IncomingReply<T>> {
        if !self.pending.contains(seq) || self.joined.contains(seq) {
            return None;
        }
        let total = body
            .as_ref()
            .map_err(Error::clone)
            .and_then(|body| body.decode::<u64>());
        match total.and_then(|total| self.joined.check(total)) {
            Ok(total) => {
                let keep = self.pending.get(Seq(seq)).is_some();
                self.joined.begin(seq, total, keep, metadata);
                None
            }
            Err(error) => {
                self.tell(seq);
                let call = self.pending.give_up(Seq(seq))?;
                let error = Err(answered(error));
                Some(IncomingReply::new(call, None, error, metadata))
            }
        }
    }

    /// Adds a chunk to a reply. Gives the reply that is whole by it, if somebody waits
    /// for that.
    ///
    /// # Errors
    ///
    /// If the peer breaks the rules.
    #[cold]
    pub(super) fn join(&mut self, seq: u64, chunk: &Body) -> Result<Option<IncomingReply<T>>> {
        let encoding = std::mem::take(&mut self.encoding);
        let chunk = encoding.open(chunk.borrow()?, self.may_unpack(), CHUNK_BYTES)?;
        let Some((metadata, body)) = self.joined.add(seq, &chunk)? else {
            return Ok(None);
        };
        Ok(self
            .pending
            .answer(seq)
            .map(|call| IncomingReply::new(call, None, body.map_err(answered), metadata)))
    }

    /// Forgets what of a call is under way: it has its reply, or its error.
    #[inline]
    pub(super) fn forget_chunks(&mut self, seq: u64) {
        if self.cut.is_empty() && self.joined.is_empty() {
            // As for nearly all calls.
            return;
        }
        self.cut.remove(seq);
        self.joined.remove(seq);
    }

    /// Breaks the argument of a call off, and keeps nothing more of its reply.
    pub(super) fn discard_chunks(&mut self, seq: u64) {
        self.cut.remove(seq);
        self.joined.discard(seq);
    }

    /// The body as a block, if the peer takes that and it saves enough.
    pub(super) fn packed(&self, body: &Payload) -> Option<Vec<u8>> {
        self.packs().then(|| self.cut.packed(body)).flatten()
    }

    /// True if bodies may be compressed on their way to the peer.
    fn packs(&self) -> bool {
        self.peer_caps() & self.outbox.caps & caps::COMPRESSION != 0
    }

    /// True if the peer may compress bodies on their way to here.
    fn may_unpack(&self) -> bool {
        self.outbox.caps & caps::COMPRESSION != 0
    }

    /// The body that a compressed one holds. Chunks are opened where they are joined.
    #[cold]
    pub(super) fn unpack(&mut self, raw: RawValue, header: &ReplyHeader) -> Result<Body> {
        if matches!(header, ReplyHeader::Chunk { .. }) {
            return Ok(Body::from(raw));
        }
        let encoding = std::mem::take(&mut self.encoding);
        encoding.body(raw, self.may_unpack(), self.joined.limits())
    }

    /// Compresses bodies of 1 KiB or more by LZ4, and takes such bodies: if the peer does
    /// so as well.
    ///
    /// Each body is compressed by itself. As with any compression, its length tells
    /// something of what is in it: do not put a secret beside what an attacker chooses
    /// (CRIME, BREACH).
    #[cfg(feature = "compression")]
    #[must_use]
    pub fn with_compression(mut self) -> Self {
        self.outbox.caps |= caps::COMPRESSION;
        self
    }
}
