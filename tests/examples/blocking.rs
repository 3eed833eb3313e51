//! A client in a program without an async runtime.
//!
//! `cargo run -p gobrpc-tests --example blocking`

use std::error::Error;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gobrpc_client::blocking::{Client, Wait};
use gobrpc_server::{Result, Server, Streaming, service};

/// Counts words.
#[service]
pub trait Words {
    /// How many there are.
    async fn count(&self, text: String) -> Result<u64>;
    /// One after the other.
    async fn split(&self, text: String) -> Result<Streaming<String>>;
}

struct Counter;

impl Words for Counter {
    async fn count(&self, text: String) -> Result<u64> {
        Ok(text.split_whitespace().count() as u64)
    }

    async fn split(&self, text: String) -> Result<Streaming<String>> {
        let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        Ok(Streaming::from_values(words))
    }
}

/// The server has a thread for its runtime, or, in life, a program.
#[tokio::main(flavor = "current_thread")]
async fn serve(started: mpsc::Sender<String>) -> Result<()> {
    let server = Server::new().register(WordsServer::new(Counter))?;
    let running = server
        .start("127.0.0.1:0")
        .await
        .map_err(gobrpc_server::Error::from_error)?;
    if started.send(running.address().to_owned()).is_ok() {
        std::future::pending::<()>().await;
    }
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let (started, address) = mpsc::channel();
    thread::spawn(|| serve(started));
    let client = Client::connect(&address.recv()?)?;

    let text = "no runtime in sight".to_owned();
    let words: u64 = client.call("Words.Count", &text).wait()?;
    println!("{words} words");

    let typed = WordsClient::new(client.clone());
    let again = typed
        .count(text.clone())
        .timeout(Duration::from_secs(1))
        .wait()?;
    println!("{again} words");

    // Two at a time: both are sent before either is waited for.
    let (first, second) = (
        typed.count("one".into()).start(),
        typed.count("and two".into()).start(),
    );
    println!("{} words", first.wait()? + second.wait()?);

    for word in typed.split(text).wait()? {
        println!("  {}", word?);
    }
    client.close()?;
    Ok(())
}
