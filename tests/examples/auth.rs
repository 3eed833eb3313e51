//! Who may call what, by bearer tokens and by certificates, before an argument is
//! decoded: `cargo run -p gobrpc-tests --example auth`.

use gobrpc_client::Client;
use gobrpc_client::layer::BearerToken;
use gobrpc_server::layer::{Authorize, Bearer, Principal, who};
use gobrpc_server::{Context, Result, Server, service, tls::Tls};
use gobrpc_tests::certificates::Authority;

/// Keeps accounts.
#[service]
trait Ledger {
    /// What is booked.
    async fn total(&self) -> Result<i64>;
    /// Books an amount.
    async fn post(&self, cx: &Context, amount: i64) -> Result<String>;
}

struct Books;

impl Ledger for Books {
    async fn total(&self) -> Result<i64> {
        Ok(42)
    }

    async fn post(&self, cx: &Context, amount: i64) -> Result<String> {
        let name = Principal::of(cx).map_or("a certificate", Principal::name);
        Ok(format!("{amount} booked for {name}"))
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // A program reads these from files.
    let authority = Authority::new();
    let pair = authority.issue(1, &["localhost"]);
    let tls = Tls::builder()
        .identity_pem(pair.cert, pair.key)
        .client_ca_pem(authority.pem.clone())
        .optional_clients()
        .build()?;
    let running = Server::new()
        .with_layer(
            Bearer::tokens([
                ("k3J9", Principal::new("ann").with_role("writer")),
                ("p0aX", Principal::new("bob")),
            ])
            // These are asked for no token; whether they may call is said below.
            .open_to_all("*")?,
        )
        .with_layer(
            Authorize::new()
                .allow("Ledger.Total", who::is_known())?
                .allow("Ledger.Post", who::has_role("writer"))?
                .allow("Ledger.Post", who::has_uri("spiffe://example/billing"))?,
        )
        .register(LedgerServer::new(Books))?
        .with_tls(tls)
        .start("tls://127.0.0.1:0")
        .await?;

    let client_tls = || {
        gobrpc_client::tls::Tls::builder()
            .ca_pem(authority.pem.clone())
            .server_name("localhost")
    };
    let with_token = |token: &str| -> Result<Client> {
        Ok(Client::builder()
            .tls(client_tls().build()?)
            .layer(BearerToken::new(token))
            .connect(running.address()))
    };
    let billing = authority.issue_client(2, "billing", "spiffe://example/billing");
    let with_certificate = client_tls().identity_pem(billing.cert, billing.key);
    let with_certificate = Client::builder()
        .tls(with_certificate.build()?)
        .connect(running.address());

    for (who, client) in [
        ("ann's token", with_token("k3J9")?),
        ("bob's token", with_token("p0aX")?),
        ("no good token", with_token("guessed")?),
        ("billing's certificate", with_certificate),
    ] {
        let ledger = LedgerClient::new(client);
        println!("{who}:");
        match ledger.total().await {
            Ok(total) => println!("  total: {total}"),
            Err(error) => println!("  total: {:?}: {error}", error.code()),
        }
        match ledger.post(100).await {
            Ok(text) => println!("  post: {text}"),
            Err(error) => println!("  post: {:?}: {error}", error.code()),
        }
    }
    Ok(())
}
