//! [`ServerConfig`]: what a server allows.

use std::time::Duration;

use gobrpc_protocol::codec::Limits;

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
    /// Bytes of replies that wait for a slow reader (1 MiB). Above it the server
    /// stops taking requests from that connection. One reply may be longer when
    /// it is alone.
    pub write_buffer_bytes: usize,
    /// A connection that the server wants to close counts as quiet after so long
    /// without a byte (500 ms).
    pub quiet: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            connections: 1024,
            handlers_per_connection: 256,
            write_buffer_bytes: 1 << 20,
            quiet: Duration::from_millis(500),
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

    /// Sets [`ServerConfig::write_buffer_bytes`].
    #[must_use]
    pub fn with_write_buffer_bytes(mut self, bytes: usize) -> Self {
        self.write_buffer_bytes = bytes;
        self
    }

    /// Sets [`ServerConfig::quiet`].
    #[must_use]
    pub fn with_quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }
}
