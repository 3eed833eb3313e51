//! Calls that are sent to several instances, over callers that do as they are told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::time::Duration;

use common::net::{Behaviour, REFUSED, Setup, setup, without_ejection};
use common::{ms, secs};
use gobrpc_protocol::metadata::PREVIOUS_ATTEMPTS;
use gobrpc_protocol::{Code, Delivery, Phase};
use gobrpc_registry::{HedgePolicy, MethodPolicy, Policy};
use tokio::time::{Instant, sleep};

const UNAVAILABLE: (Code, Delivery) = (Code::Unavailable, Delivery::Sent);

fn hedged(hedge: HedgePolicy) -> Policy {
    let mut method = MethodPolicy::default();
    method.hedge = Some(hedge);
    without_ejection(Policy::round_robin()).for_method("User.Port", method)
}

fn attempts(attempts: usize, delay: Duration) -> HedgePolicy {
    let mut hedge = HedgePolicy::new(delay);
    hedge.attempts = attempts;
    hedge
}

impl Setup {
    /// Makes a call, and gives which instance answered after how many milliseconds, and
    /// how many were asked.
    async fn hedged(&self) -> (i64, u128, usize) {
        let start = Instant::now();
        let port = self.call().idempotent().await.unwrap();
        (port, start.elapsed().as_millis(), self.net.ports().len())
    }

    fn set_all(&self, behaviour: Behaviour) {
        for endpoint in self.balanced.endpoints() {
            let port = endpoint.entry().addr().port().unwrap();
            self.net.set(port, behaviour);
        }
    }

