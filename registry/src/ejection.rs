//! [`Health`]: whether an endpoint may get calls. Pure: time is an argument.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gobrpc_protocol::retry::{Counts, Window};

/// When an endpoint gets no calls because of how its calls went.
///
/// - One that **cannot be reached** (dialling or the handshake fails) gets no calls
///   from the first failure on, and is dialled again in the background: no call
///   waits for it. This has no upper bound: whoever cannot be reached serves no
///   call anyway.
/// - One that **fails while it can be reached** (connections that break, calls
///   without an answer in time) gets none after [`consecutive`](Self::consecutive)
///   failures in a row, or [`failure_percent`](Self::failure_percent) of at least
///   [`min_calls`](Self::min_calls) in 10 s; of all endpoints at most
///   [`max_percent`](Self::max_percent) are taken out so. What a server refuses
///   because it has too much to do counts among the calls in 10 s only.
/// - One that **serves something else** ("can't find service", while others know
///   it) is taken out, and the registry is asked again: its address has gone to
///   somebody else.
/// - **An error that a handler returned is a success** of the endpoint.
///
/// After [`base`](Self::base), doubled with each time up to [`max`](Self::max), half
/// of it by chance, an endpoint gets one call; if that goes well it is back, else
/// it is out again. If fewer than half of those that can be reached would be left,
/// all of these get calls: then more is wrong than a few endpoints, and the few
/// that are left would not bear it (Envoy's panic threshold).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EjectionOptions {
    /// Failures in a row (5; Finagle's and Envoy's).
    pub consecutive: u32,
    /// Failures in 10 s, in percent of the calls (85; gRPC's).
    pub failure_percent: u32,
    /// Calls in 10 s from which on their failures are looked at (20).
    pub min_calls: u32,
    /// How long it lasts at first (1 s; linkerd's).
    pub base: Duration,
    /// How long it lasts at most (60 s; linkerd's).
    pub max: Duration,
    /// How many of the endpoints may be out at once, in percent (50).
    pub max_percent: u32,
}

impl Default for EjectionOptions {
    fn default() -> Self {
        Self {
            consecutive: 5,
            failure_percent: 85,
            min_calls: 20,
            base: Duration::from_secs(1),
            max: Duration::from_secs(60),
            max_percent: 50,
        }
    }
}

/// Whether an endpoint may get calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum EndpointState {
    /// It may.
    #[default]
    Serving,
    /// It was out, and gets one call at a time until one goes well.
    Probation,
    /// It fails, and gets none for a while.
    Ejected,
    /// It cannot be reached, and is dialled in the background.
    Unreachable,
}

/// What is wrong with a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no connection.
    Reach,
    /// There is one, and it broke, or is silent.
    Transport,
    /// The server did not take the call.
    Refused,
    /// The server is another one.
    Stranger,
}

/// Whether an endpoint may get calls, and why. The seconds of the window are those
/// since `born`.
#[derive(Debug)]
pub(crate) struct Health {
    born: Instant,
    state: AtomicU8,
    /// The one call of a probation is under way.
    probing: AtomicBool,
    in_a_row: AtomicU32,
    window: Window,
    spell: Mutex<Spell>,
}

#[derive(Debug, Default)]
struct Spell {
    /// How often it was out, until it was well for a while.
    times: u32,
    until: Option<Instant>,
    back_since: Option<Instant>,
    /// It is dialled now.
    dialled: bool,
}

impl Health {
    pub(crate) fn new(born: Instant) -> Self {
        Self {
            born,
            state: AtomicU8::new(EndpointState::Serving as u8),
            probing: AtomicBool::new(false),
            in_a_row: AtomicU32::new(0),
            window: Window::default(),
            spell: Mutex::default(),
        }
    }

    pub(crate) fn state(&self) -> EndpointState {
        match self.state.load(Ordering::Relaxed) {
            1 => EndpointState::Probation,
            2 => EndpointState::Ejected,
            3 => EndpointState::Unreachable,
            _ => EndpointState::Serving,
        }
    }

    /// True if a call may come now.
    pub(crate) fn admits(&self) -> bool {
        match self.state() {
            EndpointState::Serving => true,
            EndpointState::Probation => !self.probing.load(Ordering::Relaxed),
            EndpointState::Ejected | EndpointState::Unreachable => false,
        }
    }

    /// Lets a call in: `Some(true)` if it decides about the endpoint. With
    /// `anyway`, as there is nothing better.
    pub(crate) fn enter(&self, anyway: bool) -> Option<bool> {
        match self.state() {
            EndpointState::Serving => Some(false),
            EndpointState::Probation if !self.probing.swap(true, Ordering::Relaxed) => Some(true),
            // Its success is as good a sign.
            _ => anyway.then_some(true),
        }
    }

