//! [`Client`]: the handle that calls are made on.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use gobrpc_protocol::caller::{Exchange, Request};
use gobrpc_protocol::codec::Encode;
use gobrpc_protocol::{Call, Caller, Error, Phase, Result};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle as Runtime;
use tokio::time::Instant;

use crate::builder::ClientBuilder;
use crate::connector::Connector;
use crate::layer;
use crate::link::{Link, Started};
use crate::options::Options;
use crate::pump::pump;
use crate::reply::PendingReply;
use crate::state::{Gate, Stage};

/// A client of one server: any number of calls at a time over one connection.
///
/// A copy is cheap and shares the connection; all methods take `&self`, from any
/// task and thread. Nothing is dialled before the first call, and a connection
/// that is lost is dialled again by the next call.
///
/// - A call is sent when it is awaited or [started](Call::start), whole or not
///   at all: whatever is dropped at whatever moment, the connection stays good.
/// - [`Call::timeout`] counts from the start and includes dialling. Without one,
///   a call waits for its reply as long as the connection lives.
/// - A call sees at most one dial, and fails with its error if that fails. After
///   a failed dial there is a pause; a call within it fails at once with the
///   error of that dial, unless its timeout ends after the pause: then it waits
///   for the next dial.
/// - A call is never sent twice. One whose connection ended before its first byte
///   was sent goes by the next connection, up to three times and within its timeout
///   (gRPC calls it a transparent retry); but for those that send a stream.
///   [`Error::delivery`] tells what else may be sent again, and
///   [`layer::Retry`](crate::layer::Retry) does so.
/// - When the last copy goes, no more is sent, and the connection closes as soon
///   as no reply is waited for.
///
/// Calls are to be made within a tokio runtime that has I/O and time enabled.
///
/// # Examples
///
/// ```no_run
/// use gobrpc_client::Client;
///
/// # async fn example() -> gobrpc_client::Result<()> {
/// let client = Client::connect("tcp://127.0.0.1:1234");
/// let text: String = client.call("Echo.String", &"hello").await?;
///
/// // Two at a time.
/// let first = client.call::<i64, _>("Arith.Square", &7_i64).start();
/// let second = client.call::<i64, _>("Arith.Square", &8_i64).start();
/// assert_eq!(second.await? - first.await?, 15);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// What the copies of a client share; the link outlives it while replies are
/// waited for.
struct Handle {
    link: Arc<Link>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.link.retire();
    }
}

impl Client {
    /// A client of the server at an [`Address`](crate::Address), with default options. Nothing
    /// is dialled yet.
    ///
    /// A text that is no address makes a client all of whose calls fail with
    /// what is wrong with it. To learn that now, parse an [`Address`](crate::Address) and give
    /// it to [`ClientBuilder::connect_to`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_client::Client;
    ///
    /// let client = Client::connect("http://127.0.0.1:1234");
    /// assert_eq!(client.peer(), "http://127.0.0.1:1234/_goRPC_");
    /// ```
    #[must_use]
    pub fn connect(address: &str) -> Self {
        Self::builder().connect(address)
    }

