//! [`Hedge`]: when the next attempt of a call begins beside those under way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gobrpc_protocol::Head;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::policy::{HedgePolicy, MethodPolicy};

/// When the next attempt of a call begins beside those under way.
pub(super) struct Hedge {
    method: Arc<MethodPolicy>,
    /// Made when it is first polled, as timers need a runtime.
    timer: Option<Pin<Box<Sleep>>>,
    stopped: bool,
}

impl Hedge {
    /// `None` for a call that is not hedged: whose method has no policy for it, that
    /// may not run twice, or of which the argument is a stream, which can be sent
    /// once only.
    pub(super) fn of(method: Option<&Arc<MethodPolicy>>, head: &Head) -> Option<Self> {
        let method = method.filter(|method| method.hedge.is_some())?;
        (head.idempotent && head.outgoing.is_none()).then(|| Self {
            method: Arc::clone(method),
            timer: None,
            stopped: false,
        })
    }

    pub(super) fn policy(&self) -> Option<&HedgePolicy> {
        self.method.hedge.as_ref()
    }

    /// An attempt begins: the next one is due after the delay.
    pub(super) fn restart(&mut self) {
        self.timer = None;
        self.stopped = false;
    }

    /// No more attempts begin by themselves.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Ready when the next attempt is due, the last one having begun at `since`.
    pub(super) fn poll(&mut self, since: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let Some(policy) = self.method.hedge.as_ref().filter(|_| !self.stopped) else {
            return Poll::Pending;
        };
        if policy.delay.is_zero() {
            return Poll::Ready(());
        }
        // What is beyond the end of time never comes.
        let Some(due) = since.checked_add(policy.delay) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        timer.as_mut().poll(cx)
    }
}
