//! Any bytes as what a client sends.

use gobrpc_protocol::codec::Decoder;
use gobrpc_protocol::server_connection::Incoming;
use gobrpc_protocol::{Head, Payload, Response, ServerConnection};

/// Every request is answered once, whatever frames come between, also when the server
/// goes away after the second, or calls the client if it may; and what is sent is a gob
/// stream of headers and bodies.
///
/// # Panics
///
/// If it is no stream.
pub fn server_session(bytes: &[u8]) {
    let mut server = ServerConnection::new().with_compression();
    let mut answered = 0;
    let mut calls = 0;
    let Ok(argument) = Payload::new(&"x") else {
        return;
    };
    'session: for piece in bytes.chunks(11) {
        server.input().extend_from_slice(piece);
        loop {
            match server.poll() {
                Ok(Some(Incoming::Request(request))) => {
                    let result = request
                        .body
                        .and_then(|body| Response::unary(&body.bytes().to_vec()));
                    if !request.one_way {
                        server.reply(request.seq, &request.service_method, result);
                        answered += 1;
                    }
                    if answered == 2 {
                        server.go_away();
                    }
                    if server.is_peer_hosting() {
                        let called = server.call(calls, &Head::new("Hosted.Method"), &argument);
                        assert!(called.is_ok());
                        server.cancel_call(calls);
                        calls += 1;
                    }
                }
                Ok(Some(Incoming::Item { seq, cost, .. })) => server.grant(seq, cost),
                // An answer that nobody waits for is as good as any.
                Ok(Some(Incoming::Reply(reply))) => drop(reply.result),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => break 'session,
            }
        }
    }
    let _ = server.handle_eof();
    while server.has_chunks() {
        server.fill();
    }
    let mut decoder = Decoder::new();
    decoder.feed(server.output());
    let mut values = 0;
    while matches!(decoder.skip(), Ok(true)) {
        values += 1;
    }
    assert_eq!(values % 2, 0, "a header and a body for each frame");
    let frames = answered + 2 * calls;
    assert!(
        values >= 2 * frames,
        "an answer for each request, and what was called"
    );
    assert!(decoder.finish().is_ok());
}
