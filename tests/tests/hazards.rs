//! What goes wrong when one adds to Go's net/rpc, and the tests that it does not.
//!
//! Each row was seen with real Go. Tests without a file are here; those of
//! `go_server` and `extension` call a Go server by our client, those of `go_client` and
//! `streams` are called by Go's client, and those below `protocol` have no sockets.
//!
//! | what one might do | what Go makes of it | our client and a Go server | a Go client and our server |
//! |---|---|---|---|
//! | send a frame that is no call by a call's `Seq` | its error reply completes that call | [`go_is_sent_calls_alone`] | [`go_is_answered_once_and_in_its_own_words`] |
//! | send frames that are no calls, or open a stream | each is answered as a call, and a method runs that was not meant | [`go_is_sent_calls_alone`], `streams::streams_to_a_go_server_fail_here` | `streams::gos_client_calls_a_streaming_method` |
//! | send a header without a body | it is out of step, and closes | [`go_is_sent_calls_alone`], `cuts::a_connection_is_cut_at_every_byte` | `go_client::dial_tcp` (`garbage_header_without_body`) |
//! | define a header of other types, or of no field that is known | it closes | `protocol/connections::plain_streams_are_gos_to_the_byte` | [`go_is_answered_once_and_in_its_own_words`], `go_client::dial_tcp` (`garbage_signed_seq`, `garbage_no_known_field`) |
//! | answer by a value of another type, or by an error without a text | the client's reader dies, and all its calls | `go_server::every_error_of_go_is_the_calls_alone` | [`go_is_answered_once_and_in_its_own_words`], `faults::an_error_without_a_text_is_still_one` |
//! | answer twice | the second answer is dropped, or is another call's | `client/calls::replies_to_nobody_are_dropped` | [`go_is_answered_once_and_in_its_own_words`] |
//! | answer a `Seq` that was not asked for | it is dropped | `go_server::cancelled_and_late_calls_harm_no_other` | [`go_is_answered_once_and_in_its_own_words`] |
//! | send a frame whose `Seq` is left out | it completes call 0 | [`go_is_sent_calls_alone`] | [`go_is_answered_once_and_in_its_own_words`] |
//! | speak first, behind `200 Connected` | it is swallowed, and the stream is garbled | `client/http_connect::gob_in_one_piece_with_the_answer_is_kept` | [`the_server_never_speaks_first`] |
//! | define a type again | it closes | [`go_is_sent_calls_alone`] | [`go_is_answered_once_and_in_its_own_words`] |
//! | take a `Seq` of 0, which is left out, for that of the call before | two calls of one number | [`zeros_that_are_left_out_are_zero`] | [`go_is_answered_once_and_in_its_own_words`] |
//! | decode onto a value that was used | `{9,9}` and `{0,4}` give `{9,4}` | [`zeros_that_are_left_out_are_zero`] | [`zeros_that_are_left_out_are_zero`], `go_client::dial_tcp` |
//! | send an argument with no field in common | an error; an empty struct is taken | [`arguments_that_do_not_fit_are_their_calls_alone`] | [`arguments_that_do_not_fit_are_their_calls_alone`], `go_client::dial_tcp` |
//! | close one half | a server answers all, then closes; a client fails its calls | `go_server::closing_waits_for_replies` | `faults::a_shutdown_loses_no_call` |
//! | send without end | a Go server reads on, a goroutine for each | `client/bounds` | `faults::handlers_are_bounded` |
//! | send something large | all else waits for it | `client/flush` | `memory` |
//! | define types without end, long ones, deep ones | up to 8 GiB are allocated | `codec/hostile`, `client/hostile` | `codec/hostile`, `faults::any_bytes_end_one_connection` |

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use gobrpc_client::{Call, Client, Code, Delivery, StreamCall, Streaming};
use gobrpc_codec::{Decoder, Gob, WireKind};
use gobrpc_protocol::http_connect::CONNECTED;
use gobrpc_server::ServerConfig;
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::local::{self, eventually};
use gobrpc_tests::model::{Args, ArithClient, Delay, MiscClient, Quotient};
use gobrpc_tests::wiretap::{Conversation, Wiretap};

/// A header of either direction, with what Go has not.
#[derive(Gob, Debug, Clone, Default)]
struct Header {
    service_method: String,
    seq: u64,
    error: String,
    kind: u64,
    flags: u64,
    caps: u64,
    #[gob(rename = "Ref")]
    reference: u64,
}

