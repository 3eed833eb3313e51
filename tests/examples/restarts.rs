//! A server that is replaced under load, at one address, and nobody notices:
//! `cargo run -p gobrpc-tests --example restarts`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_server::{Accepting, Io, Listener, Result, Running, Server, ServerConfig, service};
use tokio::net::TcpListener;

/// Greets.
#[service]
trait Greeter {
    /// Greets by the number of the server's start.
    async fn greet(&self) -> Result<u64>;
}

struct Start(u64);

impl Greeter for Start {
    async fn greet(&self) -> Result<u64> {
        Ok(self.0)
    }
}

/// The listening socket stays open from one server to the next, as systemd keeps it
/// for its services; behind a load balancer it would be another address.
#[derive(Clone)]
struct Kept(Arc<TcpListener>);

impl Listener for Kept {
    fn accept(&mut self) -> Accepting<'_> {
        Box::pin(async {
            let (stream, peer) = self.0.accept().await?;
            Ok((Box::new(stream) as Box<dyn Io>, peer.to_string()))
        })
    }

    fn local_address(&self) -> std::io::Result<String> {
        Ok(format!("tcp://{}", self.0.local_addr()?))
    }
}

async fn start(number: u64, listener: &Kept) -> std::io::Result<Running> {
    // Clients also move on when their connection is old, so that they spread over
    // servers that were added.
    let config = ServerConfig::default().with_max_connection_age(Duration::from_secs(3600));
    Server::new()
        .with_config(config)
        .register(GreeterServer::new(Start(number)))
        .map_err(std::io::Error::other)?
        .start_on(listener.clone())
        .await
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let listener = Kept(Arc::new(TcpListener::bind("127.0.0.1:0").await?));
    let mut running = start(1, &listener).await?;
    let greeter = GreeterClient::new(Client::connect(running.address()));
    let answered = Arc::new(AtomicU64::new(0));
    let load = tokio::spawn({
        let (greeter, answered) = (greeter.clone(), Arc::clone(&answered));
        async move {
            loop {
                if let Err(error) = greeter.greet().await {
                    return error;
                }
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    });

    for number in 2..=6 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let next = start(number, &listener).await?;
        // The old server tells its clients to make further calls on another
        // connection, finishes what they have begun, and is gone.
        let old = std::mem::replace(&mut running, next);
        let report = old.shutdown(Duration::from_secs(10)).await;
        println!(
            "start {} answers, and cut {} connections; {} calls were answered so far",
            greeter.greet().await?,
            report.cut,
            answered.load(Ordering::Relaxed)
        );
    }
    load.abort();
    match load.await {
        Ok(error) => Err(error.into()),
        Err(_) => Ok(()),
    }
}
