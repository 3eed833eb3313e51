//! Layers of one's own, around a server and around a client:
//! `cargo run -p gobrpc-tests --example layers`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use gobrpc_client::layer::Answer;
use gobrpc_client::protocol::Request;
use gobrpc_client::{Client, layer};
use gobrpc_server::{Context, Error, Layer, Next, Response, Result, Server, Streaming, service};

/// Sells tickets.
#[service]
trait Tickets {
    /// Sells so many; gives what is left of them.
    async fn sell(&self, cx: &Context, count: u64) -> Result<u64>;
    /// The seats that are free.
    async fn seats(&self) -> Result<Streaming<u64>>;
}

struct Office;

impl Tickets for Office {
    async fn sell(&self, cx: &Context, count: u64) -> Result<u64> {
        let Some(Tenant(tenant)) = cx.extensions().get() else {
            return Err(Error::internal("the layer says who buys"));
        };
        println!("  handler: {count} for {tenant}");
        100_u64
            .checked_sub(count)
            .ok_or_else(|| Error::failed_precondition("sold out"))
    }

    async fn seats(&self) -> Result<Streaming<u64>> {
        Ok(Streaming::from_values(1..=3))
    }
}

struct Tenant(String);

/// Says for whom a call is, or refuses it before its argument is decoded.
struct Tenants;

impl Layer for Tenants {
    async fn handle(&self, mut cx: Context, next: Next) -> Result<Response> {
        let Some(tenant) = cx.metadata().get_str("tenant") else {
            return Err(Error::unauthenticated("say for whom").not_processed());
        };
        let tenant = Tenant(tenant.to_owned());
        cx.extensions_mut().insert(tenant);
        next.run(cx).await
    }
}

/// Calls once more what cannot have run.
struct Again;

impl gobrpc_client::Layer for Again {
    async fn call(&self, request: Request, next: layer::Next) -> Result<Answer> {
        match next.clone().run(request.clone()).await {
            Err(error) if next.may_repeat(&request, &error) => {
                println!("  client: {error}; once more");
                next.run(request).await
            }
            result => result,
        }
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let calls = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&calls);
    let server = Server::new()
        // A closure's future may not borrow from it: clone, then `async move`.
        .with_layer(move |cx: Context, next: Next| {
            let counter = Arc::clone(&counter);
            async move {
                counter.fetch_add(1, Ordering::Relaxed);
                let (method, start) = (cx.service_method().to_owned(), Instant::now());
                // Of a stream this is its end.
                let result = next.run(cx).await;
                let outcome = match &result {
                    Ok(_) => "ok".to_owned(),
                    Err(error) => format!("{:?}", error.code()),
                };
                println!("  server: {method}: {outcome}, {:?}", start.elapsed());
                result
            }
        })
        .with_layer(Tenants)
        .register(TicketsServer::new(Office))?;
    let running = server.start("127.0.0.1:0").await?;

    // The first call of this client does not say for whom it is.
    let first = Arc::new(AtomicU64::new(0));
    let client = Client::builder()
        .layer(Again)
        .layer(move |mut request: Request, next: layer::Next| {
            if first.fetch_add(1, Ordering::Relaxed) > 0 {
                request.head.metadata.append("tenant", "acme");
            }
            next.run(request)
        })
        .connect(running.address());
    let tickets = TicketsClient::new(client);
    println!("{} left", tickets.sell(40).await?);
    if let Err(error) = tickets.sell(400).await {
        println!("{error}");
    }
    let mut seats = tickets.seats().await?;
    while let Some(seat) = seats.next().await {
        println!("seat {}", seat?);
    }
    println!("{} calls", calls.load(Ordering::Relaxed));
    Ok(())
}
