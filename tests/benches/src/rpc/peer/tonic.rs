//! tonic: gRPC. Messages are prost's by derive, and the service is written by hand
//! as tonic-build writes it, so that no protoc is needed.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::client::Grpc as ClientGrpc;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc as ServerGrpc, NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use super::{Peer, Work, expect};
use crate::Result;

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Args {
    #[prost(int64, tag = "1")]
    a: i64,
    #[prost(int64, tag = "2")]
    b: i64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Product {
    #[prost(int64, tag = "1")]
    value: i64,
}

/// Its field is prost's fastest form of bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct Blob {
    #[prost(bytes = "bytes", tag = "1")]
    bytes: Bytes,
}

struct Multiply;

impl UnaryService<Args> for Multiply {
    type Response = Product;
    type Future = std::future::Ready<Result<Response<Product>, Status>>;

    fn call(&mut self, request: Request<Args>) -> Self::Future {
        let args = request.into_inner();
        let value = args.a.wrapping_mul(args.b);
        std::future::ready(Ok(Response::new(Product { value })))
    }
}

struct Echo;

impl UnaryService<Blob> for Echo {
    type Response = Blob;
    type Future = std::future::Ready<Result<Response<Blob>, Status>>;

    fn call(&mut self, request: Request<Blob>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_inner())))
    }
}

#[derive(Clone)]
struct Calls;

impl NamedService for Calls {
    const NAME: &'static str = "bench.Calls";
}

impl Service<http::Request<Body>> for Calls {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                MULTIPLY => {
                    ServerGrpc::new(ProstCodec::default())
                        .unary(Multiply, request)
                        .await
                }
                ECHO => {
                    ServerGrpc::new(ProstCodec::default())
                        .unary(Echo, request)
                        .await
                }
                _ => Status::unimplemented("there is no such method").into_http(),
            })
        })
    }
}

const MULTIPLY: &str = "/bench.Calls/Multiply";
const ECHO: &str = "/bench.Calls/Echo";

/// Windows that no workload fills: gRPC's default of 64 KiB would stop each echo.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 64 << 20;

/// Above the most calls that are in flight at once, so that none waits for a place.
const ROOM: u32 = 4096;

/// tonic.
pub struct Tonic;

impl Peer for Tonic {
    type Client = (ClientGrpc<Channel>, Bytes);

    async fn serve(listener: TcpListener) -> Result<()> {
        Server::builder()
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_concurrent_streams(ROOM)
            .add_service(Calls)
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
            .await?;
        Ok(())
    }

    async fn connect(address: &str, work: Work) -> Result<Self::Client> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .buffer_size(ROOM as usize)
            .tcp_nodelay(true)
            .connect()
            .await?;
        Ok((ClientGrpc::new(channel), work.payload().into()))
    }

    async fn call((client, payload): &Self::Client, work: Work, number: i64) -> Result<()> {
        let mut client = client.clone();
        client.ready().await?;
        match work {
            Work::Multiply => {
                let request = Request::new(Args { a: number, b: 3 });
                let path = PathAndQuery::from_static(MULTIPLY);
                let codec = ProstCodec::<Args, Product>::default();
                let product = client.unary(request, path, codec).await?.into_inner();
                expect(&product.value, &number.wrapping_mul(3))
            }
            Work::Echo(length) => {
                let bytes = payload.clone();
                let path = PathAndQuery::from_static(ECHO);
                let codec = ProstCodec::<Blob, Blob>::default();
                let blob = client.unary(Request::new(Blob { bytes }), path, codec);
                expect(&blob.await?.into_inner().bytes.len(), &length)
            }
        }
    }
}
