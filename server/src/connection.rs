//! The driver: the one task that owns a connection's socket.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use gobrpc_protocol::call_state::Streams;
use gobrpc_protocol::flow::{Inbound, Outbound};
use gobrpc_protocol::server_connection::{Incoming, IncomingRequest};
use gobrpc_protocol::{CallState, Cancel, Context, Error, Peer, Response, Result, StreamKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_util::io::poll_read_buf;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::ServerConfig;
use crate::backlog::{Backlog, Waiting};
use crate::codec::Codec;
use crate::handlers::{self, Event, Finished};
use crate::health::Health;
use crate::listener::Io;
use crate::preface;
use crate::router::{Route, Router};

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) router: Router,
    pub(crate) config: ServerConfig,
    pub(crate) health: Health,
    /// The server tells what it offers.
    pub(crate) reflects: bool,
    /// JSON-RPC is served, too.
    #[cfg(feature = "jsonrpc")]
    pub(crate) jsonrpc: bool,
    /// All connections are secured by this.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::Tls>,
    /// Finish what runs, and close when quiet.
    pub(crate) drain: CancellationToken,
    /// Close now.
    pub(crate) kill: CancellationToken,
}

impl Shared {
    /// True if all connections are secured.
    pub(crate) fn is_secured(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }
}

/// Requests that are handled before their replies are flushed. Few, so that the
/// client works on the first replies while the server works on the next requests:
/// when all that was read is answered in one write, both take turns and sleep in
/// between (0.44 million calls/s with 64 in flight on two idle cores, against 0.63
/// million so).
const BATCH: usize = 8;

/// Batches before other tasks get a turn.
const TURNS: usize = 16;

/// The smallest and the largest read, in bytes; an idle connection keeps the
/// smallest.
const READ_MIN: usize = 4 << 10;
const READ_MAX: usize = 128 << 10;

/// How long, and for how many bytes, a closed connection is read to its end: a
/// socket that is closed with unread bytes destroys replies that are under way.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 << 10;

/// Serves one connection until it ends; after the TLS handshake, if there is one.
pub(crate) async fn serve<S: Io>(io: S, address: String, shared: Arc<Shared>) {
    let peer = Peer::new(address);
    #[cfg(feature = "tls")]
    if let Some(tls) = &shared.tls {
        let accepted = tokio::select! {
            biased;
            accepted = tls.accept(io, peer) => accepted,
            () = shared.kill.cancelled() => return,
            () = quiet_drain(&shared) => return,
        };
        if let Some((io, peer)) = accepted {
            serve_peer(io, Arc::new(peer), shared).await;
        }
        return;
    }
    serve_peer(io, Arc::new(peer), shared).await;
}

async fn serve_peer<S: Io>(mut io: S, peer: Arc<Peer>, shared: Arc<Shared>) {
    let negotiated = {
        let mut negotiation = pin!(preface::negotiate(&mut io, &shared));
        tokio::select! {
            biased;
            result = &mut negotiation => result,
            () = shared.kill.cancelled() => return,
            () = quiet_drain(&shared) => return,
        }
    };
    let codec = match negotiated {
        Ok(Some(codec)) => codec,
        Ok(None) => {
            linger(&mut io).await;
            return;
        }
        Err(error) => {
            debug!(peer = peer.address, %error, "the connection failed in its preface");
            return;
        }
    };
    let mut driver = Driver::new(io, peer, Arc::clone(&shared), codec);
    match driver.run().await {
        End::Over => linger(&mut driver.io).await,
        End::Killed => driver.cancel_all(Cancel::Shutdown),
        End::Broken(error) => {
            driver.cancel_all(Cancel::Connection);
            debug!(peer = driver.peer.address, %error, "the connection broke");
        }
    }
}

/// A connection without a single byte is quiet, too.
async fn quiet_drain(shared: &Shared) {
    shared.drain.cancelled().await;
    tokio::time::sleep(shared.config.quiet).await;
}

/// Says that we are done, and lets the peer read what it was sent.
async fn linger<S: Io>(io: &mut S) {
    let close = async {
        io.shutdown().await?;
        let mut rest = BytesMut::with_capacity(READ_MIN);
        let mut discarded = 0;
        while discarded < LINGER_BYTES {
            rest.clear();
            match io.read_buf(&mut rest).await? {
                0 => break,
                count => discarded += count,
            }
        }
        io::Result::Ok(())
    };
    // Whatever goes wrong here, the connection is over.
    let _ = timeout(LINGER, close).await;
}

/// Why a connection ended.
enum End {
    /// All requests were answered.
    Over,
    /// The server's grace is over.
    Killed,
    /// The socket failed.
    Broken(io::Error),
}

