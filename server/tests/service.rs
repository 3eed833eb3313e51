//! `#[service]` over the protocol alone: a client and a server that hand each
//! other bytes.

#![cfg(feature = "macros")]
#![deny(missing_docs, unreachable_pub, clippy::all)]
#![allow(
    clippy::expect_used,
    clippy::missing_errors_doc,
    reason = "tests, and traits of tests"
)]
#![deny(
    elided_lifetimes_in_paths,
    unused_qualifications,
    missing_debug_implementations
)]

use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use gobrpc_macros::service;
use gobrpc_protocol::caller::Replies;
use gobrpc_protocol::{
    Body, Caller, ClientConnection, Code, Context, Error, Exchange, HandlerFuture, Handling, Head,
    Item, Payload, Request, Response, Result, ServerConnection, Service, StreamKind, codec, method,
};

/// Runs a future that never waits for anything outside of itself.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = std::task::Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

/// A caller whose peer is a service in the same process, over bytes.
#[derive(Clone)]
struct Loopback {
    service: Arc<dyn Service>,
    heads: Arc<Mutex<Vec<Head>>>,
}

impl Loopback {
    fn new(service: impl Service) -> Self {
        Self {
            service: Arc::new(service),
            heads: Arc::default(),
        }
    }

    fn last_head(&self) -> Head {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.last().expect("a call").clone()
    }
}

impl Caller for Loopback {
    fn start(&self, request: Request) -> Exchange {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.push(request.head.clone());
        let mut client = ClientConnection::new();
        let mut server = ServerConnection::new();
        client
            .call(&request.head, &request.body, ())
            .expect("a request");
        server.input().extend_from_slice(client.output());
        let request = server.poll_request().expect("gob").expect("whole");
        let handling = dispatch(&*self.service, &request.service_method, request.body);
        Exchange::new(Answer {
            client,
            server,
            seq: request.seq,
            service_method: request.service_method.to_string(),
            handling: Some(Box::pin(run_handling(handling))),
        })
    }
}

fn dispatch(service: &dyn Service, service_method: &str, body: Result<Body>) -> Handling {
    let index = method::split(service_method)
        .ok()
        .and_then(|(name, method)| {
            let info = service.info();
            let methods = info.methods.iter();
            (info.name == name)
                .then(|| methods.enumerate().find(|(_, info)| info.name == method))
                .flatten()
        });
    match (index, body) {
        (Some((index, _)), Ok(body)) => service.call(index, Context::local(service_method), body),
        (None, _) => Handling::Ready(Err(method::no_method(service_method))),
        (_, Err(error)) => Handling::Ready(Err(error)),
    }
}

async fn run_handling(handling: Handling) -> Result<Response> {
    match handling {
        Handling::Ready(result) => result,
        Handling::Future(future) => future.await,
        Handling::Blocking(handler) => handler(),
    }
}

struct Answer {
    client: ClientConnection<()>,
    server: ServerConnection,
    seq: u64,
    service_method: String,
    handling: Option<HandlerFuture>,
}

impl Replies for Answer {
    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Item>>> {
        let this = &mut *self;
        let Some(handling) = &mut this.handling else {
            return Poll::Ready(None);
        };
        let Poll::Ready(result) = handling.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        this.handling = None;
        this.server.reply(this.seq, &this.service_method, result);
        let output = std::mem::take(this.server.output());
        this.client.input().extend_from_slice(&output);
        let reply = this.client.poll_reply().expect("gob").expect("whole");
        Poll::Ready(Some(reply.result.map(Item::new)))
    }
}

fn call(service: &impl Service, index: usize, argument: &impl codec::Encode) -> Handling {
    let payload = Payload::new(argument).expect("an argument");
    let body = Body::try_from(&payload).expect("a body");
    service.call(index, Context::local("Arith.Test"), body)
}

/// Arithmetic for everyone.
///
///     indented
#[service]
pub trait Arith {
    /// The product of two numbers.
    async fn multiply(&self, args: (i64, i64)) -> Result<i64>;

