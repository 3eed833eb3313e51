//! What our peers say to each other beside calls and replies, without sockets.

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

use gobrpc_protocol::codec::{Decoder, Encoder, Gob};
use gobrpc_protocol::header::caps;
use gobrpc_protocol::server_connection::Incoming;
use gobrpc_protocol::{
    ClientConnection, Code, Delivery, Error, ErrorDetails, Head, Metadata, Payload, Response,
    ServerConnection,
};
use pair::{Pair, handle};

/// A response header as Go defines it, for peers that are played here.
#[derive(Debug, Clone, Default, Gob)]
#[gob(crate = "gobrpc_protocol::codec", package = "rpc", name = "Response")]
struct GoResponse {
    service_method: String,
    seq: u64,
    error: String,
}

/// A request header as one of ours defines it, as far as these tests look.
#[derive(Debug, Clone, Default, PartialEq, Gob)]
#[gob(crate = "gobrpc_protocol::codec", package = "rpc", name = "Request")]
struct Request {
    service_method: String,
    seq: u64,
    kind: u64,
    flags: u64,
    timeout: i64,
    meta: Vec<String>,
    caps: u64,
    #[gob(rename = "Ref")]
    reference: u64,
}

/// All headers that a client has sent.
fn headers(sent: &[u8]) -> Vec<Request> {
    let mut decoder = Decoder::new();
    decoder.feed(sent);
    let mut headers = Vec::new();
    while let Some(header) = decoder.decode::<Request>().unwrap() {
        headers.push(header);
        assert!(decoder.skip().unwrap(), "a header without its body");
    }
    headers
}

/// The headers of what a client sends from now on.
struct Watch(usize);

impl Watch {
    fn of(pair: &Pair) -> Self {
        Self(headers(&pair.client_sent).len())
    }

    fn since(&self, pair: &Pair) -> Vec<Request> {
        headers(&pair.client_sent).split_off(self.0)
    }
}

/// A client that knows that its peer is one of ours.
fn acquainted(seed: u64) -> Pair {
    let mut pair = Pair::new(ClientConnection::new(), seed);
    pair.call("Echo.String", &"hello", 1000);
    assert_eq!(pair.run(handle).len(), 1);
    assert_eq!(pair.client.peer_caps(), caps::OURS);
    pair
}

fn start(
    client: &mut ClientConnection<u64>,
    head: &Head,
    call: u64,
) -> gobrpc_protocol::client_connection::Seq {
    let body = Payload::new(&"hello").unwrap();
    client.call(head, &body, call).unwrap().seq
}

/// Moves all bytes, and gives what the server saw.
fn seen(pair: &mut Pair) -> Vec<Incoming> {
    let mut seen = Vec::new();
    while pair.step() {
        while let Some(incoming) = pair.server.poll().unwrap() {
            seen.push(incoming);
        }
        assert!(pair.client.poll_reply().unwrap().is_none());
    }
    seen
}

#[test]
fn a_cancelled_call_is_told_by_its_number() {
    let mut pair = acquainted(1);
    let watch = Watch::of(&pair);
    let seq = start(&mut pair.client, &Head::new("A.B"), 1);
    let other = start(&mut pair.client, &Head::new("A.B"), 2);
    assert_eq!(pair.client.cancel(seq), Some(1));
    assert_eq!(pair.client.cancel(seq), None, "it is told once");
    let incoming = seen(&mut pair);
    assert!(matches!(
        incoming[..],
        [Incoming::Request(_), Incoming::Request(_), Incoming::Cancel { seq: told }] if told == seq.get()
    ));
    let cancel = watch.since(&pair).pop().unwrap();
    assert_eq!((cancel.kind, cancel.reference), (3, seq.get()));
    // Go would take a frame with a call's number for the call, or for its reply.
    assert_eq!(cancel.seq, u64::MAX);
    // Both are answered, once.
    for seq in [seq, other] {
        pair.server.reply(seq.get(), "A.B", Response::unary(&1_i64));
    }
    let replies = pair.run(handle);
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].0, 2);
    assert_eq!(pair.client.in_flight(), 0);
}

