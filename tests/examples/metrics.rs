//! Counts and times of calls, on both sides, and for Prometheus at `/metrics` on the
//! server's port: `cargo run -p gobrpc-tests --example metrics`.

use gobrpc_client::Client;
use gobrpc_client::layer::{CallMetrics, Metrics};
use gobrpc_server::{Error, Result, Server, service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Calculates.
#[service]
trait Arith {
    /// The quotient of two numbers.
    async fn divide(&self, args: (i64, i64)) -> Result<i64>;
}

struct Calc;

impl Arith for Calc {
    async fn divide(&self, (a, b): (i64, i64)) -> Result<i64> {
        a.checked_div(b)
            .ok_or_else(|| Error::invalid_argument("no quotient"))
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let running = Server::new()
        .with_metrics(CallMetrics::new("rpc_server"))
        .register(ArithServer::new(Calc))?
        .start("127.0.0.1:0")
        .await?;
    let metrics = CallMetrics::new("rpc_client");
    let client = Client::builder()
        .layer(Metrics::new(metrics.clone()))
        .connect(running.address());
    let arith = ArithClient::new(client);
    for b in [1, 2, 3] {
        arith.divide((42, b)).await?;
    }
    if let Err(error) = arith.divide((42, 0)).await {
        println!("{error}");
    }
    println!("{} went well", metrics.count("Arith.Divide", None));

    let mut stream = TcpStream::connect(running.host()).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    for line in page.lines().filter(|line| line.contains("_total")) {
        println!("{line}");
    }
    Ok(())
}
