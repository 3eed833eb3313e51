//! The protocol's two ends against each other, without sockets.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

mod pair;

use gobrpc_protocol::codec::{Decoder, ErrorKind, Gob, Limits};
use gobrpc_protocol::header::caps;
use gobrpc_protocol::{
    ClientConnection, Code, Delivery, Error, Head, Payload, Response, ServerConnection,
};
use pair::{Pair, handle};
use proptest::prelude::*;

#[test]
fn many_calls_come_back_whatever_the_pieces_are() {
    for seed in 0..50 {
        let mut pair = Pair::new(ClientConnection::new(), seed);
        for call in 0..40_u64 {
            match call % 3 {
                0 => pair.call("Arith.Multiply", &(call as i64, 3_i64), call),
                1 => pair.call("Echo.String", &format!("text {call}"), call),
                _ => pair.call("Misc.Fail", &format!("error {call}"), call),
            }
        }
        let replies = pair.run(handle);
        assert_eq!(replies.len(), 40, "seed {seed}");
        assert_eq!(pair.client.in_flight(), 0);
        for (call, result) in replies {
            match call % 3 {
                0 => assert_eq!(result.unwrap().decode::<i64>().unwrap(), call as i64 * 3),
                1 => assert_eq!(
                    result.unwrap().decode::<String>().unwrap(),
                    format!("text {call}")
                ),
                _ => {
                    let error = result.unwrap_err();
                    assert_eq!(error.message(), format!("error {call}"));
                    assert_eq!(error.delivery(), Delivery::Answered);
                }
            }
        }
    }
}

/// The header forms on the wire: Go's own definitions to Go, ours to ours.
#[test]
fn headers_are_gos_unless_the_peer_shows_that_it_knows_more() {
    let field_names = |bytes: &[u8]| {
        let mut decoder = Decoder::new();
        decoder.feed(bytes);
        let id = decoder.peek_type().unwrap().unwrap();
        decoder
            .take()
            .unwrap()
            .unwrap()
            .types()
            .schema(id)
            .map(|schema| match schema.root_type().kind() {
                gobrpc_protocol::codec::Kind::Struct(fields) => (
                    schema.root_type().name().to_owned(),
                    fields
                        .iter()
                        .map(|field| field.name().to_owned())
                        .collect::<Vec<_>>(),
                ),
                _ => unreachable!(),
            })
            .unwrap()
    };
    let all = [
        "ServiceMethod",
        "Seq",
        "Error",
        "Kind",
        "Flags",
        "Timeout",
        "Meta",
        "Caps",
        "Ref",
        "Credit",
        "Code",
        "Enc",
    ];

    let mut plain = Pair::new(ClientConnection::new().plain_go(), 1);
    plain.call("Echo.String", &"x", 0);
    plain.run(handle);
    assert_eq!(
        field_names(&plain.client_sent),
        (
            "Request".to_owned(),
            vec!["ServiceMethod".to_owned(), "Seq".to_owned()]
        )
    );
    assert_eq!(
        field_names(&plain.server_sent),
        (
            "Response".to_owned(),
            vec![
                "ServiceMethod".to_owned(),
                "Seq".to_owned(),
                "Error".to_owned()
            ]
        )
    );
    assert_eq!(plain.client.peer_caps(), 0);

    let mut ours = Pair::new(ClientConnection::new(), 1);
    ours.call("Echo.String", &"x", 0);
    ours.run(handle);
    let (name, fields) = field_names(&ours.client_sent);
    assert_eq!(
        (name.as_str(), &fields[..]),
        ("Request", &all.map(str::to_owned)[..])
    );
    let (name, fields) = field_names(&ours.server_sent);
    assert_eq!(
        (name.as_str(), &fields[..]),
        ("Response", &all.map(str::to_owned)[..])
    );
    assert_eq!(ours.client.peer_caps(), caps::OURS);

    // Once types are known, a call costs Go's bytes: 17 for this header.
    ours.call("Arith.Multiply", &(1_i64, 2_i64), 1);
    ours.run(handle);
    let mut decoder = Decoder::new();
    decoder.feed(&ours.client_sent);
    let mut lengths = Vec::new();
    loop {
        let start = decoder.offset();
        match decoder.skip().unwrap() {
            true => lengths.push(decoder.offset() - start),
            false => break,
        }
    }
    // Header, body, header; then the definition of the tuple and its value.
    assert_eq!(lengths.len(), 4);
    // Length, id (2 bytes), delta and length of the name, its 14 bytes, delta and
    // number of the call, the end.
    assert_eq!(lengths[2], 1 + 2 + 2 + 14 + 2 + 1, "{lengths:?}");
}

