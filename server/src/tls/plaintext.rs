//! Plain text on a port that speaks TLS: refused in the peer's own words.

use std::io;

use bytes::BytesMut;
use gobrpc_protocol::codec::Limits;
use gobrpc_protocol::http_connect::{Preface, parse};
use gobrpc_protocol::{Error, ServerConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::listener::Io;
use crate::preface;

const WHY: &str = "this port speaks TLS, and the call came in plain text: use tls:// or tls.Dial";

/// Longest call that is read to be refused.
const CALL_BYTES_MAX: usize = 64 << 10;

/// Answers the first request by an error: an HTTP client by a status, a net/rpc
/// client by the error of its first call. Then the connection ends.
pub(super) async fn refuse<S: Io>(mut io: S, mut input: BytesMut) -> io::Result<()> {
    loop {
        match parse(&input) {
            Preface::Incomplete => {
                if io.read_buf(&mut input).await? == 0 {
                    return Ok(());
                }
            }
            Preface::Gob => break,
            _ => {
                preface::refuse(&mut io, "400 Bad Request", &format!("400 {WHY}\n")).await?;
                return end(io).await;
            }
        }
    }
    let limits = Limits::default().with_message_bytes(CALL_BYTES_MAX);
    let mut connection = ServerConnection::with_limits(limits);
    *connection.input() = input;
    loop {
        match connection.poll_request() {
            Ok(Some(request)) => {
                let error = Error::failed_precondition(WHY);
                connection.reply(request.seq, &request.service_method, Err(error));
                io.write_all(connection.output()).await?;
                io.flush().await?;
                return end(io).await;
            }
            Ok(None) => {
                if io.read_buf(connection.input()).await? == 0 {
                    return Ok(());
                }
            }
            // Neither TLS nor HTTP nor net/rpc: nobody would understand a word.
            Err(_) => return Ok(()),
        }
    }
}

/// Lets the peer read what it was sent: closing with unread bytes would destroy
/// it. The time is bounded by that of the handshake.
async fn end<S: Io>(mut io: S) -> io::Result<()> {
    io.shutdown().await?;
    let mut rest = [0; 1024];
    for _ in 0..64 {
        if io.read(&mut rest).await? == 0 {
            break;
        }
    }
    Ok(())
}
