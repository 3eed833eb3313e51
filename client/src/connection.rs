//! [`Connection`]: the protocol's connection, and which of its bytes went out.

mod failed;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bytes::BytesMut;
use gobrpc_protocol::caller::Item;
use gobrpc_protocol::client_connection::{Incoming, Seq};
use gobrpc_protocol::flow::INITIAL_CREDIT;
use gobrpc_protocol::server_connection::IncomingRequest;
use gobrpc_protocol::{Body, Delivery, Error, Payload, Phase, Request, Response, Result};
use tokio::time::Instant;

use crate::codec::Codec;
use crate::hosting::Asked;
use crate::options::Options;
use crate::slot::{Place, Slot};

pub(crate) use failed::Failed;

/// What came, and the slot that it belongs to: collected under the link's lock,
/// handed over after it.
pub(crate) type Completion = (Arc<Slot>, Event);

/// What came for a call.
#[derive(Debug)]
pub(crate) enum Event {
    /// Its result.
    Result(Result<Item>),
    /// It is sent, and that is all that is waited for.
    Sent,
    /// An item of its replies, with its cost.
    Item(Result<Body>, u64),
    /// More may be sent of its arguments.
    Credit(u64),
}

/// A call whose last byte was not written.
#[derive(Debug)]
struct Unwritten {
    seq: Seq,
    /// Bytes of the stream up to its last one.
    end: u64,
    /// What another connection can take, should this one never send it.
    request: Request,
}

/// A connection that is up. It is behind the link's lock; the driver does its
/// I/O.
#[derive(Debug)]
pub(crate) struct Connection {
    protocol: Codec<Arc<Slot>>,
    number: u64,
    /// Calls whose last byte was not written, oldest first.
    unwritten: VecDeque<Unwritten>,
    /// Bytes of the stream up to the oldest of those.
    unwritten_from: u64,
    /// Calls whose argument went out in chunks and whose last was appended and not
    /// written, with the number of bytes of the stream up to there.
    in_chunks: VecDeque<(Seq, u64)>,
    /// Calls that are over when they are written, with the same number.
    one_way: VecDeque<(Seq, u64, Arc<Slot>)>,
    /// Bytes that the socket has accepted.
    written: u64,
    /// Calls that somebody waits for.
    live: usize,
    /// Those of them that have streams.
    streaming: usize,
    answered: bool,
    opened: Instant,
    /// Streams that wait for the write buffer.
    blocked: Vec<Waker>,
    /// What the server has asked for, and the driver has not taken yet.
    asked: Vec<Asked>,
    /// The server may do so.
    hosts: bool,
    /// Its calls whose replies were not written, and how many of them are handled.
    hosted: usize,
    max_hosted: usize,
    /// Their replies, by the number of bytes of the stream up to their ends.
    replies: VecDeque<u64>,
}

/// Most calls of the server above [`Options::max_hosted`] that are refused at a time: a
/// server that makes more, and reads no replies, would have them gather here.
const REFUSED_MAX: usize = 1024;

impl Connection {
    pub(crate) fn new(number: u64, options: &Options) -> Self {
        Self {
            protocol: Codec::new(options),
            number,
            unwritten: VecDeque::new(),
            unwritten_from: 0,
            in_chunks: VecDeque::new(),
            one_way: VecDeque::new(),
            written: 0,
            live: 0,
            streaming: 0,
            answered: false,
            opened: Instant::now(),
            blocked: Vec::new(),
            asked: Vec::new(),
            hosts: options.host.is_some(),
            hosted: 0,
            max_hosted: options.max_hosted,
            replies: VecDeque::new(),
        }
    }

    /// True if one more call may go out.
    ///
    /// A call may exceed the write buffer when it is alone, else it could never
    /// go out. Calls that were given up count: the peer still works on them.
    pub(crate) fn has_room(&self, options: &Options) -> bool {
        self.protocol.in_flight() < options.max_in_flight.max(1) && self.has_write_room(options)
    }

    /// Waits until the write buffer takes an item of a stream.
    pub(crate) fn poll_write_room(&mut self, options: &Options, waker: &Waker) -> bool {
        let room = self.has_write_room(options);
        if !room {
            self.blocked.push(waker.clone());
        }
        room
    }

    /// Those who waited and need not, to be woken when the lock was given back.
    pub(crate) fn take_unblocked(&mut self, options: &Options) -> Vec<Waker> {
        if self.blocked.is_empty() || !self.has_write_room(options) {
            return Vec::new();
        }
        std::mem::take(&mut self.blocked)
    }

