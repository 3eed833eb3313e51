//! [`Load`]: many calls at a time, and what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gobrpc_client::{Caller, Delivery, Error};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::service::{Order, PricingClient, Quote, price};

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Well: the server that answered, and how long it took.
    Answered(String, Duration),
    /// With an error that says whether it ran.
    Failed(Error),
    /// It was sent, and nobody knows whether it ran.
    Lost(Error),
}

/// Calls under way.
#[derive(Debug)]
pub(crate) struct Load {
    workers: JoinSet<Vec<Ending>>,
    progress: Arc<Progress>,
}

#[derive(Debug)]
struct Progress {
    calls: usize,
    /// Calls that were begun, and those that are over.
    begun: AtomicUsize,
    over: AtomicUsize,
    third: Notify,
}

impl Load {
    /// Starts workers that make so many calls together, each one after the other.
    pub(crate) fn start<C>(pricing: &PricingClient<C>, calls: usize, workers: usize) -> Self
    where
        C: Caller + Clone + Send + Sync + 'static,
    {
        let progress = Arc::new(Progress {
            calls,
            begun: AtomicUsize::new(0),
            over: AtomicUsize::new(0),
            third: Notify::new(),
        });
        let mut set = JoinSet::new();
        for _ in 0..workers {
            set.spawn(work(pricing.clone(), Arc::clone(&progress)));
        }
        Self {
            workers: set,
            progress,
        }
    }

    /// Waits until a third of the calls is over.
    pub(crate) async fn third(&self) {
        self.progress.third.notified().await;
    }

    /// How many calls are over.
    pub(crate) fn over(&self) -> usize {
        self.progress.over.load(Ordering::Relaxed)
    }

    /// Waits for all calls and gives their endings.
    pub(crate) async fn endings(mut self) -> Vec<Ending> {
        let mut endings = Vec::with_capacity(self.progress.calls);
        while let Some(worker) = self.workers.join_next().await {
            // A worker that died has endings that nobody knows; they are missing
            // in the count, and so they are lost.
            endings.extend(worker.unwrap_or_default());
        }
        endings
    }
}

async fn work<C>(pricing: PricingClient<C>, progress: Arc<Progress>) -> Vec<Ending>
where
    C: Caller + Clone + Send + Sync + 'static,
{
    let mut endings = Vec::new();
    loop {
        let number = progress.begun.fetch_add(1, Ordering::Relaxed);
        if number >= progress.calls {
            return endings;
        }
        endings.push(call(&pricing, number).await);
        let over = progress.over.fetch_add(1, Ordering::Relaxed) + 1;
        if over == progress.calls / 3 {
            progress.third.notify_one();
        }
    }
}

/// One call, as users make them.
async fn call<C: Caller + Clone>(pricing: &PricingClient<C>, number: usize) -> Ending {
    let item = ["apple", "pear", "quince"][number % 3];
    let order = Order {
        item: item.to_owned(),
        count: i64::try_from(number).unwrap_or_default(),
    };
    let start = Instant::now();
    let answer: Result<Quote, Error> = pricing
        .quote(order.clone())
        .timeout(Duration::from_secs(5))
        .await;
    match answer {
        Ok(quote) if price(&order).is_ok_and(|cents| cents == quote.cents) => {
            Ending::Answered(quote.server, start.elapsed())
        }
        Ok(quote) => Ending::Failed(Error::internal(format!(
            "{} says {} cents for {order:?}",
            quote.server, quote.cents
        ))),
        Err(error) if error.delivery() == Delivery::Sent => Ending::Lost(error),
        Err(error) => Ending::Failed(error),
    }
}
