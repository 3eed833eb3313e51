//! Endpoints that fail get no calls, and come back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use common::net::{Behaviour, REFUSED, Setup, setup, without_ejection};
use common::{Mode, ms, secs};
use gobrpc_protocol::{Code, Delivery, Phase};
use gobrpc_registry::{EndpointState, MethodPolicy, Policy, RetryPolicy, ServiceConfig};
use tokio::time::{Instant, sleep};

const LOST: Behaviour = Behaviour::Fail(Code::Unavailable, Phase::Wait, Delivery::Sent);

fn states(setup: &Setup) -> Vec<EndpointState> {
    setup
        .balanced
        .endpoints()
        .iter()
        .map(|e| e.state())
        .collect()
}

/// Calls at a rate for a time; how many failed.
async fn load(setup: &Setup, per_second: u64, time: Duration) -> u64 {
    let (start, mut failed) = (Instant::now(), 0);
    while start.elapsed() < time {
        failed += u64::from(setup.call().await.is_err());
        sleep(secs(1) / u32::try_from(per_second).unwrap()).await;
    }
    failed
}

#[tokio::test(start_paused = true)]
async fn a_dead_one_of_three_costs_no_call_and_is_asked_once() {
    // No budget: what could not be sent needs none.
    let mut policy = Policy::round_robin();
    (policy.budget.percent, policy.budget.per_second) = (0, 0);
    for (policy, asked) in [(without_ejection(policy.clone()), 3000), (policy, 1)] {
        let setup = setup(3, policy).await;
        setup.net.set(2, REFUSED);
        assert_eq!(load(&setup, 300, secs(30)).await, 0);
        let calls = setup.balanced.endpoints()[1].stats().calls;
        // Without ejection its turn comes every third time.
        assert!(calls <= asked && calls >= asked * 3 / 4, "{calls}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_reached_is_dialled_without_risking_a_call() {
    let setup = setup(3, Policy::round_robin()).await;
    setup.net.set(2, REFUSED);
    assert_eq!(load(&setup, 20, secs(300)).await, 0);
    assert_eq!(states(&setup)[1], EndpointState::Unreachable);
    // One call in five minutes. The dials come after 1, 2, 4, … 60 s, less up to half.
    assert_eq!(setup.balanced.endpoints()[1].stats().calls, 1);
    let dials = setup.net.probes.load(Ordering::Relaxed);
    assert!((8..=18).contains(&dials), "{dials}");
    // Back, it gets calls within one pause.
    setup.net.set(2, Behaviour::Answer);
    assert_eq!(load(&setup, 20, secs(60)).await, 0);
    assert_eq!(states(&setup)[1], EndpointState::Serving);
    assert!(setup.balanced.endpoints()[1].stats().calls > 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_loses_calls_is_out_after_five_in_a_row() {
    let setup = setup(3, Policy::round_robin()).await;
    setup.net.set(2, LOST);
    assert_eq!(load(&setup, 1000, ms(400)).await, 5);
    assert_eq!(states(&setup)[1], EndpointState::Ejected);
    // And after that, one call each time: 1, 2, 4, … 60 s, less up to half.
    let failed = load(&setup, 100, secs(300)).await;
    assert!((8..=18).contains(&failed), "{failed}");
    setup.net.set(2, Behaviour::Answer);
    assert_eq!(load(&setup, 100, secs(61)).await, 0);
    assert_eq!(states(&setup), [EndpointState::Serving; 3]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_handler_is_a_success() {
    let setup = setup(2, Policy::round_robin()).await;
    for code in [Code::Unavailable, Code::Internal, Code::DeadlineExceeded] {
        let error = Behaviour::Fail(code, Phase::Wait, Delivery::Answered);
        setup.net.set(1, error);
        load(&setup, 100, secs(10)).await;
        assert_eq!(states(&setup), [EndpointState::Serving; 2]);
        assert_eq!(setup.balanced.endpoints()[0].stats().errors, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn at_most_half_are_out_at_once() {
    for (servers, out) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)] {
        let setup = setup(servers, Policy::round_robin()).await;
        for port in 1..=servers {
            setup.net.set(port, LOST);
        }
        // Short of the first return.
        load(&setup, 1000, ms(450)).await;
        let states = states(&setup);
        let ejected = states.iter().filter(|s| **s == EndpointState::Ejected);
        assert_eq!(ejected.count(), out, "{servers}");
    }
}

#[tokio::test(start_paused = true)]
async fn if_none_can_be_reached_all_are_tried() {
    let setup = setup(3, Policy::round_robin()).await;
    for port in 1..=3 {
        setup.net.set(port, REFUSED);
    }
    let error = setup.call().await.unwrap_err();
    // Its own words, and not that there is nobody.
    assert_eq!((error.phase(), error.message()), (Phase::Dial, "told to"));
    load(&setup, 10, secs(3)).await;
    assert_eq!(states(&setup), [EndpointState::Unreachable; 3]);
    setup.net.ports();
    load(&setup, 10, secs(3)).await;
    let ports = setup.net.ports();
    assert!((1..=3).all(|port| ports.contains(&port)), "{ports:?}");
    // The first that is back is found by the next call, without a pause.
    setup.net.set(3, Behaviour::Answer);
    let mut failed = 0;
    while setup.call().await.is_err() {
        failed += 1;
    }
    assert!(failed <= 3, "{failed}");
    sleep(ms(1)).await;
    assert_eq!(load(&setup, 100, ms(100)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn too_few_that_work_bring_all_back_that_can_be_reached() {
    // Four: two are ejected, one is unreachable: one of three is less than half.
    let setup = setup(4, Policy::round_robin()).await;
    setup.net.set(1, LOST);
    setup.net.set(2, LOST);
    load(&setup, 1000, ms(100)).await;
    setup.net.set(3, REFUSED);
    load(&setup, 1000, ms(20)).await;
    setup.net.ports();
    load(&setup, 1000, ms(100)).await;
    let ports = setup.net.ports();
    let calls = |port| ports.iter().filter(|p| **p == port).count();
    assert!(calls(1) > 20 && calls(2) > 20 && calls(4) > 20, "{ports:?}");
    assert_eq!(calls(3), 0);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_went_to_another_program_is_left_and_looked_up() {
    let unknown = Behaviour::Unknown;
    let setup = setup(3, Policy::round_robin()).await;
    // Nobody knows the service: it is the caller who is wrong.
    for port in 1..=3 {
        setup.net.set(port, unknown);
    }
    assert_eq!(load(&setup, 100, secs(1)).await, 100);
    assert_eq!(states(&setup), [EndpointState::Serving; 3]);
    // Two know it, the third does not.
    setup.net.set(1, Behaviour::Answer);
    setup.net.set(2, Behaviour::Answer);
    sleep(secs(5)).await;
    let lists = setup.link.lists().len();
    let failed = load(&setup, 100, secs(6)).await;
    assert!((1..=5).contains(&failed), "{failed}");
    assert_ne!(states(&setup)[2], EndpointState::Serving);
    // Once each five seconds at most, however often it is tried.
    let lists = setup.link.lists().len() - lists;
    assert!((1..=2).contains(&lists), "{lists}");
    // One that knew it is not blamed for a service that it never had.
    setup.net.set(1, unknown);
    load(&setup, 100, secs(1)).await;
    assert_eq!(states(&setup)[0], EndpointState::Serving);
}

#[tokio::test(start_paused = true)]
async fn what_a_server_refuses_ejects_it_only_if_it_refuses_nearly_all() {
    let setup = setup(3, Policy::round_robin()).await;
    let refused = Behaviour::Fail(Code::ResourceExhausted, Phase::Wait, Delivery::Refused);
    setup.net.set(1, refused);
    // 19 in ten seconds are not enough to judge.
    for _ in 0..19 * 3 {
        setup.call().await.unwrap();
    }
    assert_eq!(states(&setup)[0], EndpointState::Serving);
    for _ in 0..3 {
        setup.call().await.unwrap();
    }
    assert_eq!(states(&setup)[0], EndpointState::Ejected);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_in_a_probe_is_no_verdict() {
    let setup = setup(2, Policy::round_robin()).await;
    setup.net.set(1, LOST);
    load(&setup, 100, ms(150)).await;
    assert_eq!(states(&setup)[0], EndpointState::Ejected);
    setup.net.set(1, Behaviour::Hold);
    sleep(secs(2)).await;
    assert_eq!(states(&setup)[0], EndpointState::Probation);
    let (one, two) = (setup.call().start(), setup.call().start());
    // One at a time: the other call went elsewhere.
    let in_flight = setup.balanced.endpoints()[0].in_flight();
    assert_eq!(in_flight, 1);
    drop((one, two));
    assert_eq!(states(&setup)[0], EndpointState::Probation);
    setup.net.set(1, Behaviour::Answer);
    assert_eq!(load(&setup, 100, ms(100)).await, 0);
    assert_eq!(states(&setup)[0], EndpointState::Serving);
}

#[tokio::test(start_paused = true)]
async fn ejection_outlives_the_registry() {
    let setup = setup(3, Policy::round_robin()).await;
    setup.link.set(Mode::Hung);
    setup.net.set(1, REFUSED);
    assert_eq!(load(&setup, 200, secs(30)).await, 0);
    setup.link.set(Mode::Up);
    // A new answer of the registry is no reason to believe in it again.
    sleep(secs(70)).await;
    let before = setup.balanced.endpoints()[0].stats().calls;
    assert_eq!(load(&setup, 1000, secs(1)).await, 0);
    assert_eq!(setup.balanced.endpoints()[0].stats().calls, before);
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_call_is_sent_again_if_its_policy_says_so() {
    let mut retry = RetryPolicy::default();
    retry.codes = vec![Code::Unavailable];
    let mut method = MethodPolicy::default();
    method.retry = Some(retry.clone());
    let with = |idempotent: bool| {
        let mut method = method.clone();
        method.idempotent = idempotent;
        without_ejection(Policy::round_robin().for_method("User.Port", method))
    };
    let mut everywhere = without_ejection(Policy::round_robin());
    everywhere.retry = retry;
    for (policy, marked, fails) in [
        (with(false), false, true),
        (with(false), true, false),
        (with(true), false, false),
        (everywhere.clone(), false, true),
        (everywhere, true, false),
    ] {
        for fault in [
            LOST,
            Behaviour::Fail(Code::Unavailable, Phase::Wait, Delivery::Answered),
        ] {
            let setup = setup(2, policy.clone()).await;
            setup.net.set(1, fault);
            let began = Instant::now();
            let mut failed = false;
            for _ in 0..2 {
                let mut call = setup.call();
                if marked {
                    call = call.idempotent();
                }
                failed |= call.await.is_err();
            }
            assert_eq!(failed, fails, "{fault:?}");
            // Not at once, but after a pause.
            assert_eq!(began.elapsed() >= ms(80), !fails);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_has_its_own_time_and_patience() {
    let config: ServiceConfig = r#"{"methodConfig": [
        {"name": [{"service": "User"}], "timeout": "0.5s"}]}"#
        .parse()
        .unwrap();
    let setup = setup(1, config.into_policy()).await;
    setup.call().await.unwrap();
    setup.call().timeout(ms(100)).await.unwrap();
    setup.call().timeout(secs(9)).await.unwrap();
    let limits: Vec<_> = setup
        .net
        .calls
        .lock()
        .unwrap()
        .iter()
        .map(|call| call.1)
        .collect();
    assert_eq!(limits, [Some(ms(500)), Some(ms(100)), Some(ms(500))]);

    let config: ServiceConfig = r#"{"methodConfig": [{"name": [{}], "waitForReady": true}]}"#
        .parse()
        .unwrap();
    let setup = self::setup(0, config.into_policy()).await;
    let began = Instant::now();
    setup.call().timeout(secs(60)).await.unwrap_err();
    assert_eq!(began.elapsed().as_secs(), 60);
}
