//! Health: for clients by a service, for load balancers over HTTP.
//!
//! `cargo run -p gobrpc-tests --example health`

use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_client::protocol::health::{HealthClient, ServingStatus};
use gobrpc_tests::model;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn ready(host: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let running = model::server()?.start("127.0.0.1:0").await?;
    let health = HealthClient::new(Client::connect(running.address()));
    println!("Arith is {}", health.check("Arith").await?.status);
    println!("GET /readyz: {}", ready(running.host()).await?);

    // Told a while before the shutdown, nobody is surprised by it.
    let changed = health
        .watch("Arith", ServingStatus::Serving, Duration::from_secs(30))
        .start();
    running.health().shut_down();
    println!("Arith is {}", changed.await?.status);
    println!("GET /readyz: {}", ready(running.host()).await?);
    drop(health);
    running.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
