//! Peers that send without end, and read nothing. Floods of other kinds are where what
//! they send is tested: cancellations in `extension`, one-way calls in `one_way`, metadata
//! in `protocol/extension`, credit in the protocol's `flow`, reverse calls in `reverse`.

#![allow(
    clippy::expect_used,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    missing_docs,
    reason = "an integration test"
)]

use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_codec::{Decoder, Encoder, Gob};
use gobrpc_server::ServerConfig;
use gobrpc_tests::model::{self, Args, ArithClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// A header of either direction.
#[derive(Gob, Debug, Default)]
struct Header {
    service_method: String,
    seq: u64,
    kind: u64,
    caps: u64,
    #[gob(rename = "Ref")]
    reference: u64,
}

const PINGS: u64 = 50_000;

/// A server whose answers to pings nobody reads stops to read, and goes on when they are
/// read; nobody else notices.
#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_waits_for_who_sends_it() {
    const BUFFER: usize = 100_000;
    let (mut encoder, mut pings) = (Encoder::new(), Vec::new());
    for reference in 0..PINGS {
        let ping = Header {
            seq: u64::MAX,
            kind: 5,
            caps: u64::from(reference == 0),
            reference,
            ..Header::default()
        };
        encoder.encode(&ping, &mut pings).unwrap();
        encoder.encode(&false, &mut pings).unwrap();
    }
    let config = ServerConfig::default().with_write_buffer_bytes(BUFFER);
    let server = model::server().unwrap().with_config(config);
    let connect = || {
        let (ours, theirs) = tokio::io::duplex(4096);
        let server = server.clone();
        tokio::spawn(async move { server.serve_connection(theirs, "pipe").await });
        ours
    };
    let (mut read, mut write) = tokio::io::split(connect());
    let mut sent = 0;
    // The clock goes on when nothing else does: so an hour is over once it stands still.
    let hour = Duration::from_secs(3600);
    while let Ok(count) = timeout(hour, write.write(&pings[sent..])).await {
        sent += count.unwrap();
        assert!(sent < pings.len(), "the server reads without end");
    }
    // The answers that wait, and what was read before they were that many.
    assert!(sent < 4 * BUFFER, "{sent} bytes were taken");
    let other = ArithClient::new(Client::from_io(connect()));
    assert_eq!(other.multiply(Args { a: 6, b: 7 }).await.unwrap(), 42);

    let rest = tokio::spawn(async move { write.write_all(&pings[sent..]).await.unwrap() });
    let mut decoder = Decoder::new();
    for reference in 0..PINGS {
        let pong = loop {
            if let Some(pong) = decoder.decode::<Header>().unwrap() {
                break pong;
            }
            assert!(read.read_buf(decoder.buffer()).await.unwrap() > 0);
        };
        assert_eq!((pong.kind, pong.reference), (6, reference));
        while !decoder.skip().unwrap() {
            assert!(read.read_buf(decoder.buffer()).await.unwrap() > 0);
        }
    }
    rest.await.unwrap();
}
