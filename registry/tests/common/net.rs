//! Instances that do as they are told, and a balanced caller over them.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use gobrpc_protocol::metadata::PREVIOUS_ATTEMPTS;
use gobrpc_protocol::{
    Body, Call, Caller, Code, Delivery, Error, Exchange, Item, Payload, Phase, Replies, Request,
};
use gobrpc_registry::backend::BoxFuture;
use gobrpc_registry::{
    Backend, Balanced, Connect, Connection, Memory, Policy, RegisterOptions, Registration,
    Registry, ServiceEntry,
};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Link, World, entry, ms};

/// What an instance does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Answer,
    /// Waits for [`Net::release`].
    Hold,
    Fail(Code, Phase, Delivery),
    /// Answers after so many milliseconds.
    Slow(u64),
    /// Fails after so many milliseconds.
    SlowFail(u64, Code, Delivery),
    /// Serves something else.
    Unknown,
}

pub const REFUSED: Behaviour = Behaviour::Fail(Code::Unavailable, Phase::Dial, Delivery::NotSent);

#[derive(Default)]
pub struct Net {
    behaviour: Mutex<HashMap<u16, Behaviour>>,
    /// Ports in the order in which calls came, with the time that each may take.
    pub calls: Mutex<Vec<(u16, Option<Duration>)>>,
    /// How often each call was sent before, as its metadata says.
    pub before: Mutex<Vec<Option<String>>>,
    /// Ports of calls that were cancelled.
    pub cancelled: Mutex<Vec<u16>>,
    pub dialled: AtomicUsize,
    /// Dials without a call.
    pub probes: AtomicUsize,
    closed: Mutex<Vec<u16>>,
    pub release: Notify,
}

#[derive(Clone)]
pub struct FakeDial(pub Arc<Net>);

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

    fn ready(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.net.probes.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            match self.net.behaviour(self.port) {
                Behaviour::Fail(code, Phase::Dial, _) => {
                    Err(Error::with_code(code, "told to").with_phase(Phase::Dial))
                }
                _ => Ok(()),
            }
        })
    }
}

struct Held {
    answer: Pin<Box<dyn Future<Output = Result<Item, Error>> + Send>>,
    net: Arc<Net>,
    port: u16,
    over: bool,
}

impl Replies for Held {
    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Item, Error>>> {
        let answer = self.answer.as_mut().poll(cx);
        self.over |= answer.is_ready();
        answer.map(Some)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.over {
            self.net.cancelled.lock().unwrap().push(self.port);
        }
    }
}

impl FakeConnection {
    fn held(&self, answer: impl Future<Output = Result<Item, Error>> + Send + 'static) -> Exchange {
        Exchange::new(Held {
            answer: Box::pin(answer),
            net: Arc::clone(&self.net),
            port: self.port,
            over: false,
        })
    }
}

impl Caller for FakeConnection {
    fn start(&self, request: Request) -> Exchange {
        let call = (self.port, request.head.timeout);
        self.net.calls.lock().unwrap().push(call);
        let before = request.head.metadata.get_str(PREVIOUS_ATTEMPTS);
        self.net
            .before
            .lock()
            .unwrap()
            .push(before.map(ToOwned::to_owned));
        let port = i64::from(self.port);
        let item = Item::new(Body::try_from(&Payload::new(&port).unwrap()).unwrap());
        match self.net.behaviour(self.port) {
            Behaviour::Answer => Exchange::ready(Ok(item)),
            Behaviour::Hold => {
                let net = Arc::clone(&self.net);
                self.held(async move {
                    net.release.notified().await;
                    Ok(item)
                })
            }
            Behaviour::Slow(millis) => self.held(async move {
                sleep(ms(millis)).await;
                Ok(item)
            }),
            Behaviour::SlowFail(millis, code, delivery) => self.held(async move {
                sleep(ms(millis)).await;
                let error = Error::with_code(code, "told to");
                Err(error.with_phase(Phase::Wait).with_delivery(delivery))
            }),
            Behaviour::Unknown => {
                let text = format!("rpc: can't find service {}", request.head.service_method);
                Exchange::ready(Err(Error::from_go_text(text)))
            }
            Behaviour::Fail(code, phase, delivery) => {
                let error = Error::with_code(code, "told to");
                Exchange::ready(Err(error.with_phase(phase).with_delivery(delivery)))
            }
        }
    }
}

impl Net {
    fn behaviour(&self, port: u16) -> Behaviour {
        let behaviour = self.behaviour.lock().unwrap();
        behaviour.get(&port).copied().unwrap_or(Behaviour::Answer)
    }

    pub fn set(&self, port: u16, behaviour: Behaviour) {
        self.behaviour.lock().unwrap().insert(port, behaviour);
    }

    pub fn ports(&self) -> Vec<u16> {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().map(|(port, _)| port).collect()
    }

    pub fn closed(&self) -> Vec<u16> {
        self.closed.lock().unwrap().clone()
    }
}

/// A service with instances at ports 1 to n.
pub struct Setup {
    pub world: World,
    pub link: Arc<Link>,
    pub registry: Registry,
    pub net: Arc<Net>,
    pub servers: Vec<Registration>,
    pub balanced: Balanced,
}

pub async fn setup(servers: u16, policy: Policy) -> Setup {
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
    pub async fn add(&mut self, port: u16) {
        self.add_entry(entry(port)).await;
    }

    pub async fn add_entry(&mut self, entry: ServiceEntry) {
        let server = self
            .registry
            .register(entry, RegisterOptions::default())
            .unwrap();
        server.settled().await.unwrap();
        self.servers.push(server);
        sleep(ms(200)).await;
    }

    pub fn call(&self) -> Call<i64, Balanced> {
        Call::new(self.balanced.clone(), "User.Port", &0_i64)
    }
}

/// Instances do not change their standing by how calls go.
pub fn without_ejection(mut policy: Policy) -> Policy {
    policy.ejection = None;
    policy
}
