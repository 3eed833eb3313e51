//! `#[service]`: one trait gives the server registration and the typed client.
//!
//! Use it through `gobrpc-server` or `gobrpc-client`, which re-export it. The
//! generated code names `gobrpc-protocol` only.

mod check;
mod errors;
mod expand;
mod names;
mod parse;

use proc_macro::TokenStream;

/// Makes a service out of a trait.
///
/// ```
/// use gobrpc_macros::service;
/// use gobrpc_protocol::{Caller, Context, Result};
///
/// /// Arithmetic for everyone.
/// #[service]
/// pub trait Arith {
///     /// The product of two numbers.
///     #[rpc(idempotent)]
///     async fn multiply(&self, factors: (i64, i64)) -> Result<i64>;
///
///     /// The address that calls.
///     async fn who_am_i(&self, cx: &Context) -> Result<String>;
/// }
///
/// struct Calc;
///
/// impl Arith for Calc {
///     async fn multiply(&self, factors: (i64, i64)) -> Result<i64> {
///         Ok(factors.0 * factors.1)
///     }
///
///     async fn who_am_i(&self, cx: &Context) -> Result<String> {
///         Ok(cx.peer().address.clone())
///     }
/// }
///
/// // To register with a server:
/// let service = ArithServer::new(Calc);
/// # let _ = service;
///
/// // To call one; `client` is whatever implements `Caller`:
/// async fn six<C: Caller + Clone>(client: C) -> Result<i64> {
///     let arith = ArithClient::new(client);
///     arith.multiply((2, 3)).await
/// }
///
/// // To tell what it is:
/// assert_eq!(ARITH.name, "Arith");
/// assert_eq!(ARITH.methods[1].name, "WhoAmI");
/// assert_eq!(ARITH.methods[0].docs, "The product of two numbers.");
/// # let _ = six::<std::sync::Arc<dyn Caller>>;
/// ```
///
/// # What it generates
///
/// For a trait `Arith`, with its visibility:
///
/// - **`trait Arith`**, where `async fn f(…) -> R` became
///   `fn f(…) -> impl Future<Output = R> + Send`, and with the supertraits
///   `Send + Sync + 'static`. Implement it with plain `async fn`.
/// - **`ArithServer<S>`**, a `Service` that calls an implementation: `new(S)`,
///   `from_arc(Arc<S>)`.
/// - **`ArithClient<C = Arc<dyn Caller>>`**, which has the methods of the trait,
///   each giving a `Call` to configure and await: `new(C)`, `From<C>`. If the
///   trait itself has a method `new`, only `From<C>` is there. It also implements
///   `Arith`, so that code generic over `impl Arith` takes a client, a mock or the
///   service itself. For a field of the type `ArithClient`, without parameter,
///   write `ArithClient::new(Arc::new(client))`.
/// - **`const ARITH: ServiceInfo`**: names, types and documentation.
///
/// # Methods
///
/// `async fn name(&self, argument: A) -> Result<R>`: `A` and `R` are gob types,
/// and own what they hold. Go's net/rpc has exactly one argument; without one,
/// `()` travels, which is Go's `struct{}`. A parameter `cx: &Context`, before or
/// behind the argument, gets what the server knows of the call, and does not
/// travel: clients do not have it.
///
/// A `Result` with an error type `E` of your own needs `From<E> for Error`, for the
/// server, and `From<Error> for E`, for the client.
///
/// # Streams
///
/// - `async fn watch(&self, filter: Filter) -> Result<Streaming<Event>>`: the replies
///   are a stream. The client's method gives a `StreamCall`, and that the stream.
/// - `async fn upload(&self, parts: Streaming<Part>) -> Result<u64>`: the argument
///   is one.
/// - Both at once: what comes in need not have ended before something goes out.
///
/// Peers that speak plain net/rpc have no streams: their calls of such methods get
/// an error, and calls to them fail here.
///
/// # Options of the service
///
/// - `#[service(name = "Plugin")]`: the name on the wire, instead of the trait's.
/// - `#[service(crate = "path::to::protocol")]`: where `gobrpc-protocol` is.
///   Without it, the macro looks into Cargo.toml for `gobrpc-protocol`,
///   `gobrpc-server`, `gobrpc-client` and `gobrpc-registry`, and takes the first.
///
/// # Options of a method
///
/// - `#[rpc(name = "GetHTTPURL")]`: the name on the wire. Without it, `get_http_url`
///   is `GetHttpUrl`.
/// - `#[rpc(one_way)]`: the client's call is over when it is sent. The method returns
///   `Result<()>`, and the server logs its error. A peer that wants the reply, as Go's
///   do, gets it.
/// - `#[rpc(idempotent)]`: running it twice does what running it once does, so that
///   clients may send it again.
/// - `#[rpc(blocking)]`: for a method without `async`, which keeps a thread busy;
///   the server runs it on a thread for such. The client's method of that name
///   gives a `Call` as all others do; through the trait, where nothing can be
///   awaited, it fails with `Unimplemented`.
/// - `#[rpc(reply = bool)]`: what travels for a reply `()`, as the default of that
///   type. Services in Go declare `*bool`, `*int` or `*struct{}` where they have
///   nothing to say, and Go clients insist on it. The client's `Call` gives it back.
#[proc_macro_attribute]
pub fn service(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::service(attribute.into(), item.into()).into()
}
