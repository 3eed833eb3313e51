//! What connections and calls cost in memory.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::ends::{End, Ends, Load};
use super::steered::{Steered, Step};
use crate::Result;
use crate::lines::Lines;
use crate::table::Figures;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Rounds: each measures every figure once.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Connections, of which most do nothing when they are looked at.
    #[arg(long, default_value_t = 1000)]
    connections: usize,
    /// Calls in flight on each of them.
    #[arg(long, default_value_t = 10)]
    waiting: usize,
    /// Calls on one connection, over which the memory of both ends is to be flat; 0
    /// for none.
    #[arg(long, default_value_t = 10_000_000)]
    calls: u64,
    /// Only these peers, separated by commas.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Also writes each figure as a line of JSON into this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// A row: its name, its client, its server, and whether it has a call that waits.
/// Go's server is called by our client, which is the same for both then.
const ROWS: [(&str, End, End, bool); 5] = [
    ("Go", End::one("gobrpc"), End::Go, true),
    ("gobrpc", End::one("gobrpc"), End::one("gobrpc"), true),
    (
        "go-netrpc",
        End::one("go-netrpc"),
        End::one("go-netrpc"),
        false,
    ),
    ("tarpc", End::one("tarpc"), End::one("tarpc"), true),
    ("tonic", End::one("tonic"), End::one("tonic"), false),
];

/// Connections before the first look, so that what there is but once is there.
const BEFORE: usize = 10;

/// For how long nothing is done before idle connections are looked at: they may give
/// memory back once they notice.
const PAUSE: Duration = Duration::from_secs(3);

/// How often the memory is looked at while calls are made.
const LOOKS: u64 = 10;

/// Bytes of memory of both ends.
#[derive(Debug, Clone, Copy)]
struct Resident {
    server: f64,
    client: f64,
}

impl Resident {
    fn of(server: u32, client: u32) -> Result<Self> {
        Ok(Self {
            server: resident(server)?,
            client: resident(client)?,
        })
    }

    /// What is more than before, for each of so many.
    fn since(self, before: Self, count: usize) -> Self {
        let each = |now, before| (now - before) / count as f64;
        Self {
            server: each(self.server, before.server),
            client: each(self.client, before.client),
        }
    }
}

/// Bytes of memory that a process has: Linux's `VmRSS` (`proc_pid_status(5)`).
fn resident(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = kib.ok_or("the process has no VmRSS")?.parse()?;
    Ok(kib * 1024.0)
}

/// All rounds of one figure, of both ends.
#[derive(Debug, Default)]
struct Cell {
    server: Figures,
    client: Figures,
}

impl Cell {
    fn push(&mut self, bytes: Resident) {
        self.server.push(bytes.server);
        self.client.push(bytes.client);
    }
}

/// Measures, and prints the tables.
///
/// # Errors
///
/// If a worker fails, or this is no Linux.
pub fn run(options: &Options) -> Result<()> {
    let ends = Ends::find()?;
    let mut json = Lines::create(options.json.as_ref())?;
    let rows: Vec<_> = ROWS
        .into_iter()
        .filter(|(row, ..)| options.peers.is_empty() || options.peers.iter().any(|it| it == row))
        .collect();
    println!(
        "Bytes by which the memory of a process grows (VmRSS): for one of {} more connections that have \n\
         made one call and are idle since 3 s; for one of {} calls that wait for their replies, the argument, two\n\
         numbers, included. The sockets' own buffers are the kernel's, and not in it.\n",
        options.connections,
        (options.connections + BEFORE) * options.waiting,
    );
    println!(
        "| | idle after a small call: server | client | after 64 KiB there and back: server | client | a call in flight: server | client |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (row, client, server, waits) in rows {
        let mut cells: [Cell; 3] = Default::default();
        let [small, large, flying] = &mut cells;
        for round in 0..options.rounds.max(1) {
            for (work, cell) in [("mul", &mut *small), ("echo64k", &mut *large)] {
                let (idle, call) = measure(&ends, client, server, work, options, waits)
                    .map_err(|error| format!("{row}, {work}: {error}"))?;
                cell.push(idle);
                if let Some(call) = call {
                    flying.push(call);
                }
                json.write(&json!({
                    "peer": row, "round": round, "after": work,
                    "idle_server_bytes": idle.server, "idle_client_bytes": idle.client,
                    "call_server_bytes": call.map(|it| it.server),
                    "call_client_bytes": call.map(|it| it.client),
                }))?;
            }
        }
        print!("| {row} |");
        for figures in cells.iter().flat_map(|cell| [&cell.server, &cell.client]) {
            match figures.median() {
                bytes if bytes.is_nan() => print!(" – |"),
                bytes => print!(" {bytes:.0} ±{:.0} % |", figures.spread()),
            }
        }
        println!();
    }
    if options.calls > 0 {
        flat(&ends, options.calls, &mut json)?;
    }
    Ok(())
}

/// What one more idle connection takes, and one more call, if the work is small.
fn measure(
    ends: &Ends,
    client: End,
    server: End,
    work: &'static str,
    options: &Options,
    waits: bool,
) -> Result<(Resident, Option<Resident>)> {
    let server = ends.serve(server)?;
    let mut client = steered(ends, client, work, 1, server.address())?;
    let look = |client: &Steered| Resident::of(server.id(), client.id());
    client.tell(Step::Connect(BEFORE))?;
    let before = look(&client)?;
    client.tell(Step::Connect(options.connections))?;
    std::thread::sleep(PAUSE);
    let connected = look(&client)?;
    let idle = connected.since(before, options.connections.max(1));
    if !waits || work != "mul" {
        return Ok((idle, None));
    }
    client.tell(Step::Wait(options.waiting))?;
    let calls = (BEFORE + options.connections) * options.waiting.max(1);
    Ok((idle, Some(look(&client)?.since(connected, calls))))
}

/// The memory of both ends while calls are made.
fn flat(ends: &Ends, calls: u64, json: &mut Lines) -> Result<()> {
    println!(
        "\nMemory of both ends of gobrpc while small calls are made on one connection, 64 in flight:\n"
    );
    println!("| calls | server KiB | client KiB |");
    println!("|---:|---:|---:|");
    let server = ends.serve(End::one("gobrpc"))?;
    let mut client = steered(ends, End::one("gobrpc"), "mul", 64, server.address())?;
    client.tell(Step::Connect(1))?;
    for look in 1..=LOOKS {
        client.tell(Step::Call(calls / LOOKS))?;
        let now = Resident::of(server.id(), client.id())?;
        let made = calls / LOOKS * look;
        let (server, client) = (now.server / 1024.0, now.client / 1024.0);
        println!("| {made} | {server:.0} | {client:.0} |");
        json.write(&json!({
            "peer": "gobrpc", "calls": made,
            "server_bytes": now.server, "client_bytes": now.client,
        }))?;
    }
    Ok(())
}

fn steered(
    ends: &Ends,
    client: End,
    work: &'static str,
    in_flight: usize,
    address: &str,
) -> Result<Steered> {
    ends.steer(
        client,
        Load {
            work,
            connections: 0,
            in_flight,
            millis: 0,
        },
        address,
    )
}
