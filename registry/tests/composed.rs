//! Backends made of others: `Chain`, `Merge`, `Saved`.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gobrpc_registry::backend::{Claim, Standing};
use gobrpc_registry::{
    Backend, Chain, Error, Memory, Merge, Prefix, RegisterOptions, Registry, Saved, Selector,
    ServiceEntry, Static, Watch,
};
use tokio::time::{Instant, sleep};

use common::{Mode, World};

const TTL: Duration = Duration::from_secs(9);

fn entry(port: u16) -> ServiceEntry {
    ServiceEntry::new("user", "v1", format!("10.0.0.1:{port}")).unwrap()
}

fn user() -> Prefix {
    Prefix::service("user")
}

async fn ports(backend: &dyn Backend) -> Vec<u16> {
    let records = backend.snapshot(&user()).await.unwrap().records;
    let mut ports: Vec<u16> = records
        .iter()
        .filter_map(|record| record.entry.addr().port())
        .collect();
    ports.sort_unstable();
    ports
}

fn shown(watch: &Watch) -> Vec<u16> {
    let set = watch.current().unwrap_or_default();
    let mut ports: Vec<u16> = set.iter().filter_map(|entry| entry.addr().port()).collect();
    ports.sort_unstable();
    ports
}

async fn until(watch: &Watch, wanted: &[u16]) {
    let over = Instant::now() + Duration::from_secs(120);
    while shown(watch) != wanted {
        assert!(Instant::now() < over, "{:?}, not {wanted:?}", shown(watch));
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_falls_back_and_comes_back() {
    let (first, second) = (World::new(Memory::new()), World::new(Memory::new()));
    let (link, other) = (first.link(), second.link());
    let chain = Arc::new(Chain::new(
        link.clone(),
        [other.clone() as Arc<dyn Backend>],
    ));
    let acquire = |world: &World, port| {
        let memory = world.memory();
        async move {
            memory
                .acquire(&entry(port), TTL * 100, Claim::TakeOver)
                .await
                .unwrap()
        }
    };
    acquire(&first, 1).await;
    acquire(&second, 2).await;
    let registry = Registry::new(chain.clone());
    let watch = registry.watch("user").unwrap();
    until(&watch, &[1]).await;
    for mode in [Mode::Down, Mode::Hung] {
        link.set(mode);
        until(&watch, &[2]).await;
        // Changes of the one that answers are heard.
        let more = acquire(&second, 3).await;
        until(&watch, &[2, 3]).await;
        second.memory().release(&more).await.unwrap();
        until(&watch, &[2]).await;
        link.set(Mode::Up);
        until(&watch, &[1]).await;
    }
    // What is registered is registered in the first only.
    let new = entry(9);
    let lease = chain.acquire(&new, TTL, Claim::TakeOver).await.unwrap();
    assert_eq!(ports(&first.memory()).await, [1, 9]);
    assert_eq!(ports(&second.memory()).await, [2]);
    assert_eq!(chain.renew(&lease).await.unwrap(), Standing::Held);
    link.set(Mode::Down);
    assert!(chain.acquire(&new, TTL, Claim::TakeOver).await.is_err());
    other.set(Mode::Down);
    let error = chain.snapshot(&user()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    let twice = error.to_string().matches("connection refused").count();
    assert_eq!(twice, 2, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_merge_has_what_any_has_and_the_first_counts() {
    let (first, second) = (Memory::new(), Memory::new());
    let merge = Merge::new([
        Arc::new(first.clone()) as Arc<dyn Backend>,
        Arc::new(second.clone()),
    ]);
    let acquire = |memory: &Memory, entry: ServiceEntry| {
        let memory = memory.clone();
        async move {
            memory
                .acquire(&entry, TTL * 100, Claim::TakeOver)
                .await
                .unwrap()
        }
    };
    acquire(&first, entry(1).with_zone("first")).await;
    acquire(&second, entry(1).with_zone("second")).await;
    acquire(&second, entry(2)).await;
    // The same instance, at another address here and there.
    acquire(&first, entry(3).with_id("same").unwrap()).await;
    acquire(&second, entry(4).with_id("same").unwrap()).await;
    assert_eq!(ports(&merge).await, [1, 2, 3]);
    let records = merge.snapshot(&user()).await.unwrap().records;
    let one = records
        .iter()
        .find(|one| one.entry.addr().port() == Some(1));
    assert_eq!(one.unwrap().entry.zone, "first");
}

#[tokio::test(start_paused = true)]
async fn a_merge_goes_on_with_what_one_said_last_while_it_is_away() {
    let (first, second) = (World::new(Memory::new()), World::new(Memory::new()));
    let (link, other) = (first.link(), second.link());
    let merge = Merge::new([link.clone() as Arc<dyn Backend>, other.clone()]);
    let registry = Registry::new(Arc::new(merge));
    let watch = registry.watch("user").unwrap();
    let acquire = |world: &World, port| {
        let memory = world.memory();
        async move {
            memory
                .acquire(&entry(port), TTL * 1000, Claim::TakeOver)
                .await
                .unwrap()
        }
    };
    acquire(&first, 1).await;
    acquire(&second, 2).await;
    until(&watch, &[1, 2]).await;
    for mode in [Mode::Down, Mode::Hung] {
        other.set(mode);
        let new = acquire(&first, 3).await;
        until(&watch, &[1, 2, 3]).await;
        sleep(Duration::from_secs(100)).await;
        assert_eq!(shown(&watch), [1, 2, 3]);
        first.memory().release(&new).await.unwrap();
        until(&watch, &[1, 2]).await;
        let while_away = acquire(&second, 4).await;
        other.set(Mode::Up);
        until(&watch, &[1, 2, 4]).await;
        second.memory().release(&while_away).await.unwrap();
        until(&watch, &[1, 2]).await;
    }
    link.set(Mode::Down);
    other.set(Mode::Down);
    sleep(Duration::from_secs(100)).await;
    assert!(watch.health().stale);
    assert_eq!(shown(&watch), [1, 2]);
}

/// Who starts while one says nothing has the others'.
#[tokio::test(start_paused = true)]
async fn a_merge_does_not_wait_for_one_that_is_silent() {
    let (first, second) = (World::new(Memory::new()), World::new(Memory::new()));
    let (to_first, to_second) = (first.link(), second.link());
    let claim = Claim::TakeOver;
    for (world, port) in [(&first, 1), (&second, 2)] {
        let memory = world.memory();
        memory
            .acquire(&entry(port), TTL * 100, claim)
            .await
            .unwrap();
    }
    to_first.set(Mode::Hung);
    let merged = Merge::new([to_first.clone() as Arc<dyn Backend>, to_second]);
    let registry = Registry::new(Arc::new(merged));
    assert_eq!(
        registry.get("user", &Selector::new()).await.unwrap().len(),
        1
    );
    let watch = registry.watch("user").unwrap();
    to_first.set(Mode::Up);
    until(&watch, &[1, 2]).await;
}

#[tokio::test(start_paused = true)]
async fn a_merge_registers_in_all_and_again_in_those_that_come_later() {
    let (first, second) = (World::new(Memory::new()), World::new(Memory::new()));
    let (link, other) = (first.link(), second.link());
    let list = Static::new([]);
    let merge = Merge::new([
        link.clone() as Arc<dyn Backend>,
        other.clone(),
        Arc::new(list),
    ]);
    let registry = Registry::new(Arc::new(merge));
    for mode in [Mode::Down, Mode::Hung] {
        other.set(mode);
        let options = RegisterOptions::default();
        let registration = registry.register(entry(1), options).unwrap();
        registration.settled().await.unwrap();
        assert_eq!(ports(&first.memory()).await, [1]);
        assert!(ports(&second.memory()).await.is_empty());
        sleep(Duration::from_secs(60)).await;
        assert_eq!(registration.status().acquisitions, 1, "{mode:?}");
        other.set(Mode::Up);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(ports(&second.memory()).await, [1]);
        // One forgets everything.
        first.wipe();
        sleep(Duration::from_secs(10)).await;
        assert_eq!(ports(&first.memory()).await, [1]);
        registration.update(|entry| entry.weight = 7).unwrap();
        registration.settled().await.unwrap();
        sleep(Duration::from_secs(1)).await;
        for world in [&first, &second] {
            let records = world.memory().snapshot(&user()).await.unwrap().records;
            assert_eq!(records[0].entry.weight, 7);
        }
        registration.deregister().await.unwrap();
        assert!(ports(&first.memory()).await.is_empty());
        assert!(ports(&second.memory()).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_taken_in_one_is_taken_in_none() {
    let (first, second) = (Memory::new(), Memory::new());
    second
        .acquire(&entry(1), TTL, Claim::TakeOver)
        .await
        .unwrap();
    let merge = Merge::new([
        Arc::new(first.clone()) as Arc<dyn Backend>,
        Arc::new(second.clone()),
    ]);
    let error = merge.acquire(&entry(1), TTL, Claim::IfFree).await;
    assert!(matches!(error, Err(Error::Conflict { .. })));
    assert!(ports(&first).await.is_empty());
    let only = Merge::new([Arc::new(Static::new([])) as Arc<dyn Backend>]);
    let error = only.acquire(&entry(1), TTL, Claim::TakeOver).await;
    assert!(matches!(error, Err(Error::Unsupported(_))));
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("gobrpc-saved-{:x}", fastrand::u64(..));
        Self(std::env::temp_dir().join(name))
    }

    /// The pages in it, once there are so many.
    fn pages(&self, count: usize) -> Vec<PathBuf> {
        for _ in 0..1000 {
            let all = std::fs::read_dir(&self.0).into_iter().flatten();
            let all: Vec<PathBuf> = all
                .filter_map(|one| Some(one.ok()?.path()))
                .filter(|path| path.extension().is_some_and(|end| end == "json"))
                .collect();
            if all.len() == count {
                return all;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("never {count} pages");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Not on paused time: files are read and written by other threads.
#[tokio::test]
async fn a_client_that_starts_while_the_registry_is_away_has_what_was_saved() {
    let folder = Folder::new();
    let world = World::new(Memory::new());
    let link = world.link();
    for port in [1, 2] {
        let memory = world.memory();
        let claim = Claim::TakeOver;
        memory
            .acquire(&entry(port), TTL * 100, claim)
            .await
            .unwrap();
    }
    let before = Registry::new(Arc::new(Saved::new(link.clone(), &folder.0)));
    assert_eq!(before.get("user", &Selector::new()).await.unwrap().len(), 2);
    let page = folder.pages(1).remove(0);

    // Two that write one page: whose is there last is anybody's guess.
    drop(before);
    // It says nothing: no call waits until that is plain, nor does a chain go past it.
    link.set(Mode::Hung);
    let saved = Arc::new(Saved::new(link.clone(), &folder.0));
    let alone = Registry::new(saved.clone());
    assert_eq!(alone.get("user", &Selector::new()).await.unwrap().len(), 2);
    let last = Arc::new(Memory::new()) as Arc<dyn Backend>;
    let chained = Registry::new(Arc::new(Chain::new(saved, [last])));
    let shown = chained.get("user", &Selector::new()).await.unwrap();
    assert_eq!(shown.len(), 2);
    drop((alone, chained));
    link.set(Mode::Down);
    let after = Registry::new(Arc::new(Saved::new(link.clone(), &folder.0)));
    assert_eq!(after.get("user", &Selector::new()).await.unwrap().len(), 2);
    let watch = after.watch("user").unwrap();
    for _ in 0..500 {
        if watch.health().stale {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(watch.health().stale);
    // Nothing was written about another service.
    assert!(after.get("other", &Selector::new()).await.is_err());
    // It comes back, with something else.
    world
        .memory()
        .acquire(&entry(3), TTL * 100, Claim::TakeOver)
        .await
        .unwrap();
    link.set(Mode::Up);
    until(&watch, &[1, 2, 3]).await;

    // What is not whole, or not what it was, is not used.
    let mut good = String::new();
    for _ in 0..1000 {
        good = std::fs::read_to_string(&page).unwrap();
        if good.contains("10.0.0.1:3") {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(good.contains("10.0.0.1:3"), "{good}");
    drop((after, watch));
    let other = good.replacen("10.0.0.1:1", "10.0.0.1:7", 1);
    assert_ne!(good, other);
    link.set(Mode::Down);
    for bad in [
        "",
        &good[..good.len() / 2],
        "[]",
        "{}",
        &other,
        &good.replace("\"format\":1", "\"format\":2"),
    ] {
        std::fs::write(&page, bad).unwrap();
        let saved = Saved::new(link.clone(), &folder.0);
        assert!(saved.snapshot(&user()).await.is_err(), "{bad}");
    }
    std::fs::write(&page, &good).unwrap();
    let saved = Saved::new(link.clone(), &folder.0);
    assert!(saved.snapshot(&user()).await.is_ok());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_no_failure() {
    let memory = Memory::new();
    memory
        .acquire(&entry(1), TTL, Claim::TakeOver)
        .await
        .unwrap();
    let saved = Saved::new(Arc::new(memory), "/dev/null/nowhere");
    assert_eq!(ports(&saved).await, [1]);
}
