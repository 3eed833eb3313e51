//! The layer that sends calls again.

use std::time::Duration;

use gobrpc_client::layer::Retry;
use gobrpc_client::protocol::metadata::PREVIOUS_ATTEMPTS;
use gobrpc_client::protocol::retry::{BudgetOptions, RetryPolicy};
use gobrpc_client::protocol::{Call, ErrorDetails, Response};
use gobrpc_client::{Client, Code, Delivery, Error};
use tokio::io::DuplexStream;
use tokio::time::Instant;

use crate::server::{Peer, pipes};

/// A client with the layer, and a server's end.
async fn connected(retry: Retry) -> (Client, Peer<DuplexStream>) {
    let (connector, mut servers) = pipes(4096);
    let client = Client::builder().layer(retry).connect_with(connector);
    client.ready().await.unwrap();
    (client, Peer::new(servers.recv().await.unwrap()))
}

fn call(client: &Client) -> Call<i64, Client> {
    client.call("A.B", &7_i64)
}

/// Answers the next calls so, and says what they said of those before.
async fn answer(peer: &mut Peer<DuplexStream>, errors: Vec<Error>) -> Vec<Option<String>> {
    let mut previous = Vec::new();
    for error in errors {
        let request = peer.next().await.unwrap();
        let before = request.metadata.get_str(PREVIOUS_ATTEMPTS);
        previous.push(before.map(str::to_owned));
        peer.reply(request.seq, Err(error)).await.unwrap();
    }
    previous
}

