//! Bodies that are compressed, without sockets.

#![cfg(feature = "compression")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

mod pair;

use gobrpc_protocol::chunks::CHUNK_BYTES;
use gobrpc_protocol::client_connection::Incoming;
use gobrpc_protocol::codec::{Encoder, Gob};
use gobrpc_protocol::compression::{BLOCK_MAX, COMPRESS_MIN};
use gobrpc_protocol::{
    Body, ClientConnection, Code, Head, Payload, Response, Result, ServerConnection, StreamKind,
    server_connection,
};
use pair::{Pair, handle};

/// Two that know each other, and of which these want compression.
fn acquainted(client: bool, server: bool) -> Pair {
    let ours = match client {
        true => ClientConnection::new().with_compression(),
        false => ClientConnection::new(),
    };
    let mut pair = Pair::new(ours, 7);
    if server {
        pair.server = ServerConnection::new().with_compression();
    }
    pair.call("Echo.String", &"hello", u64::MAX);
    assert_eq!(pair.run(handle).len(), 1);
    pair.client_sent.clear();
    pair.server_sent.clear();
    pair
}

fn text(length: usize) -> String {
    let mut text = String::new();
    let mut number = 0_u32;
    while text.len() < length {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push_str(&format!("{{\"id\":{},\"name\":\"n\"}},", number >> 16));
    }
    text.truncate(length);
    text
}

fn echo(_: &str, body: Body) -> Result<Response> {
    Response::unary(&body.decode::<String>()?)
}

#[test]
fn bodies_of_all_lengths_arrive_both_ways_in_fewer_bytes() {
    for length in [
        COMPRESS_MIN,
        CHUNK_BYTES - 3,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        5 * CHUNK_BYTES + 3,
        BLOCK_MAX + 1,
    ] {
        let mut pair = acquainted(true, true);
        pair.call("Echo", &text(length), 1);
        let replies = pair.run(echo);
        let body = replies[0].1.as_ref().unwrap();
        assert_eq!(body.decode::<String>().unwrap(), text(length));
        for sent in [pair.client_sent.len(), pair.server_sent.len()] {
            assert!(sent < 7 * length / 8 + 100, "{sent} of {length}");
        }
    }
}

/// Who did not ask for it gets none, and what is short goes as ever: in the same bytes.
#[test]
fn only_peers_that_both_want_it_have_it() {
    let sent = |client, server, text: &String| {
        let mut pair = acquainted(client, server);
        pair.call("Echo", text, 1);
        assert!(pair.run(echo)[0].1.is_ok());
        (pair.client_sent, pair.server_sent)
    };
    let long = text(20_000);
    let plain = sent(false, false, &long);
    assert_eq!(sent(true, false, &long), plain);
    assert_eq!(sent(false, true, &long), plain);
    assert_ne!(sent(true, true, &long), plain);
    let short = text(COMPRESS_MIN - 100);
    assert_eq!(sent(true, true, &short), sent(false, false, &short));
    let mut go = Pair::new(ClientConnection::new().plain_go(), 5);
    go.server = ServerConnection::new().with_compression();
    for call in 0..2 {
        go.call("Echo", &long, call);
        assert!(go.run(echo)[0].1.is_ok());
    }
    assert!(go.server_sent.len() > 2 * long.len());
}

#[test]
fn what_would_not_shrink_goes_as_it_is() {
    let mut number = 1_u64;
    let random: Vec<u8> = (0..100_000)
        .map(|_| {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (number >> 56) as u8
        })
        .collect();
    for length in [20_000, random.len()] {
        let mut with = acquainted(true, true);
        let mut without = acquainted(false, false);
        for pair in [&mut with, &mut without] {
            pair.call("Echo", &random[..length].to_vec(), 1);
            let replies = pair.run(|_, body| Response::unary(&body.decode::<Vec<u8>>()?));
            assert!(replies[0].1.is_ok());
        }
        assert_eq!(with.client_sent, without.client_sent);
        assert_eq!(with.server_sent, without.server_sent);
    }
}

