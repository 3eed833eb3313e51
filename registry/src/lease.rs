//! [`Keeper`]: what to do next to keep an entry registered. Pure: time is an
//! argument.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::backend::Claim;
use crate::backoff::Backoff;

/// What to do next to keep an entry registered, and when.
///
/// It never gives up: a registration that ends with the first lost lease is the
/// fault that most frameworks had
/// ([rpcx#420](https://github.com/smallnest/rpcx/issues/420),
/// [kitex#11](https://github.com/kitex-contrib/registry-etcd/issues/11)).
#[derive(Debug)]
pub(crate) struct Keeper {
    held: Option<Held>,
    retry_at: Instant,
    backoff: Backoff,
    /// How often in a row another instance took the entry over.
    rounds: u32,
    /// Unsent changes of the entry go out from then on.
    update_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    since: Instant,
    ttl: Duration,
    /// No later than what the backend counts: from when the renewal was sent.
    deadline: Instant,
    renew_at: Instant,
    verify_at: Instant,
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Get a new lease.
    Acquire(Claim),
    /// Renew the lease.
    Renew,
    /// Send the changed entry.
    Update,
    /// Look whether the entry is still there: it may be gone, and its lease not.
    Verify,
}

/// An entry is looked for this often.
const VERIFY: Duration = Duration::from_secs(30);

/// Take-overs after which another live instance, not a previous life, must be at
/// the same address: then neither takes over any more, or both would for ever.
const ROUNDS: u32 = 2;

impl Keeper {
    pub(crate) fn new(now: Instant, ttl: Duration, random: fastrand::Rng) -> Self {
        // After an outage a server shall be back within TTL/3 + 2 s.
        let cap = (ttl / 3).clamp(Duration::from_millis(200), Duration::from_secs(10));
        Self {
            held: None,
            retry_at: now,
            backoff: Backoff::new(Duration::from_millis(200), cap, random),
            rounds: 0,
            update_at: None,
        }
    }

    /// The next step and its time.
    ///
    /// A lease that must be over by now is not asked about: the process was
    /// paused, and whatever the backend says, the entry may have been gone.
    pub(crate) fn next(&mut self, now: Instant) -> (Instant, Step) {
        if self.held.is_some_and(|held| held.deadline <= now) {
            self.held = None;
            self.retry_at = now;
        }
        let Some(held) = self.held else {
            let claim = match self.rounds {
                0..=ROUNDS => Claim::TakeOver,
                _ => Claim::IfFree,
            };
            return (self.retry_at, Step::Acquire(claim));
        };
        let mut next = (held.renew_at, Step::Renew);
        for (at, step) in [
            (Some(held.verify_at), Step::Verify),
            (self.update_at, Step::Update),
        ] {
            match at {
                Some(at) if at < next.0 => next = (at, step),
                _ => {}
            }
        }
        // Wakes at the deadline at the latest, to notice it.
        (next.0.min(held.deadline), next.1)
    }

    pub(crate) const fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// True if another live instance seems to be at the same address.
    pub(crate) const fn in_conflict(&self) -> bool {
        self.rounds > ROUNDS
    }

    /// When the lease is over unless it is renewed.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.held.map(|held| held.deadline)
    }

    pub(crate) fn acquired(&mut self, sent: Instant, now: Instant, ttl: Duration) {
        self.backoff.reset();
        self.update_at = None;
        self.held = Some(Held {
            since: now,
            ttl,
            deadline: sent + ttl,
            renew_at: now + self.backoff.around(ttl / 3, 10),
            verify_at: now + self.backoff.around(VERIFY, 10),
        });
    }

    pub(crate) fn renewed(&mut self, sent: Instant, now: Instant) {
        self.backoff.reset();
        let Some(held) = &mut self.held else { return };
        held.deadline = sent + held.ttl;
        held.renew_at = now + self.backoff.around(held.ttl / 3, 10);
        if now.duration_since(held.since) >= held.ttl * 3 {
            self.rounds = 0;
        }
    }

    pub(crate) fn verified(&mut self, now: Instant) {
        let pause = self.backoff.around(VERIFY, 10);
        if let Some(held) = &mut self.held {
            held.verify_at = now + pause;
        }
    }

    /// The entry changed.
    pub(crate) fn changed(&mut self, now: Instant) {
        self.update_at = Some(now);
    }

    pub(crate) fn updated(&mut self) {
        self.update_at = None;
    }

    /// The step failed; how the lease stands is not known.
    pub(crate) fn failed(&mut self, step: Step, now: Instant) {
        let pause = self.backoff.pause();
        let at = now + pause;
        match (step, &mut self.held) {
            (Step::Acquire(_), _) | (_, None) => self.retry_at = at,
            (Step::Renew, Some(held)) => held.renew_at = at,
            (Step::Verify, Some(held)) => held.verify_at = at,
            (Step::Update, Some(_)) => self.update_at = Some(at),
        }
    }

    /// The lease is gone.
    pub(crate) fn lost(&mut self, now: Instant) {
        self.held = None;
        self.retry_at = now;
    }

    /// Another instance took the entry over.
    pub(crate) fn displaced(&mut self, now: Instant) {
        self.held = None;
        self.rounds = self.rounds.saturating_add(1);
        self.retry_at = now + self.backoff.pause();
    }
}

