//! A call that is slow on one instance is asked of a second one:
//! `cargo run -p gobrpc-tests --example hedging`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gobrpc_client::protocol::metadata::PREVIOUS_ATTEMPTS;
use gobrpc_registry::announce::Announce;
use gobrpc_registry::{Memory, Registry, Selector, ServiceConfig, client};
use gobrpc_server::{Context, Result, Server, service};

/// Knows prices.
#[service]
trait Prices {
    /// The price of a thing. Asking twice does no harm.
    #[rpc(idempotent)]
    async fn get(&self, cx: &Context, thing: String) -> Result<u64>;
}

struct Shop {
    /// How long its disk takes today.
    disk: Duration,
}

impl Prices for Shop {
    async fn get(&self, cx: &Context, thing: String) -> Result<u64> {
        if cx.previous_attempts() > 0 {
            println!("  somebody else is slow with {thing}");
        }
        tokio::time::sleep(self.disk).await;
        Ok(thing.len() as u64)
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new(Arc::new(Memory::new()));
    let mut servers = Vec::new();
    for millis in [1, 2000] {
        let disk = Duration::from_millis(millis);
        let server = Server::new().register(PricesServer::new(Shop { disk }))?;
        let announce = Announce::new(&registry)
            .service("prices", "v1")
            .drain_delay(Duration::ZERO);
        servers.push(announce.start(&server, "127.0.0.1:0").await?);
    }

    // As gRPC writes it; in Rust: `MethodPolicy::hedge`.
    let config: ServiceConfig = r#"{
        "loadBalancingConfig": [{ "round_robin": {} }],
        "methodConfig": [{ "name": [{ "service": "Prices" }],
            "hedgingPolicy": { "maxAttempts": 2, "hedgingDelay": "0.02s" } }]
    }"#
    .parse()?;
    let balanced = client::connect(&registry, "prices", Selector::new(), config.into_policy())?;
    let prices = PricesClient::new(balanced);

    for thing in ["apple", "pear", "plum", "cherry"] {
        let start = Instant::now();
        let reply = prices.get(thing.to_owned()).start();
        let (price, metadata) = reply.with_metadata().await?;
        let asked_before = metadata.get_str(PREVIOUS_ATTEMPTS).unwrap_or("0");
        println!(
            "{thing}: {price} after {} ms, {asked_before} asked before the one that answered",
            start.elapsed().as_millis()
        );
    }
    // The two calls that lost were cancelled: nobody works for two seconds on them.
    for server in servers {
        let report = server.shutdown(Duration::from_millis(100)).await;
        assert_eq!(report.cut, 0);
    }
    Ok(())
}
