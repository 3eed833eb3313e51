//! Bodies that are compressed, between our client and our server.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gobrpc_client::Client;
use gobrpc_server::{Result, Server, ServerConfig, Streaming, service};
use gobrpc_tests::go::GoServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};

/// Gives texts back.
#[service]
trait Texts {
    /// As it came.
    async fn echo(&self, text: String) -> Result<String>;
    /// Each as it came.
    async fn each(&self, texts: Streaming<String>) -> Result<Streaming<String>>;
}

struct Echo;

impl Texts for Echo {
    async fn echo(&self, text: String) -> Result<String> {
        Ok(text)
    }

    async fn each(&self, texts: Streaming<String>) -> Result<Streaming<String>> {
        Ok(Streaming::from_stream(texts))
    }
}

fn text(length: usize) -> String {
    let words = (0_u64..).map(|number| format!("{{\"id\":{number},\"name\":\"record\"}},"));
    let mut text = String::new();
    for word in words {
        if text.len() >= length {
            break;
        }
        text.push_str(&word);
    }
    text
}

/// Passes bytes on both ways, and counts them.
async fn pass(from: DuplexStream, to: DuplexStream, count: Arc<AtomicUsize>) {
    let (from_read, from_write) = tokio::io::split(from);
    let (to_read, to_write) = tokio::io::split(to);
    tokio::join!(
        one_way(from_read, to_write, &count),
        one_way(to_read, from_write, &count)
    );
}

async fn one_way(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    count: &AtomicUsize,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read) = from.read(&mut buffer).await {
        count.fetch_add(read, Ordering::SeqCst);
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
}

/// A client and a server of which these want compression, and the bytes between them.
fn connected(client: bool, server: bool) -> (TextsClient<Client>, Arc<AtomicUsize>) {
    let server = Server::new()
        .with_config(ServerConfig::default().with_compression(server))
        .register(TextsServer::new(Echo))
        .unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let (ours, near) = tokio::io::duplex(64 << 10);
    let (far, theirs) = tokio::io::duplex(64 << 10);
    tokio::spawn(pass(near, far, Arc::clone(&count)));
    tokio::spawn(async move { server.serve_connection(theirs, "pipe").await });
    let client = Client::builder().compression(client).from_io(ours);
    (TextsClient::new(client), count)
}

#[tokio::test]
async fn calls_and_streams_take_fewer_bytes_if_both_want_it() {
    let text = text(300_000);
    let mut bytes = Vec::new();
    for (client, server) in [(false, false), (true, false), (false, true), (true, true)] {
        let (texts, count) = connected(client, server);
        assert_eq!(texts.echo("hello".to_owned()).await.unwrap(), "hello");
        let before = count.load(Ordering::SeqCst);
        assert_eq!(texts.echo(text.clone()).await.unwrap(), text);
        let items: Vec<String> = (1..9).map(|part| text[..part * 1000].to_owned()).collect();
        let sent = Streaming::from_stream(futures::stream::iter(items.clone().into_iter().map(Ok)));
        let mut each = texts.each(sent).await.unwrap();
        let mut back = Vec::new();
        while let Some(item) = each.next().await {
            back.push(item.unwrap());
        }
        assert_eq!(back, items);
        bytes.push(count.load(Ordering::SeqCst) - before);
    }
    assert!(bytes[3] < bytes[0] / 3, "{bytes:?}");
    assert!(bytes[1] > 600_000 && bytes[2] > 600_000, "{bytes:?}");
}

#[tokio::test]
async fn go_gets_and_sends_what_it_knows() {
    let Ok(server) = GoServer::start("serve", &[]) else {
        return;
    };
    let client = Client::builder()
        .compression(true)
        .connect(server.address());
    for _ in 0..2 {
        let text = text(100_000);
        let echo: String = client.call("Echo.String", &text).await.unwrap();
        assert_eq!(echo, text);
    }
}