/// The first call of a connection is dropped before anything came back: the peer
/// is asked what it understands, and told then.
#[test]
fn a_call_that_is_cancelled_before_any_reply_is_told_once_the_peer_is_known() {
    let mut pair = Pair::new(ClientConnection::new(), 2);
    let seq = start(&mut pair.client, &Head::new("A.B"), 1);
    pair.client.cancel(seq);
    let incoming = seen(&mut pair);
    assert!(matches!(
        incoming[..],
        [Incoming::Request(_), Incoming::Cancel { seq: 0 }]
    ));
    let sent = headers(&pair.client_sent);
    assert_eq!(sent[1].service_method, "_goRPC_.Hello");
    assert_eq!(sent[2].kind, 3);
    assert_eq!(
        pair.client.in_flight(),
        1,
        "our own question does not count"
    );
}

/// Plays a peer without caps: answers each request with Go's header.
fn answer_as_go(client: &mut ClientConnection<u64>, encoder: &mut Encoder, text: &str, seq: u64) {
    let header = GoResponse {
        seq,
        error: text.to_owned(),
        ..GoResponse::default()
    };
    let mut stream = Vec::new();
    encoder.encode(&header, &mut stream).unwrap();
    encoder.encode(&(), &mut stream).unwrap();
    client.input().extend_from_slice(&stream);
    while client.poll_reply().unwrap().is_some() {}
}

#[test]
fn go_is_never_sent_a_frame_that_is_no_call() {
    let mut client = ClientConnection::new();
    let mut encoder = Encoder::new();
    let mut sent = Vec::new();
    let first = start(&mut client, &Head::new("A.B"), 1);
    let second = start(&mut client, &Head::new("A.B"), 2);
    client.cancel(first);
    answer_as_go(
        &mut client,
        &mut encoder,
        "rpc: can't find service _goRPC_.Hello",
        2,
    );
    client.cancel(second);
    for call in 3..6 {
        let seq = start(&mut client, &Head::new("A.B"), call);
        client.cancel(seq);
        client.hello();
    }
    sent.extend(client.take_output(Vec::new()));
    let sent = headers(&sent);
    assert!(sent.iter().all(|header| header.kind == 0), "{sent:?}");
    let hellos = sent
        .iter()
        .filter(|it| it.service_method == "_goRPC_.Hello");
    assert_eq!(hellos.count(), 1, "the answer is remembered");
    let mut numbers: Vec<_> = sent.iter().map(|header| header.seq).collect();
    numbers.dedup();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
}

/// The fork of net/rpc that knows `_goRPC_.Cancel` lacks the method alone.
#[test]
fn the_fork_is_told_by_a_call() {
    let mut client = ClientConnection::new();
    let mut encoder = Encoder::new();
    let first = start(&mut client, &Head::new("A.B"), 1);
    client.cancel(first);
    client.take_output(Vec::new());
    answer_as_go(
        &mut client,
        &mut encoder,
        "rpc: can't find method _goRPC_.Hello",
        1,
    );
    // The types were defined in what was taken: a server that had it all.
    let second = start(&mut client, &Head::new("A.B"), 2);
    client.cancel(second);
    assert!(!client.output().is_empty());

    // The same from the beginning, to read it.
    let mut pair = Pair::new(ClientConnection::new(), 3);
    pair.call("_goRPC_.Cancel", &CancelArgs { seq: 77 }, 1);
    let mut cancelled = None;
    let mut told = None;
    while pair.step() {
        if let Some(Incoming::Cancel { seq }) = pair.server.poll().unwrap() {
            cancelled = Some(seq);
        }
        if let Some(reply) = pair.client.poll_reply().unwrap() {
            told = Some(reply.result.unwrap().decode::<bool>().unwrap());
        }
    }
    assert_eq!((cancelled, told), (Some(77), Some(true)));
}

#[derive(Debug, Clone, Copy, Default, Gob)]
#[gob(crate = "gobrpc_protocol::codec", package = "svc")]
struct CancelArgs {
    seq: u64,
}