    /// Who asks, and for what.
    ///
    /// Second paragraph.
    #[rpc(idempotent)]
    async fn get(&self, cx: &Context, id: u64) -> Result<HashMap<String, u64>>;

    /** The context may stand
    behind the argument. */
    async fn late(&self, id: u64, cx: &Context) -> Result<String>;

    /// Keeps a thread busy.
    #[rpc(blocking, idempotent)]
    fn render(&self, page: String) -> Result<Vec<u8>>;

    /// Keeps a thread busy, and asks who wants it.
    #[rpc(blocking)]
    fn render_for(&self, cx: &Context) -> Result<String>;

    /// Go writes it otherwise.
    #[rpc(name = "GetHTTPURL")]
    async fn get_http_url(&self) -> Result<String>;

    /// Nothing in, nothing out.
    async fn ping(&self) -> Result<()>;

    /// Go declares the reply as `*bool`.
    #[rpc(reply = bool)]
    async fn notify(&self, text: String) -> Result<()>;

    /// Its context, and no argument.
    async fn whoami(&self, cx: &Context) -> Result<String>;

    /// Has a default.
    async fn twice(&self, number: i64) -> Result<i64> {
        if number == 0 {
            return Ok(0);
        }
        let double = self.multiply((number, 2)).await?;
        Ok(double)
    }

    /// A default that blocks.
    #[rpc(blocking)]
    fn thrice(&self, number: i64) -> Result<i64> {
        number
            .checked_mul(3)
            .ok_or_else(|| Error::invalid_argument("too large"))
    }
}

#[derive(Default)]
struct Calc {
    notes: Mutex<Vec<String>>,
}

impl Arith for Calc {
    async fn multiply(&self, (a, b): (i64, i64)) -> Result<i64> {
        a.checked_mul(b)
            .ok_or_else(|| Error::invalid_argument("overflow"))
    }

    async fn get(&self, cx: &Context, id: u64) -> Result<HashMap<String, u64>> {
        Ok(HashMap::from([(cx.service_method().to_owned(), id)]))
    }

    async fn late(&self, id: u64, cx: &Context) -> Result<String> {
        Ok(format!("{id} {}", cx.service_method()))
    }

    fn render(&self, page: String) -> Result<Vec<u8>> {
        if page.is_empty() {
            return Err(Error::not_found("no page"));
        }
        Ok(page.into_bytes())
    }

    fn render_for(&self, cx: &Context) -> Result<String> {
        Ok(cx.peer().address.clone())
    }

    async fn get_http_url(&self) -> Result<String> {
        Ok("http://localhost".to_owned())
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn notify(&self, text: String) -> Result<()> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(text);
        Ok(())
    }

    async fn whoami(&self, cx: &Context) -> Result<String> {
        Ok(cx.peer().address.clone())
    }
}

#[test]
fn every_method_over_bytes() {
    let calc = Arc::new(Calc::default());
    let arith = ArithClient::new(Loopback::new(ArithServer::from_arc(Arc::clone(&calc))));
    run(async {
        assert_eq!(arith.multiply((6, 7)).await?, 42);
        assert_eq!(arith.get(9).await?["Arith.Get"], 9);
        assert_eq!(arith.late(3).await?, "3 Arith.Late");
        assert_eq!(arith.render("page".to_owned()).await?, b"page");
        assert_eq!(arith.render_for().await?, "in-process");
        assert_eq!(arith.get_http_url().await?, "http://localhost");
        arith.ping().await?;
        assert!(!arith.notify("hello".to_owned()).await?);
        assert_eq!(arith.whoami().await?, "in-process");
        assert_eq!(arith.twice(21).await?, 42);
        assert_eq!(arith.thrice(14).await?, 42);
        Ok::<_, Error>(())
    })
    .expect("no call fails");
    assert_eq!(*calc.notes.lock().expect("not poisoned"), ["hello"]);
}

