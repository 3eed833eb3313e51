//! [`Layer`]: what stands around the handlers of a server, and those that are here
//! already.
//!
//! A layer gets each call before its argument is decoded, and sees how it ends. It
//! is a closure or a type:
//!
//! ```
//! use gobrpc_server::{Context, Error, Layer, Next, Response, Result, Server};
//!
//! struct Tenants;
//!
//! impl Layer for Tenants {
//!     async fn handle(&self, mut cx: Context, next: Next) -> Result<Response> {
//!         let Some(tenant) = cx.metadata().get_str("tenant") else {
//!             return Err(Error::unauthenticated("say for whom").not_processed());
//!         };
//!         let tenant = Tenant(tenant.to_owned());
//!         cx.extensions_mut().insert(tenant);     // for the handler
//!         let mut response = next.run(cx).await?;
//!         response.metadata_mut().append("served-by", "a");
//!         Ok(response)
//!     }
//! }
//!
//! struct Tenant(String);
//!
//! let server = Server::new()
//!     .with_layer(|cx: Context, next: Next| async move {
//!         let method = cx.service_method().to_owned();
//!         let result = next.run(cx).await;
//!         if let Err(error) = &result {
//!             eprintln!("{method}: {error}");
//!         }
//!         result
//!     })
//!     .with_layer(Tenants);
//! ```
//!
//! A closure's future may not borrow from the closure: clone what it needs first.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use gobrpc_server::{Context, Next, Server};
//!
//! let calls = Arc::new(AtomicU64::new(0));
//! let counter = Arc::clone(&calls);
//! let server = Server::new().with_layer(move |cx: Context, next: Next| {
//!     let counter = Arc::clone(&counter);
//!     async move {
//!         counter.fetch_add(1, Ordering::Relaxed);
//!         next.run(cx).await
//!     }
//! });
//! ```
//!
//! # What a layer sees
//!
//! - Calls meet the layers in the order in which they were added; of one service
//!   alone, by [`Layered`], behind those of the server. Those of health and
//!   reflection do, too; the HTTP pages do not.
//! - Before [`Next::run`]: the [`Context`], with method, metadata, peer, its verified
//!   identity and the deadline, all of it to change; and the body, undecoded
//!   ([`Next::body`]), be it one that cannot be read. A call of a method that does not exist, or whose time is up,
//!   was answered before.
//! - After it: how the call ended. What [`Next::run`] gives has the metadata that
//!   goes back; of a stream it comes when the stream has ended, so that a layer
//!   spans a streaming call from its opening to its end, and its items are polled
//!   inside of it.
//! - A panic further inside is an error like any other
//!   ([`Code::Internal`](crate::Code)); one of the outermost layer itself the server
//!   catches.
//! - A call that is cancelled drops the layers' futures at their next `.await`, with
//!   what is inside of them. What must be done then is done by a value's `Drop`;
//!   [`Context::cancellation`] of a copy of the context tells why.
//!
//! To refuse a call, return an error without running `next`. If nothing of the call
//! ran, add [`Error::not_processed`](crate::Error::not_processed): clients of ours
//! may then try elsewhere.

mod authorize;
mod bearer;
mod buckets;
pub mod by;
mod caught;
mod concurrency_limit;
mod layered;
mod metrics;
mod next;
mod principal;
mod rate_limit;
mod timeout;
mod trace;
mod validate;
pub mod who;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use gobrpc_protocol::{Context, HandlerFuture, Response, Result};

pub use gobrpc_protocol::metrics::{CallMetrics, Observer};

pub use authorize::Authorize;
pub use bearer::Bearer;
pub use concurrency_limit::ConcurrencyLimit;
pub use layered::Layered;
pub use metrics::Metrics;
pub use next::Next;
pub use principal::Principal;
pub use rate_limit::RateLimit;
pub use timeout::Timeout;
pub use trace::Trace;
pub use validate::Validate;

/// Stands around handlers: sees a call before its argument is decoded, may change or
/// refuse it, and sees how it ends.
///
/// See the [module](self) for what a layer sees and when. Closures
/// `Fn(Context, Next) -> impl Future` are layers, too; their parameters need their
/// types written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer",
    note = "a closure is one if it says its types, `|cx: Context, next: Next| async move {{ … }}`, and its \
            future borrows nothing from it and is `Send`"
)]
pub trait Layer: Send + Sync + 'static {
    /// Handles a call: by `next`, or without.
    ///
    /// Write it as `async fn handle(&self, cx: Context, next: Next) ->
    /// Result<Response>`.
    fn handle(&self, cx: Context, next: Next) -> impl Future<Output = Result<Response>> + Send;
}

impl<F, Fut> Layer for F
where
    F: Fn(Context, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Response>> + Send,
{
    fn handle(&self, cx: Context, next: Next) -> impl Future<Output = Result<Response>> + Send {
        self(cx, next)
    }
}

/// A layer of any type.
pub(crate) trait AnyLayer: Send + Sync {
    fn start(self: Arc<Self>, cx: Context, next: Next) -> HandlerFuture;
}

impl<L: Layer> AnyLayer for L {
    fn start(self: Arc<Self>, cx: Context, next: Next) -> HandlerFuture {
        Box::pin(async move { self.handle(cx, next).await })
    }
}

impl fmt::Debug for dyn AnyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layer")
    }
}

/// Layers, the outermost first.
pub(crate) type Layers = Vec<Arc<dyn AnyLayer>>;
