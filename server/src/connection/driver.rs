//! [`Driver`]: the one task that owns a connection's socket.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use gobrpc_protocol::server_connection::{Incoming, IncomingRequest};
use gobrpc_protocol::spin::Spin;
use gobrpc_protocol::{
    CallState, Cancel, Context, Error, Peer, PeerCaller, Response, Result, StreamKind,
};
use tokio::task::yield_now;
use tokio::time::Instant;
use tracing::debug;

use super::admission::admit;
use super::calls::Calls;
use super::lifetime::{Lifetime, Verdict};
use super::peer_calls::{PeerCalls, Peering};
use super::rest::Rest;
use super::shared::Shared;
use super::socket::Socket;
use super::stall::Stall;
use crate::backlog::{Backlog, Waiting};
use crate::codec::Codec;
use crate::handlers::{self, Event, Finished};
use crate::listener::Io;
use gobrpc_protocol::router::Route;

/// Requests that are handled before the first replies are flushed. Few, so that the
/// client works on the first replies while the server works on the next requests:
/// when all that was read is answered in one write, both take turns and sleep in
/// between (0.44 million calls/s with 64 in flight on two idle cores, against 0.63
/// million so).
const BATCH: usize = 8;

/// How often a batch is twice the one before, while there is more. The client has
/// something to do by then, and each write costs as much as some calls.
const BATCH_DOUBLINGS: u32 = 3;

/// Batches before other tasks get a turn: 8 + 16 + 32 + 3 × 64 requests.
const TURNS: u32 = 6;

/// Why a connection ended.
pub(super) enum End {
    /// All requests were answered.
    Over,
    /// The server's grace is over.
    Killed,
    /// The socket failed, or was given up.
    Broken(io::Error),
}

/// Reads requests, runs their handlers, and writes the replies.
pub(super) struct Driver<S> {
    pub(super) socket: Socket<S>,
    pub(super) peer: Arc<Peer>,
    shared: Arc<Shared>,
    connection: Codec,
    finished: Arc<Finished>,
    /// Taken from `finished`; kept for its memory.
    events: Vec<Event>,
    /// The method that was called last, by the name as it was sent.
    last_route: Option<(Arc<str>, Route)>,
    calls: Calls,
    /// Calls to services that the peer hosts.
    peering: Peering,
    /// For the next call, if it needs one of its own.
    spare: Arc<CallState>,
    /// Requests that wait for a handler to end.
    backlog: Backlog,
    /// When bytes were read last, and so all that was not looked at yet.
    read_at: Instant,
    /// The peer was told to make its calls elsewhere.
    leaving: bool,
    /// The peer sends nothing more, or nothing that can be understood.
    read_closed: bool,
    /// A flush was put off once for replies that may follow.
    yielded: bool,
    spin: Spin,
    stall: Stall,
    /// Requests that came whole.
    requests: u64,
}

impl<S: Io> Driver<S> {
    pub(super) fn new(io: S, peer: Arc<Peer>, shared: Arc<Shared>, connection: Codec) -> Self {
        Self {
            socket: Socket::new(io),
            peer,
            connection,
            finished: Arc::default(),
            events: Vec::new(),
            last_route: None,
            calls: Calls::default(),
            peering: Peering::default(),
            spare: Arc::default(),
            backlog: Backlog::default(),
            read_at: Instant::now(),
            leaving: false,
            read_closed: false,
            yielded: false,
            spin: Spin::new(shared.config.spin),
            stall: Stall::default(),
            requests: 0,
            shared,
        }
    }

    pub(super) async fn run(&mut self) -> End {
        let shared = Arc::clone(&self.shared);
        let mut kill = pin!(shared.kill.cancelled());
        let mut drain = pin!(shared.drain.cancelled());
        let mut lifetime = Lifetime::new(&shared.config);
        let mut rest = Rest::default();
        poll_fn(|cx| {
            if kill.as_mut().poll(cx).is_ready() {
                return Poll::Ready(End::Killed);
            }
            match self.poll(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(End::Over),
                Poll::Ready(Err(error)) => return Poll::Ready(End::Broken(error)),
                Poll::Pending => {}
            }
            if self.poll_stalled(cx).is_ready() {
                let error = "a request has begun, and does not go on";
                let error = io::Error::new(io::ErrorKind::TimedOut, error);
                return Poll::Ready(End::Broken(error));
            }
            if self.socket.is_large(&mut self.connection)
                && rest.poll(cx, self.socket.traffic()).is_ready()
            {
                self.socket.give_back(&mut self.connection);
            }
            if self.connection.has_chunks() && self.socket.unwritten() == 0 {
                // The stream takes more: go on when others had a turn.
                cx.waker().wake_by_ref();
            }
            if !lifetime.is_leaving() {
                let traffic = self.socket.traffic();
                let grace = if drain.as_mut().poll(cx).is_ready() {
                    // The server's own holds then.
                    None
                } else {
                    ready!(lifetime.poll_term(cx, || self.is_idle(), traffic));
                    shared.config.max_connection_age_grace
                };
                lifetime.leave(shared.config.quiet, grace);
            }
            self.poll_leave(cx, &mut lifetime)
        })
        .await
    }

