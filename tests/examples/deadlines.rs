//! Deadlines that travel, and calls that are given up:
//! `cargo run -p gobrpc-tests --example deadlines`.

use std::time::{Duration, Instant};

use gobrpc_client::Client;
use gobrpc_server::{Context, Result, Server, service};

/// Brews.
#[service]
trait Kettle {
    /// Takes so many seconds.
    async fn boil(&self, cx: &Context, seconds: u64) -> Result<String>;
}

struct Slow;

/// Shows when a handler is dropped.
struct Flame;

impl Drop for Flame {
    fn drop(&mut self) {
        println!("  server: the flame is out");
    }
}

impl Kettle for Slow {
    async fn boil(&self, cx: &Context, seconds: u64) -> Result<String> {
        let left = cx.remaining(Instant::now());
        println!("  server: {seconds} s of work, time left: {left:.1?}");
        let _flame = Flame;
        // What this handler calls elsewhere would say `.within(cx)`, and have no
        // more time than is left.
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok("tea".to_owned())
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = Server::new().register(KettleServer::new(Slow))?;
    let running = server.start("127.0.0.1:0").await?;
    let kettle = KettleClient::new(Client::connect(running.address()));

    println!("client: a call that has its time");
    let drink = kettle.boil(0).timeout(Duration::from_secs(5)).await?;
    println!("client: {drink}");

    println!("client: a call that has not");
    let late = kettle.boil(60).timeout(Duration::from_millis(100)).await;
    println!("client: {:?}", late.map_err(|error| error.code()));

    println!("client: a call that is dropped");
    let reply = kettle.boil(60).start();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(reply);
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(())
}
