//! [`Layer`]: what stands around the calls of a client, and those that are here
//! already.
//!
//! A layer gets each call before it is sent, and sees how it ends. It is a closure
//! or a type:
//!
//! ```
//! use gobrpc_client::layer::{Answer, Layer, Next};
//! use gobrpc_client::protocol::Request;
//! use gobrpc_client::{Client, Result};
//!
//! /// Calls once more what cannot have run.
//! struct Again;
//!
//! impl Layer for Again {
//!     async fn call(&self, request: Request, next: Next) -> Result<Answer> {
//!         match next.clone().run(request.clone()).await {
//!             Err(error) if next.may_repeat(&request, &error) => next.run(request).await,
//!             result => result,
//!         }
//!     }
//! }
//!
//! let client = Client::builder()
//!     .layer(|mut request: Request, next: Next| async move {
//!         request.head.metadata.append("tenant", "acme");
//!         next.run(request).await
//!     })
//!     .layer(Again)
//!     .connect("127.0.0.1:1234");
//! ```
//!
//! A closure's future may not borrow from the closure: clone what it needs first.
//!
//! ```
//! use std::sync::Arc;
//! use gobrpc_client::Client;
//! use gobrpc_client::layer::Next;
//! use gobrpc_client::protocol::Request;
//!
//! let tenant: Arc<str> = Arc::from("acme");
//! let client = Client::builder().layer(move |mut request: Request, next: Next| {
//!     let tenant = Arc::clone(&tenant);
//!     async move {
//!         request.head.metadata.append("tenant", &*tenant);
//!         next.run(request).await
//!     }
//! });
//! ```
//!
//! # What a layer sees
//!
//! - Calls meet the layers in the order in which they were added. Those of a client
//!   are around each call on its connection; [`Layered`] puts layers around any
//!   [`Caller`], such as a balanced client: there they see a call once, however often
//!   it is sent.
//! - Before [`Next::run`]: method, metadata, deadline and marks in
//!   [`Request::head`](gobrpc_protocol::Request), all of it to change, and the encoded
//!   argument.
//! - After it: how the call ended. An error says whether the call may have run
//!   ([`Error::delivery`](crate::Error::delivery)). Of a stream it comes when the
//!   stream has ended, with its trailers; the items go to the caller meanwhile.
//! - `next` may run again where the call is safe to repeat ([`Next::may_repeat`]). A
//!   stream of arguments can be sent once only, and once an item of the replies went
//!   to the caller, running `next` is an error.
//! - A call is sent when it is started if its layers come to that without waiting;
//!   else while its reply is awaited. Its timeout counts from the start, layers
//!   included.
//! - A reply that is dropped drops the layers' futures, with the call inside.

mod answer;
mod bearer_token;
mod layered;
mod metrics;
mod next;
mod retry;
mod timeout;
mod trace;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use gobrpc_protocol::{Request, Result};

pub use gobrpc_protocol::metrics::{CallMetrics, Observer};

pub use answer::Answer;
pub use bearer_token::BearerToken;
pub use layered::Layered;
pub use metrics::Metrics;
pub use next::Next;
pub use retry::Retry;
pub use timeout::Timeout;
pub use trace::Trace;

pub(crate) use layered::start;

#[cfg(doc)]
use gobrpc_protocol::Caller;

/// Stands around calls: sees each before it is sent, may change it, answer it or send
/// it again, and sees how it ends.
///
/// See the [module](self) for what a layer sees and when. Closures
/// `Fn(Request, Next) -> impl Future` are layers, too; their parameters need their
/// types written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer",
    note = "a closure is one if it says its types, `|request: Request, next: Next| async move {{ … }}`, and \
            its future borrows nothing from it and is `Send`"
)]
pub trait Layer: Send + Sync + 'static {
    /// Carries out a call: by `next`, or without.
    ///
    /// Write it as `async fn call(&self, request: Request, next: Next) ->
    /// Result<Answer>`.
    fn call(&self, request: Request, next: Next) -> impl Future<Output = Result<Answer>> + Send;
}

impl<F, Fut> Layer for F
where
    F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Answer>> + Send,
{
    fn call(&self, request: Request, next: Next) -> impl Future<Output = Result<Answer>> + Send {
        self(request, next)
    }
}

/// A layer that runs.
type LayerFuture = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// A layer of any type.
pub(crate) trait AnyLayer: Send + Sync {
    fn start(self: Arc<Self>, request: Request, next: Next) -> LayerFuture;
}

impl<L: Layer> AnyLayer for L {
    fn start(self: Arc<Self>, request: Request, next: Next) -> LayerFuture {
        Box::pin(async move { self.call(request, next).await })
    }
}

impl fmt::Debug for dyn AnyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layer")
    }
}

/// Layers, the outermost first.
pub(crate) type Layers = Arc<Vec<Arc<dyn AnyLayer>>>;