/// All headers of one direction, each of which must have its body, and the fields that
/// they are defined with.
fn headers(sent: &[u8]) -> (Vec<Header>, Vec<String>) {
    let mut decoder = Decoder::new();
    decoder.feed(sent);
    let mut headers = Vec::new();
    let mut fields = Vec::new();
    // That no type is defined twice, and that nothing is cut off, the decoder finds.
    while let Some(id) = decoder.peek_type().unwrap() {
        let wire = decoder.types().get(id.get()).unwrap();
        let WireKind::Struct { fields: defined } = &wire.kind else {
            panic!("a header is no struct");
        };
        fields = defined.iter().map(|field| field.name.to_string()).collect();
        headers.push(decoder.decode::<Header>().unwrap().unwrap());
        assert!(decoder.skip().unwrap(), "a header without its body");
    }
    (headers, fields)
}

/// Whatever is asked of our client, a Go server is sent whole calls, each by a number
/// of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go_is_sent_calls_alone() {
    if go::peers().is_none() {
        return;
    }
    let server = GoServer::start("serve", &["-network", "tcp"]).unwrap();
    let tap = Wiretap::start(server.address()).await;
    let client = Client::builder()
        .keepalive(Duration::from_secs(1), Duration::from_secs(20))
        .connect(tap.address());
    let arith = ArithClient::new(client.clone());
    let misc = MiscClient::new(client.clone());

    client.ready().await.unwrap();
    // Given up before anything is known of the server, and later.
    drop(misc.delay(Delay { millis: 20, tag: 0 }).start());
    for round in 0..20_i64 {
        let slow = misc.delay(Delay { millis: 5, tag: 1 }).start();
        let late = misc
            .delay(Delay { millis: 50, tag: 2 })
            .timeout(Duration::from_millis(1));
        // A machine that is slower still has the answer before it looks at the time.
        if let Err(error) = late.await {
            assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
        }
        drop(slow);
        let call = arith.multiply(Args { a: round, b: 2 }).idempotent();
        let call = call.meta("k", "v").timeout(Duration::from_secs(20));
        assert_eq!(call.await.unwrap(), 2 * round);
        // Streams, of which nothing may be sent.
        let replies = StreamCall::<i64, _>::new(client.clone(), "Arith.Multiply", &Args::default());
        let error = { replies.start() }.next().await.unwrap().unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
        let numbers = Streaming::from_values([1_i64, 2]);
        let call = Call::<i64, _>::streaming(client.clone(), "Misc.Fail", numbers);
        assert_eq!(call.await.unwrap_err().delivery(), Delivery::NotSent);
    }
    // Silent for longer than keepalive waits.
    let slow = Delay {
        millis: 1500,
        tag: 3,
    };
    assert_eq!(misc.delay(slow).await.unwrap(), 3);
    client.close().await;

    let said = tap.said();
    assert_eq!(said.len(), 1, "one connection was enough");
    let (sent, _) = headers(&said[0].client);
    assert!(sent.len() > 60, "{} calls", sent.len());
    let mut numbers = HashSet::new();
    let mut hellos = 0;
    for (place, header) in sent.iter().enumerate() {
        assert_eq!((header.kind, header.reference), (0, 0), "{header:?}");
        // Both bits of streams.
        assert_eq!(header.flags & (4 | 8), 0, "{header:?}");
        assert!(
            numbers.insert(header.seq),
            "{header:?} has the number of another"
        );
        assert_eq!(header.caps != 0, place == 0, "{header:?}");
        match &*header.service_method {
            "Arith.Multiply" | "Misc.Delay" => {}
            "_goRPC_.Hello" => hellos += 1,
            other => panic!("{other} was called"),
        }
    }
    assert!(hellos > 0, "neither a probe nor a ping");
    // Go has answered each once.
    let (answers, _) = headers(&said[0].server);
    let answered: HashSet<u64> = answers.iter().map(|answer| answer.seq).collect();
    assert_eq!(answered, numbers);
    assert_eq!(answers.len(), sent.len());
}

/// Runs Go's client with all its checks but these, and gives what was said.
async fn gos_client(mode: &str, skip: &str) -> Option<Vec<Conversation>> {
    go::peers()?;
    let running = local::server(ServerConfig::default()).await;
    let tap = Wiretap::start(running.host()).await;
    let args = ["-network", "tcp", "-mode", mode, "-addr", tap.address()];
    let args = [args.as_slice(), &["-skip", skip]].concat();
    let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
    let output = tokio::task::spawn_blocking(move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        go::run("call", &args).unwrap()
    })
    .await
    .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    eventually("all connections are over", || running.connections() == 0).await;
    Some(tap.said())
}