fn refusal() -> Error {
    Error::resource_exhausted("too much to do").not_processed()
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_sent_again_until_it_is_taken() {
    let (client, mut peer) = connected(Retry::new(RetryPolicy::default())).await;
    let reply = call(&client).start();
    let start = Instant::now();
    let server = async {
        let previous = answer(&mut peer, vec![refusal(), refusal()]).await;
        assert_eq!(previous, [None, Some("1".to_owned())]);
        let request = peer.next().await.unwrap();
        assert_eq!(request.metadata.get_str(PREVIOUS_ATTEMPTS), Some("2"));
        peer.reply(request.seq, Response::unary(&8_i64))
            .await
            .unwrap();
    };
    let (result, ()) = tokio::join!(reply.with_metadata(), server);
    let (value, metadata) = result.unwrap();
    assert_eq!((value, metadata.get_str(PREVIOUS_ATTEMPTS)), (8, Some("2")));
    // 100 and 200 ms, each less by up to 20 %.
    assert!(start.elapsed() >= Duration::from_millis(240));
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_is_the_last() {
    for attempts in [1, 3] {
        let mut policy = RetryPolicy::default();
        policy.attempts = attempts;
        let (client, mut peer) = connected(Retry::new(policy)).await;
        let reply = call(&client).start();

        let (result, previous) = tokio::join!(reply, answer(&mut peer, vec![refusal(); attempts]));
        let error = result.unwrap_err();
        assert_eq!(previous.len(), attempts);
        assert_eq!(error.delivery(), Delivery::Refused);
        let before = (attempts > 1).then(|| (attempts - 1).to_string());
        assert_eq!(
            error.metadata().get_str(PREVIOUS_ATTEMPTS),
            before.as_deref()
        );
    }
}

/// What may have run, or failed for good, is the caller's.
#[tokio::test(start_paused = true)]
async fn what_is_not_safe_or_does_not_help_is_not_sent_again() {
    let mut policy = RetryPolicy::default();
    policy.codes = vec![Code::Unavailable];
    let unavailable = Error::unavailable("the database is away");
    let forbidden = Error::permission_denied("no").not_processed();
    for (error, idempotent, again) in [
        (unavailable.clone(), false, false),
        (unavailable, true, true),
        (Error::internal("broken"), true, false),
        (forbidden, true, false),
    ] {
        let (client, mut peer) = connected(Retry::new(policy.clone())).await;
        let call = call(&client);
        let call = if idempotent { call.idempotent() } else { call };
        let reply = call.start();
        answer(&mut peer, vec![error.clone()]).await;
        if again {
            let reply = tokio::spawn(reply);
            let (seq, _) = peer.next_int().await.unwrap();
            peer.reply_int(seq, 8).await;
            assert_eq!(reply.await.unwrap().unwrap(), 8);
        } else {
            assert_eq!(reply.await.unwrap_err().code(), error.code());
        }
    }
}

/// A connection is lost with the call on it: an idempotent one goes by the next.
#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_run_is_sent_again_if_it_is_idempotent() {
    for idempotent in [false, true] {
        let mut policy = RetryPolicy::default();
        policy.codes = vec![Code::Unavailable];
        let (connector, mut servers) = pipes(4096);
        let client = Client::builder()
            .layer(
                Retry::new(RetryPolicy::default())
                    .of("A.B", policy)
                    .unwrap(),
            )
            .backoff(Duration::from_millis(1), Duration::from_millis(1))
            .connect_with(connector);
        let call = call(&client);
        let call = if idempotent { call.idempotent() } else { call };
        let reply = tokio::spawn(call.start());
        let mut peer = Peer::new(servers.recv().await.unwrap());
        peer.next_int().await.unwrap();
        drop(peer);
        if !idempotent {
            let error = reply.await.unwrap().unwrap_err();
            assert_eq!(error.delivery(), Delivery::Sent);
            continue;
        }
        let mut peer = Peer::new(servers.recv().await.unwrap());
        let (seq, _) = peer.next_int().await.unwrap();
        peer.reply_int(seq, 8).await;
        assert_eq!(reply.await.unwrap().unwrap(), 8);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_before_the_call_does() {
    let mut policy = RetryPolicy::default();
    policy.backoff = Duration::from_secs(10);
    policy.max_backoff = Duration::from_secs(10);
    let (client, mut peer) = connected(Retry::new(policy)).await;
    // 10 s, less by up to 20 %.
    let reply = call(&client).timeout(Duration::from_secs(7)).start();
    let start = Instant::now();
    let (result, _) = tokio::join!(reply, answer(&mut peer, vec![refusal()]));
    assert_eq!(result.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_server_says_when_to_come_back() {
    for (seconds, again) in [(30, true), (31, false)] {
        let mut policy = RetryPolicy::default();
        policy.max_backoff = Duration::from_secs(30);
        let (client, mut peer) = connected(Retry::new(policy)).await;
        let wait = Duration::from_secs(seconds);
        let details = ErrorDetails::new("RATE_LIMITED").with_retry_after(wait);
        let reply = tokio::spawn(call(&client).start());
        answer(&mut peer, vec![refusal().with_details(details)]).await;
        let start = Instant::now();
        if again {
            let (seq, _) = peer.next_int().await.unwrap();
            assert!(start.elapsed() >= wait);
            peer.reply_int(seq, 8).await;
            assert_eq!(reply.await.unwrap().unwrap(), 8);
        } else {
            reply.await.unwrap().unwrap_err();
            assert_eq!(start.elapsed(), Duration::ZERO);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_that_of_all_calls() {
    let mut budget = BudgetOptions::default();
    budget.percent = 50;
    budget.per_second = 0;
    let retry = Retry::new(RetryPolicy::default()).budget(budget);
    let (client, mut peer) = connected(retry).await;
    // One call earns half a retry, two earn one.
    let reply = call(&client).start();
    let (result, _) = tokio::join!(reply, answer(&mut peer, vec![refusal()]));
    result.unwrap_err();
    let reply = call(&client).start();
    let (result, previous) = tokio::join!(reply, answer(&mut peer, vec![refusal(), refusal()]));
    result.unwrap_err();
    assert_eq!(previous, [None, Some("1".to_owned())]);
}
