//! A server that calls its client: `cargo run -p gobrpc-tests --example reverse`.

use std::sync::Mutex;

use gobrpc_client::Client;
use gobrpc_protocol::PeerCaller;
use gobrpc_server::{Context, Result, Server, service};
use tokio::sync::mpsc;

/// What a client hosts.
#[service]
trait User {
    /// May the server do this?
    async fn confirm(&self, question: String) -> Result<bool>;
    /// Something has happened.
    async fn notify(&self, news: String) -> Result<()>;
}

struct Screen(mpsc::UnboundedSender<String>);

impl User for Screen {
    async fn confirm(&self, question: String) -> Result<bool> {
        println!("the client is asked: {question}");
        Ok(question.contains("draft"))
    }

    async fn notify(&self, news: String) -> Result<()> {
        let _ = self.0.send(news);
        Ok(())
    }
}

/// What the server offers.
#[service]
trait Files {
    /// Deletes a file, if the user of the client agrees.
    async fn delete(&self, cx: &Context, name: String) -> Result<bool>;
    /// Tells the client of all that is deleted from now on.
    async fn watch(&self, cx: &Context) -> Result<()>;
}

#[derive(Default)]
struct Disk {
    /// They outlive the calls that they came by; each lives as long as its connection.
    watchers: Mutex<Vec<UserClient<PeerCaller>>>,
}

impl Files for Disk {
    async fn delete(&self, cx: &Context, name: String) -> Result<bool> {
        let user = UserClient::new(cx.peer_caller()?);
        // It ends with this call, at its deadline or when the client gives up.
        let agreed = user.confirm(format!("delete {name}?")).within(cx).await?;
        if agreed {
            let watchers = self
                .watchers
                .lock()
                .map_or_else(|_| Vec::new(), |it| it.clone());
            for watcher in watchers {
                watcher.notify(format!("{name} is gone")).await?;
            }
        }
        Ok(agreed)
    }

    async fn watch(&self, cx: &Context) -> Result<()> {
        let watcher = UserClient::new(cx.peer_caller()?);
        if let Ok(mut watchers) = self.watchers.lock() {
            watchers.push(watcher);
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = Server::new().register(FilesServer::new(Disk::default()))?;
    let running = server.start("127.0.0.1:0").await?;

    let (sender, mut news) = mpsc::unbounded_channel();
    let client = Client::builder()
        .host(UserServer::new(Screen(sender)))?
        .connect(running.address());
    let files = FilesClient::new(client);
    files.watch().await?;
    for name in ["thesis.txt", "draft.txt"] {
        println!("{name} deleted: {}", files.delete(name.to_owned()).await?);
    }
    println!("the client is told: {:?}", news.recv().await);

    // Who hosts nothing cannot be asked; Go's clients are among them.
    let files = FilesClient::new(Client::connect(running.address()));
    println!(
        "{:?}",
        files
            .delete("draft.txt".to_owned())
            .await
            .map_err(|error| error.to_string())
    );
    Ok(())
}