struct Driver<S> {
    io: S,
    peer: Arc<Peer>,
    shared: Arc<Shared>,
    connection: Codec,
    finished: Arc<Finished>,
    /// Taken from `finished`; kept for its memory.
    events: Vec<Event>,
    /// The method that was called last, by the name as it was sent.
    last_route: Option<(Arc<str>, Route)>,
    /// Handlers that run as tasks.
    running: usize,
    /// The states of those, by the numbers that the peer gave; the last counts.
    calls: HashMap<u64, Arc<CallState>>,
    /// The states of calls with streams that are not over, also of those that wait.
    streams: HashMap<u64, Arc<CallState>>,
    /// For the next call, if it needs one of its own.
    spare: Arc<CallState>,
    /// Requests that wait for a handler to end.
    backlog: Backlog,
    /// When bytes were read last, and so all that was not looked at yet.
    read_at: Instant,
    /// What is being written, and how far it is.
    writing: Vec<u8>,
    written: usize,
    /// Written bytes may lie in a buffer of the stream's, as with TLS.
    unflushed: bool,
    /// The peer sends nothing more, or nothing that can be understood.
    read_closed: bool,
    read_size: usize,
    /// A flush was put off once for replies that may follow.
    yielded: bool,
    /// Bytes that moved, to tell a quiet connection.
    traffic: u64,
}

impl<S: Io> Driver<S> {
    fn new(io: S, peer: Arc<Peer>, shared: Arc<Shared>, connection: Codec) -> Self {
        Self {
            io,
            peer,
            connection,
            finished: Arc::default(),
            events: Vec::new(),
            last_route: None,
            running: 0,
            calls: HashMap::new(),
            streams: HashMap::new(),
            spare: Arc::default(),
            backlog: Backlog::default(),
            read_at: Instant::now(),
            writing: Vec::new(),
            written: 0,
            unflushed: false,
            read_closed: false,
            read_size: READ_MIN,
            yielded: false,
            traffic: 0,
            shared,
        }
    }

    async fn run(&mut self) -> End {
        let shared = Arc::clone(&self.shared);
        let mut kill = pin!(shared.kill.cancelled());
        let mut drain = pin!(shared.drain.cancelled());
        let mut quiet: Option<Pin<Box<Sleep>>> = None;
        let mut traffic = 0;
        poll_fn(|cx| {
            if kill.as_mut().poll(cx).is_ready() {
                return Poll::Ready(End::Killed);
            }
            match self.poll(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(End::Over),
                Poll::Ready(Err(error)) => return Poll::Ready(End::Broken(error)),
                Poll::Pending => {}
            }
            // Looked at once it is reached; from then on `quiet` stands for it.
            if quiet.is_none() && drain.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let deadline = || Instant::now() + shared.config.quiet;
            let timer = quiet.get_or_insert_with(|| Box::pin(sleep_until(deadline())));
            loop {
                if traffic != self.traffic || !self.is_idle() {
                    traffic = self.traffic;
                    timer.as_mut().reset(deadline());
                }
                if timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                if self.is_idle() && traffic == self.traffic {
                    return Poll::Ready(End::Over);
                }
            }
        })
        .await
    }

    /// Nothing runs, nothing waits to be written, and no request has begun.
    fn is_idle(&mut self) -> bool {
        self.running == 0
            && self.unwritten() == 0
            && !self.unflushed
            && self.backlog.is_empty()
            && !self.connection.is_inside_request()
    }

    fn unwritten(&mut self) -> usize {
        self.writing.len() - self.written + self.connection.output().len()
    }

    /// True if another request may be handled.
    fn admits(&mut self) -> bool {
        self.running < self.shared.config.handlers_per_connection && self.has_room()
    }

    /// True if a reply may be written.
    fn has_room(&mut self) -> bool {
        self.unwritten() < self.shared.config.write_buffer_bytes
    }

    /// True if something may be read, be it a request or not.
    fn takes(&mut self) -> bool {
        if self.running < self.shared.config.handlers_per_connection {
            return self.has_room();
        }
        // Handlers that wait for items must get them: what comes before is refused
        // then, instead of waiting without end.
        self.connection.is_extended()
            && (self.backlog.bytes() < self.shared.config.waiting_bytes || !self.streams.is_empty())
            && self.has_room()
    }

