//! A service without a socket, and a mock of it.
//!
//! `cargo run -p gobrpc-tests --example in_process`

use gobrpc_server::{Error, InProcess, Result, Streaming, service};

/// Knows prices.
#[service]
pub trait Prices {
    /// The price of a thing, in cents.
    async fn of(&self, thing: String) -> Result<i64>;
    /// The prices of all things that come, as they come.
    async fn scan(&self, things: Streaming<String>) -> Result<Streaming<i64>>;
}

/// Code that wants prices, from wherever they come.
async fn total(prices: &impl Prices, things: &[&str]) -> Result<i64> {
    let mut total = 0;
    for thing in things {
        total += prices.of((*thing).to_owned()).await?;
    }
    Ok(total)
}

struct Fixed;

impl Prices for Fixed {
    async fn of(&self, thing: String) -> Result<i64> {
        match thing.as_str() {
            "tea" => Ok(250),
            "cake" => Ok(420),
            _ => Err(Error::not_found(format!("no price of {thing}"))),
        }
    }

    async fn scan(&self, mut things: Streaming<String>) -> Result<Streaming<i64>> {
        let (mut sender, prices) = Streaming::channel(1);
        tokio::spawn(async move {
            while let Some(Ok(thing)) = things.next().await {
                let sent = match Self.of(thing).await {
                    Ok(price) => sender.send(price).await,
                    Err(error) => return sender.fail(error).await,
                };
                sent?;
            }
            Ok(())
        });
        Ok(prices)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // A mock is an implementation of the trait: no server, no client.
    println!("{}", total(&Fixed, &["tea", "cake"]).await?);
    // Through the client type, with all that would be encoded.
    let prices = PricesClient::new(InProcess::new(PricesServer::new(Fixed)));
    println!("{}", total(&prices, &["tea", "cake"]).await?);
    match total(&prices, &["coffee"]).await {
        Ok(total) => println!("{total}"),
        Err(error) => println!("{error}"),
    }
    // Streams, too, with the credit that they have over a connection.
    let basket = ["tea", "cake", "cake"].map(str::to_owned);
    let mut scanned = prices.scan(Streaming::from_values(basket)).await?;
    while let Some(price) = scanned.next().await {
        println!("beep: {}", price?);
    }
    Ok(())
}
