//! Any bytes as what a server sends.

use gobrpc_protocol::{ClientConnection, Head, Payload};

/// Every call ends once: by a reply, or with the connection.
///
/// # Panics
///
/// If a call ends twice, or never.
pub fn client_session(bytes: &[u8]) {
    const CALLS: u64 = 8;
    let mut client = ClientConnection::new();
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
            match client.poll_reply() {
                Ok(Some(reply)) => count(reply.call),
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
