//! One-way calls, without sockets: who is told, and who answers.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

mod pair;

use gobrpc_protocol::{ClientConnection, Head, Payload, Response};
use pair::{Pair, handle};

fn one_way(pair: &mut Pair, method: &'static str) {
    let body = Payload::new(&"hello").unwrap();
    pair.client.one_way(&Head::new(method), &body).unwrap();
}

/// Runs until nothing moves; gives which requests came, and whether one-way. Those
/// that are not are answered.
fn serve(pair: &mut Pair) -> Vec<(u64, bool)> {
    let mut seen = Vec::new();
    while pair.step() {
        while let Some(request) = pair.server.poll_request().unwrap() {
            seen.push((request.seq, request.one_way));
            if !request.one_way {
                let name = &request.service_method;
                pair.server
                    .reply(request.seq, name, Response::unary(&1_i64));
            }
        }
        assert!(pair.client.poll_reply().unwrap().is_none());
    }
    seen
}

#[test]
fn a_peer_of_ours_is_told_once_it_is_known() {
    let mut pair = Pair::new(ClientConnection::new(), 1);
    one_way(&mut pair, "A.B");
    assert_eq!(pair.client.in_flight(), 1, "it may be Go's");
    assert_eq!(serve(&mut pair), [(0, false)]);
    for _ in 0..3 {
        one_way(&mut pair, "A.B");
    }
    assert_eq!(pair.client.in_flight(), 0);
    assert_eq!(serve(&mut pair), [(1, true), (2, true), (3, true)]);
    assert!(pair.client.take_pending().is_empty());
}

#[test]
fn go_gets_a_plain_call_and_its_answer_is_dropped() {
    let mut pair = Pair::new(ClientConnection::new().plain_go(), 2);
    let mut plain = Pair::new(ClientConnection::new().plain_go(), 2);
    for call in 0..3 {
        one_way(&mut pair, "A.B");
        plain.call("A.B", &"hello", call);
        assert_eq!(
            pair.client.output(),
            plain.client.output(),
            "the same bytes"
        );
    }
    assert_eq!(serve(&mut pair), [(0, false), (1, false), (2, false)]);
    assert_eq!(pair.client.in_flight(), 0);
}

/// The connection itself answers nothing to them, either.
#[test]
fn neither_reserved_methods_nor_a_farewell_answer_them() {
    let mut pair = Pair::new(ClientConnection::new(), 3);
    pair.call("Echo.String", &"hello", 1);
    pair.run(handle);
    let sent = pair.server_sent.len();
    one_way(&mut pair, "_goRPC_.Hello");
    one_way(&mut pair, "_goRPC_.Cancel");
    one_way(&mut pair, "_goRPC_.Other");
    assert!(serve(&mut pair).is_empty());
    assert_eq!(pair.server_sent.len(), sent);

    pair.server.go_away();
    assert!(serve(&mut pair).is_empty());
    let sent = pair.server_sent.len();
    one_way(&mut pair, "A.B");
    assert!(serve(&mut pair).is_empty());
    assert_eq!(pair.server_sent.len(), sent);
}
