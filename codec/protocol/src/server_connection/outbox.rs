//! [`Outbox`]: the frames that go to the client.

use gobrpc_codec::{Encoder, Limits, TypeId};

use crate::error::{Error, Result};
use crate::header::{
    self, ExtendedResponse, GoResponse, HEADER_BYTES_MAX, Header, PlainHeader, caps,
};
use crate::metadata::Metadata;
use crate::service::Response;

/// Encodes frames, each whole or not at all, and holds them until they are written.
#[derive(Debug)]
pub(super) struct Outbox {
    encoder: Encoder,
    /// What we say that we understand.
    pub(super) caps: u64,
    pub(super) output: Vec<u8>,
    /// The peer knows that our headers may be those of the extension.
    greeted: bool,
    /// The id of the type of our headers, once it is defined.
    header_id: Option<TypeId>,
    /// The longest message that the user wants.
    message_bytes: usize,
}

impl Outbox {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            encoder: Encoder::with_limits(limits),
            caps: caps::OURS,
            output: Vec::new(),
            greeted: false,
            header_id: None,
            message_bytes: limits.message_bytes,
        }
    }

    /// Appends a frame without a body of its own; only to a peer with caps. A few
    /// bytes of known types are always within the limits.
    pub(super) fn control(&mut self, header: Header<'_>) {
        let _ = self.frame(header, |encoder, output| encoder.encode(&false, output));
    }

    /// Appends a header of the extension and a body, or nothing.
    pub(super) fn frame(
        &mut self,
        mut header: Header<'_>,
        body: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> gobrpc_codec::Result<()>,
    ) -> Result<()> {
        let checkpoint = self.encoder.checkpoint(&self.output);
        if !self.greeted {
            header.caps = self.caps;
        }
        self.encoder.set_message_bytes(HEADER_BYTES_MAX);
        let written = self
            .encoder
            .encode(&ExtendedResponse(&header), &mut self.output);
        self.encoder.set_message_bytes(usize::MAX);
        let written = match written {
            Ok(()) => body(&mut self.encoder, &mut self.output).map_err(Error::from),
            // Limits below that of a header are the user's, and named by their knob.
            Err(error) if self.message_bytes < HEADER_BYTES_MAX => Err(error.into()),
            Err(_) => Err(header::too_long()),
        };
        match written {
            Ok(()) => self.greeted = true,
            Err(_) => self.encoder.rollback(checkpoint, &mut self.output),
        }
        written
    }

    /// Appends a reply; an error reply if it cannot be sent, so that the caller does
    /// not wait for ever.
    pub(super) fn reply(
        &mut self,
        seq: u64,
        service_method: &str,
        result: Result<Response>,
        extended: bool,
    ) {
        let failed = match result {
            Ok(response) if self.plain(seq, service_method, &response, extended) => return,
            Ok(response) => match self.send(seq, service_method, None, Some(&response), extended) {
                Ok(()) => return,
                Err(error) => Error::from(error),
            },
            Err(error) => error,
        };
        if self
            .send(seq, service_method, Some(&failed), None, extended)
            .is_ok()
        {
            return;
        }
        // Its details, its metadata or the name are too long: the peer gets the
        // text alone, which always fits.
        let plain = failed
            .for_caller()
            .with_metadata(Metadata::new())
            .without_details();
        if self
            .send(seq, service_method, Some(&plain), None, extended)
            .is_err()
        {
            let _ = self.send(seq, "", Some(&plain), None, extended);
        }
    }

    /// Appends a reply of which no more is said than its value. False if that takes
    /// more; nothing was appended then.
    fn plain(
        &mut self,
        seq: u64,
        service_method: &str,
        response: &Response,
        extended: bool,
    ) -> bool {
        let Some(id) = self.header_id else {
            return false;
        };
        let header = PlainHeader {
            service_method: service_method.as_bytes(),
            seq,
        };
        let length = self.output.len();
        // Limits below those of a header are looked at by `send`.
        if self.message_bytes < HEADER_BYTES_MAX
            || self.greeted != extended
            || !response.metadata().is_empty()
            || !header.write(id, &mut self.output)
        {
            return false;
        }
        let payload = response.payload().prepared();
        if self.encoder.append(payload, &mut self.output).is_err() {
            self.output.truncate(length);
            return false;
        }
        true
    }

    fn send(
        &mut self,
        seq: u64,
        service_method: &str,
        error: Option<&Error>,
        response: Option<&Response>,
        extended: bool,
    ) -> gobrpc_codec::Result<()> {
        let told = error.map(Error::for_caller);
        let mut header = Header {
            service_method: service_method.into(),
            seq,
            ..Header::default()
        };
        if let Some(error) = &told {
            header.error = error.message().into();
        }
        let checkpoint = self.encoder.checkpoint(&self.output);
        let mut details = None;
        let written = if extended {
            // Go's client has no such bound, and its server sends longer texts.
            self.encoder.set_message_bytes(HEADER_BYTES_MAX);
            if let Some(error) = &told {
                header.set_error(error);
                details = error.details();
            }
            if let Some(response) = response {
                header.meta = response.metadata().to_wire();
            }
            if !self.greeted {
                header.caps = self.caps;
            }
            self.encoder
                .encode(&ExtendedResponse(&header), &mut self.output)
        } else {
            self.encoder.encode(&GoResponse(&header), &mut self.output)
        };
        self.encoder.set_message_bytes(usize::MAX);
        let written = written.and_then(|()| match (response, details) {
            (Some(response), _) => self
                .encoder
                .append(response.payload().prepared(), &mut self.output),
            (None, Some(details)) => self.encoder.encode(details, &mut self.output),
            // Go sends struct{}{} with an error (`server.go`, `invalidRequest`).
            (None, None) => self.encoder.encode(&(), &mut self.output),
        });
        match written {
            Ok(()) => {
                self.greeted |= extended;
                self.header_id = if extended {
                    self.encoder.id_of::<ExtendedResponse<'_, '_>>()
                } else {
                    self.encoder.id_of::<GoResponse<'_, '_>>()
                };
                Ok(())
            }
            Err(error) => {
                self.encoder.rollback(checkpoint, &mut self.output);
                Err(error)
            }
        }
    }
}
