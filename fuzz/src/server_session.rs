//! Any bytes as what a client sends.

use gobrpc_protocol::codec::Decoder;
use gobrpc_protocol::server_connection::Incoming;
use gobrpc_protocol::{Head, Payload, Response, ServerConnection};

/// Every request is answered once, and the answers are a gob stream; so it is with calls
/// of the server in between, if the client may be called.
///
/// # Panics
///
/// If the answers are no stream.
pub fn server_session(bytes: &[u8]) {
    let mut server = ServerConnection::new();
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
                    server.reply(request.seq, &request.service_method, result);
                    answered += 1;
                    if server.is_peer_hosting() {
                        let called = server.call(calls, &Head::new("Hosted.Method"), &argument);
                        assert!(called.is_ok());
                        server.cancel_call(calls);
                        calls += 1;
                    }
                }
                // An answer that nobody waits for is as good as any.
                Ok(Some(Incoming::Reply(reply))) => drop(reply.result),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => break 'session,
            }
        }
    }
    let _ = server.handle_eof();
    let mut decoder = Decoder::new();
    decoder.feed(server.output());
    let mut values = 0;
    while matches!(decoder.skip(), Ok(true)) {
        values += 1;
    }
    let frames = answered + 2 * calls;
    assert_eq!(values, 2 * frames, "a header and a body for each");
    assert!(decoder.finish().is_ok());
}
