//! Any bytes as what a server sends.

use gobrpc_protocol::client_connection::Incoming;
use gobrpc_protocol::{ClientConnection, Head, Payload, Response};

/// Every call ends once: by a reply, or with the connection. The server may call, and is
/// answered.
///
/// # Panics
///
/// If a call ends twice, or never.
pub fn client_session(bytes: &[u8]) {
    const CALLS: u64 = 8;
    let mut client = ClientConnection::new().hosting();
    let Ok(body) = Payload::new(&1_i64) else {
        return;
    };
    for call in 0..CALLS {
        let started = client.call(&Head::new("A.B"), &body, call);
        assert!(started.is_ok());
    }
    let mut ended = [0; CALLS as usize];
    let mut count = |call: u64| {
        if let Some(ended) = usize::try_from(call)
            .ok()
            .and_then(|call| ended.get_mut(call))
        {
            *ended += 1;
        }
    };
    'session: for piece in bytes.chunks(11) {
        client.input().extend_from_slice(piece);
        loop {
            match client.poll() {
                Ok(Some(Incoming::Reply(reply))) => count(reply.call),
                Ok(Some(Incoming::Call(request))) => {
                    let result =
                        { request.body }.and_then(|body| Response::unary(&body.bytes().to_vec()));
                    client.reply(request.seq, result);
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => break 'session,
            }
        }
    }
    let _ = client.handle_eof();
    for (_, call) in client.take_pending() {
        count(call);
    }
    assert_eq!(ended, [1; CALLS as usize]);
}