#[test]
fn items_of_streams_are_compressed_both_ways() {
    let mut pair = acquainted(true, true);
    let mut head = Head::new("Echo.Stream");
    head.streams = StreamKind::new(true, true);
    let body = Payload::new(&()).unwrap();
    let started = pair.client.call(&head, &body, 1).unwrap();
    let item = Payload::new(&text(10_000)).unwrap();
    pair.client.item(started.seq, &item).unwrap();
    let sent = pair.client.take_output(Vec::new());
    assert!(sent.len() < 8_000, "{}", sent.len());
    pair.server.input().extend_from_slice(&sent);
    let Some(server_connection::Incoming::Request(request)) = pair.server.poll().unwrap() else {
        panic!("a call");
    };
    let Some(server_connection::Incoming::Item { body, .. }) = pair.server.poll().unwrap() else {
        panic!("an item");
    };
    assert_eq!(body.unwrap().decode::<String>().unwrap(), text(10_000));
    pair.server.item(request.seq, &item).unwrap();
    let sent = std::mem::take(pair.server.output());
    assert!(sent.len() < 8_000, "{}", sent.len());
    pair.client.input().extend_from_slice(&sent);
    let Some(Incoming::Item { body, .. }) = pair.client.poll().unwrap() else {
        panic!("an item");
    };
    assert_eq!(body.unwrap().decode::<String>().unwrap(), text(10_000));
}

/// A header of a client, as these tests make them.
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
    enc: String,
}

/// What a server makes of a call with such a body, and of one behind it.
fn argument(server: ServerConnection, encoding: &str, body: &[u8]) -> Result<Body> {
    let mut server = server;
    let (mut encoder, mut sent) = (Encoder::new(), Vec::new());
    let frame = |seq, enc: &str| Frame {
        service_method: "A.B".to_owned(),
        seq,
        caps: 1 + 16 + 32,
        enc: enc.to_owned(),
        ..Frame::default()
    };
    encoder.encode(&frame(0, encoding), &mut sent).unwrap();
    encoder.encode(&body.to_vec(), &mut sent).unwrap();
    encoder.encode(&frame(1, ""), &mut sent).unwrap();
    encoder.encode(&7_i64, &mut sent).unwrap();
    server.input().extend_from_slice(&sent);
    let first = server.poll_request().unwrap().unwrap();
    let second = server.poll_request().unwrap().unwrap();
    assert_eq!(second.body.unwrap().decode::<i64>().unwrap(), 7);
    first.body
}

/// A block that holds so many zeros: a literal, a match for all others, and the five
/// literals that end each.
fn bomb(length: u32) -> Vec<u8> {
    let more = length - 25;
    let mut block = length.to_le_bytes().to_vec();
    block.extend([0x1f, 0, 1, 0]);
    block.extend(vec![255; more as usize / 255]);
    block.push((more % 255) as u8);
    block.extend([0x50, 0, 0, 0, 0, 0]);
    block
}

#[test]
fn what_is_wrong_harms_its_call_alone() {
    let on = || ServerConnection::new().with_compression();
    for (body, code) in [
        (bomb(16 << 20), Code::ResourceExhausted),
        (bomb(BLOCK_MAX as u32 + 1), Code::ResourceExhausted),
        // Such zeros are no gob.
        (bomb(BLOCK_MAX as u32), Code::InvalidArgument),
        (vec![255; 40], Code::ResourceExhausted),
        (vec![0, 0, 8, 0, 9], Code::InvalidArgument),
        (vec![1], Code::InvalidArgument),
        (Vec::new(), Code::InvalidArgument),
    ] {
        assert_eq!(argument(on(), "lz4", &body).unwrap_err().code(), code);
    }
    // Not agreed on, or not known.
    for (server, encoding) in [(ServerConnection::new(), "lz4"), (on(), "zstd")] {
        let error = argument(server, encoding, &bomb(5000)).unwrap_err();
        assert!(error.message().contains("not agreed on"), "{error}");
        assert!(error.message().contains(encoding), "{error}");
    }
}

/// A chunk that holds more than one may is the end of the connection, as any that is
/// not what was said.
#[test]
fn a_chunk_never_holds_more_than_a_chunk() {
    for (length, ok) in [(CHUNK_BYTES, true), (CHUNK_BYTES + 1, false)] {
        let (mut encoder, mut sent) = (Encoder::new(), Vec::new());
        let begin = Frame {
            service_method: "A.B".to_owned(),
            flags: 256,
            caps: 1 + 16 + 32,
            ..Frame::default()
        };
        let chunk = Frame {
            seq: u64::MAX,
            kind: 11,
            enc: "lz4".to_owned(),
            ..Frame::default()
        };
        encoder.encode(&begin, &mut sent).unwrap();
        encoder.encode(&(2 * length as u64), &mut sent).unwrap();
        encoder.encode(&chunk, &mut sent).unwrap();
        encoder.encode(&bomb(length as u32), &mut sent).unwrap();
        let mut server = ServerConnection::new().with_compression();
        server.input().extend_from_slice(&sent);
        assert_eq!(server.poll().is_ok(), ok, "{length}");
    }
}
