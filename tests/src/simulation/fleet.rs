//! [`Fleet`]: servers that register, clients that watch, and what befalls them.

use std::sync::Arc;
use std::time::Duration;

use gobrpc_protocol::Payload;
use gobrpc_registry::{Backend, Balanced, Policy, RegisterOptions, Registration, Registry};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::wire::Link;
use super::{Net, Tally, Traffic, Wire, exponential, spread};

/// Servers that register, clients that watch and call, each with a registry and a
/// cache of its own, in three zones.
#[derive(Debug)]
pub struct Fleet {
    net: Net,
    wire: Wire,
    /// That of the servers of each zone.
    registries: Vec<(Arc<Link>, Registry)>,
    servers: Vec<Option<Registration>>,
    clients: Vec<Client>,
    tally: Arc<Tally>,
}

#[derive(Debug)]
struct Client {
    link: Arc<Link>,
    balanced: Balanced,
    task: AbortHandle,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What an event did.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The event.
    pub name: &'static str,
    /// Calls that ended meanwhile.
    pub calls: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How long after the event the last of these failed.
    pub last_failure: Option<Duration>,
    /// How long after the event all clients knew all servers that are there, and no
    /// others.
    pub converged: Duration,
    /// Calls of the busiest server by the average, in the ten seconds after that.
    pub spread: f64,
    /// What an average client got from the registry meanwhile.
    pub traffic: Traffic,
    /// Snapshots that the registry was asked for in its busiest second.
    pub busiest_second: u64,
}

fn registry(wire: &Wire) -> (Arc<Link>, Registry) {
    let link = wire.link();
    let registry = Registry::new(Arc::clone(&link) as Arc<dyn Backend>);
    (link, registry)
}

const ZONES: [&str; 3] = ["a", "b", "c"];
const SAMPLE: Duration = Duration::from_millis(250);

/// What has not come right by then never does.
const LONGEST: Duration = Duration::from_secs(120);

