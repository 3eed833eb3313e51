//! Calls from programs without an async runtime.
//!
//! [`Client`] carries calls out by a thread of its own, which does all I/O; it is the
//! asynchronous client underneath, with everything that it has. [`Wait::wait`] is
//! `.await` for threads.
//!
//! On a thread that belongs to a tokio runtime, to wait would stop what else that
//! thread does: every wait fails there with `FailedPrecondition`, before anything is
//! sent. Async code has [`crate::Client`], and so has code that runs by
//! `spawn_blocking`, by way of tokio's `Handle::block_on`.
//!
//! # Examples
//!
//! ```no_run
//! use std::time::Duration;
//! use gobrpc_client::blocking::{Client, Wait};
//! use gobrpc_client::{Gob, Result, Streaming, service};
//!
//! #[derive(Gob)]
//! pub struct Args { pub a: i64, pub b: i64 }
//!
//! #[service]
//! pub trait Arith {
//!     async fn multiply(&self, args: Args) -> Result<i64>;
//!     async fn count(&self, to: u64) -> Result<Streaming<u64>>;
//! }
//!
//! fn main() -> Result<()> {
//!     let client = Client::connect("tcp://127.0.0.1:1234")?;
//!     let product: i64 = client.call("Arith.Multiply", &Args { a: 6, b: 7 }).wait()?;
//!
//!     // Typed clients, with all that their calls have.
//!     let arith = ArithClient::new(client);
//!     let args = Args { a: product, b: 1 };
//!     arith.multiply(args).timeout(Duration::from_millis(50)).wait()?;
//!
//!     // Streams are iterators.
//!     for number in arith.count(3).wait()? {
//!         println!("{}", number?);
//!     }
//!     Ok(())
//! }
//! ```

mod items;
mod thread;
mod wait;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use gobrpc_protocol::caller::{Exchange, Item, Replies, Request};
use gobrpc_protocol::codec::Encode;
use gobrpc_protocol::{Call, Caller, Metadata, Result};

pub use items::Items;
pub use wait::Wait;

use thread::IoThread;

/// A caller for programs without an async runtime: an asynchronous one, and the
/// thread that does its I/O.
///
/// A copy is cheap and shares both; all methods take `&self`, from any thread. The
/// thread ends when the last copy and the last reply are gone.
///
/// See the [module](self) for an example.
pub struct Client<C = crate::Client> {
    caller: C,
    thread: Arc<IoThread>,
}

impl Client {
    /// A client of the server at an [`Address`](crate::Address), with default
    /// options; see [`crate::Client::connect`].
    ///
    /// # Errors
    ///
    /// If the system gives no thread. What is wrong with an address is said by the
    /// first call.
    pub fn connect(address: &str) -> Result<Self> {
        Self::new(crate::Client::connect(address))
    }

    /// Waits until there is a connection; see [`crate::Client::ready`].
    ///
    /// # Errors
    ///
    /// That of the dial, or that the client is closed, or that the thread belongs to
    /// a runtime.
    pub fn ready(&self) -> Result<()> {
        self.run(self.caller.ready())?
    }

    /// Closes the client, and waits for the calls under way; see
    /// [`crate::Client::close`].
    ///
    /// # Errors
    ///
    /// If the thread belongs to a runtime; then nothing is closed.
    pub fn close(&self) -> Result<()> {
        self.run(self.caller.close())
    }
}

impl<C: Caller + Clone> Client<C> {
    /// A blocking client around an asynchronous one, which may have its own options,
    /// and a thread for it.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use gobrpc_client::{Client, blocking};
    ///
    /// let client = Client::builder()
    ///     .connect_timeout(Duration::from_secs(2))
    ///     .connect("tcp://127.0.0.1:1234");
    /// let client = blocking::Client::new(client)?;
    /// # let _ = client;
    /// # Ok::<(), gobrpc_client::Error>(())
    /// ```
    pub fn new(caller: C) -> Result<Self> {
        Ok(Self {
            caller,
            thread: Arc::new(IoThread::start()?),
        })
    }

    /// A blocking client around another asynchronous one, on the thread of this one.
    #[must_use]
    pub fn beside<D>(&self, caller: D) -> Client<D> {
        Client {
            caller,
            thread: Arc::clone(&self.thread),
        }
    }

    /// The asynchronous client inside.
    #[must_use]
    pub fn get_ref(&self) -> &C {
        &self.caller
    }

    /// A call of a method by its full name: [`wait`](Wait::wait) for it, or set what
    /// it needs first.
    pub fn call<T, A: Encode>(
        &self,
        service_method: impl Into<Cow<'static, str>>,
        args: &A,
    ) -> Call<T, Self> {
        Call::new(self.clone(), service_method, args)
    }

    /// Waits for any future on this thread: for what has no [`Wait`], such as
    /// [`Sender::send`](crate::Sender::send). It may use tokio's timers and tasks.
    ///
    /// # Errors
    ///
    /// If the thread belongs to a runtime; the future is dropped then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gobrpc_client::Streaming;
    /// use gobrpc_client::blocking::Client;
    ///
    /// # fn main() -> gobrpc_client::Result<()> {
    /// let client = Client::connect("127.0.0.1:1234")?;
    /// let (mut sender, numbers) = Streaming::channel(1);
    /// client.run(sender.send(7))??;
    /// # let _: Streaming<i32> = numbers;
    /// # Ok(())
    /// # }
    /// ```
    pub fn run<F: Future>(&self, future: F) -> Result<F::Output> {
        let mut future = pin!(future);
        wait::until_ready(|cx| {
            let _inside = self.thread.enter();
            future.as_mut().poll(cx)
        })
    }
}

impl<C: Caller> Caller for Client<C> {
    fn start(&self, request: Request) -> Exchange {
        let _inside = self.thread.enter();
        Exchange::new(Running {
            exchange: self.caller.start(request),
            thread: Arc::clone(&self.thread),
        })
    }
}

impl<C: Clone> Clone for Client<C> {
    fn clone(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            thread: Arc::clone(&self.thread),
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking::Client")
            .field(&self.caller)
            .finish()
    }
}

/// An exchange, and the thread that it needs until it is over.
struct Running {
    exchange: Exchange,
    thread: Arc<IoThread>,
}

impl Replies for Running {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Item>>> {
        let Self { exchange, thread } = &mut *self;
        // Layers may start timers when they are polled.
        let _inside = thread.enter();
        exchange.poll_next(cx)
    }

    fn trailers(&self) -> Metadata {
        self.exchange.trailers()
    }
}
