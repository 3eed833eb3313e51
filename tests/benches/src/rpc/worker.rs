//! The workers: one end of one peer; prints lines of JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::peer::{Awaiting, GoNetrpc, Gobrpc, Peer, Raw, Tarpc, Tonic, Until, Work};
use super::steered::{DONE, Step};
use crate::Result;

/// What to do.
#[derive(Debug, Clone, clap::Parser)]
pub struct Options {
    /// gobrpc, gobrpc-await, go-netrpc, tarpc, tonic or raw.
    #[arg(long)]
    pub peer: String,
    /// mul, echo4k, echo64k or echo4m.
    #[arg(long, default_value = "mul")]
    pub work: String,
    /// Tokio with two workers, instead of one thread.
    #[arg(long)]
    pub multi: bool,
    /// Calls this server; without it, it is one.
    #[arg(long)]
    pub address: Option<String>,
    /// Calls in flight on each connection.
    #[arg(long, default_value_t = 1)]
    pub in_flight: usize,
    /// Connections.
    #[arg(long, default_value_t = 1)]
    pub connections: usize,
    /// For how long.
    #[arg(long, default_value_t = 1000)]
    pub millis: u64,
    /// Does what the lines of its standard input say.
    #[arg(long)]
    pub steered: bool,
    /// Both ends in this process, and this many calls for each in flight: for
    /// counting instructions.
    #[arg(long)]
    pub count: Option<u64>,
}

/// Does it.
///
/// # Errors
///
/// If there is no such peer or work, or a call fails.
pub fn run(options: &Options) -> Result<()> {
    match options.peer.as_str() {
        "gobrpc" => of::<Gobrpc>(options),
        "gobrpc-await" => of::<Awaiting>(options),
        "go-netrpc" => of::<GoNetrpc>(options),
        "tarpc" => of::<Tarpc>(options),
        "tonic" => of::<Tonic>(options),
        "raw" => of::<Raw>(options),
        other => Err(format!("there is no peer {other}").into()),
    }
}

fn of<P: Peer>(options: &Options) -> Result<()> {
    let runtime = runtime(options.multi)?;
    match (&options.address, options.count) {
        (Some(address), _) if options.steered => runtime.block_on(steered::<P>(options, address)),
        (Some(address), _) => runtime.block_on(client::<P>(options, address)),
        (None, Some(count)) => runtime.block_on(both::<P>(options, count)),
        (None, None) => runtime.block_on(serve::<P>()),
    }
}

fn runtime(multi: bool) -> Result<Runtime> {
    let mut builder = if multi {
        Builder::new_multi_thread()
    } else {
        Builder::new_current_thread()
    };
    Ok(builder.worker_threads(2).enable_all().build()?)
}

async fn listen() -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    Ok((listener, address))
}

/// Serves until its standard input ends.
async fn serve<P: Peer>() -> Result<()> {
    let (listener, address) = listen().await?;
    println!("LISTEN {address}");
    let start = ProcessTime::now();
    let server = tokio::spawn(P::serve(listener));
    let stop =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    tokio::select! {
        served = server => served??,
        _ = stop => {}
    }
    println!(
        "{}",
        json!({ "cpu_seconds": start.elapsed().as_secs_f64() })
    );
    Ok(())
}

async fn connect<P: Peer>(work: Work, count: usize, address: &str) -> Result<Vec<P::Client>> {
    let mut clients = Vec::new();
    for _ in 0..count {
        let client = P::connect(address, work).await?;
        // The first call brings the types, where there are any.
        P::call(&client, work, 0).await?;
        clients.push(client);
    }
    Ok(clients)
}

async fn load<P: Peer>(clients: Vec<P::Client>, options: &Options, until: &Until) -> Result<u64> {
    let work = Work::named(&options.work)?;
    let loads: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::spawn(P::load(client, work, options.in_flight, until.clone())))
        .collect();
    let mut calls = 0;
    for load in loads {
        calls += load.await??;
    }
    Ok(calls)
}

async fn both<P: Peer>(options: &Options, count: u64) -> Result<()> {
    let (listener, address) = listen().await?;
    let server = tokio::spawn(P::serve(listener));
    let work = Work::named(&options.work)?;
    let clients = connect::<P>(work, options.connections, &address).await?;
    let calls = load::<P>(clients, options, &Until::Calls(count)).await?;
    server.abort();
    println!("{}", json!({ "calls": calls }));
    Ok(())
}

/// A client that does what it is told, until its standard input ends.
async fn steered<P: Peer>(options: &Options, address: &str) -> Result<()> {
    let work = Work::named(&options.work)?;
    let mut clients = Vec::new();
    let mut steps = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = steps.next_line().await? {
        match Step::parse(&line)? {
            Step::Connect(count) => clients.extend(connect::<P>(work, count, address).await?),
            Step::Call(calls) => {
                let callers = (clients.len() * options.in_flight).max(1);
                let each = Until::Calls(calls / callers as u64);
                load::<P>(clients.clone(), options, &each).await?;
            }
            Step::Wait(count) => {
                for client in &clients {
                    for _ in 0..count {
                        tokio::spawn(P::wait(client.clone()));
                    }
                    // All of them are sent when this one is, and servers begin calls in
                    // the order in which they come.
                    tokio::task::yield_now().await;
                    P::call(client, work, 0).await?;
                }
            }
        }
        println!("{DONE}");
    }
    Ok(())
}

async fn client<P: Peer>(options: &Options, address: &str) -> Result<()> {
    let work = Work::named(&options.work)?;
    let clients = connect::<P>(work, options.connections, address).await?;
    let duration = Duration::from_millis(options.millis);
    let start = Instant::now();
    let cpu = ProcessTime::now();
    let mut micros = Vec::new();
    let calls = if options.in_flight == 1 && options.connections == 1 {
        let client = clients.first().ok_or("no connection")?;
        let mut sent = start;
        while sent - start < duration {
            P::call(client, work, micros.len() as i64).await?;
            let now = Instant::now();
            micros.push((now - sent).as_secs_f64() * 1e6);
            sent = now;
        }
        micros.len() as u64
    } else {
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        // A thread of its own: it is on time however busy the runtime is.
        std::thread::spawn(move || {
            std::thread::sleep(duration);
            stop.store(true, Ordering::Relaxed);
        });
        load::<P>(clients, options, &Until::Stopped(stopped)).await?
    };
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    micros.sort_by(f64::total_cmp);
    let percentile = |part: usize| micros.get(micros.len() * part / 100).copied();
    let line = json!({
        "calls": calls,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "p50_us": percentile(50),
        "p99_us": percentile(99),
    });
    println!("{line}");
    Ok(())
}
