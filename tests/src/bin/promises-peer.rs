//! A server or a client in a process of its own, for the tests of the registry's
//! promises: what can be killed and paused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a part of a test: what it does not expect is a failure"
)]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use gobrpc_registry::backend::rpc;
use gobrpc_registry::{Event, Memory, Policy, Registry, Selector, ServiceSet, client};
use gobrpc_server::Server;
use gobrpc_tests::promises::{Kind, WhoClient, serve};
use tokio::io::{AsyncBufReadExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, UnixStream};

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["serve", kind, registry, number, listen] => {
            server(kind, registry, number, listen, None).await;
        }
        ["serve", kind, registry, number, listen, book] => {
            server(kind, registry, number, listen, Some(book)).await;
        }
        ["call", kind, registry] => caller(kind, registry).await,
        ["watch", kind, registry] => watcher(kind, registry).await,
        ["registry", listen] => memory(listen).await,
        ["forward", listen, socket] => forward(listen, socket).await,
        _ => panic!("serve, call, watch, registry or forward, and not {args:?}"),
    }
}

fn registry(kind: &str, address: &str) -> Registry {
    Registry::new((Kind::named(kind).unwrap().connect)(address))
}

fn say(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    // Whoever started this is gone, and this goes too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

async fn server(kind: &str, registry: &str, number: &str, listen: &str, book: Option<&str>) {
    let clock = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    say(format_args!("clock {}", clock.as_secs()));
    let registry = self::registry(kind, registry);
    let book = book.map(|book| {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(book)
            .unwrap()
    });
    let announced = serve(&registry, number.parse().unwrap(), listen, book).await;
    announced.registrations()[0].settled().await.unwrap();
    say(format_args!("registered {}", announced.running().host()));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    // Its end is that of the test.
    if lines.next_line().await.unwrap().as_deref() == Some("leave") {
        let report = announced.shutdown(Duration::from_secs(10)).await;
        say(format_args!("left {}", report.cut));
    }
    std::process::exit(0);
}

async fn caller(kind: &str, registry: &str) {
    let registry = self::registry(kind, registry);
    let who = client::connect(&registry, "who", Selector::new(), Policy::default());
    let who = WhoClient::new(who.unwrap());
    say(format_args!("answered {}", who.number(0).await.unwrap()));
}

async fn watcher(kind: &str, registry: &str) {
    let mut watch = self::registry(kind, registry).watch("who").unwrap();
    let show = |set: &ServiceSet| {
        let mut ports: Vec<u16> = set.iter().filter_map(|e| e.addr().port()).collect();
        ports.sort_unstable();
        say(format_args!("sees {ports:?}"));
    };
    loop {
        match watch.next().await {
            Event::Snapshot(set) => show(&set),
            Event::Change(change) => show(&change.all),
            other => panic!("{other:?}"),
        }
    }
}

async fn memory(listen: &str) {
    let server = Server::new()
        .register(rpc::service(&Memory::new()))
        .unwrap();
    server.serve(listen).await.unwrap();
}

/// Carries bytes from inside of a network namespace to the outside: Unix sockets
/// are in the file system, which both share.
async fn forward(listen: &str, socket: &str) {
    let listener = TcpListener::bind(listen).await.unwrap();
    say(format_args!("listens {}", listener.local_addr().unwrap()));
    loop {
        let (mut outside, _) = listener.accept().await.unwrap();
        let socket = socket.to_owned();
        tokio::spawn(async move {
            if let Ok(mut inside) = UnixStream::connect(socket).await {
                let _ = copy_bidirectional(&mut outside, &mut inside).await;
            }
        });
    }
}