/// A stream that Go wrote; `None` where the goldens are not at hand.
fn golden(name: &str) -> Option<Vec<u8>> {
    let path = format!(
        "{}/../../tests/golden/{name}.hex",
        env!("CARGO_MANIFEST_DIR")
    );
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {path} is not part of the package");
        return None;
    };
    let digits: String = text.split_whitespace().collect();
    Some(
        (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
            .collect(),
    )
}

#[derive(Debug, Clone, Copy, Gob)]
#[gob(crate = "gobrpc_protocol::codec", package = "model")]
struct Args {
    a: i64,
    b: i64,
}

#[derive(Debug, Clone, Copy, Gob)]
#[gob(crate = "gobrpc_protocol::codec", package = "model")]
struct Quotient {
    quo: i64,
    rem: i64,
}

/// The conversation of Go's goldens `rpc_client_stream` and `rpc_server_stream`.
const CONVERSATION: [(&str, Args); 5] = [
    ("Arith.Multiply", Args { a: 7, b: 6 }),
    ("Arith.Divide", Args { a: 1, b: 0 }),
    ("Arith.Divide", Args { a: 17, b: 5 }),
    ("Nope.Foo", Args { a: 1, b: 2 }),
    ("Arith.Multiply", Args { a: 0, b: 0 }),
];

/// To Go both ends write what Go's own ends write, to the byte.
#[test]
fn plain_streams_are_gos_to_the_byte() {
    let (Some(sent), Some(received)) = (golden("rpc_client_stream"), golden("rpc_server_stream"))
    else {
        return;
    };
    let mut pair = Pair::new(ClientConnection::new().plain_go(), 10);
    for (call, (method, args)) in CONVERSATION.into_iter().enumerate() {
        pair.call(method, &args, call as u64);
        pair.run(|method, body| {
            let args: Args = body.decode()?;
            match method {
                "Arith.Multiply" => Response::unary(&(args.a * args.b)),
                "Arith.Divide" if args.b == 0 => Err(Error::new("divide by zero")),
                "Arith.Divide" => Response::unary(&Quotient {
                    quo: args.a / args.b,
                    rem: args.a % args.b,
                }),
                _ => Err(gobrpc_protocol::method::no_service(method)),
            }
        });
    }
    assert_eq!(pair.client_sent, sent);
    assert_eq!(pair.server_sent, received);
}

/// The superset's first frames, as they are on the wire: a change here is a
/// change of the protocol.
#[test]
fn the_extended_headers_have_these_bytes() {
    let mut pair = Pair::new(ClientConnection::new(), 11);
    pair.call("A.B", &7_i64, 0);
    pair.run(|_, _| Response::unary(&8_i64));
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    // The fields that follow ServiceMethod, Seq and Error, with their types.
    let fields = "010c\
        010d536572766963654d6574686f64010c00\
        0103536571010600\
        01054572726f72010c00\
        01044b696e64010600\
        0105466c616773010600\
        010754696d656f7574010400\
        01044d65746101ff8200\
        010443617073010600\
        0103526566010600\
        0106437265646974010600\
        0104436f6465010600\
        0103456e63010c00\
        0000";
    let meta = "16ff8102010108\
        5b5d737472696e67\
        01ff8200010c0000";
    let definition = |name: &str| {
        let body = format!(
            "7f030101{:02x}{}01ff8000{fields}",
            name.len(),
            hex(name.as_bytes())
        );
        let length = body.len() / 2;
        assert!((128..256).contains(&length));
        format!("ff{length:02x}{body}{meta}")
    };
    // A header with ServiceMethod and Caps, then the body.
    assert_eq!(
        hex(&pair.client_sent),
        format!(
            "{}0aff800103412e4207{:02x}000304000e",
            definition("Request"),
            caps::OURS
        )
    );
    assert_eq!(
        hex(&pair.server_sent),
        format!(
            "{}0aff800103412e4207{:02x}0003040010",
            definition("Response"),
            caps::OURS
        )
    );
}

