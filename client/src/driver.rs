//! [`Driver`]: the only code that reads and writes a connection's socket.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::BytesMut;
#[cfg(feature = "tls")]
use gobrpc_protocol::Delivery;
use gobrpc_protocol::spin::Spin;
use gobrpc_protocol::{Code, Error};
use tokio::io::AsyncWrite;
use tokio::task::yield_now;
use tokio_util::io::poll_read_buf;

use crate::connection::{Completion, Connection};
use crate::connector::BoxedIo;
use crate::hosting::{Asked, Hosting};
use crate::keepalive::{Due, Keepalive};
use crate::link::Link;
use crate::state::State;

/// Does the I/O of one connection until it ends.
///
/// Reading and writing are polled by the same task, so that a peer that does not
/// read never keeps us from reading, which would be a deadlock if it did the
/// same. All calls that were made since the last write go out by one write, and
/// all replies of one read are taken out before anyone is woken.
pub(crate) struct Driver {
    link: Arc<Link>,
    /// The connection's number.
    number: u64,
    stream: BoxedIo,
    /// What was read; the protocol's own buffer, lent to us.
    input: BytesMut,
    /// How long `input` must be before more can come of it.
    wanted: usize,
    /// The peer's first bytes were looked at.
    greeted: bool,
    /// The peer has sent something.
    heard: bool,
    /// What is being written, and how much of it was.
    output: Vec<u8>,
    output_at: usize,
    /// Bytes that the socket has accepted in all.
    written: u64,
    /// Given way to other tasks before this write.
    yielded: bool,
    /// Written bytes may lie in a buffer of the stream's.
    unflushed: bool,
    /// No more calls will come.
    retired: bool,
    /// It is one of too many that leave.
    cut: bool,
    /// We have said so to the peer.
    shut: bool,
    completions: Vec<Completion>,
    keepalive: Option<Keepalive>,
    /// What the server has asked for, if anything is hosted.
    hosting: Option<Hosting>,
    spin: Spin,
    /// The peer owes replies.
    awaits: bool,
}

/// Why a [`Driver`] stopped.
pub(crate) enum End {
    /// The link is retired, and all calls are over.
    Finished,
    /// The connection is gone.
    Lost(Error),
    /// The server wants no further calls on it; it is to be run on for those under
    /// way, elsewhere.
    Leaving,
}

/// Least room to read into. Large enough for a thousand small replies, so that a
/// busy connection is read by few system calls.
const READ_CHUNK: usize = 32 << 10;
/// Reads before other tasks get their turn.
const READS_PER_POLL: usize = 8;
/// Bytes written before other tasks get their turn.
const WRITTEN_PER_POLL: u64 = 1 << 20;
/// Replies per hold of the lock, so that callers on other threads get in.
const REPLIES_PER_LOCK: usize = 256;
/// From here on a write is large enough: waiting for more gains nothing.
const FULL_WRITE: usize = 32 << 10;
/// Larger buffers are not kept for the next write.
const KEEP_CAPACITY: usize = 256 << 10;

impl Driver {
    pub(crate) fn new(link: &Arc<Link>, number: u64, stream: BoxedIo) -> Self {
        Self {
            link: Arc::clone(link),
            number,
            stream,
            input: BytesMut::new(),
            wanted: 0,
            greeted: false,
            heard: false,
            output: Vec::new(),
            output_at: 0,
            written: 0,
            yielded: false,
            unflushed: false,
            retired: false,
            cut: false,
            shut: false,
            completions: Vec::new(),
            keepalive: link.options.keepalive.map(Keepalive::new),
            hosting: Hosting::new(link, number),
            spin: Spin::new(link.options.spin),
            awaits: false,
        }
    }

