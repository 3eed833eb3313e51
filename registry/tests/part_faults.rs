//! What fails of several backends is visible, though the others answer.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use gobrpc_registry::backend::PartFault;
use gobrpc_registry::{
    Backend, Chain, Memory, Merge, RegisterOptions, Registry, ServiceEntry, Watch,
};
use tokio::time::{Instant, sleep};

use common::{Link, Mode, World};

fn entry(port: u16) -> ServiceEntry {
    ServiceEntry::new("user", "v1", format!("10.0.0.1:{port}")).unwrap()
}

/// Two backends, and the ways to them.
fn two() -> [Arc<Link>; 2] {
    [(); 2].map(|()| World::new(Memory::new()).link())
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let over = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < over, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Those that fail, in order.
fn places(faults: &[PartFault]) -> Vec<usize> {
    for fault in faults {
        let text = fault.to_string();
        assert!(text.contains("connection refused"), "{text}");
        let number = format!("registry {}:", fault.place + 1);
        assert!(text.starts_with(&number), "{text}");
    }
    faults.iter().map(|fault| fault.place).collect()
}

fn failing(watch: &Watch) -> Vec<usize> {
    places(&watch.health().faults)
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_merge_that_fails_is_named_until_it_is_back() {
    let links = two();
    let [one, other] = links.clone().map(|link| link as Arc<dyn Backend>);
    let registry = Registry::new(Arc::new(Merge::new([one, other])));
    let watch = registry.watch("user").unwrap();
    let registration = registry.register(entry(1), RegisterOptions::default());
    let registration = registration.unwrap();
    registration.settled().await.unwrap();
    let there = || watch.current().is_some_and(|set| set.len() == 1);
    let standing = || places(&registration.status().faults);
    until("all is well", || there() && failing(&watch).is_empty()).await;
    assert!(standing().is_empty());
    for (place, link) in links.iter().enumerate() {
        link.set(Mode::Down);
        until("it is named", || failing(&watch) == [place]).await;
        until("it has no entry", || standing() == [place]).await;
        assert!(!watch.health().stale && there());
        link.set(Mode::Up);
        until("it is back", || failing(&watch).is_empty()).await;
        until("it has the entry", || standing().is_empty()).await;
    }
    // Without any of them it is an outage.
    links.iter().for_each(|link| link.set(Mode::Down));
    until("an outage", || watch.health().stale).await;
    assert!(watch.health().faults.is_empty());
    let error = watch.health().last_error.unwrap().to_string();
    assert_eq!(error.matches("connection refused").count(), 2, "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_take_the_entry_at_first_is_named() {
    let links = two();
    links[1].set(Mode::Down);
    let [one, other] = links.clone().map(|link| link as Arc<dyn Backend>);
    let registry = Registry::new(Arc::new(Merge::new([one, other])));
    let registration = registry.register(entry(1), RegisterOptions::default());
    let registration = registration.unwrap();
    registration.settled().await.unwrap();
    let standing = || places(&registration.status().faults);
    until("it is named", || standing() == [1]).await;
    links[1].set(Mode::Up);
    until("it has the entry", || standing().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn those_in_front_of_a_chain_are_named_while_another_answers() {
    let links = two();
    let [first, second] = links.clone().map(|link| link as Arc<dyn Backend>);
    let registry = Registry::new(Arc::new(Chain::new(first, [second])));
    let watch = registry.watch("user").unwrap();
    until("an answer", || watch.current().is_some()).await;
    assert!(failing(&watch).is_empty());
    links[0].set(Mode::Down);
    until("it is named", || failing(&watch) == [0]).await;
    assert!(!watch.health().stale);
    links[0].set(Mode::Up);
    until("it is back", || failing(&watch).is_empty()).await;
}
