//! Long bodies in chunks, without sockets.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

mod pair;

use gobrpc_protocol::chunks::{CHUNK_BYTES, CHUNKED_MAX};
use gobrpc_protocol::codec::{Encoder, Gob, Limits};
use gobrpc_protocol::{
    Body, ClientConnection, Code, Delivery, Head, Payload, Response, Result, ServerConnection,
};
use pair::{Pair, handle};

/// A client and a server with these limits, which know each other.
fn acquainted(limits: Limits) -> Pair {
    let mut pair = Pair::new(ClientConnection::with_limits(limits), 1);
    pair.server = ServerConnection::with_limits(limits);
    pair.call("Echo.String", &"hello", u64::MAX);
    assert_eq!(pair.run(handle).len(), 1);
    pair
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

fn echo(_: &str, body: Body) -> Result<Response> {
    Response::unary(&body.decode::<Vec<u8>>()?)
}

/// Moves what one side has, a chunk at a time, until nothing is left.
fn to_client(pair: &mut Pair) -> Vec<u64> {
    let mut order = Vec::new();
    loop {
        if pair.server.output().is_empty() {
            pair.server.fill();
        }
        let sent = std::mem::take(pair.server.output());
        if sent.is_empty() {
            return order;
        }
        pair.client.input().extend_from_slice(&sent);
        while let Some(reply) = pair.client.poll_reply().unwrap() {
            reply.result.unwrap();
            order.push(reply.call);
        }
    }
}

#[test]
fn bodies_of_all_lengths_arrive_whole_both_ways() {
    let mut pair = acquainted(Limits::default());
    for length in [
        0,
        CHUNK_BYTES - 10,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        2 * CHUNK_BYTES,
        7 * CHUNK_BYTES + 3,
    ] {
        pair.call("Echo", &bytes(length), length as u64);
        let replies = pair.run(echo);
        let body = replies[0].1.as_ref().unwrap();
        assert_eq!(body.decode::<Vec<u8>>().unwrap(), bytes(length));
        assert_eq!(pair.client.in_flight(), 0);
        assert!(!pair.client.has_chunks() && !pair.server.has_chunks());
    }
}

/// A value whose type the stream does not know otherwise, with an interface inside of
/// it, goes by a stream of its own and leaves no trace in the connection's.
#[derive(Debug, Clone, PartialEq, Default, Gob)]
#[gob(crate = "gobrpc_protocol::codec")]
struct Rich {
    name: String,
    parts: Vec<Vec<u8>>,
    next: Option<Box<Self>>,
}

#[test]
fn types_of_all_kinds_arrive() {
    let rich = Rich {
        name: "rich".to_owned(),
        parts: vec![bytes(CHUNK_BYTES), bytes(3)],
        next: Some(Box::new(Rich {
            name: "next".to_owned(),
            ..Rich::default()
        })),
    };
    let mut pair = acquainted(Limits::default());
    for call in 0..3 {
        pair.call("Echo", &rich, call);
        pair.call("Echo.String", &"short", 10 + call);
    }
    let replies = pair.run(|method, body| match method {
        "Echo" => Response::unary(&body.decode::<Rich>()?),
        _ => handle(method, body),
    });
    assert_eq!(replies.len(), 6);
    for (call, reply) in replies {
        let body = reply.unwrap();
        if call < 10 {
            assert_eq!(body.decode::<Rich>().unwrap(), rich);
        }
    }
}

#[test]
fn a_short_reply_overtakes_a_long_one_that_began_before_it() {
    let mut pair = acquainted(Limits::default());
    for call in 0..3 {
        pair.call("A.B", &1_i64, call);
    }
    let sent = pair.client.take_output(Vec::new());
    pair.server.input().extend_from_slice(&sent);
    let long = bytes(64 << 20 >> 4);
    let first = pair.server.poll_request().unwrap().unwrap();
    pair.server.reply(first.seq, "A.B", Response::unary(&long));
    // Some of it is on its way.
    for _ in 0..3 {
        pair.server.fill();
    }
    let second = pair.server.poll_request().unwrap().unwrap();
    pair.server
        .reply(second.seq, "A.B", Response::unary(&2_i64));
    let third = pair.server.poll_request().unwrap().unwrap();
    let short = bytes(CHUNK_BYTES + 1);
    pair.server.reply(third.seq, "A.B", Response::unary(&short));
    assert!(pair.server.output().len() < 4 * (CHUNK_BYTES + 100));
    assert_eq!(to_client(&mut pair), [1, 2, 0]);
}

/// So many are under way at a time, in turns; others wait for them.
#[test]
fn bodies_take_turns_and_the_receiver_keeps_a_few() {
    let mut pair = acquainted(Limits::default());
    let calls = 2 * CHUNKED_MAX as u64;
    for call in 0..calls {
        pair.call("A.B", &1_i64, call);
    }
    let sent = pair.client.take_output(Vec::new());
    pair.server.input().extend_from_slice(&sent);
    let long = bytes(8 * CHUNK_BYTES);
    for _ in 0..calls {
        let request = pair.server.poll_request().unwrap().unwrap();
        pair.server
            .reply(request.seq, "A.B", Response::unary(&long));
    }
    assert!(pair.server.waiting_bytes() >= CHUNKED_MAX * long.len());
    assert_eq!(to_client(&mut pair), (0..calls).collect::<Vec<_>>());
    assert_eq!(pair.server.waiting_bytes(), 0);
}

/// Of arguments no more than so many go out in chunks at a time, further ones whole.
#[test]
fn arguments_beyond_those_in_chunks_go_out_whole() {
    let mut pair = acquainted(Limits::default());
    let calls = 2 * CHUNKED_MAX as u64;
    for call in 0..calls {
        pair.call("Echo", &bytes(3 * CHUNK_BYTES), call);
    }
    let replies = pair.run(echo);
    assert_eq!(replies.len() as u64, calls);
    assert!(replies.iter().all(|(_, reply)| reply.is_ok()));
}

#[test]
fn limits_hold_for_the_whole_at_their_maximum_and_one_above() {
    const MAX: usize = 4 * CHUNK_BYTES;
    let body = |length| Payload::new(&bytes(length)).unwrap();
    // The message is the id of its type, a length, and the bytes; this is the
    // longest that goes out in one piece.
    let limits = Limits::default().with_message_bytes(MAX);
    let fits = (0..16)
        .find(|less| {
            let mut out = Vec::new();
            let payload = body(MAX - less);
            let mut encoder = Encoder::with_limits(limits);
            encoder.append(payload.prepared(), &mut out).is_ok()
        })
        .unwrap();
    for (length, ok) in [(MAX - fits, true), (MAX - fits + 1, false)] {
        // Our own limit, on the way out.
        let mut pair = acquainted(limits);
        let called = pair.client.call(&Head::new("Echo"), &body(length), 1);
        assert_eq!(called.is_ok(), ok);
        if let Err(error) = called {
            assert_eq!(error.code(), Code::ResourceExhausted);
            assert_eq!(error.delivery(), Delivery::NotSent);
        } else {
            assert!(pair.run(echo)[0].1.is_ok());
        }
        // That of the receiver, both ways.
        for (client, server) in [(limits, Limits::default()), (Limits::default(), limits)] {
            let mut pair = acquainted(Limits::default());
            pair.client = ClientConnection::with_limits(client);
            pair.server = ServerConnection::with_limits(server);
            pair.call("Echo.String", &"hello", u64::MAX);
            pair.run(handle);
            if server == limits {
                pair.call("Echo", &bytes(length), 1);
            } else {
                pair.call("Long", &(length as u64), 1);
            }
            pair.call("Echo.String", &"on it goes", 2);
            let replies = pair.run(|method, body| match method {
                "Long" => Response::unary(&bytes(body.decode::<u64>()? as usize)),
                "Echo" => Response::unary(&body.bytes().len()),
                _ => handle(method, body),
            });
            assert_eq!(replies.len(), 2);
            for (call, reply) in replies {
                match reply {
                    Ok(_) => assert!(call == 2 || ok),
                    Err(error) => {
                        assert!(call == 1 && !ok, "{error}");
                        assert_eq!(error.code(), Code::ResourceExhausted);
                    }
                }
            }
        }
    }
}

/// What is much too long is refused by its length, before any of it is kept.
#[test]
fn a_body_that_is_much_too_long_is_refused_at_once() {
    let limits = Limits::default().with_message_bytes(4 * CHUNK_BYTES);
    let mut pair = Pair::new(ClientConnection::new(), 3);
    pair.server = ServerConnection::with_limits(limits);
    pair.call("Echo.String", &"hello", u64::MAX);
    pair.run(handle);
    pair.call("Echo", &bytes(8 << 20), 1);
    let replies = pair.run(echo);
    let error = replies[0].1.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    // The rest of it was not sent.
    assert!(
        pair.client_sent.len() < 1 << 20,
        "{}",
        pair.client_sent.len()
    );
    assert!(!pair.client.has_chunks());

    let mut pair = Pair::new(ClientConnection::with_limits(limits), 4);
    pair.call("Echo.String", &"hello", u64::MAX);
    pair.run(handle);
    pair.call("Long", &1_i64, 1);
    let replies = pair.run(|_, _| Response::unary(&bytes(8 << 20)));
    let error = replies[0].1.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.delivery(), Delivery::Answered);
    assert!(
        pair.server_sent.len() < 1 << 20,
        "{}",
        pair.server_sent.len()
    );
    assert_eq!(pair.client.in_flight(), 0);
}