    /// All who wait, since the connection is gone.
    pub(crate) fn take_blocked(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.blocked)
    }

    /// True if the write buffer takes more.
    fn has_write_room(&self, options: &Options) -> bool {
        let buffered = self.protocol.appended() - self.written;
        buffered == 0 || buffered < options.max_write_buffer as u64
    }

    /// Its number among the link's connections.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// True if the peer wants no further calls on it.
    pub(crate) fn is_going_away(&self) -> bool {
        self.protocol.is_going_away()
    }

    /// Whether the peer has streams; `None` if that is not known, and then it is
    /// asked.
    pub(crate) fn has_streams(&mut self) -> Option<bool> {
        self.protocol.has_streams()
    }

    /// The call's number, if it is on this connection.
    fn seq_of(&self, slot: &Slot) -> Option<Seq> {
        match slot.place() {
            Place::Connection { number, seq } if number == self.number => Some(seq),
            _ => None,
        }
    }

    /// Sends an item of a call's arguments, if the call is on this connection.
    pub(crate) fn item(&mut self, slot: &Slot, payload: &Payload) -> Result<()> {
        match self.seq_of(slot) {
            Some(seq) => self.protocol.item(seq, payload),
            None => Ok(()),
        }
    }

    /// Says that no more items come.
    pub(crate) fn end(&mut self, slot: &Slot) {
        if let Some(seq) = self.seq_of(slot) {
            self.protocol.end(seq);
        }
    }

    /// Gives credit back for a call's replies.
    pub(crate) fn grant(&mut self, slot: &Slot, bytes: u64) {
        if let Some(seq) = self.seq_of(slot) {
            self.protocol.grant(seq, bytes);
        }
    }

    /// Encodes a call.
    pub(crate) fn call(&mut self, request: Request, slot: &Arc<Slot>) -> Result<()> {
        let (head, body) = (&request.head, &request.body);
        let one_way = head.one_way && !slot.is_streaming();
        if self.unwritten.is_empty() {
            // What came between was no call.
            self.unwritten_from = self.protocol.appended();
        }
        let started = if one_way {
            let started = self.protocol.one_way(head, body, Arc::clone(slot))?;
            let sent = (started.seq, started.end, Arc::clone(slot));
            self.one_way.push_back(sent);
            started
        } else {
            self.protocol.call(head, body, Arc::clone(slot))?
        };
        slot.put(Place::Connection {
            number: self.number,
            seq: started.seq,
        });
        // The end of an argument in chunks is known with the last of them.
        if started.end != u64::MAX {
            self.unwritten.push_back(Unwritten {
                seq: started.seq,
                end: started.end,
                request,
            });
        }
        self.live += 1;
        self.streaming += usize::from(slot.is_streaming());
        if let Some(outbound) = &slot.outbound {
            outbound.grant(INITIAL_CREDIT);
        }
        Ok(())
    }

    /// Gives up on a call of the connection with that number, and tells the peer
    /// if it understands that.
    pub(crate) fn cancel(&mut self, number: u64, seq: Seq) {
        if number == self.number
            && let Some(slot) = self.protocol.cancel(seq)
        {
            self.forget(&slot);
        }
    }

    /// Notes that nobody waits for a call any more.
    fn forget(&mut self, slot: &Slot) {
        self.live -= 1;
        self.streaming -= usize::from(slot.is_streaming());
    }

    /// Gives up on a call, if it is on this connection.
    pub(crate) fn reset(&mut self, slot: &Slot) {
        if let Some(seq) = self.seq_of(slot) {
            self.cancel(self.number, seq);
        }
    }

    /// Replies to a call of the server.
    pub(crate) fn reply(&mut self, number: u64, result: Result<Response>) {
        self.protocol.reply(number, result);
        self.replies.push_back(self.protocol.appended());
    }

    /// Takes a call of the server in.
    #[cold]
    fn host(&mut self, request: IncomingRequest) -> Result<()> {
        // A place is free again when the reply is written: replies must not gather, either.
        self.hosted += 1;
        if self.hosted <= self.max_hosted {
            self.asked.push(Asked::Call(request));
            return Ok(());
        }
        if self.hosted - self.max_hosted > REFUSED_MAX {
            return Err(Error::resource_exhausted(
                "the server makes calls without end, and reads no replies",
            ));
        }
        let error = Error::resource_exhausted("the client handles too many calls already");
        self.reply(request.seq, Err(error.not_processed()));
        Ok(())
    }

    /// Takes out what the server has asked for.
    pub(crate) fn take_asked(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.asked)
    }

    /// Makes the peer answer.
    pub(crate) fn ping(&mut self) {
        self.protocol.ping();
    }

    /// True if somebody waits, and the peer can be asked whether it lives.
    pub(crate) fn wants_pings(&self) -> bool {
        self.live > 0 && self.protocol.pings()
    }

    /// Calls that the peer has not answered.
    pub(crate) fn in_flight(&self) -> usize {
        self.protocol.in_flight()
    }

    /// Calls that somebody waits for.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// True if nothing more will be written, when no more calls come. On behalf of
    /// a call there may be: items, credit for them, and that it is given up, which
    /// counts where replies may be long in coming.
    pub(crate) fn is_done_writing(&self) -> bool {
        // The server's handlers may have to call us, before they answer.
        let may_follow = if self.is_going_away() || self.hosts {
            self.live
        } else {
            self.streaming
        };
        self.protocol.appended() == self.written && may_follow == 0 && !self.protocol.has_chunks()
    }

    /// The connection if there is something to take: what calls have appended, or else
    /// a chunk of a long argument.
    pub(crate) fn filled(&mut self) -> Option<&mut Self> {
        if self.protocol.output_len() == 0
            && let Some(started) = self.protocol.fill()
        {
            self.in_chunks.push_back((started.seq, started.end));
        }
        (self.protocol.output_len() > 0).then_some(self)
    }

    /// How many bytes wait to be taken by [`Connection::take_output`].
    pub(crate) fn output_len(&self) -> usize {
        self.protocol.output_len()
    }

    /// Takes the bytes to write, and leaves `empty` to collect the next ones.
    pub(crate) fn take_output(&mut self, empty: Vec<u8>) -> Vec<u8> {
        self.protocol.take_output(empty)
    }

    /// Notes how many bytes of the stream the socket has accepted: one-way calls are
    /// over by it.
    pub(crate) fn note_written(&mut self, written: u64, over: &mut Vec<Completion>) {
        self.written = written;
        while let Some((_, end, _)) = self.one_way.front()
            && *end <= written
            && let Some((_, _, slot)) = self.one_way.pop_front()
        {
            self.forget(&slot);
            over.push((slot, Event::Sent));
        }
        while let Some(&end) = self.replies.front()
            && end <= written
        {
            self.replies.pop_front();
            self.hosted -= 1;
        }
        let mut sent = 0;
        while let Some(call) = self.unwritten.get(sent)
            && call.end <= written
        {
            self.unwritten_from = call.end;
            sent += 1;
        }
        // One by one, each would be copied to be dropped.
        self.unwritten.drain(..sent);
        while let Some(&(_, end)) = self.in_chunks.front()
            && end <= written
        {
            self.in_chunks.pop_front();
        }
    }

    /// Takes at most `max` replies out of what was read; true if there may be
    /// more of them.
    ///
    /// `input` is the protocol's own buffer, which the driver holds while it
    /// reads, so that no byte is copied.
    ///
    /// # Errors
    ///
    /// If the stream is lost.
    pub(crate) fn receive(
        &mut self,
        input: &mut BytesMut,
        wanted: &mut usize,
        max: usize,
        replies: &mut Vec<Completion>,
    ) -> Result<bool> {
        std::mem::swap(self.protocol.input(), input);
        let mut outcome = Ok(true);
        for _ in 0..max {
            match self.protocol.poll() {
                Ok(Some(Incoming::Reply(reply))) => {
                    self.forget(&reply.call);
                    self.answered = true;
                    let metadata = reply.metadata;
                    let result = reply
                        .result
                        .map(|body| Item::new(body).with_metadata(metadata));
                    replies.push((reply.call, Event::Result(result)));
                }
                Ok(Some(Incoming::Item { seq, body, cost })) => {
                    self.answered = true;
                    if let Some(slot) = self.protocol.call_of(seq) {
                        replies.push((Arc::clone(slot), Event::Item(body, cost)));
                    }
                }
                Ok(Some(Incoming::Credit { seq, bytes })) => {
                    if let Some(slot) = self.protocol.call_of(seq) {
                        replies.push((Arc::clone(slot), Event::Credit(bytes)));
                    }
                }
                Ok(Some(Incoming::GoAway)) => {
                    self.answered = true;
                    for (_, slot) in self.protocol.take_refused() {
                        self.forget(&slot);
                        replies.push((slot, Event::Result(Err(refused()))));
                    }
                }
                Ok(Some(Incoming::Call(request))) => {
                    if let Err(error) = self.host(request) {
                        outcome = Err(error);
                        break;
                    }
                }
                Ok(Some(Incoming::Cancel { seq })) => self.asked.push(Asked::Cancel(seq)),
                Ok(Some(_)) => {}
                Ok(None) => {
                    outcome = Ok(false);
                    break;
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        *wanted = self.protocol.wanted();
        std::mem::swap(self.protocol.input(), input);
        outcome
    }

    /// Why the calls that wait fail when the peer has closed.
    pub(crate) fn eof(&mut self, input: &mut BytesMut) -> Error {
        std::mem::swap(self.protocol.input(), input);
        match self.protocol.handle_eof() {
            Ok(()) => Error::unavailable("the connection was closed by the peer"),
            Err(error) => error,
        }
    }

    /// True if the connection was of use: the peer answered, or was not asked,
    /// or kept it for as long as the longest backoff.
    ///
    /// Else a server that accepts and closes at once would be dialled without a
    /// pause.
    pub(crate) fn is_proven(&self, backoff_max: Duration) -> bool {
        self.answered || self.protocol.appended() == 0 || self.opened.elapsed() >= backoff_max
    }
}

/// The error of a call that came when the server had stopped to take calls.
fn refused() -> Error {
    Error::unavailable("the server goes away, and did not take the call")
        .with_phase(Phase::Queue)
        .with_delivery(Delivery::Refused)
        .not_processed()
}
