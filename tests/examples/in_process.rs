//! A service without a socket, and a mock of it.
//!
//! `cargo run -p gobrpc-tests --example in_process`

use gobrpc_server::{Error, InProcess, Result, service};

/// Knows prices.
#[service]
pub trait Prices {
    /// The price of a thing, in cents.
    async fn of(&self, thing: String) -> Result<i64>;
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
    Ok(())
}