/// The conflict's other side, if the entry under a key is not ours.
pub(crate) fn other_holder(found: &str, own: &str) -> Option<Arc<str>> {
    (found != own).then(|| found.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(9);
    const TAKE: Step = Step::Acquire(Claim::TakeOver);

    fn keeper() -> (Keeper, Instant) {
        let now = Instant::now();
        let mut keeper = Keeper::new(now, TTL, fastrand::Rng::with_seed(7));
        assert_eq!(keeper.next(now), (now, TAKE));
        keeper.acquired(now, now, TTL);
        (keeper, now)
    }

    #[test]
    fn a_lease_is_renewed_every_third_of_its_ttl() {
        let (mut keeper, mut now) = keeper();
        for _ in 0..3 {
            let (at, step) = keeper.next(now);
            assert_eq!(step, Step::Renew);
            let third = at - now;
            assert!(third >= TTL.mul_f64(0.29) && third <= TTL.mul_f64(0.37));
            now = at;
            keeper.renewed(now, now);
        }
    }

    #[test]
    fn failed_renewals_are_tried_until_the_deadline_and_not_later() {
        let (mut keeper, start) = keeper();
        let (mut now, mut tries) = (start, 0);
        loop {
            let (at, step) = keeper.next(now);
            now = now.max(at);
            if step == TAKE {
                break;
            }
            if now < start + TTL {
                tries += 1;
                keeper.failed(step, now);
            }
        }
        assert_eq!(now, start + TTL);
        assert!((2..50).contains(&tries), "{tries}");
        // And it goes on for ever.
        for _ in 0..1000 {
            keeper.failed(TAKE, now);
            let (at, step) = keeper.next(now);
            assert_eq!(step, TAKE);
            assert!(at > now && at - now <= TTL / 3);
            now = at;
        }
    }

    #[test]
    fn after_a_pause_longer_than_the_ttl_a_new_lease_is_taken_at_once() {
        let (mut keeper, start) = keeper();
        let woken = start + TTL * 2;
        assert_eq!(keeper.next(woken), (woken, TAKE));
    }

    #[test]
    fn a_late_answer_does_not_move_the_deadline() {
        let (mut keeper, start) = keeper();
        keeper.renewed(start + TTL / 3, start + TTL / 2);
        assert_eq!(keeper.deadline(), Some(start + TTL / 3 + TTL));
    }

    #[test]
    fn two_rounds_are_fought_and_no_third() {
        let (mut keeper, mut now) = keeper();
        for round in 1..=4 {
            keeper.displaced(now);
            let (at, step) = keeper.next(now);
            let claim = if round <= ROUNDS {
                Claim::TakeOver
            } else {
                Claim::IfFree
            };
            assert_eq!(step, Step::Acquire(claim), "{round}");
            now = at;
            keeper.acquired(now, now, TTL);
        }
        assert!(keeper.in_conflict());
        keeper.renewed(now + TTL * 3, now + TTL * 3);
        assert!(!keeper.in_conflict());
    }

    #[test]
    fn changes_go_out_before_the_next_renewal() {
        let (mut keeper, now) = keeper();
        keeper.changed(now);
        assert_eq!(keeper.next(now), (now, Step::Update));
        keeper.failed(Step::Update, now);
        let (at, step) = keeper.next(now);
        assert!(step == Step::Update && at > now);
        keeper.updated();
        assert_eq!(keeper.next(now).1, Step::Renew);
        // An entry is looked for every 30 s, renewals or not.
        for second in (0..27).step_by(3) {
            let sent = now + Duration::from_secs(second);
            keeper.renewed(sent, sent);
        }
        let later = now + Duration::from_secs(27);
        keeper.renewed(
            later + Duration::from_secs(6),
            later + Duration::from_secs(6),
        );
        assert_eq!(keeper.next(later).1, Step::Verify);
    }
}
