//! Connections that end in the middle: at every byte of a session, with a client
//! that is killed, with a server that a thousand clients want back.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gobrpc_client::Client;
use gobrpc_server::{Result, Running, Server};
use gobrpc_tests::local::eventually;
use gobrpc_tests::promises::{Who, WhoClient, WhoServer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Counts what ran.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<HashMap<u64, u32>>>);

impl Who for Book {
    async fn number(&self, ticket: u64) -> Result<u64> {
        *self.0.lock().unwrap().entry(ticket).or_default() += 1;
        Ok(ticket)
    }
}

async fn start(book: &Book, address: &str) -> Running {
    let server = Server::new()
        .register(WhoServer::new(book.clone()))
        .unwrap();
    server.start(address).await.unwrap()
}

/// Carries so many bytes, and says how many it carried.
async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    limit: usize,
    carried: &AtomicUsize,
) {
    let mut piece = vec![0; 4096];
    let mut left = limit;
    while left > 0 {
        let most = left.min(piece.len());
        let Ok(size @ 1..) = from.read(&mut piece[..most]).await else {
            return;
        };
        if to.write_all(&piece[..size]).await.is_err() {
            return;
        }
        carried.fetch_add(size, Ordering::SeqCst);
        left -= size;
    }
}

/// A way to the server, whose first connection ends after so many bytes from the
/// client, or to it; later ones are whole.
async fn way(server: &str, limits: (usize, usize), carried: Arc<[AtomicUsize; 2]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = server.to_owned();
    tokio::spawn(async move {
        let mut limits = Some(limits);
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&server).await.unwrap();
            let (up, down) = limits.take().unwrap_or((usize::MAX, usize::MAX));
            let carried = Arc::clone(&carried);
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.split();
                let (mut from_server, mut to_server) = server.split();
                tokio::select! {
                    () = carry(&mut from_client, &mut to_server, up, &carried[0]) => {}
                    () = carry(&mut from_server, &mut to_client, down, &carried[1]) => {}
                }
            });
        }
    });
    address
}

/// Each call ends, with its answer, or with an error that says the truth about
/// whether it ran; and none runs twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_cut_at_every_byte() {
    const CALLS: u64 = 3;
    let book = Book::default();
    let running = start(&book, "127.0.0.1:0").await;
    let server = running.host().to_owned();
    let (mut next, mut counts) = (0, HashMap::<String, usize>::new());
    let mut session = async |limits| {
        let carried = Arc::<[AtomicUsize; 2]>::default();
        let address = way(&server, limits, Arc::clone(&carried)).await;
        let pause = Duration::from_millis(1);
        let client = Client::builder().backoff(pause, pause);
        let who = WhoClient::new(client.connect(&format!("tcp://{address}")));
        for _ in 0..CALLS {
            let ticket = next;
            next += 1;
            let call = who.number(ticket).timeout(Duration::from_secs(5));
            let result = timeout(Duration::from_secs(20), async { call.await }).await;
            let result = result.expect("it hangs");
            let ran = book.0.lock().unwrap().get(&ticket).copied().unwrap_or(0);
            match result {
                Ok(answer) => {
                    assert_eq!((answer, ran), (ticket, 1), "{limits:?}");
                    *counts.entry("answered".to_owned()).or_default() += 1;
                }
                Err(error) => {
                    let delivery = error.delivery();
                    assert!(
                        ran == 0 || !delivery.cannot_have_run(),
                        "{limits:?}: it ran, and {error} says {delivery:?}"
                    );
                    *counts
                        .entry(format!("{delivery:?}, ran {ran}"))
                        .or_default() += 1;
                }
            }
        }
        [0, 1].map(|way| carried[way].load(Ordering::SeqCst))
    };
    let all = usize::MAX;
    let [up, down] = session((all, all)).await;
    for cut in 0..=up {
        session((cut, all)).await;
    }
    for cut in 0..=down {
        session((all, cut)).await;
    }
    let twice = book
        .0
        .lock()
        .unwrap()
        .values()
        .filter(|ran| **ran > 1)
        .count();
    assert_eq!(twice, 0, "ran twice");
    eprintln!("cut at each of {up} bytes up and {down} down: {counts:?}, 0 wrong, 0 twice");
    // Whatever was cut, nothing is left of it.
    eventually("all connections are closed", || running.connections() == 0).await;
}

/// A client that dies in the middle of a message leaves nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_die_in_the_middle_leave_nothing_behind() {
    let running = start(&Book::default(), "127.0.0.1:0").await;
    // What a client sends, which is cut anywhere.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let call = WhoClient::new(Client::connect(&address)).number(7);
    let call = tokio::spawn(async move { call.timeout(Duration::from_secs(1)).await });
    let (mut sent, mut stream) = (vec![0; 4096], listener.accept().await.unwrap().0);
    let size = stream.read(&mut sent).await.unwrap();
    call.await.unwrap().unwrap_err();
    let rounds = 500;
    for round in 0..rounds {
        let mut stream = TcpStream::connect(running.host()).await.unwrap();
        stream.write_all(&sent[..round % size]).await.unwrap();
        // With what is unread a reset, and an end without.
        stream.set_zero_linger().unwrap();
    }
    eventually("all connections are closed", || running.connections() == 0).await;
    let client = WhoClient::new(Client::connect(running.address()));
    assert_eq!(client.number(1).await.unwrap(), 1);
    eprintln!("{rounds} clients died within their first {size} bytes: 0 connections are left");
}

/// How often clients dial a server that is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_dialled_ever_more_seldom() {
    const CLIENTS: usize = 300;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let dials = Arc::new(Mutex::new(Vec::new()));
    let gone = tokio::spawn({
        let dials = Arc::clone(&dials);
        async move {
            // It takes the connection, as what stands before a dead server does, and
            // ends it.
            while let Ok((stream, _)) = listener.accept().await {
                dials.lock().unwrap().push(Instant::now());
                drop(stream);
            }
        }
    });
    let start = Instant::now();
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let who = WhoClient::new(Client::connect(&address));
            // Callers that never wait are the worst.
            tokio::spawn(async move {
                loop {
                    let call = who.number(1).timeout(Duration::from_secs(2));
                    drop(async { call.await }.await);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(12)).await;
    for task in &tasks {
        task.abort();
    }
    gone.abort();
    let mut seconds = vec![0; 12];
    for at in dials.lock().unwrap().iter() {
        let second = at.duration_since(start).as_secs() as usize;
        if let Some(count) = seconds.get_mut(second) {
            *count += 1;
        }
    }
    eprintln!("{CLIENTS} clients dial a server that is gone, by second: {seconds:?}");
    let late: usize = seconds[8..].iter().sum();
    assert!(late / 4 <= CLIENTS, "{seconds:?}");
}
