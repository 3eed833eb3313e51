//! Balancing, over callers that do as they are told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::net::{Behaviour, FakeDial, Net, REFUSED, setup, without_ejection};
use common::{Mode, entry, ms, secs};
use gobrpc_protocol::metadata::PREVIOUS_ATTEMPTS;
use gobrpc_protocol::{Call, Code, Delivery, Phase};
use gobrpc_registry::{Balanced, NoEndpoints, Policy, RegisterOptions, balance};
use tokio::time::{Instant, sleep, timeout};

#[tokio::test(start_paused = true)]
async fn round_robin_takes_one_after_the_other_and_dials_each_once() {
    let setup = setup(3, Policy::round_robin()).await;
    for _ in 0..300 {
        setup.call().await.unwrap();
    }
    let ports = setup.net.ports();
    for three in ports.chunks(3) {
        assert_eq!(three.iter().sum::<u16>(), 6, "{three:?}");
    }
    assert_eq!(setup.net.dialled.load(Ordering::Relaxed), 3);
    for endpoint in setup.balanced.endpoints() {
        let stats = endpoint.stats();
        assert_eq!((stats.calls, stats.errors, stats.in_flight), (100, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn round_robin_of_many_clients_does_not_start_at_the_same_instance() {
    let setup = setup(4, Policy::round_robin()).await;
    let mut first = [0; 5];
    for _ in 0..400 {
        let watch = setup.registry.watch("user").unwrap();
        let net = Arc::new(Net::default());
        let policy = Policy::round_robin();
        let balanced = Balanced::new(watch, FakeDial(Arc::clone(&net)), policy).unwrap();
        let _: i64 = Call::<i64, _>::new(balanced, "User.Port", &0_i64)
            .await
            .unwrap();
        first[usize::from(net.ports()[0])] += 1;
    }
    assert!(
        first[1..].iter().all(|n| (50..=150).contains(n)),
        "{first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn random_is_even() {
    let setup = setup(4, Policy::random()).await;
    for _ in 0..4000 {
        setup.call().await.unwrap();
    }
    for endpoint in setup.balanced.endpoints() {
        let calls = endpoint.stats().calls;
        assert!((850..=1150).contains(&calls), "{calls}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_did_not_run_goes_to_another_instance() {
    for delivery in [Delivery::NotSent, Delivery::PartSent, Delivery::Refused] {
        let setup = setup(3, without_ejection(Policy::round_robin())).await;
        setup.net.set(
            1,
            Behaviour::Fail(Code::Unavailable, Phase::Write, delivery),
        );
        for _ in 0..90 {
            assert_ne!(setup.call().await.unwrap(), 1);
        }
        assert_eq!(setup.net.ports().len(), 120, "{delivery:?}");
        let stats = setup.balanced.endpoints()[0].stats();
        assert_eq!((stats.calls, stats.errors), (30, 30));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_run_is_not_repeated() {
    let fail = |code, phase, delivery| Behaviour::Fail(code, phase, delivery);
    for (behaviour, blamed) in [
        (fail(Code::Unavailable, Phase::Wait, Delivery::Sent), true),
        (
            fail(Code::DeadlineExceeded, Phase::Queue, Delivery::NotSent),
            true,
        ),
        (fail(Code::Unknown, Phase::Wait, Delivery::Answered), false),
        // A handler in this process.
        (
            fail(Code::NotFound, Phase::Handler, Delivery::NotSent),
            false,
        ),
        // No instance could encode it.
        (
            fail(Code::InvalidArgument, Phase::Encode, Delivery::NotSent),
            false,
        ),
    ] {
        let setup = setup(2, Policy::round_robin()).await;
        setup.net.set(1, behaviour);
        setup.net.set(2, behaviour);
        let error = setup.call().await.unwrap_err();
        assert_eq!(setup.net.ports().len(), 1, "{behaviour:?}");
        let errors: u64 = setup
            .balanced
            .endpoints()
            .iter()
            .map(|e| e.stats().errors)
            .sum();
        assert_eq!(errors, u64::from(blamed), "{behaviour:?}");
        assert_eq!(error.peer().is_some(), blamed);
    }
}

/// Refused by a server that has got it.
const TURNED_AWAY: Behaviour = Behaviour::Fail(Code::Unavailable, Phase::Wait, Delivery::Refused);

#[tokio::test(start_paused = true)]
async fn three_attempts_are_made_each_elsewhere_and_no_fourth() {
    let setup = setup(4, without_ejection(Policy::round_robin())).await;
    for port in 1..=4 {
        setup.net.set(port, TURNED_AWAY);
    }
    let error = setup.call().await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Refused);
    let mut ports = setup.net.ports();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 3);
    // Servers see how often it was tried before, and so does the caller.
    let before = std::mem::take(&mut *setup.net.before.lock().unwrap());
    let before: Vec<_> = before.iter().map(Option::as_deref).collect();
    assert_eq!(before, [None, Some("1"), Some("2")]);
    assert_eq!(error.metadata().get_str(PREVIOUS_ATTEMPTS), Some("2"));
    // With two instances there are two attempts.
    let setup = self::setup(2, without_ejection(Policy::round_robin())).await;
    setup.net.set(1, TURNED_AWAY);
    setup.net.set(2, TURNED_AWAY);
    setup.call().await.unwrap_err();
    assert_eq!(setup.net.ports().len(), 2);
    setup.net.set(2, Behaviour::Answer);
    loop {
        let (port, metadata) = setup.call().start().with_metadata().await.unwrap();
        assert_eq!(port, 2);
        let before = metadata.get_str(PREVIOUS_ATTEMPTS);
        match setup.net.ports().len() {
            1 => assert_eq!(before, None),
            _ => break assert_eq!(before, Some("1")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_is_no_attempt_at_up_to_20_instances() {
    let without_budget = || {
        let mut policy = without_ejection(Policy::round_robin());
        (policy.budget.per_second, policy.budget.percent) = (0, 0);
        policy
    };
    let mut setup = setup(19, without_budget()).await;
    for port in 1..=19 {
        setup.net.set(port, REFUSED);
    }
    setup.add(20).await;
    for _ in 0..20 {
        assert_eq!(setup.call().await.unwrap(), 20);
    }
    assert!(setup.net.ports().len() > 20);
    let before = std::mem::take(&mut *setup.net.before.lock().unwrap());
    assert!(before.iter().all(Option::is_none));
    setup.net.set(20, REFUSED);
    setup.add(21).await;
    setup.net.set(21, REFUSED);
    let error = setup.call().await.unwrap_err();
    assert_eq!(error.phase(), Phase::Dial);
    assert_eq!(setup.net.ports().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_what_a_broken_service_gets() {
    let mut policy = without_ejection(Policy::round_robin());
    policy.budget.per_second = 0;
    let setup = setup(2, policy).await;
    setup.net.set(1, TURNED_AWAY);
    setup.net.set(2, TURNED_AWAY);
    for _ in 0..1000 {
        setup.call().await.unwrap_err();
    }
    assert_eq!(setup.net.ports().len(), 1200);
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_the_time_that_is_left() {
    let setup = setup(0, Policy::round_robin()).await;
    let reply = setup.call().timeout(secs(2)).start();
    let late = async {
        sleep(ms(500)).await;
        let entry = entry(1);
        let server = setup.registry.register(entry, RegisterOptions::default());
        sleep(ms(500)).await;
        server
    };
    let (reply, _server) = tokio::join!(reply, late);
    assert_eq!(reply.unwrap(), 1);
    let (_, left) = setup.net.calls.lock().unwrap()[0];
    assert!(
        left.unwrap() <= ms(1500) && left.unwrap() >= ms(1300),
        "{left:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_an_instance_a_call_waits_and_then_says_why() {
    let setup = setup(0, Policy::round_robin()).await;
    sleep(secs(1)).await;
    setup.link.set(Mode::Down);
    sleep(secs(1)).await;
    for (limit, waited) in [
        (None, secs(3)),
        (Some(secs(9)), secs(3)),
        (Some(ms(70)), ms(70)),
    ] {
        let start = Instant::now();
        let mut call = setup.call();
        if let Some(limit) = limit {
            call = call.timeout(limit);
        }
        let error = call.await.unwrap_err();
        assert!(start.elapsed() >= waited && start.elapsed() < waited + ms(10));
        assert_eq!(
            (error.code(), error.phase()),
            (Code::Unavailable, Phase::Resolve)
        );
        assert!(error.delivery().cannot_have_run());
        let none = error.source().and_then(|e| e.downcast_ref::<NoEndpoints>());
        let none = none.unwrap();
        assert_eq!(none.service, "user");
        assert!(none.last_contact.is_some() && none.last_error.is_some());
        assert!(none.to_string().contains("connection re"), "{none}");
    }
    // Years of patience are no overflow.
    let call = setup.call().timeout(Duration::MAX);
    assert!(call.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_finishes_what_it_has_and_is_closed() {
    for drains in [true, false] {
        let mut setup = setup(2, Policy::round_robin()).await;
        setup.net.set(1, Behaviour::Hold);
        setup.net.set(2, Behaviour::Hold);
        let (one, two) = (setup.call().start(), setup.call().start());
        let leaving = setup.servers.remove(0);
        if drains {
            leaving.drain();
            setup.servers.push(leaving);
        } else {
            leaving.deregister().await.unwrap();
        }
        sleep(secs(1)).await;
        assert_eq!(setup.balanced.endpoints().len(), 1);
        setup.net.set(2, Behaviour::Answer);
        for _ in 0..10 {
            assert_eq!(setup.call().await.unwrap(), 2);
        }
        assert!(setup.net.closed().is_empty());
        setup.net.release.notify_waiters();
        let both = async { tokio::join!(one, two) };
        let release = async {
            loop {
                setup.net.release.notify_waiters();
                sleep(ms(1)).await;
            }
        };
        let (one, two) = tokio::select! { both = both => both, () = release => unreachable!() };
        assert_eq!(one.unwrap() + two.unwrap(), 3);
        assert_eq!(setup.net.closed(), [1]);
        // The other one goes with the last balancer.
        drop(setup.balanced);
        assert_eq!(setup.net.closed(), [1, 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_while_its_instance_is_the_same() {
    let mut setup = setup(1, Policy::round_robin()).await;
    setup.call().await.unwrap();
    for weight in 1..=5 {
        setup.servers[0]
            .update(|entry| entry.weight = weight)
            .unwrap();
        sleep(secs(1)).await;
        setup.call().await.unwrap();
    }
    assert_eq!(setup.net.dialled.load(Ordering::Relaxed), 1);
    let endpoint = setup.balanced.endpoints().remove(0);
    assert_eq!((endpoint.entry().weight, endpoint.stats().calls), (5, 6));
    // Another process at the same address is another endpoint.
    setup.add(1).await;
    setup.call().await.unwrap();
    assert_eq!(setup.net.dialled.load(Ordering::Relaxed), 2);
    assert_eq!(setup.net.closed(), [1]);
    assert_eq!(setup.balanced.endpoints()[0].stats().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn calls_go_on_while_the_registry_is_away() {
    let mut setup = setup(3, Policy::round_robin()).await;
    setup.link.set(Mode::Hung);
    // And a server dies meanwhile: whoever cannot be dialled costs no call, and not
    // the budget either.
    setup.net.set(2, REFUSED);
    for call in 0..10_000 {
        if call == 5000 {
            setup.world.wipe();
        }
        assert_ne!(setup.call().await.unwrap(), 2);
        sleep(ms(2)).await;
    }
    setup.link.set(Mode::Up);
    drop(setup.servers.remove(1));
    for _ in 0..10_000 {
        assert_ne!(setup.call().await.unwrap(), 2);
        sleep(ms(2)).await;
    }
    assert_eq!(setup.balanced.endpoints().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn p6_a_rolling_restart_loses_no_call() {
    let mut setup = setup(3, Policy::round_robin()).await;
    for round in 0..9 {
        let port = setup.servers[0].entry().addr().port().unwrap();
        let leaving = setup.servers.remove(0);
        leaving.drain();
        leaving.settled().await.unwrap();
        leaving.deregister().await.unwrap();
        // The drain delay: clients hear of it, and call on.
        for _ in 0..100 {
            setup.call().await.unwrap();
            sleep(ms(10)).await;
        }
        setup.net.set(
            port,
            Behaviour::Fail(Code::Unavailable, Phase::Wait, Delivery::Sent),
        );
        for _ in 0..100 {
            assert_ne!(setup.call().await.unwrap(), i64::from(port), "{round}");
            sleep(ms(10)).await;
        }
        setup.net.set(port, Behaviour::Answer);
        setup.add(port).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_picker_that_finds_none_makes_calls_wait_not_spin() {
    for odd in [None, Some(99)] {
        let policy = Policy::new(balance::choose(move |question, endpoints| {
            assert_eq!(question.head().service_method, "User.Port");
            assert_eq!(endpoints.len(), 2);
            odd
        }));
        let setup = setup(2, policy).await;
        let call = timeout(secs(5), async { setup.call().await });
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
    }
}
