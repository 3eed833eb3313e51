//! Calls that a server makes to what its client hosts, as bytes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

mod pair;

use std::time::Duration;

use gobrpc_protocol::client_connection;
use gobrpc_protocol::codec::{Decoder, Encoder, Gob};
use gobrpc_protocol::server_connection::{Incoming, IncomingRequest};
use gobrpc_protocol::{
    ClientConnection, Code, Delivery, Error, ErrorDetails, Head, Metadata, Payload, Response,
    ServerConnection,
};
use pair::{Pair, handle};

/// The header of either direction.
#[derive(Debug, Clone, Default, PartialEq, Gob)]
#[gob(crate = "gobrpc_protocol::codec")]
struct Header {
    service_method: String,
    seq: u64,
    error: String,
    kind: u64,
    flags: u64,
    timeout: i64,
    meta: Vec<String>,
    caps: u64,
    #[gob(rename = "Ref")]
    reference: u64,
    code: u64,
}

fn headers(sent: &[u8]) -> Vec<Header> {
    let mut decoder = Decoder::new();
    decoder.feed(sent);
    let mut headers = Vec::new();
    while let Some(header) = decoder.decode().unwrap() {
        headers.push(header);
        assert!(decoder.skip().unwrap(), "a header without its body");
    }
    headers
}

/// A client that hosts something, and a server that knows it.
fn acquainted() -> Pair {
    let mut pair = Pair::new(ClientConnection::new().hosting(), 7);
    assert!(!pair.server.is_peer_hosting());
    pair.call("Echo.String", &"hello", 1);
    pair.run(handle);
    assert!(pair.server.is_peer_hosting());
    pair
}

