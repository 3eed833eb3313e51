//! The service of the demo, as a user of gobrpc writes one.

use std::time::Duration;

use gobrpc_server::{Error, Gob, Result, service};

/// What somebody wants to buy. In Go: `type Order struct { Item string; Count int }`.
#[derive(Debug, Clone, PartialEq, Gob)]
pub(crate) struct Order {
    /// What.
    pub(crate) item: String,
    /// How many.
    pub(crate) count: i64,
}

/// What it costs.
#[derive(Debug, Clone, PartialEq, Gob)]
pub(crate) struct Quote {
    /// The price of all of it.
    pub(crate) cents: i64,
    /// Who says so: the table counts calls by it.
    pub(crate) server: String,
}

/// Tells what things cost.
#[service]
pub(crate) trait Pricing {
    /// The price of an order.
    #[rpc(idempotent)]
    async fn quote(&self, order: Order) -> Result<Quote>;
}

/// One server's implementation.
#[derive(Debug)]
pub(crate) struct PriceList {
    /// The name of the server.
    pub(crate) server: String,
}

impl Pricing for PriceList {
    async fn quote(&self, order: Order) -> Result<Quote> {
        // Stands for a database: some calls take longer than others.
        let micros = 2000 + order.count.unsigned_abs() % 64 * 150;
        tokio::time::sleep(Duration::from_micros(micros)).await;
        Ok(Quote {
            cents: price(&order)?,
            server: self.server.clone(),
        })
    }
}

/// The price of an order: the same in `peer/pricing.go`.
///
/// # Errors
///
/// If the item is not sold here.
pub(crate) fn price(order: &Order) -> Result<i64> {
    match order.item.as_str() {
        "apple" => Ok(30 * order.count),
        "pear" => Ok(45 * order.count),
        "quince" => Ok(120 * order.count),
        other => Err(Error::not_found(format!("no {other} is sold here"))),
    }
}
