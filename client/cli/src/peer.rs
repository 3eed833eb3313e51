//! [`PeerArgs`]: which server, and how to reach it.

use std::time::{Duration, Instant};

use clap::Args;
use gobrpc_client::{Address, Client, Limits};

use crate::exit::Failure;
use crate::{duration, size};

/// What the help of each command that calls says about addresses.
pub(crate) const ADDRESSES: &str = "\
Addresses:
  host:port            TCP, as rpc.Dial(\"tcp\", …); tcp://host:port is the same
  http://host:port     HTTP CONNECT, as rpc.DialHTTP; with a path, as DialHTTPPath
  unix:///path         a Unix socket, as rpc.Dial(\"unix\", …)";

/// Options of all commands that call a server.
#[derive(Debug, Args)]
pub(crate) struct PeerArgs {
    /// Where the server is: host:port, http://host:port or unix:///path
    #[arg(value_name = "ADDR")]
    addr: String,
    /// Connect by HTTP CONNECT, as Go's rpc.DialHTTP; for host:port
    #[arg(long)]
    http: bool,
    /// How long everything may take, such as 500ms, 30s or 2m; 0 is for ever
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    timeout: Duration,
    /// Longest message, in bytes or as 64K, 64M, 1G [default: 16M]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_message: Option<usize>,
    /// Send headers exactly as Go's client does, without our extension
    #[arg(long)]
    plain_go: bool,
}

/// The server of a command, and the time that is left for it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) client: Client,
    deadline: Option<Instant>,
}

impl PeerArgs {
    /// The peer; nothing is dialled yet.
    pub(crate) fn peer(&self) -> Result<Peer, Failure> {
        let text = match (self.http, self.addr.split_once("://")) {
            (false, _) | (true, Some(("http", _))) => self.addr.clone(),
            (true, None) => format!("http://{}", self.addr),
            (true, Some(("tcp", host))) => format!("http://{host}"),
            (true, Some((scheme, _))) => {
                return Err(Failure::usage(format!(
                    "--http works over TCP, and {scheme}:// is something else"
                )));
            }
        };
        let address: Address = text
            .parse()
            .map_err(|error: gobrpc_client::Error| Failure::usage(error.message()))?;
        let mut builder = Client::builder().plain_go(self.plain_go);
        if let Some(bytes) = self.max_message {
            let limits = size::limits(Limits::default(), bytes);
            builder = builder.limits(limits);
        }
        let mut deadline = None;
        if !self.timeout.is_zero() {
            // A little less, so that a dial which hangs says where.
            builder = builder.connect_timeout(self.timeout.mul_f64(0.9));
            deadline = Instant::now().checked_add(self.timeout);
        }
        Ok(Peer {
            client: builder.connect_to(address),
            deadline,
        })
    }
}

impl Peer {
    /// The time that is left; none if there is no end.
    ///
    /// At least a millisecond, so that it is the call which says that time is
    /// up, and how far it came.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let left = self.deadline?.saturating_duration_since(Instant::now());
        Some(left.max(Duration::from_millis(1)))
    }
}
