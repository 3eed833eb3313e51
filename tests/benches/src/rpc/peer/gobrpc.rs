//! This project, as its users write it.

use std::sync::Arc;
use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_server::{Gob, Server, service};
use tokio::net::TcpListener;

use super::{HOUR, Peer, Work, expect};
use crate::Result;

/// The operands of [`Arith`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Gob)]
#[gob(package = "model")]
struct Args {
    a: i64,
    b: i64,
}

/// Calculates.
#[service]
trait Arith {
    async fn multiply(&self, args: Args) -> gobrpc_server::Result<i64>;
    /// The same, by a handler that waits.
    async fn later(&self, args: Args) -> gobrpc_server::Result<i64>;
}

/// Gives back what it gets.
#[service]
trait Echo {
    async fn bytes(&self, bytes: Vec<u8>) -> gobrpc_server::Result<Vec<u8>>;
}

/// As Go's peer has it, so that its server can be called by the same client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Gob)]
#[gob(package = "model")]
struct Delay {
    millis: i64,
    tag: i64,
}

/// Takes its time.
#[service]
trait Misc {
    async fn delay(&self, delay: Delay) -> gobrpc_server::Result<i64>;
}

struct Services;

impl Arith for Services {
    async fn multiply(&self, args: Args) -> gobrpc_server::Result<i64> {
        Ok(args.a.wrapping_mul(args.b))
    }
    async fn later(&self, args: Args) -> gobrpc_server::Result<i64> {
        tokio::task::yield_now().await;
        Ok(args.a.wrapping_mul(args.b))
    }
}

impl Echo for Services {
    async fn bytes(&self, bytes: Vec<u8>) -> gobrpc_server::Result<Vec<u8>> {
        Ok(bytes)
    }
}

impl Misc for Services {
    async fn delay(&self, delay: Delay) -> gobrpc_server::Result<i64> {
        tokio::time::sleep(Duration::from_millis(delay.millis.unsigned_abs())).await;
        Ok(delay.tag)
    }
}

/// This project, with default options.
pub struct Gobrpc;

impl Peer for Gobrpc {
    type Client = Connected;

    async fn serve(listener: TcpListener) -> Result<()> {
        let server = Server::new()
            .register(ArithServer::new(Services))?
            .register(EchoServer::new(Services))?
            .register(MiscServer::new(Services))?;
        let _running = server.start_on(listener).await?;
        std::future::pending().await
    }

    async fn connect(address: &str, work: Work) -> Result<Connected> {
        let client = Client::connect(address);
        client.ready().await?;
        Ok(Connected {
            arith: ArithClient::new(client.clone()),
            echo: EchoClient::new(client.clone()),
            misc: MiscClient::new(client),
            payload: work.payload().into(),
        })
    }

    async fn wait(client: Connected) -> Result<()> {
        let delay = Delay {
            millis: HOUR,
            tag: 1,
        };
        let tag = client.misc.delay(delay).await?;
        expect(&tag, &delay.tag)
    }

    async fn call(client: &Connected, work: Work, number: i64) -> Result<()> {
        match work {
            Work::Multiply => {
                let product = client.arith.multiply(Args { a: number, b: 3 }).await?;
                expect(&product, &number.wrapping_mul(3))
            }
            Work::Echo(length) => {
                let bytes = client.echo.bytes(client.payload.to_vec()).await?;
                expect(&bytes.len(), &length)
            }
        }
    }
}

/// A connection of [`Gobrpc`].
#[derive(Clone)]
pub struct Connected {
    arith: ArithClient<Client>,
    echo: EchoClient<Client>,
    misc: MiscClient<Client>,
    payload: Arc<[u8]>,
}

/// This project, with handlers that wait and so become tasks.
pub struct Awaiting;

impl Peer for Awaiting {
    type Client = Connected;

    async fn serve(listener: TcpListener) -> Result<()> {
        Gobrpc::serve(listener).await
    }

    async fn connect(address: &str, work: Work) -> Result<Connected> {
        Gobrpc::connect(address, work).await
    }

    async fn call(client: &Connected, work: Work, number: i64) -> Result<()> {
        if work != Work::Multiply {
            return Gobrpc::call(client, work, number).await;
        }
        let product = client.arith.later(Args { a: number, b: 3 }).await?;
        expect(&product, &number.wrapping_mul(3))
    }
}