    /// Sends the peer elsewhere, and is ready when it has gone.
    fn poll_leave(&mut self, cx: &mut TaskContext<'_>, lifetime: &mut Lifetime) -> Poll<End> {
        self.leaving = self.connection.go_away();
        let written = self.socket.poll_write(cx, &mut self.connection);
        if let Poll::Ready(Err(error)) = written {
            return Poll::Ready(End::Broken(error));
        }
        let is_done = self.connection.is_parted() && !self.connection.is_joining();
        if is_done && self.is_answered() {
            return Poll::Ready(End::Over);
        }
        let (is_idle, traffic) = (self.is_idle(), self.socket.traffic());
        lifetime
            .poll_quiet(cx, is_idle, traffic)
            .map(|verdict| match verdict {
                Verdict::Quiet => End::Over,
                Verdict::Cut => {
                    End::Broken(io::Error::other("it is too old, and its grace is over"))
                }
            })
    }

    /// Ready when the peer has stopped in the middle of a request. That we do not read
    /// is no fault of its own.
    fn poll_stalled(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        if self.read_closed || !self.connection.is_inside_request() || !self.takes() {
            self.stall.over();
            return Poll::Pending;
        }
        let period = self.shared.config.max_request_stall;
        let received = self.socket.received();
        self.stall.poll(cx, period, received, self.requests)
    }

    /// Nothing runs, nothing waits to be written, and no request has begun.
    fn is_idle(&mut self) -> bool {
        self.is_answered() && !self.connection.is_inside_request()
    }

    /// All requests that came are answered, and the answers are written.
    fn is_answered(&mut self) -> bool {
        self.calls.running() == 0
            && self.backlog.is_empty()
            && !self.peering.is_waiting()
            && self.connection.output().is_empty()
            && !self.connection.has_chunks()
            && self.socket.is_flushed()
    }

    fn unwritten(&mut self) -> usize {
        self.socket.unwritten() + self.connection.output().len()
    }

    /// True if another request may be handled.
    fn admits(&mut self) -> bool {
        self.calls.running() < self.shared.config.handlers_per_connection && self.has_room()
    }

    /// True if a reply may be written.
    fn has_room(&mut self) -> bool {
        let max = self.shared.config.write_buffer_bytes;
        self.unwritten() < max && self.connection.waiting_bytes() < max
    }

    /// True if something may be read, be it a request or not.
    fn takes(&mut self) -> bool {
        if self.calls.running() < self.shared.config.handlers_per_connection {
            return self.has_room();
        }
        // Handlers that wait for items, or for what the peer answers to them, must get
        // it: what comes before is refused then, instead of waiting without end.
        self.connection.is_extended()
            && (self.backlog.bytes() < self.shared.config.waiting_bytes
                || self.calls.has_streams()
                || self.peering.is_waiting())
            && self.has_room()
    }

