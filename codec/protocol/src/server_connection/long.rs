//! Long bodies of a [`ServerConnection`]: replies that go out in chunks, and arguments
//! that come so.

use gobrpc_codec::RawValue;

use super::ServerConnection;
use super::incoming::RequestHeader;
use crate::body::{Body, Payload};
use crate::call_state::Cancel;
use crate::chunks::{self, CHUNK_BYTES, CHUNKED_MAX};
use crate::compression::LZ4;
use crate::error::{Error, Result};
use crate::header::{Header, caps, flags};
use crate::service::Response;

impl ServerConnection {
    /// Appends a reply in chunks or compressed, if the peer takes it so. False if it is
    /// to go as it is; nothing was appended then.
    #[cold]
    pub(super) fn reply_long(
        &mut self,
        seq: u64,
        service_method: &str,
        response: &Response,
    ) -> Result<bool> {
        if response.payload().len() > CHUNK_BYTES && self.peer_caps & caps::CHUNKS != 0 {
            self.reply_in_chunks(seq, service_method, response)?;
            return Ok(true);
        }
        let Some(block) = self.packed(response.payload()) else {
            return Ok(false);
        };
        let header = Header {
            service_method: service_method.into(),
            seq,
            meta: response.metadata().to_wire(),
            encoding: LZ4.into(),
            ..Header::default()
        };
        self.outbox
            .frame(header, |encoder, output| encoder.encode(&block, output))?;
        Ok(true)
    }

    /// Appends the head of a reply, whose value [`fill`](Self::fill) appends.
    fn reply_in_chunks(
        &mut self,
        seq: u64,
        service_method: &str,
        response: &Response,
    ) -> Result<()> {
        let stream = self.cut.stream(response.payload())?;
        let header = Header {
            service_method: service_method.into(),
            seq,
            flags: flags::CHUNKED,
            meta: response.metadata().to_wire(),
            ..Header::default()
        };
        let total = stream.len() as u64;
        self.outbox
            .frame(header, |encoder, output| encoder.encode(&total, output))?;
        self.cut.push(seq, stream);
        Ok(())
    }

    /// Appends the next chunk of long replies, to be called when the output is short.
    pub fn fill(&mut self) {
        let packs = self.packs();
        let outbox = &mut self.outbox;
        self.cut.next(|seq, bytes| {
            let (header, bytes) = chunks::frame(seq, bytes, packs);
            // A chunk is within the limits of a message, or the whole was not.
            let _ = outbox.frame(header, |encoder, output| encoder.encode(&&*bytes, output));
        });
    }

    /// True if [`fill`](Self::fill) has something to append.
    #[must_use]
    pub fn has_chunks(&self) -> bool {
        !self.cut.is_empty()
    }

    /// Bytes of long replies that wait until others are sent, of which
    /// [`CHUNKED_MAX`] are under way.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.cut.waiting_bytes()
    }

    /// True if an argument has come in part.
    #[must_use]
    pub fn is_joining(&self) -> bool {
        !self.joined.is_empty()
    }

    /// Takes what belongs to long bodies. What is to be treated as any other comes
    /// next: a request that is whole, or one that fails.
    ///
    /// # Errors
    ///
    /// If the peer breaks the rules.
    #[cold]
    pub(super) fn take_long(&mut self, header: RequestHeader, body: Result<Body>) -> Result<()> {
        let whole = match header {
            RequestHeader::Request { seq, .. } => self.begin(seq, header, body)?,
            RequestHeader::Chunk { seq } => {
                let encoding = std::mem::take(&mut self.encoding);
                let body = body?;
                let chunk = encoding.open(body.borrow()?, self.may_unpack(), CHUNK_BYTES)?;
                self.joined.add(seq, &chunk)?
            }
            RequestHeader::Cancel { seq } if self.break_off(seq) => None,
            other => Some((other, body)),
        };
        if let Some((header, body)) = whole {
            self.header = Some(header);
            self.whole = Some(Box::new(body));
        }
        Ok(())
    }

    /// Begins a request whose argument comes in chunks. Gives it back if the argument
    /// is not to come: the chunks that do are dropped.
    fn begin(
        &mut self,
        seq: u64,
        mut header: RequestHeader,
        body: Result<Body>,
    ) -> Result<Option<(RequestHeader, Result<Body>)>> {
        if self.joined.contains(seq) || self.joined.len() >= CHUNKED_MAX {
            return Err(Error::resource_exhausted(format!(
                "the peer sends more than {CHUNKED_MAX} arguments in chunks at a time"
            )));
        }
        let total = if self.is_parted() {
            Err(Error::unavailable("the call comes too late"))
        } else {
            let total = body.and_then(|body| body.decode_argument::<u64>());
            total.and_then(|total| self.joined.check(total))
        };
        match total {
            Ok(total) => {
                self.last_seq = self.last_seq.max(seq);
                self.joined.begin(seq, total, true, header);
                Ok(None)
            }
            Err(error) => {
                // It was not taken.
                if let RequestHeader::Request { flags, .. } = &mut header {
                    *flags &= !flags::CHUNKED;
                }
                Ok(Some((header, Err(error))))
            }
        }
    }

    /// Breaks off a call whose argument, or whose reply, is under way in chunks: the
    /// caller does not wait any more. False if there is none of this number.
    fn break_off(&mut self, seq: u64) -> bool {
        let error = Error::from(Cancel::ByCaller);
        if let Some(header) = self.joined.remove(seq) {
            if let RequestHeader::Request {
                service_method,
                flags,
                ..
            } = header
                && flags & flags::ONE_WAY == 0
            {
                self.reply(seq, &service_method, Err(error.not_processed()));
            }
            return true;
        }
        let broken = self.cut.remove(seq);
        if broken {
            self.reply(seq, "", Err(error));
        }
        broken
    }

    /// The body as a block, if the peer takes that and it saves enough.
    pub(super) fn packed(&self, body: &Payload) -> Option<Vec<u8>> {
        self.packs().then(|| self.cut.packed(body)).flatten()
    }

    /// True if bodies may be compressed on their way to the peer.
    fn packs(&self) -> bool {
        self.peer_caps & self.outbox.caps & caps::COMPRESSION != 0
    }

    /// True if the peer may compress bodies on their way to here.
    fn may_unpack(&self) -> bool {
        self.outbox.caps & caps::COMPRESSION != 0
    }

    /// The body that a compressed one holds. Chunks are opened where they are joined.
    #[cold]
    pub(super) fn unpack(&mut self, raw: RawValue, header: &RequestHeader) -> Result<Body> {
        if matches!(header, RequestHeader::Chunk { .. }) {
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
