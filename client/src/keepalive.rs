//! [`Keepalive`]: when to ask a silent peer, and when to give it up.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of a connection on which somebody waits.
///
/// Time counts from the last byte that was read (gRFC A8), so that a busy
/// connection costs no ping; and at the earliest from the moment that somebody
/// waits, so that an idle one costs none either.
#[derive(Debug)]
pub(crate) struct Keepalive {
    silence: Duration,
    timeout: Duration,
    /// Runs while somebody waits.
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when nothing was heard.
    since: Instant,
    /// The peer was asked, and has not answered.
    asked: bool,
}

/// Who wakes so much too late was not running: stopped, or without a processor.
const PAUSED: Duration = Duration::from_millis(500);

/// What is to be done.
pub(crate) enum Due {
    Ping,
    /// Nothing came in so long.
    Dead(Duration),
}

impl Keepalive {
    pub(crate) fn new((silence, timeout): (Duration, Duration)) -> Self {
        Self {
            silence,
            timeout,
            timer: None,
            since: Instant::now(),
            asked: false,
        }
    }

    /// Something came.
    pub(crate) fn heard(&mut self) {
        self.since = Instant::now();
        self.asked = false;
    }

    /// Nobody waits.
    pub(crate) fn rest(&mut self) {
        self.timer = None;
        self.asked = false;
    }

    /// Waits until something is to be done; to be polled while somebody waits.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        if self.timer.is_none() {
            self.since = Instant::now();
        }
        let wait = if self.asked {
            self.timeout
        } else {
            self.silence
        };
        loop {
            // What is beyond the end of time never comes.
            let Some(due) = self.since.checked_add(wait) else {
                return Poll::Pending;
            };
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if !self.asked {
                break;
            }
            // A peer on the same machine stood still as well: it has its time once more.
            let now = Instant::now();
            if now.saturating_duration_since(due) < PAUSED {
                return Poll::Ready(Due::Dead(self.timeout));
            }
            self.since = now;
        }
        self.since = Instant::now();
        self.asked = true;
        Poll::Ready(Due::Ping)
    }
}
