//! Who may call what.

use gobrpc_client::layer::BearerToken;
use gobrpc_client::{Client, Code, Delivery, Error, Phase};
use gobrpc_server::layer::{Authorize, Bearer, Principal, Validate, who};
use gobrpc_server::{Context, Next, Server, tls};
use gobrpc_tests::certificates::Authority;

use crate::service::{Log, Said, WorkClient, WorkServer, Worker, collect, start};

/// Tells the handler what the layers outside have found out, and what they left.
async fn say(mut cx: Context, next: Next) -> gobrpc_server::Result<gobrpc_server::Response> {
    let name = Principal::of(&cx).map_or("nobody", Principal::name);
    let token = cx.metadata().get("authorization").is_some();
    let said = format!("{name}, token: {token}");
    cx.extensions_mut().insert(Said(said));
    next.run(cx).await
}

fn guarded() -> Server {
    Server::new()
        .with_layer(
            Bearer::tokens([
                ("good", Principal::new("billing").with_role("writer")),
                ("fine", Principal::new("reports")),
                ("", Principal::new("nobody at all")),
            ])
            .open_to_all("Work.Said")
            .unwrap(),
        )
        .with_layer(say)
}

fn with_token(address: &str, token: &str) -> Client {
    Client::builder()
        .layer(BearerToken::new(token))
        .connect(address)
}

#[tokio::test]
async fn a_token_says_who_calls() {
    let (running, bare) = start(guarded(), &Log::default()).await;
    let work = WorkClient::new(with_token(running.address(), "good"));
    assert_eq!(work.double(4).await.unwrap(), 8);
    assert_eq!(
        work.said().await.unwrap(),
        "billing, token: false for nobody"
    );
    let (items, error, _) = collect(work.count(4).await.unwrap()).await;
    assert_eq!((items.len(), error.is_none()), (4, true));
    let other = work.said().meta("authorization", "bearer fine").await;
    assert_eq!(other.unwrap(), "reports, token: false for nobody");
    // What is open to all takes any token, and none.
    for token in ["Bearer bad", "Bearer ", "good"] {
        let said = bare.said().meta("authorization", token).await;
        assert_eq!(said.unwrap(), "nobody, token: false for nobody");
    }
    assert_eq!(
        bare.said().await.unwrap(),
        "nobody, token: false for nobody"
    );
}

/// The argument does not decode, which nobody finds out who may not call.
#[tokio::test]
async fn a_bad_token_is_refused_before_the_argument_is_decoded() {
    let (running, _) = start(guarded(), &Log::default()).await;
    let client = Client::connect(running.address());
    let call = |authorization: &str| {
        let call = client.call::<i64, _>("Work.Double", &"no number");
        call.meta("authorization", authorization)
    };
    for bad in [
        "Bearer bad",
        "Bearer goo",
        "Bearer goodd",
        "Bearer ",
        "Basic good",
        "good",
    ] {
        let error = call(bad).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated, "{bad}: {error}");
        assert!(!error.message().contains("good"), "{error}");
    }
    let error = call("Bearer good").await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    // So is a stream.
    let work = WorkClient::new(with_token(running.address(), "bad"));
    let (_, error, _) = collect(work.count(4).await.unwrap()).await;
    assert_eq!(error.unwrap().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_function_looks_at_tokens_and_another_finds_them() {
    let bearer = Bearer::verified_by(|token: String| async move {
        tokio::task::yield_now().await;
        match token.strip_prefix("user-") {
            Some(name) => Ok(Principal::new(name)),
            None => Err(Error::unauthenticated("no user")),
        }
    });
    let server = Server::new().with_layer(bearer).with_layer(say);
    let (running, _) = start(server, &Log::default()).await;
    let found = |token: gobrpc_client::Result<&'static str>| {
        let layer = BearerToken::from_fn(move || {
            let token = token.clone();
            async move {
                tokio::task::yield_now().await;
                token.map(str::to_owned)
            }
        });
        WorkClient::new(Client::builder().layer(layer).connect(running.address()))
    };
    let said = found(Ok("user-ann")).said().await.unwrap();
    assert_eq!(said, "ann, token: false for nobody");
    let error = found(Ok("ann")).said().await.unwrap_err();
    assert_eq!(error.message(), "no user");
    let error = found(Err(Error::unavailable("no issuer")))
        .said()
        .await
        .unwrap_err();
    assert_eq!(error.message(), "no issuer");
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.phase(), Phase::Queue);
}

/// By the names in certificates, which TLS has verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_allows_methods() {
    let authority = Authority::new();
    let pair = authority.issue(1, &["localhost"]);
    let tls = tls::Tls::builder()
        .identity_pem(pair.cert, pair.key)
        .client_ca_pem(authority.pem.clone())
        .build()
        .unwrap();
    let server = Server::new()
        .with_layer(
            Authorize::new()
                .allow("Work.*", who::has_uri("spiffe://example/billing"))
                .unwrap()
                .allow("Work.Said", who::is_known())
                .unwrap(),
        )
        .register(WorkServer::new(Worker::default()))
        .unwrap()
        .with_tls(tls);
    let running = server.start("tls://127.0.0.1:0").await.unwrap();
    let client = |name: &str| {
        let pair = authority.issue_client(2, name, &format!("spiffe://example/{name}"));
        let tls = gobrpc_client::tls::Tls::builder()
            .ca_pem(authority.pem.clone())
            .identity_pem(pair.cert, pair.key)
            .server_name("localhost")
            .build()
            .unwrap();
        Client::builder().tls(tls).connect(running.address())
    };
    let billing = WorkClient::new(client("billing"));
    assert_eq!(billing.double(4).await.unwrap(), 8);
    assert!(billing.said().await.is_ok());
    let guest = client("guest");
    let error = guest.call::<i64, _>("Work.Double", &"no number").await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error}");
    assert_eq!(error.message(), "you may not call Work.Double");
    assert!(WorkClient::new(guest).said().await.is_ok());
}

#[tokio::test]
async fn arguments_are_looked_at_before_the_handler_runs() {
    let log = Log::default();
    let validate = Validate::new().of("Work.Double", |number: &i64| {
        if *number > 100 {
            return Err(Error::invalid_argument("too large"));
        }
        Ok(())
    });
    let server = Server::new().with_layer(validate.unwrap());
    let (running, work) = start(server, &log).await;
    assert_eq!(work.double(100).await.unwrap(), 200);
    log.take();
    assert_eq!(work.double(101).await.unwrap_err().message(), "too large");
    let client = Client::connect(running.address());
    let error = client.call::<i64, _>("Work.Double", &"no number").await;
    assert_eq!(error.unwrap_err().code(), Code::InvalidArgument);
    assert!(log.take().is_empty());
}