#[test]
fn a_client_that_is_to_be_plain_says_nothing_of_it() {
    let mut client = ClientConnection::new().plain_go();
    let head = {
        let mut head = Head::new("A.B");
        head.metadata.append("k", "v");
        head.timeout = Some(Duration::from_secs(1));
        head
    };
    let seq = start(&mut client, &head, 1);
    let before = client.output().len();
    client.cancel(seq);
    client.hello();
    assert_eq!(client.output().len(), before);
    assert_eq!(
        headers(client.output()),
        [Request {
            service_method: "A.B".to_owned(),
            ..Request::default()
        }]
    );
}

#[test]
fn reserved_methods_are_the_connections_own() {
    let mut pair = Pair::new(ClientConnection::new().plain_go(), 4);
    pair.call("_goRPC_.Hello", &(), 1);
    pair.call("_goRPC_.Cancel", &"no struct", 2);
    pair.call("_goRPC_.Other", &(), 3);
    pair.call("Echo.String", &"on it goes", 4);
    let replies = pair.run(|method, body| {
        assert!(!method.starts_with("_goRPC_"), "{method}");
        handle(method, body)
    });
    let [hello, cancel, other, echo] = &replies[..] else {
        panic!("{replies:?}");
    };
    assert!(hello.1.is_ok());
    let error = cancel.1.as_ref().unwrap_err();
    assert!(
        error.message().starts_with("gob: the argument: "),
        "{error}"
    );
    let error = other.1.as_ref().unwrap_err();
    assert_eq!(error.message(), "rpc: can't find method _goRPC_.Other");
    assert!(echo.1.is_ok());
}

/// Each of the extremes has a defined meaning at the server.
#[test]
fn timeouts_travel_clamped() {
    let nanos = Duration::from_nanos;
    for (asked, header, arrives) in [
        (None, 0, None),
        (Some(Duration::ZERO), -1, Some(Duration::ZERO)),
        (Some(nanos(1)), 1, Some(nanos(1))),
        (
            Some(nanos(i64::MAX as u64)),
            i64::MAX,
            Some(nanos(i64::MAX as u64)),
        ),
        (
            Some(nanos(i64::MAX as u64 + 1)),
            i64::MAX,
            Some(nanos(i64::MAX as u64)),
        ),
        (
            Some(nanos(u64::MAX)),
            i64::MAX,
            Some(nanos(i64::MAX as u64)),
        ),
        (Some(Duration::MAX), i64::MAX, Some(nanos(i64::MAX as u64))),
    ] {
        let mut pair = Pair::new(ClientConnection::new(), 5);
        let mut head = Head::new("A.B");
        head.timeout = asked;
        start(&mut pair.client, &head, 1);
        let incoming = seen(&mut pair);
        assert_eq!(headers(&pair.client_sent)[0].timeout, header, "{asked:?}");
        let [Incoming::Request(request)] = &incoming[..] else {
            panic!("{incoming:?}");
        };
        assert_eq!(request.timeout, arrives, "{asked:?}");
    }
    // What no client of ours sends.
    let mut server = ServerConnection::new();
    let header = Request {
        service_method: "A.B".to_owned(),
        timeout: i64::MIN,
        caps: 1,
        ..Request::default()
    };
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    encoder.encode(&header, &mut stream).unwrap();
    encoder.encode(&1_i64, &mut stream).unwrap();
    server.input().extend_from_slice(&stream);
    let request = server.poll_request().unwrap().unwrap();
    assert_eq!(request.timeout, Some(Duration::ZERO));
}

