//! [`Runs`]: the attempts of a call that are under way.

use std::task::{Context, Poll};

use gobrpc_protocol::{Exchange, Item, Result};

use crate::endpoint::{Endpoint, InFlight};

/// A call under way at one endpoint.
pub(super) struct Run {
    pub(super) exchange: Exchange,
    pub(super) place: InFlight,
    /// How often the call was sent before.
    pub(super) before: usize,
}

/// The attempts of a call that are under way. Most calls have one, for which nothing
/// is allocated.
pub(super) struct Runs {
    first: Option<Run>,
    more: Vec<Run>,
}

impl Runs {
    pub(super) const fn new() -> Self {
        Self {
            first: None,
            more: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, run: Run) {
        match &self.first {
            None => self.first = Some(run),
            Some(_) => self.more.push(run),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty()
    }

    /// Those under way, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Run> {
        self.first.iter().chain(&self.more)
    }

    /// Where they are under way.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.iter().map(|run| run.place.endpoint())
    }

    /// The first that has something to say, taken out, and that.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Run, Option<Result<Item>>)> {
        if let Some(run) = &mut self.first {
            if let Poll::Ready(said) = run.exchange.poll_next(cx) {
                if let Some(run) = self.first.take() {
                    return Poll::Ready((run, said));
                }
            }
        }
        for at in 0..self.more.len() {
            if let Poll::Ready(said) = self.more[at].exchange.poll_next(cx) {
                return Poll::Ready((self.more.remove(at), said));
            }
        }
        Poll::Pending
    }
}