    /// Moves everything on; ready when the connection is over.
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        self.take_finished(cx);
        // Handlers that still run may finish right after this one: their replies
        // go out in the same write if the flush waits for one turn of the
        // scheduler. A call alone never waits.
        if self.running > 0 && !self.yielded && self.unwritten() > 0 {
            self.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.yielded = false;
        for _ in 0..TURNS {
            let more = self.handle_requests();
            if let Poll::Ready(Err(error)) = self.poll_write(cx) {
                return Poll::Ready(Err(error));
            }
            if !self.streams.is_empty() {
                let full = !self.has_room();
                self.finished.set_full(full);
            }
            if more && self.takes() {
                continue;
            }
            if self.read_closed {
                let over = !more
                    && self.running == 0
                    && self.backlog.is_empty()
                    && self.unwritten() == 0
                    && !self.unflushed;
                return if over {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            }
            if !self.takes() {
                // Woken by the socket when it takes bytes, or by a handler.
                return Poll::Pending;
            }
            if self.poll_read(cx)?.is_pending() {
                return Poll::Pending;
            }
        }
        // A peer that is always ready must not keep the others waiting.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn take_finished(&mut self, cx: &TaskContext<'_>) {
        self.finished.take(&mut self.events, cx.waker());
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            match event {
                Event::Done(done) => {
                    self.running -= 1;
                    // The peer may have given the number to another call since.
                    forget(&mut self.calls, done.seq, &done.state);
                    self.reply(done.seq, &done.name, done.result, &done.state);
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
            }
        }
        self.events = events;
    }

    /// Handles what was read. True if there may be more.
    fn handle_requests(&mut self) -> bool {
        for _ in 0..BATCH {
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
                    if let Some(inbound) = self.inbound(seq) {
                        inbound.push(body, cost);
                    }
                }
                Ok(Some(Incoming::End { seq })) => {
                    if let Some(inbound) = self.inbound(seq) {
                        inbound.finish(Ok(()));
                    }
                }
                Ok(Some(Incoming::Credit { seq, bytes })) => {
                    let state = self.streams.get(&seq);
                    let streams = state.and_then(|state| state.streams());
                    if let Some(outbound) = streams.and_then(|it| it.outbound.as_ref()) {
                        outbound.grant(bytes);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(error) => {
                    // Go closes without a word, as there is no call to answer.
                    debug!(peer = self.peer.address, %error, "no net/rpc request");
                    self.read_closed = true;
                    self.connection.input().clear();
                    return false;
                }
            }
        }
        true
    }

    fn inbound(&self, seq: u64) -> Option<&Inbound> {
        self.streams.get(&seq)?.streams()?.inbound.as_ref()
    }

    /// Handles a request, or lets it wait. False if the peer made no sense.
    fn request(&mut self, request: IncomingRequest) -> bool {
        let seq = request.seq;
        let state = if request.streams == StreamKind::Unary {
            None
        } else if self.streams.contains_key(&seq) {
            // Its frames could not be told from those of the other.
            debug!(peer = self.peer.address, seq, "two streams of one number");
            self.read_closed = true;
            self.cancel_all(Cancel::Connection);
            return false;
        } else {
            let finished = Arc::clone(&self.finished);
            let state = Arc::new(CallState::with_streams(Streams {
                inbound: request.streams.arguments().then(Inbound::default),
                outbound: request
                    .streams
                    .replies()
                    .then(|| Outbound::new(request.credit)),
                on_grant: Some(Box::new(move |bytes| {
                    finished.push(Event::Grant { seq, bytes });
                })),
            }));
            self.streams.insert(seq, Arc::clone(&state));
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
            self.end_streams(seq, waiting.state.as_ref());
            self.connection
                .reply(seq, &waiting.request.service_method, Err(error));
        }
        true
    }

    /// Forgets the streams of a call that is answered.
    fn end_streams(&mut self, seq: u64, state: Option<&Arc<CallState>>) {
        if let Some(state) = state
            && let Some(streams) = state.streams()
        {
            forget(&mut self.streams, seq, state);
            if let Some(outbound) = &streams.outbound {
                outbound.close();
            }
            if let Some(inbound) = &streams.inbound {
                inbound.finish(Err(Error::cancelled("the call is over")));
            }
        }
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
        let admitted = admit(&mut self.last_route, &self.shared, &request, received)
            .and_then(|(route, deadline)| Ok((route, deadline, request.body?)));
        let (route, deadline, body) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                self.reply(seq, &name, Err(error), &state);
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
        .with_metadata(request.metadata);
        let name = Arc::clone(&route.name);
        match handlers::start(route, context, deadline, body, &self.finished) {
            Some(result) => self.reply(seq, &name, result, &state),
            None => {
                self.running += 1;
                self.calls.insert(seq, Arc::clone(&state));
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
        self.end_streams(seq, Some(state));
        let metadata = state.take_reply_metadata();
        let result = if metadata.is_empty() {
            result
        } else {
            match result {
                Ok(mut response) => {
                    response.metadata_mut().extend(metadata);
                    Ok(response)
                }
                // What a peer of ours said stays here, with its metadata.
                Err(error) => {
                    let error = error.for_caller();
                    let mut all = error.metadata().clone();
                    all.extend(metadata);
                    Err(error.with_metadata(all))
                }
            }
        };
        self.connection.reply(seq, name, result);
    }

    /// The caller gives up on a call. What runs goes on until it notices, and keeps
    /// its place until then: else a peer could start without end what it cancels.
    fn cancel(&mut self, seq: u64) {
        if let Some(waiting) = self.backlog.remove(seq) {
            let error = Error::from(Cancel::ByCaller).not_processed();
            self.end_streams(seq, waiting.state.as_ref());
            let name = &waiting.request.service_method;
            self.connection.reply(seq, name, Err(error));
        } else if let Some(state) = self.calls.get(&seq) {
            state.cancel(Cancel::ByCaller);
        }
    }

    fn cancel_all(&self, reason: Cancel) {
        for state in self.calls.values() {
            state.cancel(reason);
        }
    }

    fn poll_write(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.written == self.writing.len() {
                self.writing.clear();
                self.written = 0;
                if self.connection.output().is_empty() {
                    break;
                }
                // A large reply must not keep its memory for the connection's
                // life.
                if self.writing.capacity() > READ_MAX {
                    self.writing = Vec::new();
                }
                std::mem::swap(&mut self.writing, self.connection.output());
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

    fn poll_read(&mut self, cx: &mut TaskContext<'_>) -> io::Result<Poll<()>> {
        let wanted = self.connection.wanted();
        let input = self.connection.input();
        let room = self.read_size.max(wanted.saturating_sub(input.len()));
        input.reserve(room);
        let spare = input.capacity() - input.len();
        match poll_read_buf(Pin::new(&mut self.io), cx, input) {
            Poll::Pending => {
                if input.is_empty() && input.capacity() > READ_MAX {
                    *input = BytesMut::new();
                }
                Ok(Poll::Pending)
            }
            Poll::Ready(Ok(0)) => {
                self.read_closed = true;
                if self.shared.config.cancel_on_eof {
                    self.cancel_all(Cancel::Connection);
                }
                if let Err(error) = self.connection.handle_eof() {
                    debug!(peer = self.peer.address, %error, "the peer stopped early");
                }
                Ok(Poll::Ready(()))
            }
            Poll::Ready(Ok(count)) => {
                self.traffic += count as u64;
                self.read_at = Instant::now();
                if count == spare {
                    self.read_size = (self.read_size * 2).min(READ_MAX);
                }
                Ok(Poll::Ready(()))
            }
            Poll::Ready(Err(error)) => Err(error),
        }
    }
}

/// Finds where a request goes, and whether it is to go there: all that can be
/// wrong with it before its argument is decoded.
fn admit<'r>(
    last_route: &'r mut Option<(Arc<str>, Route)>,
    shared: &Shared,
    request: &IncomingRequest,
    received: Instant,
) -> Result<(&'r Route, Option<Instant>)> {
    let name = &request.service_method;
    // Calls of one method share their name, so that most need no look-up.
    let known = matches!(last_route, Some((last, _)) if Arc::ptr_eq(last, name));
    if !known {
        let route = shared.router.find(name)?;
        *last_route = Some((Arc::clone(name), route.clone()));
    }
    let Some((_, route)) = last_route else {
        return Err(Error::internal("the route was just set"));
    };
    route.check_streams(request.streams)?;
    let deadline = deadline(request, received, &shared.config)?;
    Ok((route, deadline))
}

/// Takes a call out, unless its number is another's by now.
fn forget(calls: &mut HashMap<u64, Arc<CallState>>, seq: u64, state: &Arc<CallState>) {
    if calls
        .get(&seq)
        .is_some_and(|known| Arc::ptr_eq(known, state))
    {
        calls.remove(&seq);
    }
}

/// When the call's time is up, if ever.
///
/// # Errors
///
/// If it is up already: then nothing of the call is looked at.
fn deadline(
    request: &IncomingRequest,
    received: Instant,
    config: &ServerConfig,
) -> Result<Option<Instant>> {
    let timeout = match (request.timeout, config.max_timeout) {
        (Some(asked), Some(max)) => asked.min(max),
        (Some(timeout), None) | (None, Some(timeout)) => timeout,
        (None, None) => return Ok(None),
    };
    // What is beyond the end of time never comes.
    let Some(deadline) = received.checked_add(timeout) else {
        return Ok(None);
    };
    if deadline <= Instant::now() {
        let error = Error::deadline_exceeded("the call's time was up before it was begun");
        return Err(error.not_processed());
    }
    Ok(Some(deadline))
}
