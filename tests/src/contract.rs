//! What every [`Backend`] promises: one suite, which
//! [`backend_contract!`](crate::backend_contract) makes tests of.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "tests: what they do not expect is a failure, and their names say what they are about"
)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use gobrpc_registry::backend::{Claim, Cursor, Delta, Snapshot, Standing, Tail};
use gobrpc_registry::{Backend, Error, Key, Prefix, ServiceEntry};
use tokio::time::{Instant, sleep, timeout};

use crate::pulse::Pulse;

/// A backend in which nothing is registered, and what it needs to live.
#[allow(missing_debug_implementations, reason = "a backend has none")]
pub struct Fixture {
    pub backend: Arc<dyn Backend>,
    pub keep: Box<dyn Any + Send>,
}

impl Fixture {
    pub fn new(backend: impl Backend, keep: impl Any + Send) -> Self {
        Self {
            backend: Arc::new(backend),
            keep: Box::new(keep),
        }
    }
}

/// Makes tests of the suite, in a module of this name. The expression makes an
/// `Option<Fixture>`; with `None` the test is skipped.
#[macro_export]
macro_rules! backend_contract {
    ($backend:ident, $make:expr, $attributes:meta) => {
        mod $backend {
            #[allow(unused_imports, reason = "not every expression needs them")]
            use super::*;

            $crate::backend_contract!(@tests $make, $attributes,
                an_entry_is_there_until_it_is_released
                a_lease_ends_unless_it_is_renewed
                a_new_life_takes_over_and_the_old_one_has_no_more_say
                a_free_address_is_asked_for
                an_update_needs_the_lease
                a_tail_tells_what_a_snapshot_does_not
                a_tail_that_is_not_waited_for_loses_nothing
                a_tail_says_that_it_is_alive
                a_tail_that_lags_far_behind_hears_all_or_of_a_gap
                a_cursor_of_another_life_is_a_gap
                names_that_need_escapes_are_kept
            );
        }
    };
    (@tests $make:expr, $attributes:meta, $($test:ident)*) => {$(
        #[$attributes]
        async fn $test() {
            let make = async || -> Option<$crate::contract::Fixture> { $make };
            let name = concat!(module_path!(), "::", stringify!($test));
            $crate::contract::judge(name, make, $crate::contract::$test).await;
        }
    )*};
}

/// Runs a test with a fixture of its own; again, with another one, if it failed while the
/// machine stood still.
pub async fn judge<F: Future<Output = ()>>(
    name: &str,
    make: impl AsyncFn() -> Option<Fixture>,
    test: impl Fn(Shared) -> F,
) {
    let pulse = Pulse::of_this_process();
    for run in 1.. {
        let start = std::time::Instant::now();
        let Some(fixture) = make().await else { return };
        let test = within_limit(test(Arc::clone(&fixture.backend)));
        let Err(panic) = AssertUnwindSafe(test).catch_unwind().await else {
            return;
        };
        if !pulse.excuses(name, start, run) {
            resume_unwind(panic);
        }
    }
}

