//! All kinds of frames in random order and in random pieces, each end checked
//! against a model of what the other has done.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll, Waker};

use gobrpc_protocol::client_connection::{self, Seq};
use gobrpc_protocol::flow::{Inbound, Outbound, cost};
use gobrpc_protocol::server_connection;
use gobrpc_protocol::{
    ClientConnection, Code, Error, Head, Metadata, Payload, Response, ServerConnection, StreamKind,
};
use proptest::prelude::*;

/// What one of the ends does next. Numbers pick one of the calls there are.
#[derive(Debug, Clone, Copy)]
enum Step {
    Call(StreamKind, u8),
    /// The client sends an item, if it may.
    Send(usize, u16),
    End(usize),
    Cancel(usize),
    Hello,
    Ping,
    OneWay,
    /// The server sends the client away.
    GoAway,
    /// The server sends an item, if it may.
    Reply(usize, u16),
    Finish(usize, bool),
    /// One of both takes an item out.
    ClientTakes(usize),
    ServerTakes(usize),
    /// The server calls what the client hosts, gives up on that, is answered.
    ServerCalls(u16),
    ServerCancels(usize),
    ClientReplies(usize, bool),
    /// So many bytes arrive.
    ToServer(usize),
    ToClient(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let any_call = 0..64_usize;
    let kind = prop_oneof![
        2 => Just(StreamKind::Unary),
        1 => Just(StreamKind::Server),
        1 => Just(StreamKind::Client),
        1 => Just(StreamKind::Both),
    ];
    prop_oneof![
        3 => (kind, any::<u8>()).prop_map(|(kind, id)| Step::Call(kind, id)),
        6 => (any_call.clone(), any::<u16>()).prop_map(|(call, size)| Step::Send(call, size)),
        1 => any_call.clone().prop_map(Step::End),
        1 => any_call.clone().prop_map(Step::Cancel),
        1 => Just(Step::Hello),
        1 => Just(Step::Ping),
        1 => Just(Step::OneWay),
        6 => (any_call.clone(), any::<u16>()).prop_map(|(call, size)| Step::Reply(call, size)),
        2 => (any_call.clone(), any::<bool>()).prop_map(|(call, ok)| Step::Finish(call, ok)),
        6 => any_call.clone().prop_map(Step::ClientTakes),
        6 => any_call.clone().prop_map(Step::ServerTakes),
        2 => any::<u16>().prop_map(Step::ServerCalls),
        1 => any_call.clone().prop_map(Step::ServerCancels),
        2 => (any_call, any::<bool>()).prop_map(|(call, ok)| Step::ClientReplies(call, ok)),
        1 => (0..20_u8).prop_map(|dice| if dice == 0 { Step::GoAway } else { Step::Hello }),
        8 => bytes().prop_map(Step::ToServer),
        8 => bytes().prop_map(Step::ToClient),
    ]
}

/// Few enough to cut frames, or enough for a chunk.
fn bytes() -> impl Strategy<Value = usize> {
    prop_oneof![1..5000_usize, 1..200_000_usize]
}

/// The value that belongs to a number: now and then one that goes in chunks.
fn value(of: u64) -> (u64, Vec<u8>) {
    let length = if of.is_multiple_of(6) { 150_000 } else { 3 };
    (of, vec![7; length])
}

/// A call as both ends and the model see it.
struct Call {
    seq: Seq,
    kind: StreamKind,
    // The client's side.
    client_in: Inbound,
    client_out: Outbound,
    ended: bool,
    cancelled: bool,
    result: Option<Result<u64, Code>>,
    // The server's side.
    server_in: Inbound,
    server_out: Outbound,
    arrived: bool,
    told: bool,
    finished: Option<Result<u64, Code>>,
    // The model: what was sent, and not taken yet.
    to_server: VecDeque<Vec<u8>>,
    to_client: VecDeque<Vec<u8>>,
}

/// A call that the server makes, whose number is its place.
#[derive(Default)]
struct Asked {
    bytes: Vec<u8>,
    arrived: bool,
    cancelled: bool,
    told: bool,
    finished: Option<Result<u64, Code>>,
    result: Option<Result<u64, Code>>,
}

struct World {
    client: ClientConnection<usize>,
    server: ServerConnection,
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    calls: Vec<Call>,
    by_seq: BTreeMap<u64, usize>,
    asked: Vec<Asked>,
    /// Calls whose reply nobody waits for, that have not come.
    one_way: Vec<u64>,
}

fn ready(outbound: &Outbound) -> bool {
    outbound.poll_ready(&mut Context::from_waker(Waker::noop())) == Poll::Ready(true)
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            client: ClientConnection::new().hosting(),
            server: ServerConnection::new(),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            calls: Vec::new(),
            by_seq: BTreeMap::new(),
            asked: Vec::new(),
            one_way: Vec::new(),
        };
        // Both know each other, as they must before a stream.
        world.client.hello();
        world.settle();
        assert!(world.client.peer_caps() & 2 != 0);
        assert!(world.server.is_peer_hosting());
        world
    }

    fn step(&mut self, step: Step) {
        let count = self.calls.len().max(1);
        match step {
            // A client that was told makes its calls elsewhere.
            Step::Call(..) | Step::OneWay if self.client.is_going_away() => {}
            Step::Call(kind, id) => self.call(kind, id),
            Step::OneWay => {
                let head = Head::new("Service.Note");
                let sent = self.client.one_way(&head, &Payload::new(&1_u64).unwrap());
                self.one_way.push(sent.unwrap().seq.get());
            }
            Step::Ping => self.client.ping(),
            Step::GoAway => assert!(self.server.go_away()),
            Step::Hello => self.client.hello(),
            Step::Send(at, size) => {
                if let Some(call) = self.calls.get_mut(at % count) {
                    let open = call.kind.arguments() && !call.ended && call.result.is_none();
                    if open && !call.cancelled && ready(&call.client_out) {
                        let item = vec![at as u8; usize::from(size)];
                        let payload = Payload::new(&item).unwrap();
                        call.client_out.charge(cost(&payload));
                        self.client.item(call.seq, &payload).unwrap();
                        call.to_server.push_back(item);
                    }
                }
            }
            Step::End(at) => {
                if let Some(call) = self.calls.get_mut(at % count)
                    && call.kind.arguments()
                    && !call.ended
                {
                    call.ended = true;
                    self.client.end(call.seq);
                }
            }
            Step::Cancel(at) => {
                if let Some(call) = self.calls.get_mut(at % count) {
                    let waits = self.client.cancel(call.seq).is_some();
                    assert_eq!(waits, call.result.is_none() && !call.cancelled);
                    call.cancelled |= waits;
                }
            }
            Step::Reply(at, size) => {
                if let Some(call) = self.calls.get_mut(at % count) {
                    let open = call.kind.replies() && call.arrived && call.finished.is_none();
                    if open && ready(&call.server_out) {
                        let item = vec![at as u8; usize::from(size)];
                        let payload = Payload::new(&item).unwrap();
                        call.server_out.charge(cost(&payload));
                        self.server.item(call.seq.get(), &payload).unwrap();
                        call.to_client.push_back(item);
                    }
                }
            }
            Step::Finish(at, ok) => {
                if self.calls.get(at % count).is_some() {
                    self.finish(at % count, ok);
                }
            }
            Step::ClientTakes(at) => {
                if let Some(call) = self.calls.get_mut(at % count) {
                    let grant = take(&call.client_in, &mut call.to_client);
                    if let Some(grant) = grant {
                        self.client.grant(call.seq, grant);
                    }
                }
            }
            Step::ServerTakes(at) => {
                if let Some(call) = self.calls.get_mut(at % count) {
                    let grant = take(&call.server_in, &mut call.to_server);
                    if let Some(grant) = grant
                        && call.finished.is_none()
                    {
                        self.server.grant(call.seq.get(), grant);
                    }
                }
            }
            Step::ServerCalls(size) => self.server_calls(size),
            Step::ServerCancels(at) => {
                let at = at % self.asked.len().max(1);
                if let Some(asked) = self.asked.get_mut(at)
                    && !std::mem::replace(&mut asked.cancelled, true)
                {
                    self.server.cancel_call(at as u64);
                }
            }
            Step::ClientReplies(at, ok) => self.client_replies(at % self.asked.len().max(1), ok),
            Step::ToServer(bytes) => self.serve_bytes(bytes),
            Step::ToClient(bytes) => self.client_bytes(bytes),
        }
    }

    fn call(&mut self, kind: StreamKind, id: u8) {
        let at = self.calls.len();
        let mut head = Head::new(format!("Service.Method{}", id % 4));
        head.streams = kind;
        head.metadata = [("call", at.to_string())].into_iter().collect();
        let started = self
            .client
            .call(&head, &Payload::new(&value(at as u64)).unwrap(), at)
            .unwrap();
        self.by_seq.insert(started.seq.get(), at);
        self.calls.push(Call {
            seq: started.seq,
            kind,
            client_in: Inbound::default(),
            client_out: Outbound::new(256 << 10),
            ended: false,
            cancelled: false,
            result: None,
            server_in: Inbound::default(),
            server_out: Outbound::default(),
            arrived: false,
            told: false,
            finished: None,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
        });
    }

    fn finish(&mut self, at: usize, ok: bool) {
        let call = &mut self.calls[at];
        if !call.arrived || call.finished.is_some() {
            return;
        }
        let result = if ok {
            call.finished = Some(Ok(at as u64));
            Response::unary(&value(at as u64 + 1))
        } else {
            call.finished = Some(Err(Code::Aborted));
            Err(Error::aborted("as the model wants"))
        };
        self.server.reply(call.seq.get(), "Service.Method", result);
    }

    fn server_calls(&mut self, size: u16) {
        let at = self.asked.len();
        let bytes = vec![at as u8; usize::from(size)];
        let mut head = Head::new(format!("Hosted.Method{}", at % 4));
        head.metadata = [("asked", at.to_string())].into_iter().collect();
        self.server
            .call(at as u64, &head, &Payload::new(&bytes).unwrap())
            .unwrap();
        self.asked.push(Asked {
            bytes,
            ..Asked::default()
        });
    }

    fn client_replies(&mut self, at: usize, ok: bool) {
        let Some(asked) = self.asked.get_mut(at) else {
            return;
        };
        if !asked.arrived || asked.finished.is_some() {
            return;
        }
        let result = if ok {
            asked.finished = Some(Ok(at as u64));
            Response::unary(&(at as u64))
        } else {
            asked.finished = Some(Err(Code::Aborted));
            Err(Error::aborted("as the model wants"))
        };
        self.client.reply(at as u64, result);
    }

    fn serve_bytes(&mut self, bytes: usize) {
        if self.client.output().is_empty() {
            self.client.fill();
        }
        self.to_server.extend(self.client.take_output(Vec::new()));
        let count = bytes.min(self.to_server.len());
        let piece: Vec<u8> = self.to_server.drain(..count).collect();
        self.server.input().extend_from_slice(&piece);
        while let Some(incoming) = self.server.poll().unwrap() {
            use server_connection::Incoming;
            match incoming {
                Incoming::Request(request) if request.one_way => {
                    let sent = self.one_way.iter().position(|&seq| seq == request.seq);
                    self.one_way.remove(sent.expect("it was sent once"));
                }
                Incoming::Request(request) => {
                    let at = self.by_seq[&request.seq];
                    let call = &mut self.calls[at];
                    assert!(!call.arrived, "a request came twice");
                    call.arrived = true;
                    assert_eq!(request.streams, call.kind);
                    let argument: (u64, Vec<u8>) = request.body.unwrap().decode().unwrap();
                    assert_eq!(argument, value(at as u64));
                    let metadata: Metadata = [("call", at.to_string())].into_iter().collect();
                    assert_eq!(request.metadata, metadata);
                    call.server_out.grant(request.credit);
                }
                Incoming::Cancel { seq } => {
                    let call = &mut self.calls[self.by_seq[&seq]];
                    assert!(call.cancelled && !call.told, "a call is cancelled once");
                    call.told = true;
                }
                Incoming::Item { seq, body, cost } => {
                    self.calls[self.by_seq[&seq]].server_in.push(body, cost);
                }
                Incoming::End { seq } => {
                    let call = &self.calls[self.by_seq[&seq]];
                    assert!(call.ended);
                    call.server_in.finish(Ok(()));
                }
                Incoming::Credit { seq, bytes } => {
                    self.calls[self.by_seq[&seq]].server_out.grant(bytes);
                }
                Incoming::Reply(reply) => {
                    let asked = &mut self.asked[usize::try_from(reply.call).unwrap()];
                    assert!(asked.result.is_none(), "a call is answered twice");
                    let result = match reply.result {
                        Ok(body) => Ok(body.decode::<u64>().unwrap()),
                        Err(error) => Err(error.code()),
                    };
                    assert_eq!(Some(result), asked.finished);
                    asked.result = Some(result);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn client_bytes(&mut self, bytes: usize) {
        if self.server.output().is_empty() {
            self.server.fill();
        }
        let sent = std::mem::take(self.server.output());
        self.to_client.extend(sent);
        let count = bytes.min(self.to_client.len());
        let piece: Vec<u8> = self.to_client.drain(..count).collect();
        self.client.input().extend_from_slice(&piece);
        while let Some(incoming) = self.client.poll().unwrap() {
            use client_connection::Incoming;
            match incoming {
                Incoming::Reply(reply) => {
                    let call = &mut self.calls[reply.call];
                    assert!(!call.cancelled, "nobody waits for this reply");
                    assert!(call.result.is_none(), "a call is answered twice");
                    let result = match reply.result {
                        Ok(body) => {
                            let reply: (u64, Vec<u8>) = body.decode().unwrap();
                            assert_eq!(reply, value(reply.0));
                            Ok(reply.0 - 1)
                        }
                        Err(error) => Err(error.code()),
                    };
                    assert_eq!(Some(result), call.finished);
                    call.result = Some(result);
                    call.client_in.finish(Ok(()));
                }
                Incoming::Item { seq, body, cost } => {
                    let call = &self.calls[self.by_seq[&seq.get()]];
                    assert!(call.result.is_none() && !call.cancelled);
                    call.client_in.push(body, cost);
                }
                Incoming::Credit { seq, bytes } => {
                    self.calls[self.by_seq[&seq.get()]].client_out.grant(bytes);
                }
                Incoming::Call(request) => {
                    let at = usize::try_from(request.seq).unwrap();
                    let asked = &mut self.asked[at];
                    assert!(!asked.arrived, "a call came twice");
                    asked.arrived = true;
                    assert_eq!(*request.service_method, *format!("Hosted.Method{}", at % 4));
                    let bytes: Vec<u8> = request.body.unwrap().decode().unwrap();
                    assert_eq!(bytes, asked.bytes);
                    let metadata: Metadata = [("asked", at.to_string())].into_iter().collect();
                    assert_eq!(request.metadata, metadata);
                }
                Incoming::Cancel { seq } => {
                    let asked = &mut self.asked[usize::try_from(seq).unwrap()];
                    assert!(asked.arrived && asked.cancelled && !asked.told);
                    asked.told = true;
                }
                // It has made no call since, so that none is refused.
                Incoming::GoAway => assert!(self.client.take_refused().is_empty()),
                other => panic!("{other:?}"),
            }
        }
    }

    /// All bytes arrive.
    fn settle(&mut self) {
        let mut still = 0;
        while still < 4 {
            self.serve_bytes(usize::MAX);
            self.client_bytes(usize::MAX);
            let moves = self.client.has_chunks() || self.server.has_chunks();
            still = if moves { 0 } else { still + 1 };
        }
    }

    /// All calls end, and everything that was sent is there.
    fn end(mut self) {
        self.settle();
        for at in 0..self.calls.len() {
            self.finish(at, true);
        }
        for at in 0..self.asked.len() {
            self.client_replies(at, true);
        }
        self.settle();
        for asked in &self.asked {
            assert!(asked.arrived && asked.finished.is_some());
            assert_eq!(asked.result, asked.finished);
            assert_eq!(asked.told, asked.cancelled);
        }
        assert_eq!(self.client.in_flight(), 0);
        assert!(self.one_way.is_empty());
        assert!(!self.server.is_joining());
        assert_eq!(self.server.is_parted(), self.client.is_going_away());
        for call in &mut self.calls {
            // An argument in chunks is broken off when nobody waits for its call.
            assert!(call.arrived || call.cancelled);
            assert!(call.cancelled || !call.told);
            if call.cancelled {
                // What was sent behind the end of a call is dropped.
                continue;
            }
            assert_eq!(call.result, call.finished);
            while !call.to_client.is_empty() {
                let before = call.to_client.len();
                take(&call.client_in, &mut call.to_client);
                assert!(call.to_client.len() < before, "an item is lost");
            }
            while !call.to_server.is_empty() {
                let before = call.to_server.len();
                take(&call.server_in, &mut call.to_server);
                assert!(call.to_server.len() < before, "an item is lost");
            }
        }
    }
}

/// Takes an item out, which must be the oldest that was sent.
fn take(inbound: &Inbound, sent: &mut VecDeque<Vec<u8>>) -> Option<u64> {
    let mut nobody = Context::from_waker(Waker::noop());
    match inbound.poll_next(&mut nobody) {
        Poll::Ready((Some(item), grant)) => {
            let item: Vec<u8> = item.expect("nobody breaks the rules").decode().unwrap();
            assert_eq!(Some(item), sent.pop_front());
            grant
        }
        Poll::Ready((None, grant)) => {
            assert_eq!(grant, None);
            None
        }
        Poll::Pending => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn both_ends_agree_whatever_the_order(steps in proptest::collection::vec(step(), 1..400)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.end();
    }
}
