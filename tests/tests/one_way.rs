//! Calls whose reply nobody waits for, with our peers and with Go's.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gobrpc_client::{Client, Code, Delivery};
use gobrpc_server::{
    Context, Error, InProcess, Result, Running, Server, ServerConfig, ServiceInfo, service,
};
use gobrpc_tests::go::GoServer;
use gobrpc_tests::local::eventually;
use gobrpc_tests::model::{Args, Quotient};
use tokio::sync::{Semaphore, mpsc};

/// Takes notes.
#[service]
trait Notes {
    /// Takes one down, and fails for those that begin with a dash.
    #[rpc(one_way)]
    async fn note(&self, cx: &Context, text: String) -> Result<()>;
    /// Takes one down when it is let.
    #[rpc(one_way, idempotent)]
    async fn wait(&self, text: String) -> Result<()>;
    /// How many handlers wait.
    async fn waiting(&self) -> Result<u64>;
}

#[derive(Clone)]
struct Book {
    notes: mpsc::UnboundedSender<(String, bool)>,
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Notes for Book {
    async fn note(&self, cx: &Context, text: String) -> Result<()> {
        let refused = text.starts_with('-');
        let _ = self.notes.send((text, cx.is_one_way()));
        if refused {
            return Err(Error::invalid_argument("a dash"));
        }
        Ok(())
    }

    async fn wait(&self, text: String) -> Result<()> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let _ = self.notes.send((text, true));
        Ok(())
    }

    async fn waiting(&self) -> Result<u64> {
        Ok(self.waiting.load(Ordering::SeqCst) as u64)
    }
}

fn book() -> (Book, mpsc::UnboundedReceiver<(String, bool)>) {
    let (sender, notes) = mpsc::unbounded_channel();
    let book = Book {
        notes: sender,
        gate: Arc::new(Semaphore::new(0)),
        waiting: Arc::default(),
    };
    (book, notes)
}

async fn serve(book: &Book, config: ServerConfig) -> Running {
    Server::new()
        .with_config(config)
        .register(NotesServer::new(book.clone()))
        .unwrap()
        .start("127.0.0.1:0")
        .await
        .unwrap()
}

#[tokio::test]
async fn the_caller_learns_that_it_was_sent_and_the_server_that_nobody_waits() {
    let (book, mut notes) = book();
    let running = serve(&book, ServerConfig::default()).await;
    let client = Client::connect(running.address());
    let calls = NotesClient::new(client.clone());
    // While nothing is known of the server, its reply is dropped.
    calls.note("first".to_owned()).await.unwrap();
    assert_eq!(notes.recv().await.unwrap(), ("first".to_owned(), false));
    eventually("the reply has come", || client.in_flight() == 0).await;
    // And what fails there, fails there.
    for text in ["second", "-third", "fourth"] {
        calls.note(text.to_owned()).await.unwrap();
        assert_eq!(notes.recv().await.unwrap(), (text.to_owned(), true));
        assert_eq!(client.in_flight(), 0, "no reply is waited for");
    }
    client
        .call::<(), _>("Nobody.Home", &1)
        .one_way()
        .await
        .unwrap();
    // The caller may want the reply of the same method.
    let error = client.call::<(), _>("Notes.Note", &"-").await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    // Code that is generic over the trait.
    Notes::note(&calls, &Context::local("A.B"), "fifth".to_owned())
        .await
        .unwrap();
    notes.recv().await.unwrap();
    assert_eq!(notes.recv().await.unwrap(), ("fifth".to_owned(), true));
}

#[tokio::test]
async fn calls_that_were_sent_are_handled_though_their_client_goes() {
    let (book, mut notes) = book();
    let running = serve(&book, ServerConfig::default()).await;
    for number in 0..100 {
        let calls = NotesClient::new(Client::connect(running.address()));
        calls.note(number.to_string()).await.unwrap();
        drop(calls);
        assert_eq!(notes.recv().await.unwrap().0, number.to_string());
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_error() {
    let running = serve(&book().0, ServerConfig::default()).await;
    let address = running.address().to_owned();
    drop(running);
    let calls = NotesClient::new(Client::connect(&address));
    let error = calls.note("lost".to_owned()).await.unwrap_err();
    assert_eq!(
        (error.code(), error.delivery()),
        (Code::Unavailable, Delivery::NotSent)
    );
}

/// Handlers are as many as for other calls; what is more waits, in the socket in the
/// end, and with it the callers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_waits_for_the_server() {
    const CALLS: usize = 200;
    let (book, mut notes) = book();
    let config = ServerConfig::default()
        .with_handlers_per_connection(2)
        .with_waiting_bytes(1 << 10);
    let running = serve(&book, config).await;
    let client = Client::builder()
        .max_write_buffer(1 << 10)
        .max_queued(1)
        .connect(running.address());
    let calls = NotesClient::new(client.clone());
    assert_eq!(calls.waiting().await.unwrap(), 0);
    let text = "x".repeat(256 << 10);
    let mut sent = 0;
    // 50 MB are more than sockets of this machine hold.
    let mut held = Box::pin(calls.wait(text.clone()).start());
    while let Ok(result) = tokio::time::timeout(Duration::from_secs(1), &mut held).await {
        result.unwrap();
        sent += 1;
        assert!(sent < CALLS, "nothing held it back");
        held = Box::pin(calls.wait(text.clone()).start());
    }
    assert!(book.waiting.load(Ordering::SeqCst) <= 2);
    book.gate.add_permits(CALLS);
    held.await.unwrap();
    for _ in 0..=sent {
        assert_eq!(notes.recv().await.unwrap().0.len(), text.len());
    }
}

#[tokio::test]
async fn a_go_server_answers_and_its_answer_is_dropped() {
    let Ok(server) = GoServer::start("serve", &[]) else {
        return;
    };
    let client = Client::connect(server.address());
    for divisor in [2, 0, 3] {
        let args = Args { a: 6, b: divisor };
        client
            .call::<Quotient, _>("Arith.Divide", &args)
            .one_way()
            .await
            .unwrap();
    }
    client
        .call::<(), _>("Nobody.Home", &1)
        .one_way()
        .await
        .unwrap();
    let product: i64 = client
        .call("Arith.Multiply", &Args { a: 6, b: 7 })
        .await
        .unwrap();
    assert_eq!(product, 42);
    eventually("all answers have come", || client.in_flight() == 0).await;
}

#[tokio::test]
async fn without_a_socket_it_is_the_same() {
    let (book, mut notes) = book();
    let calls = NotesClient::new(InProcess::new(NotesServer::new(book)));
    for text in ["one", "-two"] {
        calls.note(text.to_owned()).await.unwrap();
        assert_eq!(notes.recv().await.unwrap(), (text.to_owned(), true));
    }
    calls.wait("three".to_owned()).await.unwrap();
}

#[test]
fn the_listing_says_so() {
    let info: &ServiceInfo = &NOTES;
    let one_way: Vec<_> = info.methods.iter().map(|method| method.one_way).collect();
    assert_eq!(one_way, [true, true, false]);
}