/// A test that hangs fails.
async fn within_limit(test: impl Future<Output = ()>) {
    let limit = secs(60);
    assert!(
        timeout(limit, test).await.is_ok(),
        "not over after {limit:?}"
    );
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// An instance at this port, with a new ID.
fn entry(port: u16) -> ServiceEntry {
    ServiceEntry::new("user", "v1", format!("10.0.0.1:{port}")).unwrap()
}

type Shared = Arc<dyn Backend>;

const TTL: Duration = secs(3);

async fn list(backend: &Shared, prefix: &Prefix) -> Snapshot {
    backend.snapshot(prefix).await.unwrap()
}

async fn found(backend: &Shared) -> Vec<Arc<ServiceEntry>> {
    let snapshot = list(backend, &Prefix::service("user")).await;
    snapshot.records.into_iter().map(|r| r.entry).collect()
}

/// The next change that is one.
async fn change(tail: &mut Box<dyn Tail>) -> Delta {
    loop {
        let delta = timeout(secs(10), tail.next()).await.unwrap().unwrap();
        if delta != Delta::Progress {
            return delta;
        }
    }
}

fn is_put(delta: &Delta, entry: &ServiceEntry) -> bool {
    matches!(delta, Delta::Put(record) if *record.entry == *entry && record.key == Key::of(entry))
}

pub async fn an_entry_is_there_until_it_is_released(backend: Shared) {
    assert!(found(&backend).await.is_empty());
    let one = entry(1)
        .with_zone("z")
        .with_tag("t")
        .with_metadata("k", "v");
    let lease = backend.acquire(&one, TTL, Claim::TakeOver).await.unwrap();
    assert_eq!(lease.key, Key::of(&one));
    assert!(lease.ttl >= TTL.max(backend.caps().min_ttl));
    assert_eq!(*found(&backend).await[0], one);
    assert_eq!(
        list(&backend, &Prefix::key(Key::of(&one)))
            .await
            .records
            .len(),
        1
    );
    assert_eq!(
        list(&backend, &Prefix::key(Key::of(&entry(2))))
            .await
            .records
            .len(),
        0
    );
    assert_eq!(backend.renew(&lease).await.unwrap(), Standing::Held);
    backend.release(&lease).await.unwrap();
    assert!(found(&backend).await.is_empty());
    // Once more is no error.
    backend.release(&lease).await.unwrap();
    assert_eq!(backend.renew(&lease).await.unwrap(), Standing::Lost);
}

pub async fn a_lease_ends_unless_it_is_renewed(backend: Shared) {
    let lease = backend
        .acquire(&entry(1), TTL, Claim::TakeOver)
        .await
        .unwrap();
    for _ in 0..3 {
        sleep(lease.ttl / 2).await;
        assert_eq!(backend.renew(&lease).await.unwrap(), Standing::Held);
    }
    sleep(lease.ttl / 2).await;
    assert_eq!(found(&backend).await.len(), 1);
    // P2: gone within TTL + 1 s.
    sleep(lease.ttl / 2 + secs(1)).await;
    assert!(found(&backend).await.is_empty());
    assert_eq!(backend.renew(&lease).await.unwrap(), Standing::Lost);
}

pub async fn a_new_life_takes_over_and_the_old_one_has_no_more_say(backend: Shared) {
    let (old, new) = (entry(1), entry(1));
    let old_lease = backend.acquire(&old, TTL, Claim::TakeOver).await.unwrap();
    sleep(TTL / 3).await;
    let new_lease = backend.acquire(&new, TTL, Claim::TakeOver).await.unwrap();
    assert_ne!(old_lease.token, new_lease.token);
    assert_eq!(*found(&backend).await[0], new);
    match backend.renew(&old_lease).await.unwrap() {
        Standing::Displaced { holder } => assert_eq!(*holder, *new.id()),
        standing => assert_eq!(standing, Standing::Lost),
    }
    let update = backend.update(&old_lease, &old).await.unwrap();
    assert_ne!(update, Standing::Held);
    // P8: the end of the old lease is not that of the entry.
    for _ in 0..5 {
        sleep(TTL / 3).await;
        assert_eq!(backend.renew(&new_lease).await.unwrap(), Standing::Held);
        assert_eq!(*found(&backend).await[0], new);
    }
    // P11: an old release never removes a new entry.
    let again = backend.acquire(&old, TTL, Claim::TakeOver).await.unwrap();
    backend.release(&new_lease).await.unwrap();
    backend.release(&old_lease).await.unwrap();
    assert_eq!(*found(&backend).await[0], old);
    backend.release(&again).await.unwrap();
    assert!(found(&backend).await.is_empty());
}

pub async fn a_free_address_is_asked_for(backend: Shared) {
    let (one, other) = (entry(1), entry(1));
    let lease = backend.acquire(&one, TTL, Claim::IfFree).await.unwrap();
    let error = backend
        .acquire(&other, TTL, Claim::IfFree)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Conflict { holder } if *holder == *one.id()));
    assert_eq!(*found(&backend).await[0], one);
    // The same instance, whose first answer was lost.
    let again = backend.acquire(&one, TTL, Claim::IfFree).await.unwrap();
    assert_ne!(backend.renew(&lease).await.unwrap(), Standing::Held);
    backend.release(&lease).await.unwrap();
    assert_eq!(backend.renew(&again).await.unwrap(), Standing::Held);
    backend.release(&again).await.unwrap();
    backend.acquire(&other, TTL, Claim::IfFree).await.unwrap();
}

pub async fn an_update_needs_the_lease(backend: Shared) {
    let mut one = entry(1);
    let lease = backend.acquire(&one, TTL, Claim::TakeOver).await.unwrap();
    one.weight = 7;
    assert_eq!(backend.update(&lease, &one).await.unwrap(), Standing::Held);
    assert_eq!(found(&backend).await[0].weight, 7);
    sleep(lease.ttl + secs(1)).await;
    assert_eq!(backend.update(&lease, &one).await.unwrap(), Standing::Lost);
    assert!(found(&backend).await.is_empty());
}

