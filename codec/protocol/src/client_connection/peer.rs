//! [`PeerKind`]: what is known of the server.

use crate::error::Error;

/// What is known of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeerKind {
    /// It has not answered yet.
    Unknown,
    /// One of ours, with these caps.
    Ours(u64),
    /// It has no caps: Go, or the fork of it that takes
    /// [`reserved::CANCEL`](crate::header::reserved::CANCEL).
    Plain,
    /// Go; it was asked.
    Go,
    /// That fork.
    Fork,
}

impl PeerKind {
    /// True if a reply may tell more of it.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Unknown | Self::Plain)
    }

    /// What it is after a reply with these caps; `hello` if that answers the question.
    pub(super) fn learned(caps: u64, hello: bool, error: Option<&Error>) -> Self {
        match error {
            _ if caps != 0 => Self::Ours(caps),
            // Who has such a service lacks the method alone.
            Some(error) if hello && error.message().starts_with("rpc: can't find method") => {
                Self::Fork
            }
            _ if hello => Self::Go,
            _ => Self::Plain,
        }
    }
}
