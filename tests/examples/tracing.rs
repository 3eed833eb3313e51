//! One trace through three programs, as `tracing` spans: a client calls a server, and
//! that calls another: `cargo run -p gobrpc-tests --example tracing`.

use gobrpc_client::Client;
use gobrpc_server::{Context, Result, Running, Server, layer, service};

/// Knows how much there is of a thing.
#[service]
trait Stock {
    /// How many, here and behind.
    async fn count(&self, cx: &Context, thing: String) -> Result<u64>;
}

struct Store {
    /// Where else to ask.
    behind: Option<StockClient<Client>>,
}

impl Stock for Store {
    async fn count(&self, cx: &Context, thing: String) -> Result<u64> {
        // It is in the span of the call.
        tracing::info!(thing, "counting");
        Ok(7 + match &self.behind {
            // `within` hands on the trace, and the deadline.
            Some(behind) => behind.count(thing).within(cx).await?,
            None => 0,
        })
    }
}

async fn store(
    behind: Option<StockClient<Client>>,
) -> std::result::Result<Running, Box<dyn std::error::Error>> {
    let server = Server::new()
        .with_layer(layer::Trace::new())
        .register(StockServer::new(Store { behind }))?;
    Ok(server.start("127.0.0.1:0").await?)
}

fn client(running: &Running) -> StockClient<Client> {
    let builder = Client::builder().layer(gobrpc_client::layer::Trace::new());
    StockClient::new(builder.connect(running.address()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber)?;

    let cellar = store(None).await?;
    let shop = store(Some(client(&cellar))).await?;
    // All spans have the trace id that the first one made up, each has an id of its own,
    // and as its parent that of the one before.
    let count = client(&shop).count("apples".to_owned()).await?;
    println!("{count} apples");
    Ok(())
}
