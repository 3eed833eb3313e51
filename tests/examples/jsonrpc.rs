//! One service, one port, two protocols: gob and JSON-RPC.
//!
//! `cargo run -p gobrpc-tests --example jsonrpc`

use gobrpc_client::Client;
use gobrpc_server::{Gob, Result, Server, service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Whom to greet.
#[derive(Debug, Gob)]
pub struct Person {
    /// Travels as `FirstName`, in JSON as in gob.
    pub first_name: String,
}

/// Says hello.
#[service]
pub trait Greeter {
    /// Says hello to somebody.
    async fn greet(&self, person: Person) -> Result<String>;
}

struct Polite;

impl Greeter for Polite {
    async fn greet(&self, person: Person) -> Result<String> {
        Ok(format!("hello, {}", person.first_name))
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let running = Server::new()
        .register(GreeterServer::new(Polite))?
        .with_jsonrpc()
        .start("127.0.0.1:0")
        .await?;

    // As a program in any language would: Go's jsonrpc.Dial does the same.
    let mut stream = TcpStream::connect(running.host()).await?;
    let request = br#"{"method":"Greeter.Greet","params":[{"FirstName":"JSON"}],"id":1}"#;
    stream.write_all(request).await?;
    stream.shutdown().await?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await?;
    print!("{reply}");

    for address in [
        running.address().to_owned(),
        format!("jsonrpc://{}", running.host()),
    ] {
        let greeter = GreeterClient::new(Client::connect(&address));
        let person = Person {
            first_name: "Rust".to_owned(),
        };
        println!("{address}: {}", greeter.greet(person).await?);
    }
    Ok(())
}