#[test]
fn gos_streams_are_understood() {
    let Some(stream) = golden("rpc_client_stream") else {
        return;
    };
    let mut server = ServerConnection::new();
    let mut seen = Vec::new();
    for byte in stream {
        server.input().extend_from_slice(&[byte]);
        while let Some(request) = server.poll_request().unwrap() {
            let args: Args = request.body.unwrap().decode().unwrap();
            seen.push((request.seq, request.service_method, args.a, args.b));
        }
    }
    server.handle_eof().unwrap();
    for (call, ((method, args), seen)) in CONVERSATION.into_iter().zip(&seen).enumerate() {
        assert_eq!(*seen, (call as u64, method.into(), args.a, args.b));
    }
    assert_eq!(seen.len(), CONVERSATION.len());

    let Some(stream) = golden("rpc_server_stream") else {
        return;
    };
    let mut client = ClientConnection::<u64>::new();
    for call in 0..5 {
        client
            .call(&Head::new("A.B"), &Payload::new(&call).unwrap(), call)
            .unwrap();
    }
    let mut replies = Vec::new();
    for byte in stream {
        client.input().extend_from_slice(&[byte]);
        while let Some(reply) = client.poll_reply().unwrap() {
            replies.push(reply.result);
        }
    }
    client.handle_eof().unwrap();
    let texts: Vec<_> = replies
        .iter()
        .map(|reply| reply.as_ref().map_err(|error| error.message().to_owned()))
        .collect();
    assert_eq!(texts[0].as_ref().unwrap().decode::<i64>().unwrap(), 42);
    assert_eq!(texts[1].as_ref().unwrap_err(), "divide by zero");
    let quotient: Quotient = texts[2].as_ref().unwrap().decode().unwrap();
    assert_eq!((quotient.quo, quotient.rem), (3, 2));
    assert_eq!(
        texts[3].as_ref().unwrap_err(),
        "rpc: can't find service Nope.Foo"
    );
    assert_eq!(texts[4].as_ref().unwrap().decode::<i64>().unwrap(), 0);
}

#[test]
fn a_cancelled_call_harms_no_other() {
    let mut pair = Pair::new(ClientConnection::new(), 3);
    let mut started = Vec::new();
    for call in 0..20 {
        let start = pair
            .client
            .call(
                &Head::new("Echo.String"),
                &Payload::new(&format!("{call}")).unwrap(),
                call,
            )
            .unwrap();
        started.push(start.seq);
    }
    for seq in started.iter().step_by(2) {
        assert!(pair.client.cancel(*seq).is_some());
        assert!(pair.client.cancel(*seq).is_none());
    }
    assert_eq!(pair.client.in_flight(), 20);
    let replies = pair.run(handle);
    assert_eq!(replies.len(), 10);
    assert!(replies.iter().all(|(call, _)| call % 2 == 1));
    assert_eq!(pair.client.in_flight(), 0);
}

/// Go's encoder leaves a header without its body behind (`client.go`, `send`);
/// ours leaves nothing.
#[test]
fn a_call_that_is_too_long_leaves_no_trace() {
    let limits = Limits::default().with_message_bytes(1000);
    let mut pair = Pair::new(ClientConnection::with_limits(limits), 4);
    let head = Head::new("Echo.String");
    // The id and the 0 before the string take two bytes, its length three.
    let fits = "x".repeat(1000 - 5);
    let long = "x".repeat(1000 - 4);
    let error = pair
        .client
        .call(&head, &Payload::new(&long).unwrap(), 0)
        .unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.message().contains("message_bytes"), "{error}");
    assert!(pair.client.output().is_empty());
    assert_eq!(pair.client.in_flight(), 0);
    pair.client
        .call(&head, &Payload::new(&fits).unwrap(), 1)
        .unwrap();
    let replies = pair.run(handle);
    assert_eq!(
        replies[0].1.as_ref().unwrap().decode::<String>().unwrap(),
        fits
    );
}

