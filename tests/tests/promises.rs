//! What the registry promises while things fail, with each real registry
//! ([`gobrpc_tests::promises`] says what).
//!
//! The cases wait more than they compute, so they run beside each other, and this
//! has a `main` of its own for that. Its arguments are those of other tests: a part
//! of a name, `--exact`, `--test-threads`. `GOBRPC_FAULTS=5` makes the cases five
//! times as long, `GOBRPC_SEED` repeats the random one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gobrpc_tests::promises::{Case, KINDS, Kind, World};
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Cases that run at once: each has a registry of its own.
const AT_ONCE: usize = 16;

/// Of which so many compute more than they wait.
const HEAVY: usize = 2;

/// No case takes so long, unless it hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// What all of them share.
struct Shared {
    heavy: Semaphore,
    /// What was measured, by name.
    figures: Mutex<Vec<(String, Vec<String>)>>,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let shared = Arc::new(Shared {
        heavy: Semaphore::new(HEAVY),
        figures: Mutex::default(),
    });
    let mut trials = Vec::new();
    // All of the first case, then all of the next, so that the long ones come first.
    let longest = KINDS.iter().map(|kind| kind.cases.len()).max();
    for number in 0..longest.unwrap_or(0) {
        for kind in KINDS {
            let Some(case) = kind.cases.get(number) else {
                continue;
            };
            let shared = Arc::clone(&shared);
            let name = format!("{}::{}", kind.name, case.name);
            trials.push(Trial::test(name.clone(), move || {
                run(kind, case, &name, &shared);
                Ok(())
            }));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut figures = shared.figures.lock().unwrap();
    figures.sort();
    for (name, lines) in figures.iter() {
        for line in lines {
            println!("{name}: {line}");
        }
    }
    conclusion.exit_code()
}

fn run(kind: &'static Kind, case: &Case, name: &str, shared: &Shared) {
    let runtime = runtime();
    let heavy = case.heavy.then(|| shared.heavy.acquire());
    let _place = heavy.map(|place| runtime.block_on(place).unwrap());
    let peer = env!("CARGO_BIN_EXE_promises-peer");
    for run in 1.. {
        let runtime = self::runtime();
        let start = Instant::now();
        let Some(site) = (kind.start)(peer) else {
            return;
        };
        let mut world = World::new(kind, site, peer);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let limit = LIMIT * world.factor;
            let run = async { timeout(limit, (case.run)(&mut world)).await };
            assert!(runtime.block_on(run).is_ok(), "it hangs");
        }));
        // What it has left behind is not waited for.
        runtime.shutdown_background();
        match result {
            Err(_) if world.pulse.excuses(name, start, run) => {}
            result => {
                let figures = (name.to_owned(), std::mem::take(&mut world.figures));
                shared.figures.lock().unwrap().push(figures);
                drop(world);
                return result.unwrap_or_else(|panic| resume_unwind(panic));
            }
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
