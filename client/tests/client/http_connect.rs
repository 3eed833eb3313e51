//! HTTP CONNECT, as `rpc.DialHTTP`.

use gobrpc_client::connector::{self, BoxedIo};
use gobrpc_client::protocol::http_connect::{self, CONNECTED};
use gobrpc_client::protocol::{Response, ServerConnection};
use gobrpc_client::{Client, Code, Delivery, Phase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::echo;

/// A server that answers the first bytes of each connection by these.
async fn server(answer: Vec<u8>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; http_connect::request("/rpc").len()];
            stream.read_exact(&mut head).await.unwrap();
            assert_eq!(head, b"CONNECT /rpc HTTP/1.0\n\n");
            stream.write_all(&answer).await.unwrap();
            tokio::spawn(echo(stream));
        }
    });
    Client::connect(&format!("http://127.0.0.1:{port}/rpc"))
}

#[tokio::test]
async fn calls_follow_the_handshake() {
    let client = server(CONNECTED.to_vec()).await;
    assert_eq!(client.call::<i64, _>("A.B", &5_i64).await.unwrap(), 5);
    let client = server(b"HTTP/1.1 200 Connected to Go RPC\r\nServer: x\r\n\r\n".to_vec()).await;
    assert_eq!(client.call::<i64, _>("A.B", &6_i64).await.unwrap(), 6);
}

#[tokio::test]
async fn other_answers_are_refused() {
    for (answer, says) in [
        (&b"HTTP/1.0 404 Not Found\r\n\r\n"[..], "404 Not Found"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "200 OK"),
        (b"SSH-2.0-x\n\n", "no HTTP"),
        (b"\n", "no HTTP"),
        (&[b'a'; 5000], "4 KiB"),
    ] {
        let client = server(answer.to_vec()).await;
        let error = client.call::<i64, _>("A.B", &5_i64).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.phase(), Phase::Handshake);
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(error.message().contains(says), "{error}");
        assert_eq!(error.peer(), Some(client.peer()));
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::connect(&format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; http_connect::request("/_goRPC_").len()];
        stream.read_exact(&mut head).await.unwrap();
    });
    let error = client.ready().await.unwrap_err();
    assert_eq!(error.phase(), Phase::Handshake);
    assert!(error.message().contains("closed"), "{error}");
}

/// Go's client loses what comes in one piece with the answer's head.
#[tokio::test]
async fn gob_in_one_piece_with_the_answer_is_kept() {
    let mut session = CONNECTED.to_vec();
    let mut server = ServerConnection::new();
    server.reply(0, "A.B", Response::unary(&77_i64));
    session.extend_from_slice(server.output());
    for at in 0..=session.len() {
        let (first, second) = session.split_at(at);
        let (first, second) = (first.to_vec(), second.to_vec());
        let inner = connector::from_fn("a pipe", move || {
            let (ours, mut theirs) = tokio::io::duplex(4096);
            let (first, second) = (first.clone(), second.clone());
            tokio::spawn(async move {
                theirs.write_all(&first).await.unwrap();
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
                theirs.write_all(&second).await.unwrap();
                let mut sent = Vec::new();
                theirs.read_to_end(&mut sent).await.unwrap();
            });
            async { Ok(Box::new(ours) as BoxedIo) }
        });
        let client = Client::builder().connect_with(connector::http_connect(inner, "/_goRPC_"));
        // The call is made before the reply can be read: it waits for the dial.
        assert_eq!(
            client.call::<i64, _>("A.B", &5_i64).await.unwrap(),
            77,
            "{at}"
        );
    }
}