#[test]
fn a_reply_that_is_too_long_becomes_an_error_reply() {
    let limits = Limits::default().with_message_bytes(1000);
    let mut pair = Pair::new(ClientConnection::new(), 5);
    pair.server = ServerConnection::with_limits(limits);
    pair.call("Big", &(), 0);
    pair.call("Small", &(), 1);
    let replies =
        pair.run(|method, _| Response::unary(&"x".repeat(if method == "Big" { 2000 } else { 10 })));
    assert_eq!(
        replies[0].1.as_ref().unwrap_err().code(),
        Code::ResourceExhausted
    );
    assert_eq!(
        replies[1]
            .1
            .as_ref()
            .unwrap()
            .decode::<String>()
            .unwrap()
            .len(),
        10
    );
}

#[test]
fn an_error_is_never_empty() {
    let mut pair = Pair::new(ClientConnection::new().plain_go(), 6);
    pair.call("Misc.Fail", &"", 0);
    let replies = pair.run(handle);
    assert_eq!(
        replies[0].1.as_ref().unwrap_err().message(),
        "unknown error"
    );
}

#[test]
fn codes_travel_between_our_peers_and_gos_texts_give_them_back() {
    for plain in [false, true] {
        let client = ClientConnection::new();
        let mut pair = Pair::new(if plain { client.plain_go() } else { client }, 7);
        pair.call("Nope.Foo", &(), 0);
        pair.call("Own", &(), 1);
        let replies = pair.run(|method, body| match method {
            "Own" => Err(Error::not_found("no such thing")),
            _ => handle(method, body),
        });
        let nope = replies[0].1.as_ref().unwrap_err();
        assert_eq!(nope.code(), Code::Unimplemented);
        assert_eq!(nope.message(), "rpc: can't find service Nope.Foo");
        let own = replies[1].1.as_ref().unwrap_err();
        assert_eq!(
            own.code(),
            if plain { Code::Unknown } else { Code::NotFound }
        );
    }
}

#[test]
fn what_a_peer_of_ours_said_stays_here_unless_forwarded() {
    let upstream = Error::from_go_text("password is hunter2".to_owned());
    let mut pair = Pair::new(ClientConnection::new(), 8);
    pair.call("Hidden", &(), 0);
    pair.call("Forwarded", &(), 1);
    let replies = pair.run(|method, _| {
        Err(if method == "Hidden" {
            upstream.clone()
        } else {
            upstream.clone().forward()
        })
    });
    let hidden = replies[0].1.as_ref().unwrap_err();
    assert!(!hidden.message().contains("hunter2"), "{hidden}");
    let forwarded = replies[1].1.as_ref().unwrap_err();
    assert_eq!(forwarded.message(), "password is hunter2");
}

#[test]
fn a_body_that_does_not_fit_fails_one_call() {
    let mut pair = Pair::new(ClientConnection::new(), 9);
    pair.call("Arith.Multiply", &"not two numbers", 0);
    pair.call("Arith.Multiply", &(6_i64, 7_i64), 1);
    let replies = pair.run(handle);
    let error = replies[0].1.as_ref().unwrap_err();
    assert!(error.message().starts_with("gob: "), "{error}");
    assert_eq!(replies[1].1.as_ref().unwrap().decode::<i64>().unwrap(), 42);
}

#[test]
fn what_is_no_header_is_refused() {
    for bytes in [
        gobrpc_protocol::codec::to_vec(&7_i64).unwrap(),
        gobrpc_protocol::codec::to_vec(&(1_i64, 2_i64)).unwrap(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0],
        vec![0xf8; 20],
    ] {
        let mut server = ServerConnection::new();
        server.input().extend_from_slice(&bytes);
        // Some need more bytes before they are known to be nothing; none is a
        // request.
        assert!(!matches!(server.poll_request(), Ok(Some(_))), "{bytes:x?}");
    }
}