#[test]
fn metadata_travels_both_ways_in_order_and_to_the_byte() {
    let entries: [(&[u8], &[u8]); 5] = [
        (b"tenant", b"acme"),
        (b"", b"a key may be empty"),
        (b"tenant", b"again"),
        (b"\xff\xfe", b"\0\x80\xff"),
        (b"empty", b""),
    ];
    let metadata: Metadata = entries.into_iter().collect();
    let mut pair = Pair::new(ClientConnection::new(), 6);
    let mut head = Head::new("A.B");
    head.metadata = metadata.clone();
    start(&mut pair.client, &head, 1);
    start(&mut pair.client, &head, 2);
    for incoming in seen(&mut pair) {
        let Incoming::Request(request) = incoming else {
            panic!("{incoming:?}");
        };
        assert_eq!(request.metadata, metadata);
        let result = if request.seq == 0 {
            let mut response = Response::unary(&1_i64).unwrap();
            response.metadata_mut().extend(request.metadata);
            Ok(response)
        } else {
            Err(Error::not_found("no").with_metadata(request.metadata))
        };
        pair.server.reply(request.seq, "A.B", result);
    }
    let mut replies = Vec::new();
    while pair.step() {
        replies.extend(pair.client.poll_reply().unwrap());
    }
    assert_eq!(replies[0].metadata, metadata);
    assert_eq!(
        *replies[1].result.as_ref().unwrap_err().metadata(),
        metadata
    );
}

/// A header may take 64 KiB; what does not fit fails before it is sent, there and
/// back.
#[test]
fn a_flood_of_metadata_fails_the_call_that_has_it() {
    let mut pair = Pair::new(ClientConnection::new(), 7);
    let mut head = Head::new("A.B");
    for number in 0..20_000 {
        head.metadata.append(format!("key {number}"), "value");
    }
    let body = Payload::new(&1_i64).unwrap();
    let error = pair.client.call(&head, &body, 1).unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.message().contains("metadata"), "{error}");
    assert!(pair.client.output().is_empty());

    pair.call("Flood", &(), 2);
    pair.call("Echo.String", &"hello", 3);
    let metadata = head.metadata;
    let replies = pair.run(|method, body| match method {
        "Flood" => {
            let mut response = Response::unary(&1_i64)?;
            response.metadata_mut().extend(metadata.clone());
            Ok(response)
        }
        _ => handle(method, body),
    });
    let error = replies[0].1.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert!(replies[1].1.is_ok());

    // And so do errors that are too long in one way or the other.
    pair.call("Long", &(), 4);
    pair.call("Meta", &(), 5);
    let replies = pair.run(|method, _| {
        Err(match method {
            "Long" => Error::not_found("ö".repeat(100_000)),
            _ => Error::not_found("no").with_metadata(metadata.clone()),
        })
    });
    let error = replies[0].1.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.message(), "ö".repeat(16 << 10));
    let error = replies[1].1.as_ref().unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "no"));
}

#[test]
fn details_travel_to_ours_and_go_gets_an_empty_struct() {
    let details = ErrorDetails::new("QUOTA")
        .with_domain("billing")
        .with_retry_after(Duration::from_secs(3))
        .with_violation("Items[3].Price", "is negative")
        .attach("limits", &vec![1_i64, 2])
        .unwrap();
    let answer = Error::resource_exhausted("too many")
        .with_details(details.clone())
        .not_processed();
    for plain in [false, true] {
        let client = ClientConnection::new();
        let client = if plain { client.plain_go() } else { client };
        let mut pair = Pair::new(client, 8);
        pair.call("A.B", &(), 1);
        let replies = pair.run(|_, _| Err(answer.clone()));
        let error = replies[0].1.as_ref().unwrap_err();
        assert_eq!(error.message(), "too many");
        if plain {
            assert_eq!(error.details(), None);
            let mut sent = Decoder::new();
            sent.feed(&pair.server_sent);
            assert!(sent.skip().unwrap());
            // Go's `struct{}{}`, as for every error.
            assert_eq!(sent.take().unwrap().unwrap().bytes()[..], [0]);
            break;
        }
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert_eq!(error.delivery(), Delivery::Refused);
        let got = error.details().unwrap();
        assert_eq!(*got, details);
        assert_eq!(got.retry_after(), Some(Duration::from_secs(3)));
        assert_eq!(
            got.attachment::<Vec<i64>>("limits").unwrap(),
            Some(vec![1, 2])
        );
        // At our own edge they stay here, but by an explicit word.
        let hidden = error.for_caller();
        assert_eq!((hidden.details(), hidden.metadata().len()), (None, 0));
        assert!(!hidden.is_not_processed(), "what ran here has run");
        assert_eq!(
            error.clone().forward().for_caller().details(),
            Some(&details)
        );
    }
}

