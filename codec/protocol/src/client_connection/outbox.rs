//! [`Outbox`]: the frames that go to the server.

use gobrpc_codec::{Encoder, Limits, TypeId};

use crate::body::Payload;
use crate::error::{Delivery, Error, Phase, Result};
use crate::header::{
    self, ExtendedRequest, GoRequest, HEADER_BYTES_MAX, Header, NO_CALL, PlainHeader, caps, kind,
};

/// Encodes frames, each whole or not at all, and holds them until they are written.
#[derive(Debug)]
pub(super) struct Outbox {
    encoder: Encoder,
    /// The longest message that the user wants.
    message_bytes: usize,
    output: Vec<u8>,
    /// Bytes that went out before what `output` holds.
    taken: u64,
    /// What we understand.
    pub(super) caps: u64,
    /// Pings that what `output` holds answers.
    pongs: usize,
    /// Headers are Go's own.
    pub(super) plain_go: bool,
    /// The id of their type, once it is defined.
    header_id: Option<TypeId>,
}

/// Most answers to pings that wait to be written. A server of ours has one ping under way.
const PONGS_MAX: usize = 64;

impl Outbox {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            encoder: Encoder::with_limits(limits),
            message_bytes: limits.message_bytes,
            output: Vec::new(),
            taken: 0,
            caps: caps::OURS,
            pongs: 0,
            plain_go: false,
            header_id: None,
        }
    }

    /// Appends a header and a body, or nothing.
    pub(super) fn frame(
        &mut self,
        mut header: Header<'_>,
        body: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> gobrpc_codec::Result<()>,
    ) -> Result<()> {
        let checkpoint = self.encoder.checkpoint(&self.output);
        let failed = |error: Error| {
            Err(error
                .with_phase(Phase::Encode)
                .with_delivery(Delivery::NotSent))
        };
        self.encoder.set_message_bytes(HEADER_BYTES_MAX);
        let written = if self.plain_go {
            self.encoder.encode(&GoRequest(&header), &mut self.output)
        } else {
            if header.seq == 0 {
                header.caps = self.caps;
            }
            self.encoder
                .encode(&ExtendedRequest(&header), &mut self.output)
        };
        self.encoder.set_message_bytes(usize::MAX);
        if let Err(error) = written {
            self.encoder.rollback(checkpoint, &mut self.output);
            // Limits below that of a header are the user's, and named by their knob.
            return failed(match self.message_bytes {
                own if own < HEADER_BYTES_MAX => error.into(),
                _ => header::too_long(),
            });
        }
        if let Err(error) = body(&mut self.encoder, &mut self.output) {
            self.encoder.rollback(checkpoint, &mut self.output);
            return failed(error.into());
        }
        if self.header_id.is_none() {
            self.header_id = if self.plain_go {
                self.encoder.id_of::<GoRequest<'_, '_>>()
            } else {
                self.encoder.id_of::<ExtendedRequest<'_, '_>>()
            };
        }
        Ok(())
    }

    /// Appends a call of which no more is said than the method. False if that
    /// takes a whole [`frame`](Self::frame); nothing was appended then.
    pub(super) fn plain(&mut self, service_method: &str, seq: u64, body: &Payload) -> bool {
        let Some(id) = self.header_id else {
            return false;
        };
        let header = PlainHeader {
            service_method: service_method.as_bytes(),
            seq,
        };
        let length = self.output.len();
        // Limits below those of a header are looked at by the frame.
        if self.message_bytes < HEADER_BYTES_MAX || !header.write(id, &mut self.output) {
            return false;
        }
        if self
            .encoder
            .append(body.prepared(), &mut self.output)
            .is_err()
        {
            self.output.truncate(length);
            return false;
        }
        true
    }

    /// Appends a frame without a body of its own; only to a peer with caps. A few
    /// bytes of known types are always within the limits.
    pub(super) fn control(&mut self, header: Header<'_>) {
        let _ = self.frame(header, |encoder, output| encoder.encode(&false, output));
    }

    /// Answers a ping, unless so many answers wait already that nobody can want more: a
    /// server that pings without end, and reads nothing, would have them gather here.
    pub(super) fn pong(&mut self, reference: u64) {
        if self.pongs == PONGS_MAX {
            return;
        }
        self.pongs += 1;
        self.control(Header {
            seq: NO_CALL,
            kind: kind::PONG,
            reference,
            ..Header::default()
        });
    }

    pub(super) fn output(&self) -> &[u8] {
        &self.output
    }

    /// Bytes that have gone out when all that was appended has.
    pub(super) fn appended(&self) -> u64 {
        self.taken + self.output.len() as u64
    }

    /// Takes the bytes out, and leaves `empty` to collect the next ones.
    pub(super) fn take(&mut self, empty: Vec<u8>) -> Vec<u8> {
        self.taken += self.output.len() as u64;
        self.pongs = 0;
        std::mem::replace(&mut self.output, empty)
    }
}