    /// A call that was let in as a probe is over, or was given up.
    pub(crate) fn leave(&self) {
        self.probing.store(false, Ordering::Relaxed);
    }

    /// A call was answered; true if the endpoint is back by that.
    pub(crate) fn succeeded(&self, probe: bool, now: Instant) -> bool {
        // Most calls find 0 there, and write nothing that others read.
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
        let call = Counts {
            calls: 1,
            marked: 0,
        };
        self.window.add(self.second(now), call);
        if !probe {
            return false;
        }
        let mut spell = self.spell();
        if self.state() == EndpointState::Serving {
            return false;
        }
        spell.until = None;
        spell.back_since = Some(now);
        self.window.clear();
        self.set(EndpointState::Serving);
        true
    }

    /// A call failed; `Some` if the endpoint should be out by that.
    pub(crate) fn failed(
        &self,
        fault: Fault,
        probe: bool,
        options: &EjectionOptions,
        now: Instant,
    ) -> Option<EndpointState> {
        let second = self.second(now);
        let call = Counts {
            calls: 1,
            marked: 1,
        };
        self.window.add(second, call);
        let in_a_row = match fault {
            Fault::Refused => 0,
            _ => self
                .in_a_row
                .fetch_add(1, Ordering::Relaxed)
                .saturating_add(1),
        };
        match (self.state(), fault) {
            (EndpointState::Unreachable, _) => None,
            (_, Fault::Reach) => Some(EndpointState::Unreachable),
            (EndpointState::Ejected, _) => None,
            (_, Fault::Stranger) => Some(EndpointState::Ejected),
            (EndpointState::Probation, _) => probe.then_some(EndpointState::Ejected),
            (EndpointState::Serving, _) => {
                let Counts { calls, marked } = self.window.sum(second);
                let many = calls >= u64::from(options.min_calls)
                    && marked * 100 >= calls * u64::from(options.failure_percent);
                (in_a_row >= options.consecutive || many).then_some(EndpointState::Ejected)
            }
        }
    }

    /// Takes the endpoint out.
    pub(crate) fn eject(&self, state: EndpointState, options: &EjectionOptions, now: Instant) {
        let mut spell = self.spell();
        let well = spell
            .back_since
            .is_some_and(|since| now.saturating_duration_since(since) >= options.max);
        if well {
            spell.times = 0;
        }
        spell.back_since = None;
        let pause = options
            .base
            .saturating_mul(1 << spell.times.min(16))
            .min(options.max);
        spell.times = spell.times.saturating_add(1);
        // Equal jitter: half is certain, so that there is a floor.
        let pause = pause / 2 + (pause / 2).mul_f64(fastrand::f64());
        spell.until = now.checked_add(pause);
        spell.dialled = false;
        self.in_a_row.store(0, Ordering::Relaxed);
        self.probing.store(false, Ordering::Relaxed);
        self.set(state);
    }