impl Fleet {
    /// Starts servers, then clients, and waits until all know all; says how long
    /// that took as well.
    ///
    /// # Panics
    ///
    /// If there is no runtime.
    #[expect(
        clippy::unwrap_used,
        reason = "a simulation that cannot run is no result"
    )]
    pub async fn start(
        servers: usize,
        clients: usize,
        seed: u64,
        policy: fn() -> Policy,
    ) -> (Self, Effect) {
        super::seed(seed);
        let net = Net::new(4, (0..servers).map(|_| Duration::from_millis(100)));
        let wire = Wire::default();
        let mut fleet = Self {
            registries: ZONES.map(|_| registry(&wire)).into(),
            net,
            wire,
            servers: (0..servers).map(|_| None).collect(),
            clients: Vec::new(),
            tally: Arc::default(),
        };
        for host in 0..servers {
            fleet.register(host);
        }
        sleep(Duration::from_secs(2)).await;
        let began = Instant::now();
        for _ in 0..clients {
            let (link, registry) = registry(&fleet.wire);
            let watch = registry.watch("user").unwrap();
            let balanced = Balanced::new(watch, fleet.net.clone(), policy()).unwrap();
            let task = tokio::spawn(calls(balanced.clone(), Arc::clone(&fleet.tally)));
            fleet.clients.push(Client {
                link,
                balanced,
                task: task.abort_handle(),
            });
        }
        let none = Duration::ZERO;
        let effect = fleet
            .settle("start", began, servers, Vec::new(), none)
            .await;
        (fleet, effect)
    }

    #[expect(clippy::unwrap_used, reason = "there is a runtime")]
    fn register(&mut self, host: usize) {
        let zone = host % ZONES.len();
        let (_, registry) = &self.registries[zone];
        let entry = Net::entry(host, ZONES[zone]);
        let registration = registry.register(entry, RegisterOptions::default());
        self.servers[host] = Some(registration.unwrap());
    }

    /// Restarts all servers, a part of them at a time: each leaves the registry,
    /// serves on for a second, is gone for a second, and registers again.
    pub async fn rolling_restart(&mut self, parts: usize) -> Effect {
        let before = self.begin();
        let began = Instant::now();
        let servers = self.servers.len();
        for part in 0..parts {
            let hosts: Vec<usize> = (part..servers).step_by(parts).collect();
            for host in &hosts {
                if let Some(leaving) = self.servers[*host].take() {
                    leaving.drain();
                    tokio::spawn(leaving.deregister());
                }
            }
            // Clients hear of it; calls that are under way end.
            sleep(Duration::from_secs(2)).await;
            for host in &hosts {
                self.net.down(*host, false);
            }
            sleep(Duration::from_secs(1)).await;
            for host in &hosts {
                self.net.up(*host);
                self.register(*host);
            }
            sleep(Duration::from_secs(1)).await;
        }
        let last = Instant::now() - Duration::from_secs(1);
        let name = "rolling restart";
        let mut effect = self
            .settle(name, last, servers, before, Duration::ZERO)
            .await;
        effect.last_failure = effect.last_failure.map(|at| at + (last - began));
        effect
    }

    /// All servers of a zone die, and lose the calls that they have.
    pub async fn zone_loss(&mut self, name: &'static str) -> Effect {
        let before = self.begin();
        let began = Instant::now();
        let lost: Vec<usize> = (0..self.servers.len()).step_by(ZONES.len()).collect();
        // Whoever dies says nothing to the registry.
        self.registries[0].0.cut();
        for host in &lost {
            self.net.down(*host, true);
            self.servers[*host] = None;
        }
        let left = self.servers.len() - lost.len();
        self.settle(name, began, left, before, Duration::ZERO).await
    }

    /// The servers of that zone come back, all at once.
    pub async fn zone_return(&mut self) -> Effect {
        let before = self.begin();
        let began = Instant::now();
        self.registries[0] = registry(&self.wire);
        for host in (0..self.servers.len()).step_by(ZONES.len()) {
            self.net.up(host);
            self.register(host);
        }
        let all = self.servers.len();
        self.settle("its return", began, all, before, Duration::ZERO)
            .await
    }

    /// The registry is away for a time, and comes back without its data.
    pub async fn registry_outage(&mut self, time: Duration) -> Effect {
        let before = self.begin();
        self.wire.down();
        sleep(time).await;
        self.wire.up_without_data();
        let began = Instant::now();
        let all = self.servers.len();
        // As long as something may still be held back, it is not over.
        let least = Duration::from_secs(30);
        self.settle("registry away, data lost", began, all, before, least)
            .await
    }

    /// Forgets what was counted, and says what the clients got so far.
    fn begin(&self) -> Vec<Traffic> {
        let _ = (self.net.take_calls(), self.tally.take_latencies());
        let _ = (self.tally.take_failed(), self.wire.take_lists());
        self.clients.iter().map(|c| c.link.traffic()).collect()
    }

    /// Waits until all clients know so many servers, and for so long at least.
    async fn settle(
        &self,
        name: &'static str,
        began: Instant,
        servers: usize,
        before: Vec<Traffic>,
        least: Duration,
    ) -> Effect {
        let mut converged = None;
        loop {
            let know = |client: &Client| client.balanced.endpoints().len() == servers;
            match self.clients.iter().all(know) {
                true => converged = converged.or_else(|| Some(began.elapsed())),
                false => converged = None,
            }
            let over = converged.is_some() && began.elapsed() >= least;
            if over || began.elapsed() > LONGEST {
                break;
            }
            sleep(SAMPLE).await;
        }
        let converged = converged.unwrap_or(LONGEST);
        let _ = self.net.take_calls();
        sleep(Duration::from_secs(10)).await;
        let loads = self.net.take_calls();
        let busy: Vec<u64> = loads.into_iter().filter(|calls| *calls > 0).collect();
        let failed = self.tally.take_failed();
        let last = failed
            .iter()
            .map(|at| at.saturating_duration_since(began))
            .max();
        let calls = self.tally.take_latencies().len() + failed.len();
        Effect {
            name,
            calls: calls as u64,
            failed: failed.len() as u64,
            last_failure: last,
            converged,
            spread: spread(&busy),
            traffic: self.average(&before),
            busiest_second: busiest_second(&self.wire.take_lists()),
        }
    }

    fn average(&self, before: &[Traffic]) -> Traffic {
        let clients = self.clients.len().max(1) as u64;
        let sum = |part: fn(&Traffic) -> u64| {
            let now: u64 = self.clients.iter().map(|c| part(&c.link.traffic())).sum();
            let then: u64 = before.iter().map(part).sum();
            (now - then) / clients
        };
        Traffic {
            watches: sum(|traffic| traffic.watches),
            snapshots: sum(|traffic| traffic.snapshots),
            events: sum(|traffic| traffic.events),
            bytes: sum(|traffic| traffic.bytes),
        }
    }
}

fn busiest_second(times: &[Instant]) -> u64 {
    let Some(first) = times.iter().min() else {
        return 0;
    };
    let mut seconds = std::collections::BTreeMap::<u64, u64>::new();
    for time in times {
        *seconds.entry((*time - *first).as_secs()).or_default() += 1;
    }
    seconds.into_values().max().unwrap_or(0)
}

/// The calls of a client: 5 a second, by chance.
#[expect(clippy::unwrap_used, reason = "a number can be encoded")]
async fn calls(balanced: Balanced, tally: Arc<Tally>) {
    let body = Payload::new(&0_i64).unwrap();
    loop {
        sleep(exponential(Duration::from_millis(200))).await;
        tokio::spawn(Arc::clone(&tally).call(balanced.clone(), body.clone()));
    }
}
