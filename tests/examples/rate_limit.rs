//! How much a server lets in: a rate for each caller, and so many calls at a time.
//! What is above is refused by a typed error before its argument is decoded:
//! `cargo run -p gobrpc-tests --example rate_limit`.

use std::time::Duration;

use futures::future::join_all;
use gobrpc_client::Client;
use gobrpc_server::layer::{ConcurrencyLimit, RateLimit, Timeout, by};
use gobrpc_server::{Result, Server, service};

/// Makes reports.
#[service]
trait Reports {
    /// One that takes its time.
    async fn make(&self, millis: u64) -> Result<u64>;
    /// One that is there already.
    async fn last(&self) -> Result<String>;
}

struct Office;

impl Reports for Office {
    async fn make(&self, millis: u64) -> Result<u64> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(millis)
    }

    async fn last(&self) -> Result<String> {
        Ok("all is well".to_owned())
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let running = Server::new()
        .with_layer(
            RateLimit::new(5, Duration::from_secs(1))
                .of("Reports.Last")?
                .by(by::host()),
        )
        .with_layer(
            // Two run, two wait, and the fifth is told to go elsewhere.
            ConcurrencyLimit::new(2)
                .with_queue(2, Duration::from_secs(1))
                .of("Reports.Make")?,
        )
        .with_layer(Timeout::new().of("Reports.*", Duration::from_millis(500))?)
        .register(ReportsServer::new(Office))?
        .start("127.0.0.1:0")
        .await?;
    let reports = ReportsClient::new(Client::connect(running.address()));

    for _ in 0..5 {
        reports.last().await?;
    }
    if let Err(error) = reports.last().await {
        let wait = error.details().and_then(|details| details.retry_after());
        println!(
            "the sixth: {error}, may it have run: {:?}",
            error.delivery()
        );
        tokio::time::sleep(wait.unwrap_or_default()).await;
        println!("later: {}", reports.last().await?);
    }

    let made = join_all((0..5).map(|_| reports.make(50).into_future())).await;
    for (number, result) in made.into_iter().enumerate() {
        match result {
            Ok(millis) => println!("report {number}: {millis} ms"),
            Err(error) => println!("report {number}: {error}"),
        }
    }
    if let Err(error) = reports.make(5000).await {
        println!("a long one: {error}");
    }
    Ok(())
}
