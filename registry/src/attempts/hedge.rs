//! [`Hedge`]: when the next attempt of a call begins beside those under way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use gobrpc_protocol::Head;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::policy::{HedgePolicy, MethodPolicy};

/// When the next attempt of a call begins beside those under way.
pub(super) struct Hedge {
    method: Arc<MethodPolicy>,
    /// Made when it is first polled, as timers need a runtime.
    timer: Option<Pin<Box<Sleep>>>,
    /// It was due, and there was no endpoint or no budget for it: when to try again.
    again: Option<Instant>,
    stopped: bool,
}

/// The shortest time after which an endpoint or budget may be there that was not.
const SOON: Duration = Duration::from_millis(100);

impl Hedge {
    /// `None` for a call that is not hedged: whose method has no policy for it, that
    /// may not run twice, or of which the argument is a stream, which can be sent
    /// once only.
    pub(super) fn of(method: Option<&Arc<MethodPolicy>>, head: &Head) -> Option<Self> {
        let method = method.filter(|method| method.hedge.is_some())?;
        (head.idempotent && head.outgoing.is_none()).then(|| Self {
            method: Arc::clone(method),
            timer: None,
            again: None,
            stopped: false,
        })
    }

    pub(super) fn policy(&self) -> Option<&HedgePolicy> {
        self.method.hedge.as_ref()
    }

    /// An attempt begins: the next one is due after the delay.
    pub(super) fn restart(&mut self) {
        self.timer = None;
        self.again = None;
        self.stopped = false;
    }

    /// The attempt that was due could not begin: it is due again after the delay.
    pub(super) fn put_off(&mut self) {
        let delay = self.method.hedge.as_ref().map_or(SOON, |it| it.delay);
        self.again = Instant::now().checked_add(delay.max(SOON));
        self.timer = None;
        self.stopped = self.again.is_none();
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
        if policy.delay.is_zero() && self.again.is_none() {
            return Poll::Ready(());
        }
        // What is beyond the end of time never comes.
        let Some(due) = self.again.or_else(|| since.checked_add(policy.delay)) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        timer.as_mut().poll(cx)
    }
}
