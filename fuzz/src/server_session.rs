//! Any bytes as what a client sends.

use gobrpc_protocol::codec::Decoder;
use gobrpc_protocol::{Response, ServerConnection};

/// Every request is answered once, and the answers are a gob stream.
///
/// # Panics
///
/// If the answers are no stream.
pub fn server_session(bytes: &[u8]) {
    let mut server = ServerConnection::new();
    let mut answered = 0;
    'session: for piece in bytes.chunks(11) {
        server.input().extend_from_slice(piece);
        loop {
            match server.poll_request() {
                Ok(Some(request)) => {
                    let result = request
                        .body
                        .and_then(|body| Response::unary(&body.bytes().to_vec()));
                    server.reply(request.seq, &request.service_method, result);
                    answered += 1;
                }
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
    assert_eq!(values, 2 * answered, "a header and a body for each");
    assert!(decoder.finish().is_ok());
}