#[test]
fn a_cancelled_call_breaks_its_chunks_off() {
    // The argument.
    let mut pair = acquainted(Limits::default());
    let body = Payload::new(&bytes(8 << 20)).unwrap();
    let started = pair.client.call(&Head::new("Echo"), &body, 1).unwrap();
    assert_eq!(started.end, u64::MAX);
    for _ in 0..3 {
        assert!(pair.client.fill().is_none());
    }
    pair.client.cancel(started.seq).unwrap();
    assert!(!pair.client.has_chunks());
    pair.call("Echo.String", &"on it goes", 2);
    let replies = pair.run(|method, body| {
        assert_eq!(method, "Echo.String", "half an argument is none");
        handle(method, body)
    });
    assert_eq!(replies.len(), 1);
    assert_eq!(pair.client.in_flight(), 0);
    assert!(!pair.server.is_joining());

    // The reply.
    let seq = {
        let body = Payload::new(&1_i64).unwrap();
        pair.client.call(&Head::new("Long"), &body, 3).unwrap().seq
    };
    let sent = pair.client.take_output(Vec::new());
    pair.server.input().extend_from_slice(&sent);
    let request = pair.server.poll_request().unwrap().unwrap();
    let long = bytes(8 << 20);
    pair.server
        .reply(request.seq, "Long", Response::unary(&long));
    pair.server.fill();
    let sent = std::mem::take(pair.server.output());
    pair.client.input().extend_from_slice(&sent);
    assert!(pair.client.poll_reply().unwrap().is_none());
    pair.client.cancel(seq).unwrap();
    assert!(pair.run(handle).is_empty());
    assert!(!pair.server.has_chunks());
    assert_eq!(pair.client.in_flight(), 0);
}

