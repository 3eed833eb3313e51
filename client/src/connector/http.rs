//! HTTP CONNECT on top of another connector.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use gobrpc_protocol::http_connect::{CONNECTED_STATUS, PREFACE_BYTES_MAX, head_end, request};
use gobrpc_protocol::{Error, Phase, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::{BoxedIo, Connecting, Connector};

/// Asks an HTTP server to hand the connection over to net/rpc.
pub(super) struct HttpConnector<C> {
    pub(super) inner: C,
    pub(super) path: String,
}

impl<C: Connector> Connector for HttpConnector<C> {
    fn peer(&self) -> &str {
        self.inner.peer()
    }

    fn connect(&self) -> Connecting<'_> {
        Box::pin(async {
            let stream = self.inner.connect().await?;
            shake_hands(stream, &self.path).await
        })
    }
}

async fn shake_hands(mut stream: BoxedIo, path: &str) -> Result<BoxedIo> {
    stream.write_all(&request(path)).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut head = BytesMut::with_capacity(256);
    let end = loop {
        if let Some(end) = head_end(&head) {
            break end;
        }
        if head.len() > PREFACE_BYTES_MAX {
            return Err(refused("answered CONNECT by a head of more than 4 KiB"));
        }
        if stream.read_buf(&mut head).await.map_err(broken)? == 0 {
            return Err(refused(&format!(
                "closed the connection instead of answering CONNECT {path}"
            )));
        }
    };
    let reply = head.split_to(end);
    check(&reply, path)?;
    if head.is_empty() {
        return Ok(stream);
    }
    Ok(Box::new(Prefixed {
        prefix: head,
        inner: stream,
    }))
}

/// Compares the status text, as Go does: another one comes from a server that
/// does not speak net/rpc from here on.
fn check(reply: &[u8], path: &str) -> Result<()> {
    let line = reply
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let status = line
        .strip_prefix(b"HTTP/1.0 ")
        .or_else(|| line.strip_prefix(b"HTTP/1.1 "));
    match status {
        Some(status) if status == CONNECTED_STATUS.as_bytes() => Ok(()),
        Some(status) => Err(refused(&format!(
            "answered CONNECT {path} by the HTTP status \"{}\", not \"{CONNECTED_STATUS}\"",
            status.escape_ascii()
        ))),
        None => Err(refused(&format!(
            "answered CONNECT {path} by \"{}\", which is no HTTP",
            line.get(..line.len().min(64))
                .unwrap_or_default()
                .escape_ascii()
        ))),
    }
}

fn refused(what: &str) -> Error {
    Error::unavailable(format!("the server {what}")).with_phase(Phase::Handshake)
}

fn broken(error: io::Error) -> Error {
    Error::unavailable(error.to_string())
        .with_phase(Phase::Handshake)
        .with_source(error)
}

/// A stream of which some bytes were read already.
struct Prefixed {
    prefix: BytesMut,
    inner: BoxedIo,
}

impl AsyncRead for Prefixed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let count = self.prefix.len().min(buf.remaining());
        buf.put_slice(self.prefix.get(..count).unwrap_or_default());
        self.prefix.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prefixed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