#[test]
fn a_stream_that_stops_inside_of_a_request_is_noticed() {
    let mut client = ClientConnection::<u64>::new();
    client
        .call(
            &Head::new("Echo.String"),
            &Payload::new(&"hello").unwrap(),
            0,
        )
        .unwrap();
    let stream = client.output().to_vec();
    for end in 1..stream.len() {
        let mut server = ServerConnection::new();
        server.input().extend_from_slice(&stream[..end]);
        assert!(server.poll_request().unwrap().is_none(), "at {end}");
        assert!(server.is_inside_request() || end < stream.len());
        assert!(server.handle_eof().is_err(), "at {end} of {}", stream.len());
    }
    let mut server = ServerConnection::new();
    server.input().extend_from_slice(&stream);
    assert!(server.poll_request().unwrap().is_some());
    server.handle_eof().unwrap();
}

/// As much as the peer takes is sent, and not a byte more: it would cost the
/// connection.
#[test]
fn the_largest_header_is_64_kib() {
    // The id (2 bytes), the field's delta, the name's length (3), the terminator.
    let longest = (64 << 10) - 7;
    let mut pair = Pair::new(ClientConnection::new().plain_go(), 12);
    let body = Payload::new(&()).unwrap();
    let head = |length: usize| Head::new("x".repeat(length));
    let error = pair.client.call(&head(longest + 1), &body, 0).unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(pair.client.output().is_empty());
    pair.client.call(&head(longest), &body, 1).unwrap();
    let sent = pair.client.output().to_vec();
    let mut server = ServerConnection::new();
    server.input().extend_from_slice(&sent);
    assert!(server.poll_request().unwrap().is_some());

    // One byte more, made by hand: the length of the header and of the name.
    let header = sent
        .windows(3)
        .position(|bytes| bytes == [0xfd, 1, 0])
        .unwrap();
    let mut longer = sent;
    longer[header + 2] = 1;
    let name = longer[header + 3..]
        .iter()
        .position(|&byte| byte == 0xfe)
        .unwrap()
        + header
        + 3;
    longer[name + 2] += 1;
    longer.insert(name + 3, b'x');
    let mut server = ServerConnection::new();
    server.input().extend_from_slice(&longer);
    let error = server.poll_request().unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
}

proptest! {
    /// Arbitrary bytes never panic either end, and end in an error or in a wait.
    #[test]
    fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut server = ServerConnection::new();
        server.input().extend_from_slice(&bytes);
        while let Ok(Some(request)) = server.poll_request() {
            server.reply(request.seq, &request.service_method, Response::unary(&1_i64));
        }
        let mut client = ClientConnection::<u64>::new();
        client.input().extend_from_slice(&bytes);
        while let Ok(Some(_)) = client.poll_reply() {}
    }

    /// A session with one byte changed: each call is answered, lost with the
    /// connection, or refused; nothing panics and nothing is answered twice.
    #[test]
    fn one_changed_byte_is_survived(at in 0_usize..400, value in any::<u8>()) {
        let mut client = ClientConnection::<u64>::new();
        for call in 0..8 {
            client
                .call(&Head::new("Echo.String"), &Payload::new(&"hello").unwrap(), call)
                .unwrap();
        }
        let mut stream = client.output().to_vec();
        let place = at % stream.len();
        stream[place] = value;
        let mut server = ServerConnection::new();
        server.input().extend_from_slice(&stream);
        let mut requests = 0;
        while let Ok(Some(request)) = server.poll_request() {
            requests += 1;
            let result = request.body.and_then(|body| handle(&request.service_method, body));
            server.reply(request.seq, &request.service_method, result);
        }
        prop_assert!(requests <= 8);
        client.input().extend_from_slice(server.output());
        let mut replies = 0;
        while let Ok(Some(_)) = client.poll_reply() {
            replies += 1;
        }
        prop_assert!(replies <= requests);
    }
}

/// Errors of the codec keep their kinds as codes.
#[test]
fn codec_errors_have_codes() {
    let error = gobrpc_protocol::codec::from_slice::<u8>(
        &gobrpc_protocol::codec::to_vec(&300_i64).unwrap(),
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(Error::from(error).code(), Code::InvalidArgument);
}
