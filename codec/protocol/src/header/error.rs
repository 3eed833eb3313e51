//! An [`Error`] in a [`Header`], both ways.

use super::{HEADER_BYTES_MAX, Header, flags};
use crate::error::{Code, Delivery, Error, Phase};

/// Longest text of an error that is sent: it has to fit a header.
const ERROR_BYTES_MAX: usize = HEADER_BYTES_MAX / 2;

impl<'a> Header<'a> {
    /// Says an error that is fit for the peer.
    pub(crate) fn set_error(&mut self, error: &'a Error) {
        self.error = clipped(error.message()).into();
        self.code = u64::from(error.code().number());
        self.meta = error.metadata().to_wire();
        if error.is_not_processed() {
            self.flags = flags::NOT_PROCESSED;
        }
    }

    /// The error of a reply, if it is one.
    pub(crate) fn into_error(self) -> Option<Error> {
        if self.error.is_empty() {
            return None;
        }
        let text = self.error.into_owned();
        let error = match self.code {
            0 => Error::from_go_text(text),
            code => {
                Error::with_code(Code::from_number(code), text).with_delivery(Delivery::Answered)
            }
        };
        Some(if self.flags & flags::NOT_PROCESSED != 0 {
            error
                .with_delivery(Delivery::Refused)
                .with_phase(Phase::Queue)
                .not_processed()
        } else {
            error
        })
    }
}

/// The beginning of a text that would not fit a header.
fn clipped(text: &str) -> &str {
    if text.len() <= ERROR_BYTES_MAX {
        return text;
    }
    let mut end = ERROR_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