    /// When something is to be done about the endpoint, if it is out.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self.state() {
            EndpointState::Serving | EndpointState::Probation => None,
            EndpointState::Ejected | EndpointState::Unreachable => {
                let spell = self.spell();
                spell.until.filter(|_| !spell.dialled)
            }
        }
    }

    /// The time is over: true if the endpoint is to be dialled first. That is said
    /// once.
    pub(crate) fn expire(&self) -> bool {
        let mut spell = self.spell();
        if self.state() == EndpointState::Unreachable {
            return !std::mem::replace(&mut spell.dialled, true);
        }
        drop(spell);
        self.probation();
        false
    }

    /// Lets one call in at a time.
    pub(crate) fn probation(&self) {
        let mut spell = self.spell();
        if self.state() != EndpointState::Serving {
            spell.until = None;
            spell.dialled = false;
            self.probing.store(false, Ordering::Relaxed);
            self.set(EndpointState::Probation);
        }
    }

    fn set(&self, state: EndpointState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.born).as_secs()
    }

    fn spell(&self) -> MutexGuard<'_, Spell> {
        self.spell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    struct Case {
        health: Health,
        options: EjectionOptions,
        now: Instant,
    }

    fn case() -> Case {
        let now = Instant::now();
        Case {
            health: Health::new(now),
            options: EjectionOptions::default(),
            now,
        }
    }

    impl Case {
        fn fail(&self, fault: Fault) -> Option<EndpointState> {
            self.health.failed(fault, false, &self.options, self.now)
        }

        fn succeed(&self) {
            assert!(!self.health.succeeded(false, self.now));
        }

        fn eject(&self) {
            self.health
                .eject(EndpointState::Ejected, &self.options, self.now);
        }
    }

    #[test]
    fn the_fifth_failure_in_a_row_is_one_too_many() {
        let case = case();
        for _ in 0..3 {
            for _ in 0..4 {
                assert_eq!(case.fail(Fault::Transport), None);
            }
            case.succeed();
        }
        for _ in 0..4 {
            assert_eq!(case.fail(Fault::Transport), None);
        }
        assert_eq!(case.fail(Fault::Transport), Some(EndpointState::Ejected));
    }

    #[test]
    fn eighty_five_percent_of_twenty_calls_are_too_many() {
        for (failures, ejected) in [(16, false), (17, true)] {
            let case = case();
            // Never five in a row.
            for call in 0..20 - failures {
                case.succeed();
                let _ = call;
            }
            let mut last = None;
            for _ in 0..failures {
                last = case.fail(Fault::Refused);
            }
            assert_eq!(last.is_some(), ejected, "{failures}");
        }
        // Of 19 all may fail, and what is ten seconds ago counts no more.
        let mut case = case();
        for _ in 0..19 {
            assert_eq!(case.fail(Fault::Refused), None);
        }
        case.now += ms(10_000);
        assert_eq!(case.fail(Fault::Refused), None);
    }

    #[test]
    fn what_cannot_be_reached_is_out_at_once() {
        let case = case();
        assert_eq!(case.fail(Fault::Reach), Some(EndpointState::Unreachable));
        assert_eq!(case.fail(Fault::Stranger), Some(EndpointState::Ejected));
        case.eject();
        // And what is out already is not ejected again by calls that began before.
        assert_eq!(case.fail(Fault::Transport), None);
        assert_eq!(case.fail(Fault::Reach), Some(EndpointState::Unreachable));
    }

    #[test]
    fn it_lasts_twice_as_long_each_time_up_to_a_minute() {
        let mut case = case();
        for round in 0..100_u32 {
            case.eject();
            let lasts = case.health.due().unwrap() - case.now;
            let most = ms(1000 * (1 << round.min(10))).min(ms(60_000));
            assert!((most / 2..=most).contains(&lasts), "{round}: {lasts:?}");
            case.now += lasts;
        }
        // Well for a minute, it starts over.
        case.health.probation();
        assert!(case.health.succeeded(true, case.now));
        case.now += ms(60_000);
        case.eject();
        assert!(case.health.due().unwrap() - case.now <= ms(1000));
    }

    #[test]
    fn probation_is_one_call_at_a_time() {
        let case = case();
        case.eject();
        assert!(!case.health.admits());
        assert_eq!(case.health.enter(false), None);
        assert!(!case.health.expire());
        assert_eq!(case.health.state(), EndpointState::Probation);
        assert!(case.health.admits());
        assert_eq!(case.health.enter(false), Some(true));
        assert!(!case.health.admits());
        assert_eq!(case.health.enter(false), None);
        // Given up, it says nothing, and another may come.
        case.health.leave();
        assert_eq!(case.health.enter(false), Some(true));
        assert_eq!(
            case.health
                .failed(Fault::Transport, true, &case.options, case.now),
            Some(EndpointState::Ejected)
        );
        case.eject();
        case.health.probation();
        assert_eq!(case.health.enter(false), Some(true));
        assert!(case.health.succeeded(true, case.now));
        assert_eq!(case.health.enter(false), Some(false));
    }

    #[test]
    fn what_cannot_be_reached_is_dialled_once_before_a_call_may_come() {
        let case = case();
        case.health
            .eject(EndpointState::Unreachable, &case.options, case.now);
        assert!(case.health.due().is_some());
        assert!(case.health.expire());
        assert!(!case.health.expire());
        assert_eq!(case.health.due(), None);
        assert!(!case.health.admits());
        case.health.probation();
        assert!(case.health.admits());
    }

    #[test]
    fn a_call_that_went_there_anyway_and_well_brings_it_back() {
        let case = case();
        case.eject();
        assert_eq!(case.health.enter(true), Some(true));
        assert!(case.health.succeeded(true, case.now));
        assert_eq!(case.health.state(), EndpointState::Serving);
        // A call that began before says nothing.
        case.eject();
        assert!(!case.health.succeeded(false, case.now));
        assert_eq!(case.health.state(), EndpointState::Ejected);
    }
}
