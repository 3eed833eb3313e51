//! `go-netrpc`, the other implementation of net/rpc in Rust.

use std::sync::Arc;

use go_netrpc::{Client, Server, ServiceError};
use gobwire::Gob;
use tokio::net::{TcpListener, TcpStream};

use super::{Peer, Work, expect};
use crate::Result;

#[derive(Debug, Clone, Copy, Default, Gob)]
struct Args {
    #[gob(name = "A")]
    a: i64,
    #[gob(name = "B")]
    b: i64,
}

/// The crate `go-netrpc`.
pub struct GoNetrpc;

impl Peer for GoNetrpc {
    type Client = (Client, Arc<Vec<u8>>);

    async fn serve(listener: TcpListener) -> Result<()> {
        let mut server = Server::new();
        server.register("Arith.Multiply", |args: Args| async move {
            Ok::<i64, ServiceError>(args.a.wrapping_mul(args.b))
        });
        server.register("Echo.Bytes", |bytes: Vec<u8>| async move {
            Ok::<_, ServiceError>(bytes)
        });
        let server = Arc::new(server);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.serve(stream).await });
        }
    }

    async fn connect(address: &str, work: Work) -> Result<Self::Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok((Client::new(stream), Arc::new(work.payload())))
    }

    async fn call((client, payload): &Self::Client, work: Work, number: i64) -> Result<()> {
        match work {
            Work::Multiply => {
                let args = Args { a: number, b: 3 };
                let product: i64 = client.call("Arith.Multiply", &args).await?;
                expect(&product, &number.wrapping_mul(3))
            }
            Work::Echo(length) => {
                let bytes: Vec<u8> = client.call("Echo.Bytes", &**payload).await?;
                expect(&bytes.len(), &length)
            }
        }
    }
}
