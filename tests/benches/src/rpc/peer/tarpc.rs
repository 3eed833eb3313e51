//! tarpc over TCP with bincode, the fastest of its formats.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, future};
use tarpc::context::{self, Context};
use tarpc::serde_transport::Transport;
use tarpc::server::{BaseChannel, Channel as _};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tarpc::{client, serde_transport};
use tokio::net::{TcpListener, TcpStream};

use super::{HOUR, Peer, Work, expect};
use crate::Result;

/// What is called.
#[tarpc::service]
pub trait Calls {
    async fn multiply(a: i64, b: i64) -> i64;
    async fn echo(bytes: Bytes) -> Bytes;
    async fn delay(millis: i64) -> i64;
}

#[derive(Clone)]
struct Services;

impl Calls for Services {
    async fn multiply(self, _: Context, a: i64, b: i64) -> i64 {
        a.wrapping_mul(b)
    }
    async fn echo(self, _: Context, bytes: Bytes) -> Bytes {
        bytes
    }
    async fn delay(self, _: Context, millis: i64) -> i64 {
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
        millis
    }
}

/// tarpc.
pub struct Tarpc;

/// Above the most calls that are in flight at once, so that none waits for a place.
const ROOM: usize = 4096;

impl Peer for Tarpc {
    type Client = (CallsClient, Bytes);

    async fn serve(listener: TcpListener) -> Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let framed = LengthDelimitedCodec::builder().new_framed(stream);
            let transport: Transport<TcpStream, _, _, _> =
                serde_transport::new(framed, Bincode::default());
            let config = tarpc::server::Config {
                pending_response_buffer: ROOM,
            };
            let requests = BaseChannel::new(config, transport).execute(Services.serve());
            tokio::spawn(requests.for_each(|response| {
                tokio::spawn(response);
                future::ready(())
            }));
        }
    }

    async fn connect(address: &str, work: Work) -> Result<Self::Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let framed = LengthDelimitedCodec::builder().new_framed(stream);
        let transport: Transport<TcpStream, _, _, _> =
            serde_transport::new(framed, Bincode::default());
        let mut config = client::Config::default();
        config.max_in_flight_requests = ROOM;
        config.pending_request_buffer = ROOM;
        let client = CallsClient::new(config, transport).spawn();
        Ok((client, work.payload().into()))
    }

    async fn wait((client, _): Self::Client) -> Result<()> {
        // Its deadline is 10 seconds off, unless told.
        let mut context = context::current();
        context.deadline += Duration::from_millis(HOUR.unsigned_abs());
        let millis = client.delay(context, HOUR).await?;
        expect(&millis, &HOUR)
    }

    async fn call((client, payload): &Self::Client, work: Work, number: i64) -> Result<()> {
        match work {
            Work::Multiply => {
                let product = client.multiply(context::current(), number, 3).await?;
                expect(&product, &number.wrapping_mul(3))
            }
            Work::Echo(length) => {
                let bytes = client.echo(context::current(), payload.clone()).await?;
                expect(&bytes.len(), &length)
            }
        }
    }
}
