//! A server that is gone without a word does not keep calls waiting:
//! `cargo run -p gobrpc-tests --example keepalive`.

use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_server::{Result, Server, service};
use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Answers when it is asked.
#[service]
trait Oracle {
    /// The answer, after a while.
    async fn ask(&self, millis: u64) -> Result<u64>;
}

struct Delphi;

impl Oracle for Delphi {
    async fn ask(&self, millis: u64) -> Result<u64> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(42)
    }
}

/// A network that loses all that is sent, both ways, once it is told to.
async fn network(
    listener: TcpListener,
    server: String,
    lose: oneshot::Receiver<oneshot::Sender<()>>,
) {
    let Ok((mut client, _)) = listener.accept().await else {
        return;
    };
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let told = tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        told = lose => told,
    };
    if let Ok(lost) = told {
        let _ = lost.send(());
    }
    // Nobody says that anything has ended.
    let mut lost = [0; 1024];
    while client.read(&mut lost).await.is_ok_and(|read| read > 0) {}
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let running = Server::new()
        .register(OracleServer::new(Delphi))?
        .start("127.0.0.1:0")
        .await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let (cut, lose) = oneshot::channel();
    tokio::spawn(network(listener, running.host().to_owned(), lose));

    // Pinged after a second of silence while a call waits, given up after another one.
    let client = Client::builder()
        .keepalive(Duration::from_secs(1), Duration::from_secs(1))
        .connect(&address);
    let oracle = OracleClient::new(client);

    // Slow, but alive: it answers the pings.
    println!("the answer is {}", oracle.ask(2500).await?);

    let (lost, is_lost) = oneshot::channel();
    let _ = cut.send(lost);
    is_lost.await?;
    // No timeout was set, and yet it ends.
    if let Err(error) = oracle.ask(0).await {
        println!("{error}");
    }
    Ok(())
}
