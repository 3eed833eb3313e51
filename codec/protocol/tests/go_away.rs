//! How a server sends a client to another connection, without sockets.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

mod pair;

use gobrpc_protocol::client_connection::Incoming;
use gobrpc_protocol::codec::{Encoder, Gob};
use gobrpc_protocol::{ClientConnection, Code, Delivery, Response};
use pair::{Pair, handle};

/// The header of a frame, as far as these tests make one.
#[derive(Debug, Clone, Default, Gob)]
#[gob(crate = "gobrpc_protocol::codec", package = "rpc", name = "Response")]
struct Frame {
    seq: u64,
    kind: u64,
    caps: u64,
    #[gob(rename = "Ref")]
    reference: u64,
}

/// A client and a server that have shown each other what they understand.
fn acquainted(seed: u64) -> Pair {
    let mut pair = Pair::new(ClientConnection::new(), seed);
    pair.call("Echo.String", &"hello", 1000);
    assert_eq!(pair.run(handle).len(), 1);
    pair
}

#[test]
fn calls_under_way_are_taken_and_those_that_come_behind_the_answer_are_refused() {
    let mut pair = acquainted(1);
    pair.call("Echo.String", &"under way", 1);
    assert!(pair.server.go_away());
    assert!(pair.server.go_away(), "it is said once");
    pair.call("Echo.String", &"under way, too", 2);
    assert!(!pair.client.is_going_away() && !pair.server.is_parted());
    let replies = pair.run(handle);
    assert_eq!(replies.len(), 2);
    assert!(replies.iter().all(|(_, result)| result.is_ok()));
    assert!(pair.client.is_going_away());
    assert!(pair.server.is_parted());
    assert!(pair.client.take_refused().is_empty());

    // Who does not listen gets no for an answer.
    pair.call("Echo.String", &"too late", 3);
    let replies = pair.run(|_, _| panic!("the call is not to run"));
    let error = replies[0].1.as_ref().unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        (Code::Unavailable, Delivery::Refused)
    );
    assert_eq!(pair.client.in_flight(), 0);
}

#[test]
fn a_call_that_is_said_not_to_be_taken_is_refused_without_its_reply() {
    let mut pair = acquainted(2);
    for call in 1..=3 {
        pair.call("Echo.String", &"hello", call);
    }
    // A server that takes the first of them alone.
    let mut encoder = Encoder::new();
    let mut output = Vec::new();
    for reference in [1, 3] {
        let frame = Frame {
            seq: u64::MAX,
            kind: 7,
            reference,
            caps: 7,
        };
        encoder.encode(&frame, &mut output).unwrap();
        encoder.encode(&false, &mut output).unwrap();
    }
    let mut client = ClientConnection::new();
    let body = gobrpc_protocol::Payload::new(&"hello").unwrap();
    for call in 0..=3 {
        let head = gobrpc_protocol::Head::new("Echo.String");
        client.call(&head, &body, call).unwrap();
    }
    client.input().extend_from_slice(&output);
    let mut refused = Vec::new();
    for _ in 0..2 {
        assert!(matches!(client.poll().unwrap(), Some(Incoming::GoAway)));
        // What was refused once stays so, whatever is said afterwards.
        refused.extend(client.take_refused().into_iter().map(|(_, call)| call));
    }
    refused.sort_unstable();
    assert_eq!(refused, [2, 3]);
    assert_eq!(client.take_pending().len(), 2);
}

#[test]
fn go_is_never_told_and_is_served_on() {
    let mut pair = Pair::new(ClientConnection::new().plain_go(), 3);
    assert!(!pair.server.go_away(), "nothing is known of the peer");
    pair.call("Echo.String", &"hello", 1);
    assert_eq!(pair.run(handle).len(), 1);
    let sent = pair.server_sent.len();
    assert!(!pair.server.go_away());
    assert!(pair.server.output().is_empty());
    pair.call("Echo.String", &"hello", 2);
    assert_eq!(pair.run(handle).len(), 1);
    // A header of Go's and the body; nothing else.
    assert_eq!(pair.server_sent.len() - sent, 8 + "Echo.String".len() + 9);
}

#[test]
fn an_answer_to_no_ping_ends_nothing() {
    let mut pair = acquainted(4);
    pair.client.ping();
    pair.run(handle);
    // Our client's own pong, unasked.
    let mut encoder = Encoder::new();
    let mut output = Vec::new();
    let mut server = gobrpc_protocol::ServerConnection::new();
    for (kind, caps) in [(6, 7), (6, 0)] {
        let frame = Request {
            seq: u64::MAX,
            kind,
            caps,
        };
        encoder.encode(&frame, &mut output).unwrap();
        encoder.encode(&false, &mut output).unwrap();
    }
    server.input().extend_from_slice(&output);
    assert!(server.poll_request().unwrap().is_none());
    assert!(!server.is_parted());
    assert!(server.go_away());
    assert!(!server.is_parted());
    server.reply(0, "A.B", Response::unary(&1_i64));
}

/// The header of a frame from a client.
#[derive(Debug, Clone, Default, Gob)]
#[gob(crate = "gobrpc_protocol::codec", package = "rpc", name = "Request")]
struct Request {
    seq: u64,
    kind: u64,
    caps: u64,
}
