//! Bodies that travel in fewer bytes: `cargo run -p gobrpc-tests --example compression`.

use std::time::Instant;

use gobrpc_client::Client;
use gobrpc_server::{Result, Server, ServerConfig, service};

/// Keeps records.
#[service]
trait Records {
    /// All of them, as JSON.
    async fn all(&self) -> Result<String>;
}

struct Table;

impl Records for Table {
    async fn all(&self) -> Result<String> {
        let records = (0..20_000).map(|id| {
            let price = id * 7_919 % 10_007;
            format!("{{\"id\":{id},\"name\":\"record {id}\",\"price\":{price}}}")
        });
        Ok(records.collect::<Vec<_>>().join(","))
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // Both sides have to ask for it.
    let server = Server::new()
        .with_config(ServerConfig::default().with_compression(true))
        .register(RecordsServer::new(Table))?;
    let running = server.start("127.0.0.1:0").await?;
    for compression in [false, true] {
        let client = Client::builder()
            .compression(compression)
            .connect(running.address());
        let records = RecordsClient::new(client);
        // The first call tells the peers what they have in common.
        records.all().await?;
        let begin = Instant::now();
        let length = records.all().await?.len();
        println!(
            "compression {compression}: {length} bytes of JSON in {:.1?}",
            begin.elapsed()
        );
    }
    Ok(())
}
