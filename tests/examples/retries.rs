//! A client sends calls again that certainly did not run, and idempotent ones that
//! failed so that a second time may help:
//! `cargo run -p gobrpc-tests --example retries`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gobrpc_client::layer::Retry;
use gobrpc_client::protocol::metadata::PREVIOUS_ATTEMPTS;
use gobrpc_client::protocol::retry::RetryPolicy;
use gobrpc_client::{Client, Code};
use gobrpc_server::layer::ConcurrencyLimit;
use gobrpc_server::{Context, Error, Result, Server, service};

/// Sells things.
#[service]
trait Shop {
    /// Buys a thing; twice is one too many.
    async fn buy(&self, thing: String) -> Result<u64>;
    /// What it costs. Asking twice does no harm.
    #[rpc(idempotent)]
    async fn price(&self, cx: &Context, thing: String) -> Result<u64>;
}

#[derive(Default)]
struct Till {
    sold: AtomicU32,
}

impl Shop for Till {
    async fn buy(&self, thing: String) -> Result<u64> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.sold.fetch_add(1, Ordering::Relaxed);
        println!("  sold: {thing}");
        Ok(thing.len() as u64)
    }

    async fn price(&self, cx: &Context, thing: String) -> Result<u64> {
        match cx.previous_attempts() {
            0 => Err(Error::unavailable("the price list is being printed")),
            _ => Ok(thing.len() as u64),
        }
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // One customer at a time; others are told to come back.
    let running = Server::new()
        .with_layer(ConcurrencyLimit::new(1).of("Shop.Buy")?)
        .register(ShopServer::new(Till::default()))?
        .start("127.0.0.1:0")
        .await?;

    let mut retry = RetryPolicy::default();
    retry.attempts = 5;
    retry.codes = vec![Code::Unavailable];
    let client = Client::builder()
        .layer(Retry::new(retry))
        .connect(running.address());
    let shop = ShopClient::new(client);

    // The second is refused before it runs, so that it may be sent again, whatever it
    // does.
    let (apple, pear) = tokio::join!(
        shop.buy("apple".to_owned()),
        shop.buy("pear".to_owned()).start().with_metadata(),
    );
    let (pear, metadata) = pear?;
    let refused = metadata.get_str(PREVIOUS_ATTEMPTS).unwrap_or("0");
    println!("bought for {} and {pear}, refused {refused} times", apple?);

    // This one has run; but it may run twice.
    let price = shop.price("plum".to_owned()).await?;
    println!("a plum is {price}");
    Ok(())
}