    /// A client over a stream that exists already: a pipe, a TLS stream, a
    /// child's standard input and output. When it is lost, the client is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_client::protocol::{Response, ServerConnection};
    /// use gobrpc_client::Client;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let (ours, mut theirs) = tokio::io::duplex(4096);
    /// let client = Client::from_io(ours);
    /// let reply = client.call::<String, _>("Echo.String", &"hello").start();
    ///
    /// // A server that answers one call.
    /// let mut server = ServerConnection::new();
    /// let request = loop {
    ///     if let Some(request) = server.poll_request()? {
    ///         break request;
    ///     }
    ///     theirs.read_buf(server.input()).await?;
    /// };
    /// let text: String = request.body?.decode()?;
    /// server.reply(request.seq, &request.service_method, Response::unary(&text));
    /// theirs.write_all(server.output()).await?;
    ///
    /// assert_eq!(reply.await?, "hello");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn from_io<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::builder().from_io(stream)
    }

    /// Options first.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(options: Options, connector: Arc<dyn Connector>) -> Self {
        Self::with_link(Link::new(options, connector, Gate::Open))
    }

    /// A client that can never work.
    pub(crate) fn refusing(options: Options, connector: Arc<dyn Connector>, error: Error) -> Self {
        Self::with_link(Link::new(options, connector, Gate::Ended(error)))
    }

    fn with_link(link: Link) -> Self {
        Self {
            handle: Arc::new(Handle {
                link: Arc::new(link),
            }),
        }
    }

    /// A call of a method by its full name: `.await` it, or set what it needs
    /// first.
    ///
    /// The argument is encoded here and need not live on.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// # async fn example(client: gobrpc_client::Client) -> gobrpc_client::Result<()> {
    /// let sum: i64 = client
    ///     .call("Arith.Sum", &vec![1_i64, 2, 3])
    ///     .timeout(Duration::from_millis(50))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<T, A: Encode>(
        &self,
        service_method: impl Into<Cow<'static, str>>,
        args: &A,
    ) -> Call<T, Self> {
        Call::new(self.clone(), service_method, args)
    }

    /// Waits until there is a connection; dials now if there is none, or after
    /// the pause that a failed dial causes.
    ///
    /// # Errors
    ///
    /// That of the dial, or that the client is closed.
    pub async fn ready(&self) -> Result<()> {
        self.handle.link.ready().await
    }

    /// Closes the client: [retires](Client::retire) it, and waits until the
    /// calls under way are over and the connection is closed.
    ///
    /// All copies of the client are closed by it. A call without a timeout may
    /// keep it waiting for as long as the server does; dropping the future
    /// leaves the client retired.
    pub async fn close(&self) {
        self.retire();
        self.handle.link.ended().await;
    }

    /// Takes no new calls: they fail with `Unavailable`, not sent. Those under
    /// way go on, and when they are over the connection closes.
    ///
    /// It returns at once. What was called is still sent, then the write side is
    /// closed; a Go server answers what it has, then closes as well. This is
    /// how to take a server out of use without losing a call.
    pub fn retire(&self) {
        self.handle.link.retire();
    }

    /// The peer, as errors name it.
    #[must_use]
    pub fn peer(&self) -> &str {
        &self.handle.link.peer
    }

    /// Calls that were started and are not over: those that wait for the
    /// connection, and those that the peer has not answered, also if nobody
    /// waits for the answer any more.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        let mut state = self.handle.link.lock();
        let leaving = state.leaving.iter().map(|it| it.connection.in_flight());
        let elsewhere = state.queue.len() + leaving.sum::<usize>();
        let connection = state.connection();
        elsewhere + connection.map_or(0, |connection| connection.in_flight())
    }

    /// True while there is a connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.handle.link.lock().stage, Stage::Up(_))
    }

    /// True if new calls are refused, for good.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.handle.link.lock().is_open()
    }
}

impl Caller for Client {
    fn start(&self, request: Request) -> Exchange {
        let layers = &self.handle.link.options.layers;
        if layers.is_empty() {
            return start_bare(&self.handle.link, request);
        }
        layer::start(layers, Arc::new(Bare(self.clone())), request)
    }
}

/// A client without its layers.
struct Bare(Client);

impl Caller for Bare {
    fn start(&self, request: Request) -> Exchange {
        start_bare(&self.0.handle.link, request)
    }
}

/// Calls the server from a handler that it has called, as its client does; the client
/// itself may be gone.
pub(crate) struct Back(pub(crate) Arc<Link>);

impl Caller for Back {
    fn start(&self, request: Request) -> Exchange {
        struct Bare(Arc<Link>);
        impl Caller for Bare {
            fn start(&self, request: Request) -> Exchange {
                start_bare(&self.0, request)
            }
        }
        let layers = &self.0.options.layers;
        layer::start(layers, Arc::new(Bare(Arc::clone(&self.0))), request)
    }
}

/// Starts a call inside of all layers.
// In line, so that a call without layers is not moved once more.
#[inline]
fn start_bare(link: &Arc<Link>, mut request: Request) -> Exchange {
    let head = &mut request.head;
    let mut timer = None;
    if head.timeout.is_some() || head.deadline.is_some() {
        let now = Instant::now();
        if let Some(deadline) = head.deadline_from(now.into_std()).map(Instant::from_std) {
            let left = deadline.saturating_duration_since(now);
            if left.is_zero() {
                let error = Error::deadline_exceeded("no time is left for the call");
                return failed(link.place_error(error, Phase::Queue));
            }
            // A timer needs the runtime, and panics without it.
            if let Err(source) = Runtime::try_current() {
                let error = Error::failed_precondition("no tokio runtime: call from inside of one");
                return failed(link.place_error(error.with_source(source), Phase::Queue));
            }
            // A server of ours learns what is left.
            head.timeout = Some(left);
            timer = Some(Box::pin(tokio::time::sleep_until(deadline)));
        }
    }
    let deadline = timer.as_ref().map(|timer| timer.deadline());
    let outgoing = request.head.outgoing.take();
    match link.start(request, deadline) {
        Started::Waiting(slot) => {
            let pump = outgoing.map(|it| pump(Arc::clone(link), Arc::clone(&slot), it));
            Exchange::new(PendingReply::new(Arc::clone(link), slot, timer, pump))
        }
        Started::Failed(error) => failed(error),
    }
}

fn failed(error: Error) -> Exchange {
    Exchange::ready(Err(error))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("peer", &self.peer())
            .field("connected", &self.is_connected())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