pub async fn a_tail_tells_what_a_snapshot_does_not(backend: Shared) {
    let mut one = entry(1);
    let lease = backend.acquire(&one, TTL, Claim::TakeOver).await.unwrap();
    let prefix = Prefix::service("user");
    let snapshot = list(&backend, &prefix).await;
    one.weight = 1;
    backend.update(&lease, &one).await.unwrap();
    let mut tail = backend.tail(&prefix, snapshot.cursor).await.unwrap();
    assert!(is_put(&change(&mut tail).await, &one));
    // Another service, whose name begins alike.
    let admin = ServiceEntry::new("user-admin", "v1", "10.0.0.1:9").unwrap();
    backend.acquire(&admin, TTL, Claim::TakeOver).await.unwrap();
    let two = entry(2);
    let second = backend.acquire(&two, TTL, Claim::TakeOver).await.unwrap();
    assert!(is_put(&change(&mut tail).await, &two));
    backend.release(&second).await.unwrap();
    assert_eq!(change(&mut tail).await, Delta::Delete(Key::of(&two)));
    // The end of a lease is a change as well.
    assert_eq!(change(&mut tail).await, Delta::Delete(Key::of(&one)));
    let after = list(&backend, &prefix).await.cursor;
    assert!(!after.is_before(&tail.cursor()));
    assert!(snapshot.cursor.is_before(&after) || snapshot.cursor.epoch != after.epoch);
}

pub async fn a_tail_that_is_not_waited_for_loses_nothing(backend: Shared) {
    let prefix = Prefix::service("user");
    let cursor = list(&backend, &prefix).await.cursor;
    let mut tail = backend.tail(&prefix, cursor).await.unwrap();
    let mut seen = Vec::new();
    let mut see = |delta| {
        if let Delta::Put(record) = delta {
            seen.extend(record.entry.addr().port());
        }
    };
    for port in 1..=5 {
        if let Ok(delta) = timeout(ms(1), tail.next()).await {
            see(delta.unwrap());
        }
        let one = entry(port);
        let acquire = backend.acquire(&one, secs(60), Claim::TakeOver);
        // Begun, given up, begun again.
        drop(tail.next());
        acquire.await.unwrap();
    }
    while let Ok(delta) = timeout(ms(500), tail.next()).await {
        see(delta.unwrap());
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

pub async fn a_tail_says_that_it_is_alive(backend: Shared) {
    let Some(heartbeat) = backend.caps().heartbeat else {
        return;
    };
    let prefix = Prefix::service("user");
    let cursor = list(&backend, &prefix).await.cursor;
    let mut tail = backend.tail(&prefix, cursor).await.unwrap();
    let delta = timeout(heartbeat + secs(1), tail.next()).await;
    assert_eq!(delta.unwrap().unwrap(), Delta::Progress);
    // Also if whoever waits looks up more often.
    let delta = timeout(heartbeat + secs(1), async {
        loop {
            if let Ok(delta) = timeout(heartbeat / 10, tail.next()).await {
                return delta;
            }
        }
    });
    assert_eq!(delta.await.unwrap().unwrap(), Delta::Progress);
}

pub async fn a_tail_that_lags_far_behind_hears_all_or_of_a_gap(backend: Shared) {
    let prefix = Prefix::service("user");
    let mut one = entry(1);
    let lease = backend.acquire(&one, secs(600), Claim::TakeOver).await;
    let lease = lease.unwrap();
    let cursor = list(&backend, &prefix).await.cursor;
    let mut tail = backend.tail(&prefix, cursor).await.unwrap();
    // Consul takes some tens of milliseconds for one, and keeps no history.
    let until = Instant::now() + secs(5);
    let mut written = 0;
    while written < 3000 && Instant::now() < until {
        written += 1;
        one.weight = written;
        // The TTL that was granted may be shorter than what was asked for.
        if written % 100 == 0 {
            assert_eq!(backend.renew(&lease).await.unwrap(), Standing::Held);
        }
        backend.update(&lease, &one).await.unwrap();
    }
    let mut last = 0;
    loop {
        match change(&mut tail).await {
            Delta::Gap => return,
            Delta::Put(record) => {
                assert!(record.entry.weight > last);
                last = record.entry.weight;
            }
            other => panic!("{other:?}"),
        }
        if last == written {
            return;
        }
    }
}

pub async fn a_cursor_of_another_life_is_a_gap(backend: Shared) {
    let prefix = Prefix::service("user");
    let now = list(&backend, &prefix).await.cursor;
    if now.epoch == 0 {
        // It cannot tell; the engine lists again after every break.
        return;
    }
    let other = Cursor {
        epoch: now.epoch ^ 1,
        ..now
    };
    match backend.tail(&prefix, other).await {
        Ok(mut tail) => assert_eq!(change(&mut tail).await, Delta::Gap),
        Err(error) => assert!(error.may_pass()),
    }
}

pub async fn names_that_need_escapes_are_kept(backend: Shared) {
    let odd = ServiceEntry::new("a/b%c \u{e9}", "v1/x", "[::1]:80").unwrap();
    backend.acquire(&odd, TTL, Claim::TakeOver).await.unwrap();
    let snapshot = list(&backend, &Prefix::service("a/b%c \u{e9}")).await;
    assert_eq!(*snapshot.records[0].entry, odd);
    assert_eq!(snapshot.records[0].key, Key::of(&odd));
    assert!(
        list(&backend, &Prefix::service("a"))
            .await
            .records
            .is_empty()
    );
    assert_eq!(list(&backend, &Prefix::all()).await.records.len(), 1);
}
