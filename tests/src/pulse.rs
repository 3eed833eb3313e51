//! [`Pulse`]: when the machine did not run this process.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// When the machine did not run this process: virtual machines are stopped and moved, and
/// cores are busy. What a test with a real server measures meanwhile is the machine's: a
/// lease of three seconds ends while nobody is there to renew it.
///
/// A thread sleeps for moments, and writes down when it woke much too late. It computes
/// nothing and shares no lock with a runtime, so that only the machine keeps it.
#[derive(Debug)]
pub struct Pulse(Mutex<VecDeque<Stall>>);

#[derive(Debug)]
struct Stall {
    from: Instant,
    until: Instant,
}

/// How long the thread sleeps.
const BEAT: Duration = Duration::from_millis(20);

/// Later than that is a stall.
const LATE: Duration = Duration::from_millis(50);

/// Stalls that are remembered: minutes of nothing else.
const KEPT: usize = 4096;

/// A test that fails says nothing about what it tests if the machine kept so much of its
/// time: a third of the half TTL that the shortest of them have to spare.
const TELLING: Duration = Duration::from_millis(500);

/// A test is not run more often.
const RUNS: u32 = 4;

impl Pulse {
    /// That of this process, which is taken from the first call on.
    pub fn of_this_process() -> &'static Self {
        static PULSE: OnceLock<Pulse> = OnceLock::new();
        static THREAD: OnceLock<()> = OnceLock::new();
        let pulse = PULSE.get_or_init(|| Self(Mutex::default()));
        THREAD.get_or_init(|| drop(thread::spawn(|| pulse.beat())));
        pulse
    }

    fn beat(&self) {
        let mut woken = Instant::now();
        loop {
            thread::sleep(BEAT);
            let (from, until) = (woken + BEAT, Instant::now());
            woken = until;
            if until.saturating_duration_since(from) < LATE {
                continue;
            }
            let mut stalls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if stalls.len() == KEPT {
                stalls.pop_front();
            }
            stalls.push_back(Stall { from, until });
        }
    }

    /// How much of the time since then the machine kept.
    #[must_use]
    pub fn stalled_since(&self, start: Instant) -> Duration {
        let stalls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let part = |stall: &Stall| stall.until.saturating_duration_since(stall.from.max(start));
        stalls.iter().map(part).sum()
    }

    /// True if a test, which began then and failed in the run of this number, is to be run
    /// again from its beginning: the machine stood still meanwhile. It says so.
    #[must_use]
    pub fn excuses(&self, name: &str, start: Instant, run: u32) -> bool {
        // A stall that is not over would not be known.
        thread::sleep(BEAT + LATE);
        let stalled = self.stalled_since(start);
        let excused = stalled >= TELLING && run < RUNS;
        if excused {
            eprintln!("{name}: failed while the machine stood still for {stalled:.1?}; once more");
        }
        excused
    }
}