#[test]
fn errors_come_back() {
    let arith = ArithClient::new(Loopback::new(ArithServer::new(Calc::default())));
    let overflow = run(arith.multiply((i64::MAX, 2)).into_future()).unwrap_err();
    assert_eq!(overflow.message(), "overflow");
    let missing = run(arith.render(String::new()).into_future()).unwrap_err();
    assert_eq!(missing.message(), "no page");
}

#[test]
fn calls_know_what_they_are() {
    let caller = Loopback::new(ArithServer::new(Calc::default()));
    let arith = ArithClient::from(caller.clone());
    run(arith.get(1).into_future()).expect("a reply");
    assert!(caller.last_head().idempotent);
    assert_eq!(caller.last_head().service_method, "Arith.Get");
    let timeout = std::time::Duration::from_millis(50);
    run(arith.multiply((1, 1)).timeout(timeout).start()).expect("a reply");
    assert!(!caller.last_head().idempotent);
    assert_eq!(caller.last_head().timeout, Some(timeout));
}

#[test]
fn the_default_caller_is_any_caller() {
    struct Holder {
        arith: ArithClient,
    }
    let caller = Loopback::new(ArithServer::new(Calc::default()));
    let holder = Holder {
        arith: ArithClient::new(Arc::new(caller)),
    };
    let copy = holder.arith.clone();
    drop(holder);
    assert_eq!(run(copy.multiply((2, 3)).into_future()).ok(), Some(6));
}

#[test]
fn clients_and_implementations_are_one_to_generic_code() {
    async fn six(arith: &impl Arith) -> Result<i64> {
        arith.notify("six".to_owned()).await?;
        arith.get(&Context::local("ignored"), 1).await?;
        arith.multiply((2, 3)).await
    }
    fn needs_send<T: Send>(value: T) -> T {
        value
    }

    let calc = Calc::default();
    assert_eq!(run(needs_send(six(&calc))).ok(), Some(6));
    let arith = ArithClient::new(Loopback::new(ArithServer::new(calc)));
    assert_eq!(run(needs_send(six(&arith))).ok(), Some(6));
    // A client is an implementation, so it can be served: a proxy.
    let proxy = ArithClient::new(Loopback::new(ArithServer::new(arith.clone())));
    assert_eq!(run(six(&proxy)).ok(), Some(6));

    let error = Arith::render(&arith, "page".to_owned()).unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert!(error.message().contains("`ArithClient::render`"), "{error}");
}

#[test]
fn handling_is_what_the_method_says() {
    let server = ArithServer::new(Calc::default());
    assert!(matches!(
        call(&server, 0, &(1_i64, 2_i64)),
        Handling::Future(_)
    ));
    assert!(matches!(call(&server, 3, &"page"), Handling::Blocking(_)));
    let Handling::Ready(Err(error)) = call(&server, 0, &"no numbers") else {
        panic!("an argument that does not fit is answered at once");
    };
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().starts_with("gob: "), "{error}");
    let Handling::Ready(Err(error)) = call(&server, 99, &()) else {
        panic!("there is no such method");
    };
    assert_eq!(error.code(), Code::Internal);
}

/// Schemas are built once per type.
fn is<T: codec::Gob>(schema: fn() -> &'static codec::Schema) -> bool {
    std::ptr::eq(schema(), T::schema())
}