    fn in_flight(&self) -> usize {
        let endpoints = self.balanced.endpoints();
        endpoints.iter().map(|endpoint| endpoint.in_flight()).sum()
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_wins_and_the_other_is_cancelled() {
    let setup = setup(2, hedged(HedgePolicy::new(ms(20)))).await;
    setup.net.set(1, Behaviour::Slow(1000));
    for _ in 0..10 {
        let (port, time, asked) = setup.hedged().await;
        assert_eq!(port, 2);
        match asked {
            1 => assert_eq!(time, 0),
            _ => assert!((20..23).contains(&time), "{time}"),
        }
        assert_eq!(setup.in_flight(), 0);
    }
    let cancelled = setup.net.cancelled.lock().unwrap().clone();
    assert_eq!(cancelled, [1; 5]);
    // The first one may well be it.
    setup.set_all(Behaviour::Slow(30));
    let (port, time, asked) = setup.hedged().await;
    assert!((30..33).contains(&time) && asked == 2, "{time} {asked}");
    let cancelled = setup.net.cancelled.lock().unwrap().pop();
    assert_eq!(cancelled.map(i64::from), Some(3 - port));
    // Nobody is blamed for being slower.
    for endpoint in setup.balanced.endpoints() {
        assert_eq!(endpoint.stats().errors, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_answers_in_time_is_the_only_one_asked() {
    let setup = setup(2, hedged(HedgePolicy::new(ms(20)))).await;
    setup.set_all(Behaviour::Slow(15));
    assert_eq!(setup.hedged().await.2, 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_run_twice_is_not_hedged() {
    let setup = setup(2, hedged(HedgePolicy::new(ms(20)))).await;
    setup.set_all(Behaviour::Slow(1000));
    let start = Instant::now();
    setup.call().await.unwrap();
    assert!(start.elapsed() >= secs(1));
    assert_eq!(setup.net.ports().len(), 1);
    // Unless the policy says that it may.
    let mut method = MethodPolicy::default();
    method.hedge = Some(HedgePolicy::new(ms(20)));
    method.idempotent = true;
    let policy = Policy::round_robin().for_service("User", method);
    let setup = self::setup(2, policy).await;
    setup.set_all(Behaviour::Slow(1000));
    setup.call().await.unwrap();
    assert_eq!(setup.net.ports().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn as_many_are_asked_as_may_be_each_elsewhere() {
    let setup = setup(5, hedged(attempts(4, ms(20)))).await;
    setup.set_all(Behaviour::Slow(1000));
    let reply = setup.call().idempotent().start();
    let watch = async {
        for asked in [1, 2, 3, 4, 4] {
            sleep(ms(1)).await;
            assert_eq!(setup.net.calls.lock().unwrap().len(), asked);
            assert_eq!(setup.in_flight(), asked);
            sleep(ms(22)).await;
        }
    };
    let (reply, ()) = tokio::join!(reply, watch);
    reply.unwrap();
    let mut ports = setup.net.ports();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 4);
    let before = std::mem::take(&mut *setup.net.before.lock().unwrap());
    let before: Vec<_> = before.iter().map(Option::as_deref).collect();
    assert_eq!(before, [None, Some("1"), Some("2"), Some("3")]);
    assert_eq!(setup.net.cancelled.lock().unwrap().len(), 3);
    // Without a delay all begin at once; one that is alone has nobody beside it.
    for (instances, asked) in [(5, 3), (1, 1)] {
        let setup = self::setup(instances, hedged(attempts(3, Duration::ZERO))).await;
        setup.set_all(Behaviour::Slow(100));
        let (_, time, asked_now) = setup.hedged().await;
        assert_eq!(asked_now, asked);
        assert!((100..103).contains(&time));
    }
}

#[tokio::test(start_paused = true)]
async fn the_caller_learns_how_many_were_asked_before() {
    let setup = setup(2, hedged(HedgePolicy::new(ms(20)))).await;
    setup.net.set(1, Behaviour::Hold);
    for _ in 0..4 {
        let call = setup.call().idempotent().start();
        let (_, metadata) = call.with_metadata().await.unwrap();
        let expected = (setup.net.ports().len() > 1).then_some("1");
        assert_eq!(metadata.get_str(PREVIOUS_ATTEMPTS), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_handler_is_an_answer_unless_it_is_listed() {
    let mut hedge = HedgePolicy::new(ms(20));
    hedge.codes = vec![Code::Aborted];
    for (code, asked) in [(Code::NotFound, 1), (Code::Aborted, 2)] {
        let setup = setup(3, hedged(hedge.clone())).await;
        setup.set_all(Behaviour::Fail(code, Phase::Wait, Delivery::Answered));
        let error = setup.call().idempotent().await.unwrap_err();
        assert_eq!((error.code(), setup.net.ports().len()), (code, asked));
    }
    // It ends those that are still under way.
    let setup = setup(2, hedged(hedge)).await;
    let (code, delivery) = (Code::NotFound, Delivery::Answered);
    setup.set_all(Behaviour::SlowFail(30, code, delivery));
    let error = setup.call().idempotent().await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(setup.net.cancelled.lock().unwrap().len(), 1);
    assert_eq!(setup.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_replaced_at_once_and_waits_for_the_others() {
    let (code, delivery) = UNAVAILABLE;
    // Replaced.
    let setup = setup(3, hedged(attempts(3, secs(9)))).await;
    setup.set_all(Behaviour::Fail(code, Phase::Wait, delivery));
    let start = Instant::now();
    let error = setup.call().idempotent().await.unwrap_err();
    assert!(start.elapsed() < ms(5));
    assert_eq!((error.code(), setup.net.ports().len()), (code, 3));
    assert_eq!(error.metadata().get_str(PREVIOUS_ATTEMPTS), Some("2"));
    // Waiting: both have it, the first to say something fails, the other answers.
    let setup = self::setup(2, hedged(HedgePolicy::new(ms(20)))).await;
    setup.net.set(1, Behaviour::SlowFail(30, code, delivery));
    setup.net.set(2, Behaviour::Slow(40));
    for _ in 0..2 {
        assert_eq!(setup.hedged().await.0, 2);
    }
    // One that cannot be reached costs nothing, neither an attempt nor the budget.
    let mut policy = hedged(HedgePolicy::new(ms(20)));
    (policy.budget.per_second, policy.budget.percent) = (0, 0);
    let setup = self::setup(3, policy).await;
    setup.net.set(1, REFUSED);
    setup.net.set(2, REFUSED);
    for _ in 0..3 {
        assert_eq!(setup.hedged().await.0, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_them() {
    let mut policy = hedged(HedgePolicy::new(ms(20)));
    policy.budget.per_second = 0;
    let setup = setup(2, policy).await;
    setup.set_all(Behaviour::Slow(25));
    // 20 % of the calls of 10 s.
    for _ in 0..100 {
        setup.call().idempotent().await.unwrap();
    }
    assert_eq!(setup.net.ports().len(), 120);
}

#[tokio::test(start_paused = true)]
async fn all_have_the_time_that_is_left_and_go_with_the_call() {
    let setup = setup(3, hedged(attempts(3, ms(20)))).await;
    setup.set_all(Behaviour::Hold);
    let call = setup.call().idempotent().timeout(ms(100)).start();
    assert!(tokio::time::timeout(ms(50), call).await.is_err());
    let calls = std::mem::take(&mut *setup.net.calls.lock().unwrap());
    let times: Vec<_> = calls.iter().map(|(_, left)| left.unwrap()).collect();
    assert_eq!(times.len(), 3);
    assert!(times[0] == ms(100) && times[1] <= ms(80) && times[2] <= ms(60));
    assert_eq!(setup.net.cancelled.lock().unwrap().len(), 3);
    assert_eq!(setup.in_flight(), 0);
}
