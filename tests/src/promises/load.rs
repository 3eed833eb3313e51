//! [`Load`]: calls at a steady rate.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gobrpc_client::Delivery;
use gobrpc_registry::{Balanced, Policy, Registry, Selector};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::WhoClient;

/// Calls at a steady rate, whether they are answered or not.
pub struct Load {
    pub who: Balanced,
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    next: AtomicU64,
    open: AtomicU64,
    tally: Mutex<Tally>,
}

/// How the calls went.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Tickets that were answered.
    pub answered: HashSet<u64>,
    /// Calls that failed, with what.
    pub failed: Vec<(u64, Delivery, String)>,
    /// How long each took, in microseconds.
    times: Vec<u64>,
    /// Answers by each server.
    pub servers: std::collections::BTreeMap<u64, u64>,
}

impl Load {
    /// So many calls each second.
    pub fn start(registry: &Registry, rate: u32) -> Self {
        let policy = Policy::default();
        let who =
            gobrpc_registry::client::connect(registry, "who", Selector::new(), policy).unwrap();
        Self::over(who, rate)
    }

    /// The same, by a caller of one's own.
    pub fn over(who: Balanced, rate: u32) -> Self {
        let (stop, shared) = (Arc::new(AtomicBool::new(false)), Arc::<Shared>::default());
        let task = tokio::spawn({
            let (who, stop, shared) = (who.clone(), Arc::clone(&stop), Arc::clone(&shared));
            async move {
                let mut ticks = interval(Duration::from_secs(1) / rate);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
                while !stop.load(Ordering::Relaxed) {
                    ticks.tick().await;
                    shared.open.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(call(who.clone(), Arc::clone(&shared)));
                }
            }
        });
        Self {
            who,
            stop,
            task,
            shared,
        }
    }

    /// How they went so far.
    pub fn tally(&self) -> Tally {
        self.shared.tally.lock().unwrap().clone()
    }

    /// Begins no more calls, and waits for those under way: a call that hangs is a
    /// failure.
    pub async fn stop(mut self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        (&mut self.task).await.unwrap();
        crate::local::eventually("all calls are over", || {
            self.shared.open.load(Ordering::SeqCst) == 0
        })
        .await;
        self.tally()
    }
}

/// Longest time that a call may take.
const TIMEOUT: Duration = Duration::from_secs(8);

async fn call(who: Balanced, shared: Arc<Shared>) {
    let (ticket, began) = (shared.next.fetch_add(1, Ordering::Relaxed), Instant::now());
    let call = WhoClient::new(who).number(ticket).timeout(TIMEOUT);
    // Its own timeout is what is tested.
    let result = timeout(TIMEOUT * 2, async { call.await }).await;
    let mut tally = shared.tally.lock().unwrap();
    match result {
        Ok(Ok(server)) => {
            tally.answered.insert(ticket);
            tally.times.push(began.elapsed().as_micros() as u64);
            *tally.servers.entry(server).or_default() += 1;
        }
        Ok(Err(error)) => {
            let what = (ticket, error.delivery(), error.to_string());
            tally.failed.push(what);
        }
        Err(_) => panic!("call {ticket} hangs"),
    }
    drop(tally);
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

impl Tally {
    /// So many were begun.
    pub fn calls(&self) -> usize {
        self.answered.len() + self.failed.len()
    }

    /// In a line.
    pub fn line(&self) -> String {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = |part: usize| times.get(times.len() * part / 1000).copied().unwrap_or(0);
        format!(
            "{} calls, {} failed; median {:.1} ms, p99 {:.1} ms, slowest {:.0} ms",
            self.calls(),
            self.failed.len(),
            at(500) as f64 / 1e3,
            at(990) as f64 / 1e3,
            times.last().copied().unwrap_or(0) as f64 / 1e3
        )
    }

    /// Fails if a call did.
    pub fn assert_none_failed(&self) {
        let some: Vec<_> = self.failed.iter().take(5).collect();
        assert!(some.is_empty(), "{}: {some:#?}", self.line());
    }
}
