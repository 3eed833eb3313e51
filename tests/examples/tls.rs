//! Mutual TLS: the server knows its clients by their certificates.
//!
//! `cargo run -p gobrpc-tests --example tls`

use gobrpc_client::Client;
use gobrpc_server::{Context, Error, Result, Server, service};
use gobrpc_tests::certificates::Authority;

/// Keeps accounts.
#[service]
pub trait Ledger {
    /// Books an amount, for billing only.
    async fn post(&self, cx: &Context, amount: i64) -> Result<String>;
}

struct Books;

impl Ledger for Books {
    async fn post(&self, cx: &Context, amount: i64) -> Result<String> {
        match cx.peer().identity() {
            Some(caller) if caller.has_uri("spiffe://example/billing") => {
                Ok(format!("{amount} booked"))
            }
            _ => Err(Error::permission_denied("only billing may do this")),
        }
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // A program reads these from files, and reloads them: `identity_files`.
    let authority = Authority::new();
    let server = authority.issue(1, &["localhost"]);
    let billing = authority.issue_client(2, "billing", "spiffe://example/billing");
    let guest = authority.issue_client(3, "guest", "spiffe://example/guest");

    let tls = gobrpc_server::tls::Tls::builder()
        .identity_pem(server.cert, server.key)
        .client_ca_pem(authority.pem.clone())
        .build()?;
    let running = Server::new()
        .register(LedgerServer::new(Books))?
        .with_tls(tls)
        .start("tls://127.0.0.1:0")
        .await?;

    for pair in [billing, guest] {
        let tls = gobrpc_client::tls::Tls::builder()
            .ca_pem(authority.pem.clone())
            .identity_pem(pair.cert, pair.key)
            .server_name("localhost")
            .build()?;
        let client = Client::builder().tls(tls).connect(running.address());
        match LedgerClient::new(client).post(100).await {
            Ok(text) => println!("{text}"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
