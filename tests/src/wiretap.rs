//! [`Wiretap`]: what two peers say to each other, byte by byte.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A port that hands all connections on to another, and keeps what goes over them.
#[derive(Debug)]
pub struct Wiretap {
    address: String,
    said: Arc<Mutex<Vec<Conversation>>>,
    /// Dropping it ends all connections.
    _tasks: JoinSet<()>,
}

/// What was said on one connection.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// All that the client sent.
    pub client: Vec<u8>,
    /// All that the server sent.
    pub server: Vec<u8>,
    /// How many bytes the client had sent when the server sent something, and how
    /// many the server had sent before that.
    pub turns: Vec<(usize, usize)>,
}

impl Wiretap {
    /// Listens on a free port, and hands on to `server`.
    ///
    /// # Panics
    ///
    /// If it cannot listen.
    #[expect(clippy::expect_used, reason = "a test fails by it")]
    pub async fn start(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let said: Arc<Mutex<Vec<Conversation>>> = Arc::default();
        let (kept, server) = (Arc::clone(&said), server.to_owned());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    continue;
                };
                let number = {
                    let mut said = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    said.push(Conversation::default());
                    said.len() - 1
                };
                let (client_in, client_out) = client.into_split();
                let (server_in, server_out) = server.into_split();
                let note = Arc::clone(&kept);
                connections.spawn(carry(client_in, server_out, move |bytes| {
                    let mut said = note.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(it) = said.get_mut(number) {
                        it.client.extend_from_slice(bytes);
                    }
                }));
                let note = Arc::clone(&kept);
                connections.spawn(carry(server_in, client_out, move |bytes| {
                    let mut said = note.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(it) = said.get_mut(number) {
                        it.turns.push((it.client.len(), it.server.len()));
                        it.server.extend_from_slice(bytes);
                    }
                }));
            }
        });
        Self {
            address,
            said,
            _tasks: tasks,
        }
    }

    /// Where it listens, as `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What was said until now, a connection each.
    #[must_use]
    pub fn said(&self) -> Vec<Conversation> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    note: impl Fn(&[u8]),
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        note(bytes);
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
    // The other one learns that no more comes, and may still answer.
    let _ = to.shutdown().await;
}
