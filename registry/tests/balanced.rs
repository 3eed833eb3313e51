//! Balancing, over callers that do as they are told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test does not expect is a failure"
)]

mod common;

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Link, Mode, World, entry, ms, secs};
use gobrpc_protocol::{
    Body, Call, Caller, Code, Delivery, Error, Exchange, Item, Payload, Phase, Replies, Request,
};
use gobrpc_registry::balance::{Picker, Question};
use gobrpc_registry::{
    Backend, Balanced, Connect, Connection, Memory, NoEndpoints, Policy, RegisterOptions,
    Registration, Registry, ServiceEntry,
};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// What an instance does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Answer,
    /// Waits for [`Net::release`].
    Hold,
    Fail(Code, Phase, Delivery),
}

const REFUSED: Behaviour = Behaviour::Fail(Code::Unavailable, Phase::Dial, Delivery::NotSent);

#[derive(Default)]
struct Net {
    behaviour: Mutex<HashMap<u16, Behaviour>>,
    /// Ports in the order in which calls came, with the time that each may take.
    calls: Mutex<Vec<(u16, Option<Duration>)>>,
    dialled: AtomicUsize,
    closed: Mutex<Vec<u16>>,
    release: Notify,
}

#[derive(Clone)]
struct FakeDial(Arc<Net>);

struct FakeConnection {
    net: Arc<Net>,
    port: u16,
}

impl Connect for FakeDial {
    fn connect(&self, entry: &ServiceEntry) -> Arc<dyn Connection> {
        self.0.dialled.fetch_add(1, Ordering::Relaxed);
        Arc::new(FakeConnection {
            net: Arc::clone(&self.0),
            port: entry.addr().port().unwrap(),
        })
    }
}

impl Connection for FakeConnection {
    fn close(&self) {
        self.net.closed.lock().unwrap().push(self.port);
    }
}

struct Held(std::pin::Pin<Box<dyn Future<Output = Item> + Send>>);

impl Replies for Held {
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Item, Error>>> {
        self.0.as_mut().poll(cx).map(|item| Some(Ok(item)))
    }
}

impl Caller for FakeConnection {
    fn start(&self, request: Request) -> Exchange {
        let call = (self.port, request.head.timeout);
        self.net.calls.lock().unwrap().push(call);
        let port = i64::from(self.port);
        let item = Item::new(Body::try_from(&Payload::new(&port).unwrap()).unwrap());
        let behaviour = self.net.behaviour.lock().unwrap().get(&self.port).copied();
        match behaviour.unwrap_or(Behaviour::Answer) {
            Behaviour::Answer => Exchange::ready(Ok(item)),
            Behaviour::Hold => {
                let net = Arc::clone(&self.net);
                Exchange::new(Held(Box::pin(async move {
                    net.release.notified().await;
                    item
                })))
            }
            Behaviour::Fail(code, phase, delivery) => {
                let error = Error::with_code(code, "told to");
                Exchange::ready(Err(error.with_phase(phase).with_delivery(delivery)))
            }
        }
    }
}

impl Net {
    fn set(&self, port: u16, behaviour: Behaviour) {
        self.behaviour.lock().unwrap().insert(port, behaviour);
    }

    fn ports(&self) -> Vec<u16> {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().map(|(port, _)| port).collect()
    }

    fn closed(&self) -> Vec<u16> {
        self.closed.lock().unwrap().clone()
    }
}

/// A service with instances at ports 1 to n.
struct Setup {
    world: World,
    link: Arc<Link>,
    registry: Registry,
    net: Arc<Net>,
    servers: Vec<Registration>,
    balanced: Balanced,
}

async fn setup(servers: u16, policy: Policy) -> Setup {
    let world = World::new(Memory::new());
    let link = world.link();
    let registry = Registry::new(Arc::clone(&link) as Arc<dyn Backend>);
    let net = Arc::new(Net::default());
    let watch = registry.watch("user").unwrap();
    let balanced = Balanced::new(watch, FakeDial(Arc::clone(&net)), policy).unwrap();
    let mut setup = Setup {
        world,
        link,
        registry,
        net,
        servers: Vec::new(),
        balanced,
    };
    for port in 1..=servers {
        setup.add(port).await;
    }
    setup
}

impl Setup {
    async fn add(&mut self, port: u16) {
        let server = self
            .registry
            .register(entry(port), RegisterOptions::default())
            .unwrap();
        server.settled().await.unwrap();
        self.servers.push(server);
        sleep(ms(200)).await;
    }

    fn call(&self) -> Call<i64, Balanced> {
        Call::new(self.balanced.clone(), "User.Port", &0_i64)
    }
}

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
        let setup = setup(3, Policy::round_robin()).await;
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

#[tokio::test(start_paused = true)]
async fn three_attempts_are_made_each_elsewhere_and_no_fourth() {
    let setup = setup(4, Policy::round_robin()).await;
    for port in 1..=4 {
        setup.net.set(port, REFUSED);
    }
    let error = setup.call().await.unwrap_err();
    assert_eq!(error.phase(), Phase::Dial);
    let mut ports = setup.net.ports();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 3);
    // With two instances there are two attempts.
    let setup = self::setup(2, Policy::round_robin()).await;
    setup.net.set(1, REFUSED);
    setup.net.set(2, REFUSED);
    setup.call().await.unwrap_err();
    assert_eq!(setup.net.ports().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_what_a_broken_service_gets() {
    let mut policy = Policy::round_robin();
    policy.budget.per_second = 0;
    let setup = setup(2, policy).await;
    setup.net.set(1, REFUSED);
    setup.net.set(2, REFUSED);
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
    // And a server dies meanwhile: whoever cannot be dialled costs no call, as far as
    // the budget goes (a third of 50 calls/s is less than 20 % and 10/s).
    setup.net.set(2, REFUSED);
    for call in 0..1500 {
        if call == 750 {
            setup.world.wipe();
        }
        assert_ne!(setup.call().await.unwrap(), 2);
        sleep(ms(20)).await;
    }
    setup.link.set(Mode::Up);
    drop(setup.servers.remove(1));
    for _ in 0..3000 {
        assert_ne!(setup.call().await.unwrap(), 2);
        sleep(ms(20)).await;
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

/// Says what no picker should.
struct Odd(Option<usize>);

impl Picker for Odd {
    fn pick(&self, question: &Question<'_>) -> Option<usize> {
        assert_eq!(question.head().service_method, "User.Port");
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn a_picker_that_finds_none_makes_calls_wait_not_spin() {
    for odd in [None, Some(99)] {
        let setup = setup(2, Policy::new(Odd(odd))).await;
        let call = timeout(secs(5), async { setup.call().await });
        assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
    }
}
