//! The first bytes of a connection: gob, or HTTP.

use std::io;

use bytes::{Buf, BytesMut};
use gobrpc_protocol::http_connect::{CONNECTED, DEFAULT_PATH, Preface, parse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::warn;

use crate::listener::Io;

/// Reads as much as it takes to tell gob from HTTP, and answers HTTP.
///
/// Gives what was read of the gob stream, or `None` if there will be none.
pub(crate) async fn negotiate<S: Io>(io: &mut S) -> io::Result<Option<BytesMut>> {
    let mut input = BytesMut::new();
    loop {
        match parse(&input) {
            Preface::Gob if is_client_hello(&input) == Some(true) => {
                warn!("refused TLS on a port that speaks plain text; is the client to use tcp://?");
                refuse(
                    io,
                    "400 Bad Request",
                    "400 this port speaks plain text, not TLS\n",
                )
                .await?;
                return Ok(None);
            }
            Preface::Gob if is_client_hello(&input).is_none() => {
                if io.read_buf(&mut input).await? == 0 {
                    return Ok(Some(input));
                }
            }
            Preface::Gob => return Ok(Some(input)),
            Preface::Incomplete => {
                // An idle connection costs this much until its first byte.
                input.reserve(512);
                if io.read_buf(&mut input).await? == 0 {
                    return Ok(None);
                }
            }
            Preface::Connect { path, consumed } if path == DEFAULT_PATH => {
                io.write_all(CONNECTED).await?;
                io.flush().await?;
                // Go loses what was sent behind the request (server.go,
                // ServeHTTP); it is the beginning of the stream.
                input.advance(consumed);
                return Ok(Some(input));
            }
            Preface::Http { path, .. } if path == DEFAULT_PATH => {
                refuse(io, "405 Method Not Allowed", "405 must CONNECT\n").await?;
                return Ok(None);
            }
            Preface::Connect { .. } | Preface::Http { .. } => {
                refuse(io, "404 Not Found", "404 page not found\n").await?;
                return Ok(None);
            }
            Preface::Malformed(why) => {
                refuse(io, "400 Bad Request", &format!("400 {why}\n")).await?;
                return Ok(None);
            }
            _ => return Ok(None),
        }
    }
}

/// True if a connection begins like TLS (RFC 8446, 5.1): a handshake record of a
/// version 3. `None` while there are too few bytes to tell.
///
/// It is no gob: that would be the definition of a type whose id, -2, is Go's own.
fn is_client_hello(input: &[u8]) -> Option<bool> {
    match input {
        [0x16] => None,
        [0x16, 0x03, ..] => Some(true),
        _ => Some(false),
    }
}

/// Answers an HTTP request. To a TLS client, any such text is "no TLS", which is
/// what Go's and rustls' errors say then.
pub(crate) async fn refuse<S: Io>(io: &mut S, status: &str, text: &str) -> io::Result<()> {
    let response = format!(
        "HTTP/1.0 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    io.write_all(response.as_bytes()).await?;
    io.flush().await
}