/// What the client is asked.
fn asked(pair: &mut Pair) -> IncomingRequest {
    loop {
        pair.step();
        match pair.client.poll().unwrap() {
            Some(client_connection::Incoming::Call(request)) => return request,
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }
}

/// What the server is answered.
fn answered(pair: &mut Pair) -> client_connection::IncomingReply<u64> {
    loop {
        pair.step();
        match pair.server.poll().unwrap() {
            Some(Incoming::Reply(reply)) => return reply,
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }
}

#[test]
fn a_call_of_the_server_has_all_that_a_call_has() {
    let mut pair = acquainted();
    let (mut head, args) = (Head::new("User.Confirm"), Payload::new(&"sure?").unwrap());
    head.timeout = Some(Duration::from_secs(3));
    head.idempotent = true;
    head.metadata = [("k", "v")].into_iter().collect();
    pair.server.call(5, &head, &args).unwrap();
    let request = asked(&mut pair);
    assert_eq!(request.seq, 5);
    assert_eq!(&*request.service_method, "User.Confirm");
    assert_eq!(request.timeout, head.timeout);
    assert!(request.idempotent);
    assert_eq!(request.metadata, head.metadata);
    assert_eq!(request.body.unwrap().decode::<String>().unwrap(), "sure?");

    let mut response = Response::unary(&true).unwrap();
    response.metadata_mut().append("x", "y");
    pair.client.reply(5, Ok(response));
    let reply = answered(&mut pair);
    assert_eq!(reply.call, 5);
    assert!(reply.result.unwrap().decode::<bool>().unwrap());
    assert_eq!(reply.metadata.get_str("x"), Some("y"));

    // The frames, of which none is a call's or a reply's to who does not know them.
    let last = headers(&pair.server_sent).pop().unwrap();
    let frame = Header {
        service_method: "User.Confirm".to_owned(),
        seq: u64::MAX,
        kind: 9,
        flags: 2,
        timeout: 3_000_000_000,
        meta: vec!["k".to_owned(), "v".to_owned()],
        reference: 5,
        ..Header::default()
    };
    assert_eq!(last, frame);
    let last = headers(&pair.client_sent).pop().unwrap();
    assert_eq!((last.kind, last.seq, last.reference), (10, u64::MAX, 5));
}

#[test]
fn errors_come_back_with_code_and_details() {
    let mut pair = acquainted();
    let args = Payload::new(&0_i64).unwrap();
    let answer = |pair: &mut Pair, error: Error| {
        pair.server.call(0, &Head::new("A.B"), &args).unwrap();
        asked(pair);
        pair.client.reply(0, Err(error));
        answered(pair).result.unwrap_err()
    };
    let error = answer(
        &mut pair,
        Error::not_found("nobody").with_details(ErrorDetails::new("NOBODY")),
    );
    assert_eq!((error.code(), error.message()), (Code::NotFound, "nobody"));
    assert_eq!(error.details().unwrap().reason, "NOBODY");
    assert_eq!(error.delivery(), Delivery::Answered);
    let error = answer(&mut pair, Error::unavailable("no").not_processed());
    assert!(error.is_not_processed());
    assert_eq!(error.delivery(), Delivery::Refused);
    let error = answer(&mut pair, Error::new(""));
    assert_ne!(error.message(), "", "an error is never empty");
    // What another peer said stays there.
    let foreign = Error::permission_denied("secret").with_delivery(Delivery::Answered);
    let error = answer(&mut pair, foreign);
    assert_eq!(error.code(), Code::PermissionDenied);
    assert!(!error.message().contains("secret"));
    // What is too long is left out, and the text arrives.
    let metadata: Metadata = [("k", vec![0; 70_000])].into_iter().collect();
    let error = answer(&mut pair, Error::aborted("why").with_metadata(metadata));
    assert_eq!((error.code(), error.message()), (Code::Aborted, "why"));
    let error = answer(&mut pair, Error::aborted("é".repeat(40_000)));
    assert!(error.message().len() <= 32 << 10 && error.message().len() > 30_000);
}

/// What was not negotiated is not said: neither side is called that did not say so.
#[test]
fn a_client_that_hosts_nothing_takes_no_call() {
    let mut pair = Pair::new(ClientConnection::new(), 3);
    pair.call("Echo.String", &"hello", 1);
    pair.run(handle);
    assert!(!pair.server.is_peer_hosting());
    // A server that calls nevertheless is passed over.
    let args = Payload::new(&0_i64).unwrap();
    pair.server.call(0, &Head::new("A.B"), &args).unwrap();
    pair.server.cancel_call(0);
    while pair.step() {
        assert!(pair.client.poll().unwrap().is_none());
    }
    pair.call("Echo.String", &"again", 2);
    assert_eq!(pair.run(handle).len(), 1);

    // One that is to be as Go's says nothing of it.
    let mut pair = Pair::new(ClientConnection::new().plain_go().hosting(), 3);
    pair.call("Echo.String", &"hello", 1);
    pair.run(handle);
    assert!(!pair.server.is_peer_hosting());
}

#[test]
fn metadata_at_the_limit_of_a_header_and_above_it() {
    let mut pair = acquainted();
    let args = Payload::new(&0_i64).unwrap();
    let mut head = Head::new("A.B");
    let (mut fits, mut too_long) = (60_000, 66_000);
    while too_long - fits > 1 {
        let middle = usize::midpoint(fits, too_long);
        head.metadata = [("k", vec![1; middle])].into_iter().collect();
        // Nothing is left of what does not fit.
        let before = pair.server.output().len();
        match pair.server.call(0, &head, &args) {
            Ok(()) => fits = middle,
            Err(error) => {
                assert_eq!(error.code(), Code::ResourceExhausted);
                assert_eq!(error.delivery(), Delivery::NotSent);
                assert_eq!(pair.server.output().len(), before);
                too_long = middle;
            }
        }
    }
    let mut arrived = 0;
    while pair.step() {
        while let Some(client_connection::Incoming::Call(request)) = pair.client.poll().unwrap() {
            arrived = arrived.max(request.metadata.get("k").unwrap().len());
        }
    }
    assert_eq!(arrived, fits, "the longest that is sent is taken");
}

/// A peer that answers what was not asked, or breaks off, is told as such.
#[test]
fn answers_to_nothing_are_the_drivers_to_drop() {
    let mut server = ServerConnection::new();
    let mut encoder = Encoder::new();
    let mut sent = Vec::new();
    let header = Header {
        kind: 10,
        caps: 1,
        reference: 77,
        error: "no".to_owned(),
        seq: u64::MAX,
        ..Header::default()
    };
    encoder.encode(&header, &mut sent).unwrap();
    encoder.encode(&(), &mut sent).unwrap();
    server.input().extend_from_slice(&sent);
    let Some(Incoming::Reply(reply)) = server.poll().unwrap() else {
        panic!("it is a reply");
    };
    assert_eq!(reply.call, 77);
    assert_eq!(reply.result.unwrap_err().message(), "no");
    assert!(server.output().is_empty());
}