/// Who gives up when all chunks are on their way gets no other end than theirs.
#[test]
fn a_reply_that_nobody_waits_for_is_counted_to_its_end() {
    let mut pair = acquainted(Limits::default());
    let body = Payload::new(&1_i64).unwrap();
    let seq = pair.client.call(&Head::new("Long"), &body, 3).unwrap().seq;
    let sent = pair.client.take_output(Vec::new());
    pair.server.input().extend_from_slice(&sent);
    let request = pair.server.poll_request().unwrap().unwrap();
    let long = bytes(3 * CHUNK_BYTES);
    pair.server
        .reply(request.seq, "Long", Response::unary(&long));
    while pair.server.has_chunks() {
        pair.server.fill();
    }
    pair.client.cancel(seq).unwrap();
    assert!(pair.run(handle).is_empty());
    assert_eq!(pair.client.in_flight(), 0);
}

#[test]
fn go_never_sees_a_chunk() {
    let mut pair = Pair::new(ClientConnection::new().plain_go(), 5);
    pair.call("Echo.String", &"hello", u64::MAX);
    pair.run(handle);
    pair.call("Echo", &bytes(3 * CHUNK_BYTES), 1);
    assert!(!pair.client.has_chunks());
    let replies = pair.run(echo);
    assert!(replies[0].1.is_ok());
    assert!(pair.server_sent.len() > 3 * CHUNK_BYTES);
}

/// A frame of a client, as these tests make them.
#[derive(Debug, Clone, Default, Gob)]
#[gob(crate = "gobrpc_protocol::codec", package = "rpc", name = "Request")]
struct Frame {
    service_method: String,
    seq: u64,
    kind: u64,
    flags: u64,
    caps: u64,
    #[gob(rename = "Ref")]
    reference: u64,
}

fn begin(seq: u64) -> Frame {
    Frame {
        service_method: "A.B".to_owned(),
        seq,
        flags: 256,
        caps: 16,
        ..Frame::default()
    }
}