#[test]
fn info_tells_names_docs_and_types() {
    assert_eq!(ARITH.name, "Arith");
    assert_eq!(ARITH.docs, "Arithmetic for everyone.\n\n    indented");
    let names: Vec<_> = ARITH.methods.iter().map(|method| method.name).collect();
    assert_eq!(
        names,
        [
            "Multiply",
            "Get",
            "Late",
            "Render",
            "RenderFor",
            "GetHTTPURL",
            "Ping",
            "Notify",
            "Whoami",
            "Twice",
            "Thrice",
        ]
    );
    let [multiply, get, late, render, _, url, ping, notify, ..] = ARITH.methods else {
        panic!("eleven methods");
    };
    assert_eq!(multiply.docs, "The product of two numbers.");
    assert_eq!(get.docs, "Who asks, and for what.\n\nSecond paragraph.");
    assert_eq!(late.docs, "The context may stand\nbehind the argument.");
    assert!(is::<(i64, i64)>(multiply.args) && is::<i64>(multiply.reply));
    assert!(is::<u64>(get.args) && is::<HashMap<String, u64>>(get.reply));
    assert!(is::<u64>(late.args) && is::<Vec<u8>>(render.reply));
    assert!(is::<()>(url.args) && is::<()>(ping.args) && is::<()>(ping.reply));
    assert!(is::<bool>(notify.reply));
    assert!(get.idempotent && render.idempotent && !multiply.idempotent);
    assert!(render.blocking && !get.blocking);
    assert_eq!(get.streams, StreamKind::Unary);
    assert_eq!(ArithServer::new(Calc::default()).info().name, ARITH.name);
}

mod names {
    use super::*;

    /// Every name that a client or its traits might want for itself.
    #[service(name = "a.b.Names")]
    pub(crate) trait HTTPNames {
        async fn new(&self, caller: u8) -> Result<u8>;
        async fn clone(&self) -> Result<u8>;
        async fn from(&self, service: u8) -> Result<u8>;
        async fn into(&self, body: u8) -> Result<u8>;
        async fn call(&self, method: u8) -> Result<u8>;
        async fn caller(&self, context: u8, cx: &Context) -> Result<u8>;
        async fn with_caller(&self, call: u8) -> Result<u8>;
        async fn info(&self, args: u8) -> Result<u8>;
        async fn fmt(&self, f: u8) -> Result<u8>;
        async fn start(&self, index: u8) -> Result<u8>;
        async fn idempotent(&self, svc: u8) -> Result<u8>;
        async fn into_future(&self, reply: u8) -> Result<u8>;
        async fn drop(&self) -> Result<u8>;
        async fn r#type(&self, r#fn: u8) -> Result<u8>;
    }

    #[derive(Clone)]
    struct Plus;

    impl HTTPNames for Plus {
        async fn new(&self, caller: u8) -> Result<u8> {
            Ok(caller + 1)
        }
        async fn clone(&self) -> Result<u8> {
            Ok(2)
        }
        async fn from(&self, service: u8) -> Result<u8> {
            Ok(service + 3)
        }
        async fn into(&self, body: u8) -> Result<u8> {
            Ok(body + 4)
        }
        async fn call(&self, method: u8) -> Result<u8> {
            Ok(method + 5)
        }
        async fn caller(&self, context: u8, _: &Context) -> Result<u8> {
            Ok(context + 6)
        }
        async fn with_caller(&self, call: u8) -> Result<u8> {
            Ok(call + 7)
        }
        async fn info(&self, args: u8) -> Result<u8> {
            Ok(args + 8)
        }
        async fn fmt(&self, f: u8) -> Result<u8> {
            Ok(f + 9)
        }
        async fn start(&self, index: u8) -> Result<u8> {
            Ok(index + 10)
        }
        async fn idempotent(&self, svc: u8) -> Result<u8> {
            Ok(svc + 11)
        }
        async fn into_future(&self, reply: u8) -> Result<u8> {
            Ok(reply + 12)
        }
        async fn drop(&self) -> Result<u8> {
            Ok(13)
        }
        async fn r#type(&self, r#fn: u8) -> Result<u8> {
            Ok(r#fn + 14)
        }
    }

