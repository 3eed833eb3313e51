//! [`Socket`]: the stream of a connection, and what of it is under way.

use std::io;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::BytesMut;
use tokio_util::io::poll_read_buf;

use crate::codec::Codec;
use crate::listener::Io;

/// The smallest and the largest read, in bytes; an idle connection keeps the
/// smallest.
pub(super) const READ_MIN: usize = 4 << 10;
const READ_MAX: usize = 128 << 10;

/// Buffers that are no larger are kept while nothing moves, all together.
const REST_MAX: usize = 2 * READ_MIN;

/// Chunks of long replies that are written before short ones get in between.
const FILLS: usize = 2;

/// A stream, and the bytes that are written to it.
pub(super) struct Socket<S> {
    pub(super) io: S,
    /// What is being written, and how far it is.
    writing: Vec<u8>,
    written: usize,
    /// Written bytes may lie in a buffer of the stream's, as with TLS.
    unflushed: bool,
    read_size: usize,
    /// Bytes that moved, to tell a quiet connection.
    traffic: u64,
    /// Those of them that were read.
    received: u64,
}

impl<S: Io> Socket<S> {
    pub(super) fn new(io: S) -> Self {
        Self {
            io,
            writing: Vec::new(),
            written: 0,
            unflushed: false,
            read_size: READ_MIN,
            traffic: 0,
            received: 0,
        }
    }

    /// Bytes that were read and written so far.
    pub(super) fn traffic(&self) -> u64 {
        self.traffic
    }

    /// Bytes that were read so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Bytes that wait to be accepted by the stream.
    pub(super) fn unwritten(&self) -> usize {
        self.writing.len() - self.written
    }

    /// True if the stream has all bytes that it was given.
    pub(super) fn is_flushed(&self) -> bool {
        self.unwritten() == 0 && !self.unflushed
    }

    /// Writes what the codec has to send; ready when all is, but for chunks of long
    /// replies: a few of those.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut TaskContext<'_>,
        codec: &mut Codec,
    ) -> Poll<io::Result<()>> {
        let mut fills = FILLS;
        loop {
            if self.written == self.writing.len() {
                self.writing.clear();
                self.written = 0;
                if codec.output().is_empty() && fills > 0 {
                    fills -= 1;
                    codec.fill();
                }
                if codec.output().is_empty() {
                    break;
                }
                // A large reply must not keep its memory for the connection's
                // life.
                if self.writing.capacity() > READ_MAX {
                    self.writing = Vec::new();
                }
                std::mem::swap(&mut self.writing, codec.output());
            }
            let rest = self.writing.get(self.written..).unwrap_or_default();
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
            self.traffic += count as u64;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// True if the buffers hold more memory than a quiet connection needs.
    pub(super) fn is_large(&self, codec: &mut Codec) -> bool {
        let output = codec.output().capacity();
        self.writing.capacity() + output + codec.input().capacity() > REST_MAX
    }

    /// Gives back the memory of buffers that are empty.
    pub(super) fn give_back(&mut self, codec: &mut Codec) {
        if self.unwritten() == 0 {
            self.writing = Vec::new();
            self.written = 0;
        }
        if codec.output().is_empty() {
            *codec.output() = Vec::new();
        }
        if codec.input().is_empty() {
            *codec.input() = BytesMut::new();
            self.read_size = READ_MIN;
        }
    }

    /// Reads once; gives how many bytes came, 0 at the end.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut TaskContext<'_>,
        codec: &mut Codec,
    ) -> Poll<io::Result<usize>> {
        let wanted = codec.wanted();
        let input = codec.input();
        let room = self.read_size.max(wanted.saturating_sub(input.len()));
        input.reserve(room);
        let spare = input.capacity() - input.len();
        let Poll::Ready(count) = poll_read_buf(Pin::new(&mut self.io), cx, input) else {
            if input.is_empty() && input.capacity() > READ_MAX {
                *input = BytesMut::new();
            }
            return Poll::Pending;
        };
        let count = count?;
        self.traffic += count as u64;
        self.received += count as u64;
        if count == spare && count > 0 {
            self.read_size = (self.read_size * 2).min(READ_MAX);
        }
        Poll::Ready(Ok(count))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use crate::ServerConfig;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn memory_is_given_back_and_no_byte_is() {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let mut socket = Socket::new(near);
        let mut codec = Codec::gob(&ServerConfig::default(), BytesMut::new());
        *codec.output() = vec![7; 100 << 10];
        socket.give_back(&mut codec);
        assert_eq!(codec.output().len(), 100 << 10);
        poll_fn(|cx| socket.poll_write(cx, &mut codec))
            .await
            .unwrap();
        far.write_all(b"begun").await.unwrap();
        let count = poll_fn(|cx| socket.poll_read(cx, &mut codec)).await;
        assert_eq!(count.unwrap(), 5);
        assert!(socket.is_large(&mut codec));
        socket.give_back(&mut codec);
        assert!(!socket.is_large(&mut codec));
        assert_eq!(&codec.input()[..], b"begun");
    }

    #[test]
    fn it_is_large_from_a_byte_above_what_is_kept() {
        let mut socket = Socket::new(tokio::io::empty());
        let mut codec = Codec::gob(&ServerConfig::default(), BytesMut::new());
        let input = codec.input().capacity();
        socket.writing = Vec::with_capacity(REST_MAX - input);
        assert!(!socket.is_large(&mut codec));
        socket.writing = Vec::with_capacity(REST_MAX - input + 1);
        assert!(socket.is_large(&mut codec));
    }
}