fn chunk(reference: u64) -> Frame {
    Frame {
        seq: u64::MAX,
        kind: 11,
        reference,
        ..Frame::default()
    }
}

/// What a server makes of such frames: the arguments of requests, or why it gives up.
fn serve(frames: impl FnOnce(&mut Encoder, &mut Vec<u8>)) -> Result<Vec<Result<Body>>> {
    let (mut encoder, mut sent) = (Encoder::new(), Vec::new());
    frames(&mut encoder, &mut sent);
    let mut server = ServerConnection::new();
    server.input().extend_from_slice(&sent);
    let mut arguments = Vec::new();
    while let Some(request) = server.poll_request()? {
        arguments.push(request.body);
    }
    Ok(arguments)
}

#[test]
fn a_peer_that_breaks_the_rules_is_given_up() {
    let add = |encoder: &mut Encoder,
               out: &mut Vec<u8>,
               frame: &Frame,
               body: &dyn Fn(&mut Encoder, &mut Vec<u8>)| {
        encoder.encode(frame, out).unwrap();
        body(encoder, out);
    };
    let number = |value: u64| {
        move |encoder: &mut Encoder, out: &mut Vec<u8>| encoder.encode(&value, out).unwrap()
    };
    let piece = |length: usize| {
        move |encoder: &mut Encoder, out: &mut Vec<u8>| {
            encoder.encode(&vec![0_u8; length], out).unwrap()
        }
    };
    // More than it said.
    assert!(
        serve(|e, out| {
            add(e, out, &begin(0), &number(3));
            add(e, out, &chunk(0), &piece(4));
        })
        .is_err()
    );
    // Nothing at all, again and again.
    assert!(
        serve(|e, out| {
            add(e, out, &begin(0), &number(3));
            add(e, out, &chunk(0), &piece(0));
        })
        .is_err()
    );
    // What is no piece.
    assert!(
        serve(|e, out| {
            add(e, out, &begin(0), &number(3));
            add(e, out, &chunk(0), &number(3));
        })
        .is_err()
    );
    // The same call twice, or too many of them.
    assert!(
        serve(|e, out| {
            add(e, out, &begin(0), &number(3));
            add(e, out, &begin(0), &number(3));
        })
        .is_err()
    );
    for (calls, ok) in [(CHUNKED_MAX, true), (CHUNKED_MAX + 1, false)] {
        let served = serve(|e, out| {
            for seq in 0..calls as u64 {
                add(e, out, &begin(seq), &number(3));
            }
        });
        assert_eq!(served.is_ok(), ok);
    }
    // These harm their call alone: a length that is none, or bytes that are no gob.
    for (total, code) in [
        (0, Code::InvalidArgument),
        (u64::MAX, Code::ResourceExhausted),
    ] {
        let served = serve(|e, out| {
            add(e, out, &begin(0), &number(total));
            // And chunks of nothing are what is left of a call that was given up.
            add(e, out, &chunk(0), &piece(3));
        });
        let arguments = served.unwrap();
        assert_eq!(arguments.len(), 1);
        assert_eq!(arguments[0].as_ref().unwrap_err().code(), code);
    }
    let served = serve(|e, out| {
        add(e, out, &begin(0), &number(3));
        add(e, out, &chunk(0), &piece(3));
        add(e, out, &chunk(77), &piece(3));
    });
    let arguments = served.unwrap();
    assert_eq!(arguments.len(), 1);
    assert!(arguments[0].is_err());
}

/// An argument that is under way when the server goes away is taken whole.
#[test]
fn a_farewell_waits_for_what_has_begun() {
    let mut pair = acquainted(Limits::default());
    pair.call("Echo", &bytes(8 * CHUNK_BYTES), 1);
    // It overtakes, so that the greatest number is not the last that is whole.
    pair.call("Echo.String", &"short", 2);
    while !pair.server.is_joining() {
        pair.step();
        assert!(pair.server.poll_request().unwrap().is_none());
    }
    assert!(pair.server.go_away());
    let replies = pair.run(|method, body| match method {
        "Echo" => echo(method, body),
        _ => handle(method, body),
    });
    assert_eq!(replies.len(), 2);
    assert!(replies.iter().all(|(_, reply)| reply.is_ok()));
    assert!(pair.client.is_going_away() && pair.client.take_refused().is_empty());
    assert!(pair.server.is_parted() && !pair.server.is_joining());
}
