//! [`Peer`]: a library that makes and serves calls.

mod go_netrpc;
mod gobrpc;
mod raw;
mod tarpc;
mod tonic;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpListener;

pub use self::go_netrpc::GoNetrpc;
pub use self::gobrpc::{Awaiting, Gobrpc};
pub use self::raw::Raw;
pub use self::tarpc::Tarpc;
pub use self::tonic::Tonic;
use crate::Result;

/// What a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The product of two numbers.
    Multiply,
    /// So many bytes, there and back.
    Echo(usize),
}

impl Work {
    /// By its name on the command line.
    ///
    /// # Errors
    ///
    /// If there is none such.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "mul" => Ok(Self::Multiply),
            "echo4k" => Ok(Self::Echo(4 << 10)),
            "echo64k" => Ok(Self::Echo(64 << 10)),
            "echo4m" => Ok(Self::Echo(4 << 20)),
            other => Err(format!("there is no work {other}").into()),
        }
    }

    /// The bytes of an echo.
    #[must_use]
    pub fn payload(self) -> Vec<u8> {
        match self {
            Self::Multiply => Vec::new(),
            Self::Echo(length) => vec![0xa5; length],
        }
    }
}

/// For how long calls wait, in milliseconds: longer than any bench.
const HOUR: i64 = 3_600_000;

/// When the calls end: after a time that others measure, or after so many.
#[derive(Debug, Clone)]
pub enum Until {
    /// Once it is set.
    Stopped(Arc<AtomicBool>),
    /// So many for each that calls.
    Calls(u64),
}

impl Until {
    /// True if `calls` are enough.
    #[must_use]
    pub fn is_over(&self, calls: u64) -> bool {
        match self {
            Self::Stopped(stopped) => stopped.load(Ordering::Relaxed),
            Self::Calls(wanted) => calls >= *wanted,
        }
    }
}

/// A library that makes and serves calls, set up as its documentation says it is
/// fastest.
pub trait Peer: Send + 'static {
    /// One connection; copies share it.
    type Client: Clone + Send + Sync + 'static;

    /// Serves all that connect, until it is dropped.
    fn serve(listener: TcpListener) -> impl Future<Output = Result<()>> + Send;

    /// Connects.
    fn connect(address: &str, work: Work) -> impl Future<Output = Result<Self::Client>> + Send;

    /// Makes a call, and checks its reply.
    fn call(
        client: &Self::Client,
        work: Work,
        number: i64,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Makes a call that is not answered for an hour, where that is measured.
    fn wait(client: Self::Client) -> impl Future<Output = Result<()>> + Send {
        drop(client);
        async { Err("this peer has no call that waits".into()) }
    }

    /// Keeps `in_flight` calls under way on one connection, by as many tasks, each
    /// of which makes one call after the other. How many calls there were.
    fn load(
        client: Self::Client,
        work: Work,
        in_flight: usize,
        until: Until,
    ) -> impl Future<Output = Result<u64>> + Send {
        async move {
            let callers: Vec<_> = (0..in_flight)
                .map(|_| {
                    let (client, until) = (client.clone(), until.clone());
                    tokio::spawn(async move {
                        let mut calls = 0;
                        while !until.is_over(calls) {
                            Self::call(&client, work, calls.cast_signed()).await?;
                            calls += 1;
                        }
                        Result::<u64>::Ok(calls)
                    })
                })
                .collect();
            let mut calls = 0;
            for caller in callers {
                calls += caller.await??;
            }
            Ok(calls)
        }
    }
}

/// Checks a reply.
fn expect<T: PartialEq + std::fmt::Debug>(got: &T, wanted: &T) -> Result<()> {
    if got == wanted {
        return Ok(());
    }
    Err(format!("the reply is {got:?}, not {wanted:?}").into())
}