    /// Runs until the connection ends, or leaves its link.
    pub(crate) async fn run(&mut self) -> End {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// The connection's number.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How many bytes were written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if let Poll::Ready(end) = self.poll_read(cx) {
            return Poll::Ready(end);
        }
        if let Err(error) = self.poll_write(cx) {
            // Replies that came before the peer stopped reading still count.
            return match self.poll_read(cx) {
                Poll::Ready(end) => Poll::Ready(end),
                Poll::Pending => Poll::Ready(End::Lost(self.broken("writing failed", error))),
            };
        }
        if let Poll::Ready(end) = self.poll_keepalive(cx) {
            return Poll::Ready(end);
        }
        if self.retired {
            return self.poll_finished(cx);
        }
        if self.awaits && !self.yielded && self.spin.turn() {
            // It arranges to be polled after one turn, in which sockets are looked at.
            let _ = pin!(yield_now()).poll(cx);
        }
        Poll::Pending
    }

    /// Asks the peer whether it lives, if somebody waits and nothing comes.
    fn poll_keepalive(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let Some(keepalive) = &mut self.keepalive else {
            return Poll::Pending;
        };
        let mut state = self.link.lock();
        let Some(connection) = state.connection_at(self.number) else {
            return Poll::Pending;
        };
        if !connection.wants_pings() {
            keepalive.rest();
            return Poll::Pending;
        }
        match ready!(keepalive.poll(cx)) {
            Due::Ping => {
                connection.ping();
                // It is written by the next poll, which also waits for the answer.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Due::Dead(timeout) => Poll::Ready(End::Lost(Error::unavailable(format!(
                "the server is silent: nothing came within {timeout:?} of a ping"
            )))),
        }
    }

    /// Why a connection is lost on which I/O failed.
    ///
    /// A server that does not accept our certificate says so after our part of TLS
    /// 1.3's handshake, when calls are on their way. It took none of them: until its
    /// own part is done it reads no data (RFC 8446, 4.4.4), and it cannot ask for a
    /// certificate later, as rustls does not offer that (4.6.2).
    fn broken(&self, what: &str, error: io::Error) -> Error {
        #[cfg(feature = "tls")]
        if let Some(text) = crate::tls::refusal(&error) {
            let refused = Error::with_code(Code::Unauthenticated, text).with_source(error);
            return match self.heard {
                true => refused,
                false => refused.with_delivery(Delivery::Refused),
            };
        }
        Error::unavailable(format!("the connection broke: {what}: {error}")).with_source(error)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        for _ in 0..READS_PER_POLL {
            let lacks = self.wanted.saturating_sub(self.input.len());
            if self.input.capacity() - self.input.len() < lacks.max(READ_CHUNK / 8) {
                self.input.reserve(lacks.max(READ_CHUNK));
            }
            match poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.input) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(End::Lost(self.eof())),
                Poll::Ready(Ok(_)) => {
                    self.heard = true;
                    if let Some(keepalive) = &mut self.keepalive {
                        keepalive.heard();
                    }
                    self.spin.heard();
                    match self.greet().and_then(|()| self.receive()) {
                        Ok(false) => {}
                        Ok(true) => return Poll::Ready(End::Leaving),
                        Err(error) => return Poll::Ready(End::Lost(error)),
                    }
                }
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(End::Lost(self.broken("reading failed", error)));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Looks whether the peer's first bytes are a TLS alert (RFC 8446, 5.1): what
    /// a server says to plain text. As gob they would define a type of Go's own.
    fn greet(&mut self) -> Result<(), Error> {
        if !self.greeted && self.input.len() > 1 {
            self.greeted = true;
            if self.input.starts_with(&[0x15, 0x03]) {
                return Err(Error::unavailable(
                    "the server speaks TLS on this port, and this was plain text: use tls://",
                ));
            }
        }
        Ok(())
    }

    /// Takes the replies out of what was read, and hands them over. True if the
    /// connection leaves its link by it.
    fn receive(&mut self) -> Result<bool, Error> {
        let mut leaves = false;
        loop {
            let (more, cut, asked) = {
                let mut state = self.link.lock();
                let Some(connection) = state.connection_at(self.number) else {
                    return Err(Error::internal("the connection is gone"));
                };
                let more = connection.receive(
                    &mut self.input,
                    &mut self.wanted,
                    REPLIES_PER_LOCK,
                    &mut self.completions,
                );
                let asked = connection.take_asked();
                let mut cut = None;
                if connection.is_going_away() && state.leaving_at(self.number).is_none() {
                    // No call may get onto it from now on.
                    cut = state.leave();
                    leaves = true;
                }
                state.admit_to(self.number, &self.link.options, &mut self.completions);
                (more, cut, asked)
            };
            self.link.complete(self.completions.drain(..));
            if !asked.is_empty() {
                self.host(asked);
            }
            if let Some(cut) = cut {
                cut.wake();
            }
            match more {
                Ok(true) => {}
                Ok(false) => return Ok(leaves),
                Err(error) => return Err(garbled(error)),
            }
        }
    }

    /// Does what the server asks for.
    #[cold]
    fn host(&self, asked: Vec<Asked>) {
        let Some(hosting) = &self.hosting else {
            return;
        };
        let live = match self.link.lock().connection_at(self.number) {
            Some(connection) => connection.live(),
            None => 0,
        };
        let closing = self.retired && live == 0;
        for asked in asked {
            hosting.take(asked, closing);
        }
    }

    fn eof(&mut self) -> Error {
        match self.link.lock().connection_at(self.number) {
            Some(connection) => connection.eof(&mut self.input),
            None => Error::internal("the connection is gone"),
        }
    }

    /// Writes what there is to write, as far as the socket takes it.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let enough = self.written.saturating_add(WRITTEN_PER_POLL);
        loop {
            if self.written >= enough {
                // A long argument must not keep replies from being read.
                cx.waker().wake_by_ref();
                self.note_written(cx);
                return Ok(());
            }
            if self.output_at == self.output.len() && !self.refill(cx) {
                break;
            }
            let rest = self.output.get(self.output_at..).unwrap_or_default();
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => {
                    self.output_at += count;
                    self.written += count as u64;
                    self.unflushed = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => {
                    self.note_written(cx);
                    return Ok(());
                }
            }
        }
        if self.unflushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(cx)
        {
            flushed?;
            self.unflushed = false;
        }
        Ok(())
    }

    /// Takes the next bytes to write; false if there are none yet.
    ///
    /// While several calls are in flight, others are likely to be made by the
    /// tasks that run now: they are let run once before the write, so that all
    /// go out together. A lone call would only wait.
    fn refill(&mut self, cx: &mut Context<'_>) -> bool {
        self.output_at = 0;
        self.output.clear();
        if self.output.capacity() > KEEP_CAPACITY {
            self.output = Vec::new();
        }
        let link = Arc::clone(&self.link);
        let mut state = link.lock();
        self.settle(&mut state, cx);
        let connection = state.connection_at(self.number);
        let refilled = match connection.and_then(Connection::filled) {
            Some(connection) => {
                let more = connection.in_flight() > 1 && connection.output_len() < FULL_WRITE;
                self.yielded = more && !self.yielded;
                if self.yielded {
                    cx.waker().wake_by_ref();
                } else {
                    self.output = connection.take_output(std::mem::take(&mut self.output));
                }
                !self.yielded
            }
            None => false,
        };
        let unblocked = state
            .connection_at(self.number)
            .map_or_else(Vec::new, |it| it.take_unblocked(&link.options));
        drop(state);
        link.complete(self.completions.drain(..));
        unblocked.into_iter().for_each(Waker::wake);
        refilled
    }

    fn note_written(&mut self, cx: &mut Context<'_>) {
        let link = Arc::clone(&self.link);
        let mut state = link.lock();
        self.settle(&mut state, cx);
        let unblocked = state
            .connection_at(self.number)
            .map_or_else(Vec::new, |it| it.take_unblocked(&link.options));
        drop(state);
        link.complete(self.completions.drain(..));
        unblocked.into_iter().for_each(Waker::wake);
    }

    /// Tells the link what was written, and sees what it wants next.
    fn settle(&mut self, state: &mut State, cx: &mut Context<'_>) {
        state.register_at(self.number, cx.waker());
        if let Some(connection) = state.connection_at(self.number) {
            connection.note_written(self.written, &mut self.completions);
            self.awaits = connection.in_flight() > 0;
        }
        state.admit_to(self.number, &self.link.options, &mut self.completions);
        self.cut = false;
        self.retired = match state.leaving_at(self.number) {
            Some(leaving) => {
                self.cut = leaving.cut;
                true
            }
            None => !state.is_open() && state.queue.is_empty(),
        };
    }

    /// Ends a retired link: no more is written once all is, and no more is read
    /// once nobody waits.
    fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if self.cut {
            return Poll::Ready(End::Lost(Error::unavailable(
                "the server sent calls to another connection too often",
            )));
        }
        // Looked at first: a handler that is over has replied by then.
        let hosted = self.hosting.as_ref().map_or(0, Hosting::running);
        let (live, done) = match self.link.lock().connection_at(self.number) {
            Some(connection) => (connection.live(), connection.is_done_writing()),
            None => return Poll::Ready(End::Finished),
        };
        // About to be written, in the next poll.
        if self.yielded {
            return Poll::Pending;
        }
        let (live, done) = (live + hosted, done && hosted == 0);
        if done && !self.unflushed && !self.shut {
            match Pin::new(&mut self.stream).poll_shutdown(cx) {
                Poll::Ready(Ok(())) => self.shut = true,
                Poll::Ready(Err(error)) if live > 0 => {
                    return Poll::Ready(End::Lost(self.broken("closing failed", error)));
                }
                Poll::Ready(Err(_)) | Poll::Pending => {}
            }
        }
        // A peer that does not read what nobody waits for is not waited for.
        if live == 0 {
            return Poll::Ready(End::Finished);
        }
        Poll::Pending
    }
}

/// The error of all calls when the peer's bytes make no sense: the fault is
/// neither theirs nor ours, unless a limit of ours was too low.
fn garbled(error: Error) -> Error {
    let code = match error.code() {
        Code::ResourceExhausted => Code::ResourceExhausted,
        _ => Code::Internal,
    };
    let message = format!("the peer's stream is lost: {}", error.message());
    Error::with_code(code, message).with_source(error)
}
