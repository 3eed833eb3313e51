//! Msgpack beside gob, on one port: what Consul and Nomad speak between their own.
//!
//! `cargo run -p gobrpc-tests --example msgpack`

use gobrpc_client::Client;
use gobrpc_server::{Result, Server, service};

/// Says who leads.
#[service]
pub trait Status {
    /// The leader of a datacenter.
    async fn leader(&self, datacenter: String) -> Result<String>;
}

struct Fixed;

impl Status for Fixed {
    async fn leader(&self, datacenter: String) -> Result<String> {
        Ok(format!("the leader of {datacenter}"))
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = Server::new()
        .register(StatusServer::new(Fixed))?
        .with_msgpack();
    let running = server.start("127.0.0.1:0").await?;

    for address in [
        format!("msgpack://{}", running.host()),
        format!("tcp://{}", running.host()),
    ] {
        let status = StatusClient::new(Client::connect(&address));
        println!("{address}: {}", status.leader("dc1".to_owned()).await?);
    }
    Ok(())
}
