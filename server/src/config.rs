//! [`ServerConfig`]: what a server allows.

use std::time::Duration;

use gobrpc_protocol::codec::Limits;
use gobrpc_protocol::spin::Spin;

/// What a server allows each of its peers, and all of them together.
///
/// # Examples
///
/// ```
/// use gobrpc_server::ServerConfig;
///
/// let config = ServerConfig::default().with_connections(10_000);
/// assert_eq!(config.connections, 10_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Limits of each message, in and out.
    pub limits: Limits,
    /// Most open connections (1,024): further ones are accepted and closed at
    /// once, so that their clients learn it.
    pub connections: usize,
    /// Most handlers that run at once for one connection (256). Above it the
    /// server stops reading from that connection, which is what a Go client
    /// understands.
    pub handlers_per_connection: usize,
    /// Most calls to services that a client hosts, for one connection, that it has not
    /// answered (256). Further ones fail with `ResourceExhausted`, not sent.
    pub peer_calls: usize,
    /// Bytes of replies that wait for a slow reader (1 MiB). Above it the server
    /// stops taking requests from that connection. One reply may be longer when
    /// it is alone.
    pub write_buffer_bytes: usize,
    /// Bytes of requests that wait for a handler to end (1 MiB). They are read on
    /// for the sake of what may come behind them, such as a cancellation, so this
    /// holds for peers that may send that; Go's cannot.
    pub waiting_bytes: usize,
    /// Longest time that a call may take, also if its caller would wait longer or
    /// does not say (none). A call that takes longer fails with
    /// `DeadlineExceeded`, and its handler is dropped.
    pub max_timeout: Option<Duration>,
    /// Cancels what runs when the peer closes its side (off). Go's server goes on,
    /// as a peer may close one half and still read replies; a Go client that closes
    /// does not, and the two look the same.
    pub cancel_on_eof: bool,
    /// How many turns of the scheduler a connection without calls looks for the next
    /// one before it sleeps (64, some 30 µs). A client on the same machine that calls
    /// again at once does so within these, and a processor that sleeps would take longer
    /// to wake. Where calls come later, such turns soon become rare
    /// ([`Spin`](gobrpc_protocol::spin::Spin)); with 0 there are none.
    pub spin: u32,
    /// Compresses bodies of 1 KiB or more by LZ4 on their way to clients that do so as
    /// well, and takes such bodies from them (off). A length that says something of a
    /// secret is a reason not to: see
    /// [`with_compression`](gobrpc_protocol::ServerConnection::with_compression).
    #[cfg(feature = "compression")]
    pub compression: bool,
    /// A connection that the server wants to close counts as quiet after so long
    /// without a byte (500 ms). Clients of ours are told to go, and need no such
    /// wait.
    pub quiet: Duration,
    /// How long a request that has begun may bring less than 1 KiB and not be whole
    /// (60 s). Its connection is closed then: a peer that sends a byte now and then would
    /// else keep its place for ever. A connection between two requests may be silent for
    /// as long as [`ServerConfig::max_connection_idle`] says. `Duration::MAX`: for ever.
    pub max_request_stall: Duration,
    /// How long a connection may live, a tenth more or less (for ever), so that
    /// clients spread over servers that were added. Then a client of ours makes its
    /// further calls on another one, and loses none.
    ///
    /// Others, such as Go's, are served until they are quiet. Go's client does not
    /// dial again: to it a server that closes is gone.
    pub max_connection_age: Option<Duration>,
    /// How long calls may still take on a connection that is too old, before it is
    /// cut (for ever).
    pub max_connection_age_grace: Option<Duration>,
    /// How long a connection may be without a call (for ever). It is closed then, at
    /// the latest after twice as long. Of Go's client holds what is said above.
    pub max_connection_idle: Option<Duration>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            connections: 1024,
            handlers_per_connection: 256,
            peer_calls: 256,
            write_buffer_bytes: 1 << 20,
            waiting_bytes: 1 << 20,
            max_timeout: None,
            cancel_on_eof: false,
            spin: Spin::TURNS,
            #[cfg(feature = "compression")]
            compression: false,
            quiet: Duration::from_millis(500),
            max_request_stall: Duration::from_secs(60),
            max_connection_age: None,
            max_connection_age_grace: None,
            max_connection_idle: None,
        }
    }
}

impl ServerConfig {
    /// Sets [`ServerConfig::limits`].
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`ServerConfig::connections`].
    #[must_use]
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets [`ServerConfig::handlers_per_connection`]; at least 1.
    #[must_use]
    pub fn with_handlers_per_connection(mut self, handlers: usize) -> Self {
        self.handlers_per_connection = handlers.max(1);
        self
    }

    /// Sets [`ServerConfig::peer_calls`].
    #[must_use]
    pub fn with_peer_calls(mut self, calls: usize) -> Self {
        self.peer_calls = calls;
        self
    }

    /// Sets [`ServerConfig::write_buffer_bytes`].
    #[must_use]
    pub fn with_write_buffer_bytes(mut self, bytes: usize) -> Self {
        self.write_buffer_bytes = bytes;
        self
    }

    /// Sets [`ServerConfig::waiting_bytes`].
    #[must_use]
    pub fn with_waiting_bytes(mut self, bytes: usize) -> Self {
        self.waiting_bytes = bytes;
        self
    }

    /// Sets [`ServerConfig::max_timeout`].
    #[must_use]
    pub fn with_max_timeout(mut self, timeout: Duration) -> Self {
        self.max_timeout = Some(timeout);
        self
    }

    /// Sets [`ServerConfig::cancel_on_eof`].
    #[must_use]
    pub fn with_cancel_on_eof(mut self, on: bool) -> Self {
        self.cancel_on_eof = on;
        self
    }

    /// Sets [`ServerConfig::spin`].
    #[must_use]
    pub fn with_spin(mut self, turns: u32) -> Self {
        self.spin = turns;
        self
    }

    /// Sets [`ServerConfig::compression`].
    #[cfg(feature = "compression")]
    #[must_use]
    pub fn with_compression(mut self, on: bool) -> Self {
        self.compression = on;
        self
    }

    /// Sets [`ServerConfig::quiet`].
    #[must_use]
    pub fn with_quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }

    /// Sets [`ServerConfig::max_request_stall`].
    #[must_use]
    pub fn with_max_request_stall(mut self, period: Duration) -> Self {
        self.max_request_stall = period;
        self
    }

    /// Sets [`ServerConfig::max_connection_age`].
    #[must_use]
    pub fn with_max_connection_age(mut self, age: Duration) -> Self {
        self.max_connection_age = Some(age);
        self
    }

    /// Sets [`ServerConfig::max_connection_age_grace`].
    #[must_use]
    pub fn with_max_connection_age_grace(mut self, grace: Duration) -> Self {
        self.max_connection_age_grace = Some(grace);
        self
    }

    /// Sets [`ServerConfig::max_connection_idle`].
    #[must_use]
    pub fn with_max_connection_idle(mut self, idle: Duration) -> Self {
        self.max_connection_idle = Some(idle);
        self
    }
}