    /// Moves everything on; ready when the connection is over.
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        self.take_finished(cx);
        // Handlers that still run may finish right after this one: their replies
        // go out in the same write if the flush waits for one turn of the
        // scheduler. A call alone never waits.
        if self.calls.running() > 0 && !self.yielded && self.unwritten() > 0 {
            self.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.yielded = false;
        for turn in 0..TURNS {
            let more = self.handle_requests(BATCH << turn.min(BATCH_DOUBLINGS));
            let written = self.socket.poll_write(cx, &mut self.connection);
            if let Poll::Ready(Err(error)) = written {
                return Poll::Ready(Err(error));
            }
            if self.calls.has_streams() {
                let full = !self.has_room();
                self.finished.set_full(full);
            }
            if more && self.takes() {
                continue;
            }
            if self.read_closed {
                return if !more && self.is_answered() {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            }
            if !self.takes() {
                // Woken by the socket when it takes bytes, or by a handler.
                return Poll::Pending;
            }
            if self.read(cx)?.is_pending() {
                if self.calls.running() == 0 && self.spin.turn() {
                    // It arranges to be polled after one turn, in which sockets are
                    // looked at.
                    let _ = pin!(yield_now()).poll(cx);
                }
                return Poll::Pending;
            }
        }
        // A peer that is always ready must not keep the others waiting.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn take_finished(&mut self, cx: &TaskContext<'_>) {
        let empty = std::mem::take(&mut self.events);
        let mut events = self.finished.take(empty, cx.waker());
        for event in events.drain(..) {
            match event {
                Event::Done(done) => {
                    self.calls.finish(done.seq, &done.state);
                    if done.one_way {
                        self.log_one_way(&done.name, done.result.err());
                    } else {
                        self.reply(done.seq, &done.name, done.result, &done.state);
                    }
                }
                Event::Item {
                    seq,
                    payload,
                    state,
                } => {
                    // The rest of the stream would have a hole.
                    if let Err(error) = self.connection.item(seq, &payload) {
                        debug!(peer = self.peer.address, %error, "an item is too long");
                        state.fail(error);
                    }
                }
                Event::Grant { seq, bytes } => self.connection.grant(seq, bytes),
                Event::PeerCall { number, request } => {
                    if let Some(calls) = self.peering.get() {
                        calls.send(number, *request, &mut self.connection);
                    }
                }
                Event::PeerCallGone { number } => {
                    if let Some(calls) = self.peering.get() {
                        calls.give_up(number, &mut self.connection);
                    }
                }
            }
        }
        self.events = events;
    }

    /// Handles what was read. True if there may be more.
    fn handle_requests(&mut self, batch: usize) -> bool {
        for _ in 0..batch {
            if !self.backlog.is_empty() && self.admits() {
                if let Some(waiting) = self.backlog.pop() {
                    self.handle(waiting);
                }
                continue;
            }
            if !self.takes() {
                return true;
            }
            match self.connection.poll() {
                Ok(Some(Incoming::Request(request))) => {
                    if !self.request(request) {
                        return false;
                    }
                }
                Ok(Some(Incoming::Cancel { seq })) => self.cancel(seq),
                Ok(Some(Incoming::Item { seq, body, cost })) => {
                    if let Some(inbound) = self.calls.inbound(seq) {
                        inbound.push(body, cost);
                    }
                }
                Ok(Some(Incoming::End { seq })) => {
                    if let Some(inbound) = self.calls.inbound(seq) {
                        inbound.finish(Ok(()));
                    }
                }
                Ok(Some(Incoming::Credit { seq, bytes })) => {
                    if let Some(outbound) = self.calls.outbound(seq) {
                        outbound.grant(bytes);
                    }
                }
                Ok(Some(Incoming::Reply(reply))) => {
                    if let Some(calls) = self.peering.get() {
                        calls.answer(reply);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(error) => {
                    // Go closes without a word, as there is no call to answer.
                    debug!(peer = self.peer.address, %error, "no net/rpc request");
                    self.read_closed = true;
                    self.peering.close();
                    self.connection.input().clear();
                    return false;
                }
            }
        }
        true
    }

    /// Handles a request, or lets it wait. False if the peer made no sense.
    fn request(&mut self, request: IncomingRequest) -> bool {
        if self.connection.is_peer_hosting() && self.peering.get().is_none() {
            self.begin_peering();
        }
        self.requests += 1;
        let seq = request.seq;
        let state = if request.streams == StreamKind::Unary {
            None
        } else {
            let Some(state) = self.calls.open_streams(&request, &self.finished) else {
                debug!(peer = self.peer.address, seq, "two streams of one number");
                self.read_closed = true;
                self.peering.close();
                self.calls.cancel_all(Cancel::Connection);
                return false;
            };
            Some(state)
        };
        let waiting = Waiting {
            request,
            received: self.read_at,
            state,
        };
        if self.admits() {
            self.handle(waiting);
        } else if self.backlog.bytes() < self.shared.config.waiting_bytes {
            self.backlog.push(waiting);
        } else {
            // What runs waits for items that are behind this.
            let error = Error::resource_exhausted("too many calls wait already").not_processed();
            self.refuse(&waiting, error);
        }
        true
    }

    /// Lets handlers call what the peer hosts, from its first call on.
    #[cold]
    fn begin_peering(&mut self) {
        let max = self.shared.config.peer_calls;
        let calls = PeerCalls::new(&self.peer.address, &self.finished, max);
        let caller = PeerCaller::new(self.peering.open(calls));
        self.peer = Arc::new((*self.peer).clone().with_caller(caller));
    }

    fn handle(&mut self, waiting: Waiting) {
        let Waiting {
            request,
            received,
            state,
        } = waiting;
        let seq = request.seq;
        let name = Arc::clone(&request.service_method);
        let early = state.is_some();
        let state = state.unwrap_or_else(|| Arc::clone(&self.spare));
        let admitted = admit(&mut self.last_route, &self.shared, &request, received);
        let one_way = request.one_way;
        let (route, deadline) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                self.shared.count_refused(&error);
                if one_way {
                    self.log_one_way(&name, Some(error));
                } else {
                    self.reply(seq, &name, Err(error), &state);
                }
                return;
            }
        };
        let context = Context::with_state(
            Arc::clone(&self.peer),
            Arc::clone(&route.name),
            seq,
            Arc::clone(&state),
        )
        .with_received(received.into_std())
        .with_deadline(deadline.map(Instant::into_std))
        .with_idempotent(request.idempotent)
        .with_one_way(one_way)
        .with_metadata(request.metadata);
        let name = Arc::clone(&route.name);
        match handlers::start(route, context, deadline, request.body, &self.finished) {
            Some(result) if one_way => self.log_one_way(&name, result.err()),
            Some(result) => self.reply(seq, &name, result, &state),
            None => {
                self.calls.begin(seq, &state);
            }
        }
        if early {
            return;
        }
        drop(state);
        // Most calls are over, and have left nothing in their state: the next one
        // can have it.
        let fresh = Arc::get_mut(&mut self.spare).is_some_and(|spare| spare.is_untouched());
        if !fresh {
            self.spare = Arc::default();
        }
    }

    fn reply(&mut self, seq: u64, name: &str, result: Result<Response>, state: &Arc<CallState>) {
        self.calls.end_streams(seq, state);
        let result = state.with_reply_metadata(result);
        self.connection.reply(seq, name, result);
    }

    /// Says here what becomes of a call whose caller takes no reply.
    fn log_one_way(&self, name: &str, error: Option<Error>) {
        if let Some(error) = &error {
            handlers::log_one_way(&self.peer.address, name, error);
        }
    }

    /// The caller gives up on a call. What runs goes on until it notices, and keeps
    /// its place until then: else a peer could start without end what it cancels.
    fn cancel(&mut self, seq: u64) {
        if let Some(waiting) = self.backlog.remove(seq) {
            let error = Error::from(Cancel::ByCaller).not_processed();
            self.refuse(&waiting, error);
        } else {
            self.calls.cancel(seq, Cancel::ByCaller);
        }
    }

    /// Answers a request that was not begun.
    fn refuse(&mut self, waiting: &Waiting, error: Error) {
        self.shared.count_refused(&error);
        let request = &waiting.request;
        if let Some(state) = &waiting.state {
            self.calls.end_streams(request.seq, state);
        }
        if request.one_way {
            self.log_one_way(&request.service_method, Some(error));
            return;
        }
        self.connection
            .reply(request.seq, &request.service_method, Err(error));
    }

    /// Reads once. Pending if there is nothing to read.
    fn read(&mut self, cx: &mut TaskContext<'_>) -> io::Result<Poll<()>> {
        match self.socket.poll_read(cx, &mut self.connection)? {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(0) => {
                self.read_closed = true;
                self.peering.close();
                // Whoever was told to go may close, and still wait for replies.
                if self.shared.config.cancel_on_eof && !self.leaving {
                    self.calls.cancel_all(Cancel::Connection);
                }
                if let Err(error) = self.connection.handle_eof() {
                    debug!(peer = self.peer.address, %error, "the peer stopped early");
                }
            }
            Poll::Ready(_) => {
                self.read_at = Instant::now();
                self.spin.heard();
            }
        }
        Ok(Poll::Ready(()))
    }

    /// Cancels what runs: the connection is over.
    pub(super) fn cancel_all(&self, reason: Cancel) {
        self.calls.cancel_all(reason);
    }
}
