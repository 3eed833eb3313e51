//! Metadata both ways, and errors that say more than a text:
//! `cargo run -p gobrpc-tests --example metadata`.

use gobrpc_client::Client;
use gobrpc_server::{Context, Error, ErrorDetails, Result, Server, service};

/// Keeps accounts.
#[service]
trait Bank {
    /// Withdraws an amount; gives what is left.
    async fn withdraw(&self, cx: &Context, amount: i64) -> Result<i64>;
}

struct Vault;

impl Bank for Vault {
    async fn withdraw(&self, cx: &Context, amount: i64) -> Result<i64> {
        let Some(tenant) = cx.metadata().get_str("tenant") else {
            return Err(Error::unauthenticated("say who you are"));
        };
        cx.reply_metadata("served-for", tenant);
        if amount > 100 {
            let details = ErrorDetails::new("LIMIT")
                .with_violation("amount", "at most 100")
                .attach("balance", &100_i64)?;
            return Err(Error::failed_precondition("too much").with_details(details));
        }
        Ok(100 - amount)
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = Server::new().register(BankServer::new(Vault))?;
    let running = server.start("127.0.0.1:0").await?;
    let bank = BankClient::new(Client::connect(running.address()));

    let (left, metadata) = bank
        .withdraw(30)
        .meta("tenant", "acme")
        .start()
        .with_metadata()
        .await?;
    println!("{left} left, for {:?}", metadata.get_str("served-for"));

    if let Err(error) = bank.withdraw(1000).meta("tenant", "acme").await {
        println!("{:?}: {error}", error.code());
        if let Some(details) = error.details() {
            let balance: Option<i64> = details.attachment("balance")?;
            println!("{}: {:?}, {balance:?}", details.reason, details.violations);
        }
    }
    if let Err(error) = bank.withdraw(1).await {
        println!("{:?}: {error}", error.code());
    }
    Ok(())
}
