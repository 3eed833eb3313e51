//! The first bytes of a connection: gob, JSON, msgpack, HTTP, or TLS where there is none.

use std::io;

use bytes::{Buf, BytesMut};
use gobrpc_protocol::http_connect::{CONNECTED, DEFAULT_PATH, Preface, parse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::codec::Codec;
use crate::connection::Shared;
use crate::listener::Io;
use crate::pages::Page;

/// Reads as much as it takes to tell what is spoken, and answers HTTP.
///
/// Gives what follows, with what was read of it; `None` if nothing will.
pub(crate) async fn negotiate<S: Io>(io: &mut S, shared: &Shared) -> io::Result<Option<Codec>> {
    let mut input = BytesMut::new();
    let gob = |input| Ok(Some(Codec::gob(&shared.config, input)));
    let mut deadline = None;
    loop {
        if deadline.is_none() && !input.is_empty() {
            deadline = Instant::now().checked_add(shared.config.max_request_stall);
        }
        match parse(&input) {
            Preface::Incomplete => {
                if !read(io, &mut input, deadline).await? {
                    return Ok(None);
                }
            }
            Preface::Gob => match Opening::of(&input) {
                Opening::Incomplete => {
                    if !read(io, &mut input, deadline).await? {
                        return gob(input);
                    }
                }
                Opening::Gob => return gob(input),
                Opening::Json => return json(io, input, shared).await,
                #[cfg(feature = "msgpack")]
                Opening::Msgpack if shared.msgpack => {
                    return Ok(Some(Codec::msgpack(shared.config.limits, input)));
                }
                // As Go closes what is no gob.
                Opening::Msgpack => return gob(input),
                Opening::Tls => {
                    warn!(
                        "refused TLS on a port that speaks plain text; is the client to use tcp://?"
                    );
                    let text = "400 this port speaks plain text, not TLS\n";
                    refuse(io, "400 Bad Request", text).await?;
                    return Ok(None);
                }
            },
            Preface::Connect { path, consumed } if path == DEFAULT_PATH => {
                io.write_all(CONNECTED).await?;
                io.flush().await?;
                // Go loses what was sent behind the request (server.go,
                // ServeHTTP); it is the beginning of the stream.
                input.advance(consumed);
                return gob(input);
            }
            Preface::Http { path, .. } if path == DEFAULT_PATH => {
                refuse(io, "405 Method Not Allowed", "405 must CONNECT\n").await?;
                return Ok(None);
            }
            Preface::Http { method, path, .. } => {
                let page = Page::of(&method, &path, shared);
                answer(io, &page, method != "HEAD").await?;
                return Ok(None);
            }
            Preface::Connect { .. } => {
                answer(io, &Page::not_found(), true).await?;
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

/// Reads on; false if the peer sends nothing more. A connection may be silent, but not
/// stop in the middle.
async fn read<S: Io>(
    io: &mut S,
    input: &mut BytesMut,
    deadline: Option<Instant>,
) -> io::Result<bool> {
    // An idle connection costs this much until its first byte.
    input.reserve(512);
    let read = io.read_buf(input);
    let count = match deadline {
        Some(deadline) => timeout_at(deadline, read).await??,
        None => read.await?,
    };
    Ok(count > 0)
}

#[cfg_attr(
    not(feature = "jsonrpc"),
    expect(unused_variables, reason = "there is no JSON-RPC")
)]
async fn json<S: Io>(io: &mut S, input: BytesMut, shared: &Shared) -> io::Result<Option<Codec>> {
    #[cfg(feature = "jsonrpc")]
    if shared.jsonrpc {
        return Ok(Some(Codec::json(shared.config.limits, input)));
    }
    io.write_all(b"{\"id\":null,\"result\":null,\"error\":\"this server has no JSON-RPC\"}\n")
        .await?;
    io.flush().await?;
    Ok(None)
}

/// What a connection begins with that is no HTTP.
enum Opening {
    /// One byte more will tell.
    Incomplete,
    Gob,
    Json,
    Msgpack,
    Tls,
}

impl Opening {
    /// Gob begins with the length of a type definition and its id. Ids of peers'
    /// types are -65 and below, of which the first byte is 0x80 or more. JSON is
    /// ASCII up to its first string. A handshake record of TLS (RFC 8446, 5.1)
    /// would be the definition of a type of Go's own. A header of msgpack is a map or
    /// an array, whose first bytes would be lengths of more than eight bytes.
    fn of(input: &[u8]) -> Self {
        match input {
            [] | [0x16 | b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n'] => Self::Incomplete,
            [0x16, 0x03, ..] => Self::Tls,
            [b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n', 0..0x80, ..] => Self::Json,
            [0x80..0xa0 | 0xdc..0xe0, ..] => Self::Msgpack,
            _ => Self::Gob,
        }
    }
}

/// Answers an HTTP request. To a TLS client, any such text is "no TLS", which is
/// what Go's and rustls' errors say then.
pub(crate) async fn refuse<S: Io>(io: &mut S, status: &'static str, text: &str) -> io::Result<()> {
    answer(io, &Page::text(status, text), true).await
}

async fn answer<S: Io>(io: &mut S, page: &Page, with_body: bool) -> io::Result<()> {
    let Page {
        status,
        content_type,
        body,
    } = page;
    let mut response = format!(
        "HTTP/1.0 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    if with_body {
        response.push_str(body);
    }
    io.write_all(response.as_bytes()).await?;
    io.flush().await
}
