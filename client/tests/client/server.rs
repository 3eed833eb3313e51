//! A server made from the protocol alone.

use std::io;

use gobrpc_client::connector::{self, BoxedIo, Connector};
use gobrpc_client::protocol::server_connection::IncomingRequest;
use gobrpc_client::protocol::{Response, Result, ServerConnection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

/// The server's end of a connection, served by hand.
pub(crate) struct Peer<S> {
    pub(crate) stream: S,
    pub(crate) connection: ServerConnection,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            connection: ServerConnection::new(),
        }
    }

    /// The next request; `None` when the client has closed. The client must not
    /// close inside of one.
    pub(crate) async fn next(&mut self) -> Option<IncomingRequest> {
        loop {
            if let Some(request) = self.connection.poll_request().unwrap() {
                return Some(request);
            }
            let read = self.stream.read_buf(self.connection.input()).await;
            if matches!(read, Ok(0)) {
                self.connection.handle_eof().unwrap();
                return None;
            }
            read.unwrap();
        }
    }

    /// The next request's number and argument.
    pub(crate) async fn next_int(&mut self) -> Option<(u64, i64)> {
        let request = self.next().await?;
        Some((request.seq, request.body.unwrap().decode().unwrap()))
    }

    /// Sends the client to another connection; what came before it had heard that.
    pub(crate) async fn part(&mut self) -> Vec<IncomingRequest> {
        assert!(self.connection.go_away());
        let mut requests = Vec::new();
        loop {
            self.flush().await.unwrap();
            while let Some(request) = self.connection.poll_request().unwrap() {
                requests.push(request);
            }
            if self.connection.is_parted() {
                return requests;
            }
            let read = self.stream.read_buf(self.connection.input()).await;
            assert_ne!(read.unwrap(), 0, "the client has closed");
        }
    }

    pub(crate) async fn reply(&mut self, seq: u64, result: Result<Response>) -> io::Result<()> {
        self.connection.reply(seq, "A.B", result);
        self.flush().await
    }

    pub(crate) async fn reply_int(&mut self, seq: u64, value: i64) {
        self.reply(seq, Response::unary(&value)).await.unwrap();
    }

    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        let output = std::mem::take(self.connection.output());
        self.stream.write_all(&output).await
    }
}

/// Answers each call by its argument, until the client closes; how many there
/// were.
pub(crate) async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin) -> u64 {
    let mut peer = Peer::new(stream);
    let mut calls = 0;
    loop {
        while let Some(request) = peer.connection.poll_request().unwrap() {
            calls += 1;
            let value: i64 = request.body.unwrap().decode().unwrap();
            peer.connection
                .reply(request.seq, "A.B", Response::unary(&value));
        }
        if peer.flush().await.is_err() {
            return calls;
        }
        match peer.stream.read_buf(peer.connection.input()).await {
            Ok(0) | Err(_) => return calls,
            Ok(_) => {}
        }
    }
}

/// A connector of pipes, and the servers' ends of them.
pub(crate) fn pipes(size: usize) -> (impl Connector, mpsc::UnboundedReceiver<DuplexStream>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let connector = connector::from_fn("a pipe", move || {
        let (ours, theirs) = tokio::io::duplex(size);
        let sent = sender.send(theirs);
        async move {
            match sent {
                Ok(()) => Ok(Box::new(ours) as BoxedIo),
                Err(_) => Err(gobrpc_client::Error::unavailable("nobody listens")),
            }
        }
    });
    (connector, receiver)
}
