//! Times of day that differ, and jump.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tokio::time::sleep;

use super::world::{ports, until_shown};
use super::{Load, Peer, TTL, World};
use crate::registries::home;

/// The time of day that a program is told, by libfaketime; the clock that only goes
/// forward is left as it is.
pub(super) struct Clock {
    library: PathBuf,
    /// What it is off by, which may be written while the program runs.
    file: PathBuf,
}

impl Clock {
    /// One that is off by so much, as `+365d`; `None` where it cannot be had.
    fn off(by: &str) -> Option<Self> {
        let folders = home("faketime")?.join("usr/lib");
        // By the machine's architecture.
        let mut libraries = std::fs::read_dir(folders)
            .unwrap()
            .flatten()
            .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
        let library = libraries.find(|library| library.exists())?;
        let name = format!("gobrpc-clock-{:x}", fastrand::u64(..));
        let clock = Self {
            library,
            file: std::env::temp_dir().join(name),
        };
        clock.set(by);
        Some(clock)
    }

    fn set(&self, by: &str) {
        // In one step, as it is read at any time.
        let new = self.file.with_extension("new");
        std::fs::write(&new, by).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
    }

    /// What the program gets of its environment.
    pub(super) fn environment(&self) -> [String; 4] {
        let set = |name: &str, path: &Path| format!("{name}={}", path.display());
        [
            set("LD_PRELOAD", &self.library),
            set("FAKETIME_TIMESTAMP_FILE", &self.file),
            "FAKETIME_NO_CACHE=1".to_owned(),
            "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        ]
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.file));
    }
}

/// Three servers: one whose clock is a year ahead, one years behind, one whose clock jumps
/// between both. Nobody loses a lease or a call by that, and who dies is gone in time.
pub async fn clocks_differ(world: &mut World) {
    let clocks: Option<Vec<Clock>> = ["+365d", "-3650d", "+0d"]
        .into_iter()
        .map(Clock::off)
        .collect();
    let Some(clocks) = clocks else {
        return;
    };
    let mut servers: Vec<Peer> = (0..)
        .zip(&clocks)
        .map(|(number, clock)| Peer::server_with_clock(world, number, clock))
        .collect();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let days = |server: &Peer| {
        let told: u64 = server.wait("clock ").parse().unwrap();
        told.cast_signed().wrapping_sub(now.cast_signed()) / (24 * 60 * 60)
    };
    let told: Vec<i64> = servers.iter().map(days).collect();
    assert!(
        told[0] >= 364 && told[1] <= -3649 && told[2] == 0,
        "{told:?}"
    );
    let listed: Vec<u16> = servers.iter().map(Peer::port).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    let registry = world.registry();
    let watch = registry.watch("who").unwrap();
    until_shown(&watch, &sorted).await;
    let load = Load::start(&registry, 100);
    let until = Instant::now() + TTL * 3;
    let mut jumps = 0;
    let backend = world.backend();
    while Instant::now() < until {
        clocks[2].set(["+400d", "-400d"][jumps % 2]);
        jumps += 1;
        sleep(Duration::from_millis(300)).await;
        assert_eq!(ports(&watch.current().unwrap()), sorted);
        assert_eq!(world.listed(&backend).await, sorted);
    }
    let tally = load.stop().await;
    world.noted(format_args!(
        "clocks {told:?} days off, one that jumped {jumps} times: {}",
        tally.line()
    ));
    tally.assert_none_failed();
    assert_eq!(tally.servers.len(), 3, "{:?}", tally.servers);
    servers.remove(0).kill();
    let killed = Instant::now();
    sorted.retain(|port| *port != listed[0]);
    until_shown(&watch, &sorted).await;
    let promised = TTL + Duration::from_secs(1);
    world.measured(
        "one that is a year ahead dies; gone after",
        killed.elapsed(),
        promised,
    );
}
