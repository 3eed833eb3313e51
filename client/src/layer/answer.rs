//! [`Answer`]: how a call ended well.

use gobrpc_protocol::{Body, Metadata};

/// How a call ended well, as its layers see it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The value, undecoded; `None` at the end of a stream, whose items went to the
    /// caller as they came.
    pub body: Option<Body>,
    /// What came beside it; of a stream its trailers.
    pub metadata: Metadata,
}

impl Answer {
    /// An answer with this value, for layers that give one themselves.
    #[must_use]
    pub fn new(body: Body) -> Self {
        Self {
            body: Some(body),
            metadata: Metadata::new(),
        }
    }

    /// The end of a stream.
    pub(super) fn end(trailers: Metadata) -> Self {
        Self {
            body: None,
            metadata: trailers,
        }
    }
}
