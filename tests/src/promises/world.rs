//! [`World`]: a registry and what a case does with it.

use std::fmt::{Display, Write as _};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gobrpc_registry::{
    Backend, Prefix, RegisterOptions, Registration, Registry, RegistryOptions, ServiceEntry,
    ServiceSet, Watch,
};
use tokio::time::{sleep, timeout};

use super::{Kind, Peer, SLACK, Site, TTL};
use crate::pulse::Pulse;

/// A registry and what a case does with it.
pub struct World {
    pub kind: &'static Kind,
    pub site: Box<dyn Site>,
    /// The program that [`Peer`]s run.
    pub peer: &'static str,
    /// Lines for whoever reads.
    pub figures: Vec<String>,
    /// Makes everything longer.
    pub factor: u32,
    pub pulse: &'static Pulse,
}

/// Something that is promised while something fails.
pub struct Case {
    pub name: &'static str,
    pub run: fn(&mut World) -> Pin<Box<dyn Future<Output = ()> + '_>>,
    /// It computes more than it waits: one at a time.
    pub heavy: bool,
}

impl Case {
    pub(super) const fn new(
        name: &'static str,
        run: fn(&mut World) -> Pin<Box<dyn Future<Output = ()> + '_>>,
    ) -> Self {
        Self {
            name,
            run,
            heavy: false,
        }
    }

    pub(super) const fn heavy(mut self) -> Self {
        self.heavy = true;
        self
    }
}

impl World {
    /// A registry that runs, and the program that peers run.
    pub fn new(kind: &'static Kind, site: Box<dyn Site>, peer: &'static str) -> Self {
        let factor = std::env::var("GOBRPC_FAULTS");
        Self {
            kind,
            site,
            peer,
            figures: Vec::new(),
            factor: factor.map_or(1, |factor| factor.parse().unwrap()),
            pulse: Pulse::of_this_process(),
        }
    }

    /// A backend with connections of its own.
    pub fn backend(&self) -> Arc<dyn Backend> {
        self.backend_at(&self.site.address())
    }

    /// The same by another way to the registry.
    pub fn backend_at(&self, address: &str) -> Arc<dyn Backend> {
        (self.kind.connect)(address)
    }

    /// What one process has.
    pub fn registry(&self) -> Registry {
        self.registry_at(&self.site.address())
    }

    pub fn registry_at(&self, address: &str) -> Registry {
        let mut options = RegistryOptions::default();
        // Twice the TTL, as by default.
        options.empty_grace = TTL * 2;
        Registry::with_options(self.backend_at(address), options)
    }

    /// A server in a process of its own, which is registered.
    pub fn server(&self, number: u64, listen: &str) -> Peer {
        Peer::server(self, &self.site.address(), number, listen)
    }

    /// What the registry itself lists, by ports.
    pub async fn listed(&self, backend: &Arc<dyn Backend>) -> Vec<u16> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let prefix = Prefix::service("who");
            let snapshot = timeout(Duration::from_secs(2), backend.snapshot(&prefix)).await;
            match snapshot {
                Ok(Ok(snapshot)) => {
                    let ports = snapshot
                        .records
                        .iter()
                        .filter_map(|r| r.entry.addr().port());
                    let mut ports: Vec<u16> = ports.collect();
                    ports.sort_unstable();
                    return ports;
                }
                _ if Instant::now() < until => sleep(Duration::from_millis(50)).await,
                Ok(Err(error)) => panic!("no list: {error}"),
                Err(_) => panic!("no list: no answer"),
            }
        }
    }

    /// How long it takes until the registry lists this.
    pub async fn until_listed(&self, ports: &[u16]) -> Duration {
        let (start, backend) = (Instant::now(), self.backend());
        loop {
            let listed = self.listed(&backend).await;
            if listed == ports {
                return start.elapsed();
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{listed:?} is listed, and not {ports:?}"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// A promise, what was measured until now, and what it may be. What the machine kept
    /// of that time is nobody's.
    pub fn measured(&mut self, what: impl Display, time: Duration, promised: Duration) {
        let start = Instant::now().checked_sub(time);
        let stalled = start.map(|start| self.pulse.stalled_since(start));
        let stalled = stalled.unwrap_or_default();
        let mut line = format!(
            "{what}: {:.2} s, promised {:.2} s",
            time.as_secs_f64(),
            promised.as_secs_f64()
        );
        if !stalled.is_zero() {
            let _ = write!(line, "; the machine stood still for {stalled:.2?} of it");
        }
        self.figures.push(line);
        assert!(
            time <= promised + SLACK + stalled,
            "{what}: {time:?}, and the machine stood still for {stalled:?} of it"
        );
    }

    /// What was measured, and not promised.
    pub fn noted(&mut self, what: impl Display) {
        self.figures.push(what.to_string());
    }

    /// Stays away for so long, or longer where there is more time.
    pub async fn pause(&self, time: Duration) {
        sleep(time * self.factor).await;
    }

    pub fn kill(&mut self) {
        tokio::task::block_in_place(|| self.site.process().kill());
    }

    /// Removes its data, and starts it.
    pub fn restart(&mut self, wiped: bool) {
        tokio::task::block_in_place(|| {
            if wiped {
                self.site.process().wipe();
            }
            self.site.restart();
        });
    }
}

/// An entry of the service that all cases are about.
pub(super) fn entry(port: u16) -> ServiceEntry {
    ServiceEntry::new("who", "v1", format!("127.0.0.1:{port}")).unwrap()
}

/// Registers it, and waits for that.
pub(super) async fn registered(registry: &Registry, entry: ServiceEntry) -> Registration {
    let options = RegisterOptions::default().with_ttl(TTL);
    let registration = registry.register(entry, options).unwrap();
    settled(&registration).await;
    registration
}

/// Waits until the registry has an entry as it is now.
pub(super) async fn settled(registration: &Registration) {
    let settled = timeout(Duration::from_secs(20), registration.settled()).await;
    let status = || format!("{:?}", registration.status());
    settled.unwrap_or_else(|_| panic!("{}", status())).unwrap();
}

/// The ports of a set.
pub(super) fn ports(set: &ServiceSet) -> Vec<u16> {
    let mut ports: Vec<u16> = set.iter().filter_map(|e| e.addr().port()).collect();
    ports.sort_unstable();
    ports
}

/// How long it takes until a watch shows this.
pub(super) async fn until_shown(watch: &Watch, ports: &[u16]) -> Duration {
    let start = Instant::now();
    loop {
        let shown = watch.current().map(|set| self::ports(&set));
        if shown.as_deref() == Some(ports) {
            return start.elapsed();
        }
        assert!(
            start.elapsed() < Duration::from_secs(90),
            "{shown:?} is shown, and not {ports:?}; {:?}",
            watch.health()
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// Asserts that a watch shows this for so long.
pub(super) async fn shows(watch: &Watch, ports: &[u16], time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        let shown = watch.current().map(|set| self::ports(&set));
        assert_eq!(shown.as_deref(), Some(ports), "{:?}", watch.health());
        sleep(Duration::from_millis(20)).await;
    }
}
