//! A short call beside a long reply: `cargo run -p gobrpc-tests --example chunks`.

use std::time::Instant;

use gobrpc_client::Client;
use gobrpc_server::{Result, Server, service};

/// Keeps files.
#[service]
trait Files {
    /// So many MiB.
    async fn read(&self, mib: u64) -> Result<Vec<u8>>;
    /// Is anybody there?
    async fn ping(&self) -> Result<()>;
}

struct Disk;

impl Files for Disk {
    async fn read(&self, mib: u64) -> Result<Vec<u8>> {
        // More than the limit of a message fails that call, and no other.
        Ok(vec![7; mib as usize * (1 << 20)])
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = Server::new().register(FilesServer::new(Disk))?;
    let running = server.start("127.0.0.1:0").await?;
    let files = FilesClient::new(Client::connect(running.address()));
    files.ping().await?;

    let begin = Instant::now();
    // Both on one connection: the reply goes in chunks of 64 KiB, between which
    // others find their way.
    let long = tokio::spawn(files.read(15).start());
    let mut pings = 0;
    while !long.is_finished() {
        files.ping().await?;
        pings += 1;
    }
    let bytes = long.await??.len();
    println!(
        "{pings} short calls while {bytes} bytes came, in {:.1?}",
        begin.elapsed()
    );
    Ok(())
}
