//! [`OnceConnector`]: a stream that exists already.

use std::sync::{Mutex, PoisonError};

use gobrpc_protocol::{Error, Phase};

use super::{BoxedIo, Connecting, Connector};

/// Gives out the stream that it was made from, once.
pub(crate) struct OnceConnector(Mutex<Option<BoxedIo>>);

impl OnceConnector {
    pub(crate) fn new(stream: BoxedIo) -> Self {
        Self(Mutex::new(Some(stream)))
    }
}

impl Connector for OnceConnector {
    fn peer(&self) -> &str {
        "a given stream"
    }

    fn connect(&self) -> Connecting<'_> {
        let stream = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .ok_or_else(|| {
                Error::unavailable("the given stream is used up").with_phase(Phase::Dial)
            });
        Box::pin(std::future::ready(stream))
    }
}