/// A Go client gets each answer once, in headers that are Go's to the field, and
/// nothing that is no answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go_is_answered_once_and_in_its_own_words() {
    // Those send what is no header, or one that holds more than ours, on purpose.
    let Some(said) = gos_client("dial", "garbage,foreign_header").await else {
        return;
    };
    let (mut all, mut zeros) = (0, 0);
    for it in &said {
        let (asked, _) = headers(&it.client);
        // Some of the checks give a number twice, on purpose.
        let mut open: HashMap<(u64, &str), usize> = HashMap::new();
        for header in &asked {
            *open
                .entry((header.seq, &header.service_method))
                .or_default() += 1;
        }
        let (answers, fields) = headers(&it.server);
        if !answers.is_empty() {
            assert_eq!(fields, ["ServiceMethod", "Seq", "Error"]);
        }
        for answer in &answers {
            let left = open.get_mut(&(answer.seq, &answer.service_method));
            let left = left.unwrap_or_else(|| panic!("nobody asked: {answer:?}"));
            assert!(*left > 0, "a second answer: {answer:?}");
            *left -= 1;
        }
        // Go's first call is 0, and some connections end before any answer.
        zeros += usize::from(answers.iter().any(|answer| answer.seq == 0));
        all += answers.len();
    }
    assert!(zeros > 0, "no answer to a call of the number 0");
    assert!(all > 100, "{all} answers on {} connections", said.len());
}

/// Go's client loses what comes together with `200 Connected`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_never_speaks_first() {
    for mode in ["dial", "http"] {
        let Some(said) = gos_client(mode, "").await else {
            return;
        };
        for it in said {
            // Behind HTTP's own, what the client has sent of gob.
            let (asked, greeting) = match mode {
                "http" => {
                    let end = it.client.windows(4).position(|it| it == b"\r\n\r\n");
                    (end.map_or(0, |end| end + 4), CONNECTED.len())
                }
                _ => (0, 0),
            };
            assert!(it.server.len() >= greeting);
            for (client, server) in it.turns {
                assert!(
                    server < greeting || client > asked,
                    "{server} bytes of the server came before any call"
                );
            }
        }
    }
}

/// Our client, of a Go server and of ours, from which a Go client would get the same.
async fn both(test: impl AsyncFn(Client)) {
    let running = local::server(ServerConfig::default()).await;
    test(Client::connect(running.address())).await;
    test(Client::builder().plain_go(true).connect(running.address())).await;
    if go::peers().is_some() {
        let server = GoServer::start("serve", &["-network", "tcp"]).unwrap();
        test(Client::connect(server.address())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zeros_that_are_left_out_are_zero() {
    both(async |client| {
        let arith = ArithClient::new(client);
        for _ in 0..3 {
            // The arguments of the second lack a field that those of the first have.
            assert_eq!(arith.multiply(Args { a: 9, b: 9 }).await.unwrap(), 81);
            assert_eq!(arith.multiply(Args { a: 0, b: 4 }).await.unwrap(), 0);
            // And so do the replies.
            let quotient = arith.divide(Args { a: 99, b: 10 }).await.unwrap();
            assert_eq!(quotient, Quotient { quo: 9, rem: 9 });
            let quotient = arith.divide(Args { a: 4, b: 10 }).await.unwrap();
            assert_eq!(quotient, Quotient { quo: 0, rem: 4 });
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_that_do_not_fit_are_their_calls_alone() {
    /// Nothing of it is in `Args`.
    #[derive(Gob, Default)]
    struct Other {
        c: i64,
    }
    both(async |client| {
        for _ in 0..3 {
            let call = client.call::<i64, _>("Arith.Multiply", &Other { c: 7 });
            let error = call.await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{error}");
            assert!(error.message().starts_with("gob: "), "{error}");
            assert_eq!(error.delivery(), Delivery::Answered);
            let call = client.call::<i64, _>("Arith.Multiply", &());
            assert_eq!(call.await.unwrap(), 0, "an empty struct is taken");
            let arith = ArithClient::new(client.clone());
            assert_eq!(arith.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);
        }
    })
    .await;
}
