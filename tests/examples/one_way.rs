//! Calls whose reply nobody waits for: `cargo run -p gobrpc-tests --example one_way`.

use gobrpc_client::Client;
use gobrpc_server::{Error, Result, Server, service};
use tokio::sync::mpsc;

/// Counts what happens.
#[service]
trait Metrics {
    /// One more of these.
    #[rpc(one_way)]
    async fn count(&self, name: String) -> Result<()>;
}

struct Counter(mpsc::UnboundedSender<String>);

impl Metrics for Counter {
    async fn count(&self, name: String) -> Result<()> {
        let gone = |_| Error::unavailable("nobody counts any more");
        self.0.send(name).map_err(gone)
        // The caller never sees this error; it is logged here.
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let (sender, mut counted) = mpsc::unbounded_channel();
    let server = Server::new().register(MetricsServer::new(Counter(sender)))?;
    let running = server.start("127.0.0.1:0").await?;
    let client = Client::connect(running.address());

    let metrics = MetricsClient::new(client.clone());
    for name in ["requests", "errors", "requests"] {
        // Over as soon as it is sent.
        metrics.count(name.to_owned()).await?;
    }
    // Any method can be called so, of a Go server too.
    client
        .call::<(), _>("Metrics.Count", &"restarts")
        .one_way()
        .await?;
    for _ in 0..4 {
        println!("counted: {:?}", counted.recv().await);
    }
    Ok(())
}
