//! [`Who`]: the service that the cases call.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gobrpc_registry::announce::{Announce, Announced};
use gobrpc_registry::{RegisterOptions, Registry};
use gobrpc_server::{Result, Server, service};

use super::TTL;

/// Says who answers.
#[service]
pub trait Who {
    /// Writes the ticket down, and gives the number of the server.
    async fn number(&self, ticket: u64) -> Result<u64>;
}

struct Numbered {
    number: u64,
    book: Option<Arc<Mutex<std::fs::File>>>,
}

impl Who for Numbered {
    async fn number(&self, ticket: u64) -> Result<u64> {
        if let Some(book) = &self.book {
            let line = format!("{ticket}\n");
            let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
            // In one write at the end of the file: what is there is there whole,
            // also if the process is killed.
            book.write_all(line.as_bytes()).unwrap();
        }
        Ok(self.number)
    }
}

/// Serves and is registered. The tickets go into a book, if there is one.
pub async fn serve(
    registry: &Registry,
    number: u64,
    listen: &str,
    book: Option<std::fs::File>,
) -> Announced {
    Announce::new(registry)
        .service("who", "v1")
        .options(RegisterOptions::default().with_ttl(TTL))
        .drain_delay(Duration::from_millis(1500))
        .start(&numbered(number, book), listen)
        .await
        .unwrap()
}

/// A server that nobody knows of yet.
pub(super) fn numbered(number: u64, book: Option<std::fs::File>) -> Server {
    let book = book.map(|book| Arc::new(Mutex::new(book)));
    let who = WhoServer::new(Numbered { number, book });
    Server::new().register(who).unwrap()
}