#[test]
fn pings_are_answered_and_unknown_kinds_passed_over() {
    let mut server = ServerConnection::new();
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    let mut frame = |header: Request| {
        encoder.encode(&header, &mut stream).unwrap();
        encoder.encode(&false, &mut stream).unwrap();
    };
    let control = |kind, reference| Request {
        kind,
        reference,
        seq: u64::MAX,
        ..Request::default()
    };
    frame(Request {
        caps: 1,
        ..control(5, 41)
    });
    frame(control(99, 7));
    frame(control(5, 42));
    server.input().extend_from_slice(&stream);
    assert!(server.poll().unwrap().is_none());
    let pongs = headers(server.output());
    let seen: Vec<_> = pongs
        .iter()
        .map(|it| (it.kind, it.reference, it.seq))
        .collect();
    assert_eq!(seen, [(6, 41, u64::MAX), (6, 42, u64::MAX)]);

    // From who has no caps the same frames are calls, as they are to Go.
    let mut server = ServerConnection::new();
    let mut stream = Vec::new();
    let mut encoder = Encoder::new();
    encoder
        .encode(
            &KindAlone {
                kind: 5,
                seq: 9,
                service_method: "A.B".to_owned(),
            },
            &mut stream,
        )
        .unwrap();
    encoder.encode(&false, &mut stream).unwrap();
    server.input().extend_from_slice(&stream);
    let request = server.poll_request().unwrap().unwrap();
    assert_eq!(request.seq, 9);
}

#[derive(Debug, Clone, Default, Gob)]
#[gob(crate = "gobrpc_protocol::codec")]
struct KindAlone {
    kind: u64,
    seq: u64,
    service_method: String,
}

/// Where an argument is wrong is told from its own beginning, however much the
/// connection has carried.
/// A server that pings without end gets as many answers as wait to be written, at the
/// maximum and one above.
#[test]
fn a_flood_of_pings_gathers_no_answers() {
    const MAX: u64 = 64;
    let mut encoder = Encoder::new();
    let mut client = ClientConnection::<u64>::new();
    let mut pings = |client: &mut ClientConnection<u64>, count: u64| {
        for reference in 0..count {
            let ping = Request {
                kind: 5,
                reference,
                seq: u64::MAX,
                caps: 1,
                ..Request::default()
            };
            let mut frame = Vec::new();
            encoder.encode(&ping, &mut frame).unwrap();
            encoder.encode(&false, &mut frame).unwrap();
            client.input().extend_from_slice(&frame);
        }
        assert!(client.poll().unwrap().is_none());
        client.output().len()
    };
    let full = pings(&mut client, MAX);
    assert_eq!(headers(client.output()).len() as u64, MAX);
    assert_eq!(pings(&mut client, 1), full, "one more is not answered");
    assert_eq!(pings(&mut client, 10_000), full);
    // As soon as they are written, there is room again.
    client.take_output(Vec::new());
    assert!(pings(&mut client, 1) > 0);
}

#[test]
fn errors_in_arguments_count_from_their_own_first_byte() {
    let mut texts = Vec::new();
    let mut pair = Pair::new(ClientConnection::new(), 9);
    for _ in 0..2 {
        for call in 0..20 {
            pair.call("Echo.String", &"x".repeat(100), call);
        }
        pair.run(handle);
        pair.call("Narrow", &vec![1_i64, 2, 70_000], 1);
        let replies = pair.run(|_, body| {
            body.decode_argument::<Vec<u8>>()?;
            Response::unary(&())
        });
        texts.push(replies[0].1.as_ref().unwrap_err().message().to_owned());
    }
    assert_eq!(texts[0], texts[1]);
    assert!(
        texts[0].starts_with("gob: the argument: at byte "),
        "{}",
        texts[0]
    );
    let at: usize = texts[0]
        .split("at byte ")
        .nth(1)
        .unwrap()
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(at < 10, "{}", texts[0]);
}