    #[test]
    fn no_name_collides() {
        let loopback = Loopback::new(HTTPNamesServer::new(Plus));
        let client: HTTPNamesClient<_> = Into::into(loopback);
        let copy = Clone::clone(&client);
        run(async {
            assert_eq!(client.new(0).await?, 1);
            assert_eq!(client.clone().await?, 2);
            assert_eq!(client.from(0).await?, 3);
            // `client.into(0)` finds the trait `Into` of the prelude first.
            assert_eq!(HTTPNamesClient::into(&client, 0).await?, 4);
            assert_eq!(client.call(0).await?, 5);
            assert_eq!(client.caller(0).await?, 6);
            assert_eq!(client.with_caller(0).await?, 7);
            assert_eq!(client.info(0).await?, 8);
            assert_eq!(client.fmt(0).await?, 9);
            assert_eq!(client.start(0).await?, 10);
            assert_eq!(client.idempotent(0).await?, 11);
            assert_eq!(client.into_future(0).await?, 12);
            assert_eq!(client.drop().await?, 13);
            assert_eq!(copy.r#type(0).await?, 14);
            assert_eq!(HTTPNames::clone(&client).await?, 2);
            Ok::<_, Error>(())
        })
        .expect("no call fails");
        assert_eq!(format!("{client:?}"), "HTTPNamesClient");
        assert_eq!(HTTP_NAMES.name, "a.b.Names");
        assert_eq!(HTTP_NAMES.methods[13].name, "Type");
    }
}

/// Errors of the user's own: they cross as texts.
mod errors {
    use super::*;

    #[derive(Debug, PartialEq)]
    pub(crate) enum Refusal {
        TooLate,
        Other(String),
    }

    impl From<Refusal> for Error {
        fn from(refusal: Refusal) -> Self {
            match refusal {
                Refusal::TooLate => Self::failed_precondition("too late"),
                Refusal::Other(text) => Self::new(text),
            }
        }
    }

    impl From<Error> for Refusal {
        fn from(error: Error) -> Self {
            match error.message() {
                "too late" => Self::TooLate,
                other => Self::Other(other.to_owned()),
            }
        }
    }

    #[service]
    pub(crate) trait Shop {
        async fn order(&self, item: String) -> std::result::Result<u64, Refusal>;
        #[rpc(blocking)]
        fn bill(&self) -> std::result::Result<(), Refusal>;
    }

    struct Closed;

    impl Shop for Closed {
        async fn order(&self, _: String) -> std::result::Result<u64, Refusal> {
            Err(Refusal::TooLate)
        }
        fn bill(&self) -> std::result::Result<(), Refusal> {
            Err(Refusal::Other("no bill".to_owned()))
        }
    }

    #[test]
    fn come_back_as_they_were() {
        let shop = ShopClient::new(Loopback::new(ShopServer::new(Closed)));
        let refusal = run(Shop::order(&shop, "tea".to_owned()));
        assert_eq!(refusal, Err(Refusal::TooLate));
        let error = run(shop.bill().into_future()).unwrap_err();
        assert_eq!(error.message(), "no bill");
        assert!(
            matches!(Shop::bill(&shop), Err(Refusal::Other(text)) if text.contains("ShopClient"))
        );
    }
}

/// Types of the user's own.
mod types {
    use super::codec::Gob;
    use super::*;

    #[derive(Debug, PartialEq, Gob)]
    pub(crate) struct Args {
        a: i64,
        b: i64,
    }

    #[derive(Debug, PartialEq, Gob)]
    pub(crate) struct Quotient {
        quo: i64,
        rem: i64,
    }

    #[service(name = "Arith")]
    pub(crate) trait Division {
        async fn divide(&self, args: Args) -> Result<Quotient>;
    }

    struct Calc;

    impl Division for Calc {
        async fn divide(&self, Args { a, b }: Args) -> Result<Quotient> {
            if b == 0 {
                return Err(Error::invalid_argument("divide by zero"));
            }
            Ok(Quotient {
                quo: a / b,
                rem: a % b,
            })
        }
    }

    #[test]
    fn travel() {
        let arith = DivisionClient::new(Loopback::new(DivisionServer::new(Calc)));
        let quotient = run(arith.divide(Args { a: 17, b: 5 }).into_future());
        assert_eq!(quotient.ok(), Some(Quotient { quo: 3, rem: 2 }));
        let error = run(arith.divide(Args { a: 1, b: 0 }).into_future()).unwrap_err();
        assert_eq!(error.message(), "divide by zero");
    }
}
