//! [`Net`]: servers that work, queue, stop and die.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use gobrpc_protocol::caller::{Head, Item, Replies, Request};
use gobrpc_protocol::{Body, Caller, Code, Delivery, Error, Exchange, Payload, Phase};
use gobrpc_registry::backend::BoxFuture;
use gobrpc_registry::{Connect, Connection, ServiceEntry};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep};

use super::exponential;

/// Servers that work, queue, stop and die. Copies share them.
#[derive(Debug, Clone)]
pub struct Net(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    hosts: Vec<Host>,
    item: Item,
}

/// A server: some workers, and a queue that nothing bounds.
#[derive(Debug)]
struct Host {
    up: AtomicBool,
    died: Notify,
    workers: Semaphore,
    mean: Duration,
    calls: AtomicU64,
}

/// The way there and back.
const ROUND_TRIP: Duration = Duration::from_millis(1);

impl Net {
    /// Servers with so many workers, each of which takes a mean time for a call.
    ///
    /// # Panics
    ///
    /// If a number cannot be encoded.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a number can be encoded")]
    pub fn new(workers: usize, means: impl IntoIterator<Item = Duration>) -> Self {
        let host = |mean| Host {
            up: AtomicBool::new(true),
            died: Notify::new(),
            workers: Semaphore::new(workers),
            mean,
            calls: AtomicU64::new(0),
        };
        let payload = Payload::new(&0_i64).unwrap();
        Self(Arc::new(Shared {
            hosts: means.into_iter().map(host).collect(),
            item: Item::new(Body::try_from(&payload).unwrap()),
        }))
    }

    /// A server stops, or dies and loses the calls that it has.
    pub fn down(&self, host: usize, loses: bool) {
        self.0.hosts[host].up.store(false, Ordering::Relaxed);
        if loses {
            self.0.hosts[host].died.notify_waiters();
        }
    }

    /// A server is there again.
    pub fn up(&self, host: usize) {
        self.0.hosts[host].up.store(true, Ordering::Relaxed);
    }

    /// The calls that each server got since the last look.
    #[must_use]
    pub fn take_calls(&self) -> Vec<u64> {
        let hosts = self.0.hosts.iter();
        hosts
            .map(|host| host.calls.swap(0, Ordering::Relaxed))
            .collect()
    }

    /// The entry of a server.
    ///
    /// # Panics
    ///
    /// If there are more servers than ports.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "the address is made here")]
    pub fn entry(host: usize, zone: &str) -> ServiceEntry {
        let addr = format!("10.0.{}.{}:8080", host / 250, host % 250 + 1);
        let id = fastrand::u128(..);
        ServiceEntry::new("user", "v1", addr)
            .and_then(|entry| entry.with_id(format!("{id:032x}")))
            .unwrap()
            .with_zone(zone)
    }
}

/// The number of a server, from its entry.
fn number(entry: &ServiceEntry) -> usize {
    let host = entry.addr().host().unwrap_or_default();
    let mut parts = host
        .split('.')
        .skip(2)
        .filter_map(|part| part.parse::<usize>().ok());
    match (parts.next(), parts.next()) {
        (Some(high), Some(low)) => high * 250 + low - 1,
        (_, _) => 0,
    }
}

impl Connect for Net {
    fn connect(&self, entry: &ServiceEntry) -> Arc<dyn Connection> {
        Arc::new(Line {
            net: self.clone(),
            host: number(entry),
        })
    }
}

struct Line {
    net: Net,
    host: usize,
}

impl Line {
    fn host(&self) -> &Host {
        &self.net.0.hosts[self.host]
    }

    fn refused() -> Error {
        Error::with_code(Code::Unavailable, "connection refused").with_phase(Phase::Dial)
    }
}

impl Connection for Line {
    fn close(&self) {}

    fn ready(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            sleep(ROUND_TRIP).await;
            match self.host().up.load(Ordering::Relaxed) {
                true => Ok(()),
                false => Err(Self::refused()),
            }
        })
    }
}

impl Caller for Line {
    fn start(&self, _: Request) -> Exchange {
        if !self.host().up.load(Ordering::Relaxed) {
            return Exchange::ready(Err(Self::refused()));
        }
        self.host().calls.fetch_add(1, Ordering::Relaxed);
        let (net, host) = (self.net.clone(), self.host);
        Exchange::new(Work(Box::pin(async move {
            let Shared { hosts, item } = &*net.0;
            let host = &hosts[host];
            let work = async {
                let permit = host.workers.acquire().await;
                sleep(ROUND_TRIP + exponential(host.mean)).await;
                drop(permit);
            };
            tokio::select! {
                biased;
                () = host.died.notified() => {
                    let lost = Error::with_code(Code::Unavailable, "connection reset");
                    Err(lost.with_phase(Phase::Wait).with_delivery(Delivery::Sent))
                }
                () = work => Ok(item.clone()),
            }
        })))
    }
}

struct Work(Pin<Box<dyn Future<Output = Result<Item, Error>> + Send>>);

impl Replies for Work {
    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Item, Error>>> {
        self.0.as_mut().poll(cx).map(Some)
    }
}

/// What became of the calls of all clients.
#[derive(Debug, Default)]
pub struct Tally {
    latencies: Mutex<Vec<Duration>>,
    failed: Mutex<Vec<Instant>>,
    running: AtomicU64,
}

impl Tally {
    /// How long the calls took that went well, since the last look.
    pub fn take_latencies(&self) -> Vec<Duration> {
        std::mem::take(
            &mut *self
                .latencies
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// When the others failed, since the last look.
    pub fn take_failed(&self) -> Vec<Instant> {
        std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls under way.
    #[must_use]
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    /// Makes one call.
    pub(super) async fn call(self: Arc<Self>, caller: impl Caller, body: Payload) {
        self.running.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let head = Head::new("User.Name");
        let mut exchange = caller.start(Request { head, body });
        let first = poll_fn(|cx| exchange.poll_next(cx)).await;
        self.running.fetch_sub(1, Ordering::Relaxed);
        let (list, latency) = (&self.latencies, began.elapsed());
        match first {
            Some(Ok(_)) => list
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(latency),
            Some(Err(_)) | None => self
                .failed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Instant::now()),
        }
    }
}
