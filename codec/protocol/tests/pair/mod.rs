//! Both ends of a connection in one thread, joined by bytes in random pieces.

use std::collections::VecDeque;

use gobrpc_protocol::codec::Encode;
use gobrpc_protocol::{
    Body, ClientConnection, Error, Head, Payload, Response, Result, ServerConnection,
};

/// A client, a server, and the bytes between them.
pub(crate) struct Pair {
    pub(crate) client: ClientConnection<u64>,
    pub(crate) server: ServerConnection,
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    /// All bytes that each side has sent.
    pub(crate) client_sent: Vec<u8>,
    pub(crate) server_sent: Vec<u8>,
    state: u64,
}

impl Pair {
    pub(crate) fn new(client: ClientConnection<u64>, seed: u64) -> Self {
        Self {
            client,
            server: ServerConnection::new(),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            client_sent: Vec::new(),
            server_sent: Vec::new(),
            state: seed,
        }
    }

    /// A number below `bound`, from the seed (Knuth's MMIX constants).
    pub(crate) fn random(&mut self, bound: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % bound.max(1)
    }

    pub(crate) fn call<A: Encode>(&mut self, method: &'static str, args: &A, call: u64) {
        self.client
            .call(&Head::new(method), &Payload::new(args).unwrap(), call)
            .unwrap();
    }

    /// Moves a few bytes each way; false if there were none.
    pub(crate) fn step(&mut self) -> bool {
        if self.client.output().is_empty() {
            self.client.fill();
        }
        let sent = self.client.take_output(Vec::new());
        self.to_server.extend(&sent);
        self.client_sent.extend(&sent);
        if self.server.output().is_empty() {
            self.server.fill();
        }
        let sent = std::mem::take(self.server.output());
        self.to_client.extend(&sent);
        self.server_sent.extend(&sent);
        let moved = !self.to_server.is_empty() || !self.to_client.is_empty();
        let count = (self.random(40) + 1).min(self.to_server.len());
        let piece: Vec<u8> = self.to_server.drain(..count).collect();
        self.server.input().extend_from_slice(&piece);
        let count = (self.random(40) + 1).min(self.to_client.len());
        let piece: Vec<u8> = self.to_client.drain(..count).collect();
        self.client.input().extend_from_slice(&piece);
        moved
    }

    /// Runs until nothing moves; `handle` answers requests, at once.
    pub(crate) fn run(
        &mut self,
        mut handle: impl FnMut(&str, Body) -> Result<Response>,
    ) -> Vec<(u64, Result<Body>)> {
        let mut replies = Vec::new();
        loop {
            let moved = self.step();
            while let Some(request) = self.server.poll_request().unwrap() {
                let result = match request.body {
                    Ok(body) => handle(&request.service_method, body),
                    Err(error) => Err(error),
                };
                self.server
                    .reply(request.seq, &request.service_method, result);
            }
            while let Some(reply) = self.client.poll_reply().unwrap() {
                replies.push((reply.call, reply.result));
            }
            if !moved && self.client.output().is_empty() && self.server.output().is_empty() {
                return replies;
            }
        }
    }
}

/// What the services of these tests do.
pub(crate) fn handle(method: &str, body: Body) -> Result<Response> {
    match method {
        "Arith.Multiply" => {
            let (a, b): (i64, i64) = body.decode()?;
            Response::unary(&a.wrapping_mul(b))
        }
        "Echo.String" => Response::unary(&body.decode::<String>()?),
        "Misc.Fail" => Err(Error::new(body.decode::<String>()?)),
        _ => Err(gobrpc_protocol::method::no_service(method)),
    }
}
