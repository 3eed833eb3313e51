//! The RPC bench: the tables.

pub mod beside;
pub mod connections;
pub mod ends;
pub mod memory;
pub mod peer;
pub mod server;
pub mod steered;
pub mod worker;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use serde_json::json;

use self::ends::{End, Ends, Load, Sample};
use crate::Result;
use crate::lines::Lines;
use crate::table::{Figures, ratio};

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Rounds: each measures every figure once.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Milliseconds for a figure.
    #[arg(long, default_value_t = 500)]
    millis: u64,
    /// Only this work: mul, echo4k or echo64k.
    #[arg(long)]
    work: Option<String>,
    /// Only these shapes, separated by commas: 1, 64, 1024, 64x16.
    #[arg(long, value_delimiter = ',')]
    shapes: Vec<String>,
    /// Only these peers, separated by commas; Go is always there.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Also counts instructions, of both ends in one process on one thread, by
    /// valgrind's callgrind.
    #[arg(long)]
    instructions: bool,
    /// Also writes each figure as a line of JSON into this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

const WORKS: [(&str, &str); 3] = [
    ("mul", "Two numbers there, their product back"),
    ("echo4k", "4 KiB there and back"),
    ("echo64k", "64 KiB there and back"),
];

/// Connections, and calls in flight on each.
const SHAPES: [(&str, usize, usize, &str); 4] = [
    ("1", 1, 1, "one call in flight"),
    ("64", 1, 64, "64 calls in flight on one connection"),
    ("1024", 1, 1024, "1,024 calls in flight on one connection"),
    (
        "64x16",
        64,
        16,
        "64 connections with 16 calls in flight on each",
    ),
];

/// A row: its name, its client and its server.
const ROWS: [(&str, End, End); 15] = [
    ("Go", End::Go, End::Go),
    ("gobrpc", End::one("gobrpc"), End::one("gobrpc")),
    ("gobrpc-mt", End::multi("gobrpc"), End::multi("gobrpc")),
    (
        "gobrpc-await",
        End::one("gobrpc-await"),
        End::one("gobrpc-await"),
    ),
    (
        "gobrpc-await-mt",
        End::multi("gobrpc-await"),
        End::multi("gobrpc-await"),
    ),
    ("Go-to-gobrpc", End::Go, End::one("gobrpc")),
    ("Go-to-gobrpc-mt", End::Go, End::multi("gobrpc")),
    ("gobrpc-to-Go", End::one("gobrpc"), End::Go),
    ("go-netrpc", End::one("go-netrpc"), End::one("go-netrpc")),
    ("tarpc", End::one("tarpc"), End::one("tarpc")),
    ("tarpc-mt", End::multi("tarpc"), End::multi("tarpc")),
    ("tonic", End::one("tonic"), End::one("tonic")),
    ("tonic-mt", End::multi("tonic"), End::multi("tonic")),
    ("raw", End::one("raw"), End::one("raw")),
    ("raw-mt", End::multi("raw"), End::multi("raw")),
];

/// All rounds of one figure.
#[derive(Default)]
struct Cell {
    rate: Figures,
    cpu: Figures,
    p50: Figures,
    p99: Figures,
    instructions: Option<f64>,
}

impl Cell {
    fn push(&mut self, sample: Sample) {
        self.rate.push(sample.calls_per_second);
        self.cpu.push(sample.cpu_micros);
        self.p50.push(sample.p50_micros);
        self.p99.push(sample.p99_micros);
    }
}

/// By work, shape and row.
type Cells = BTreeMap<(&'static str, &'static str, &'static str), Cell>;

/// Measures, and prints the tables.
///
/// # Errors
///
/// If a worker fails: a peer that cannot do its work is an error, not a gap.
pub fn run(options: &Options) -> Result<()> {
    let ends = Ends::find()?;
    let mut json = Lines::create(options.json.as_ref())?;
    let chosen = |list: &[String], name: &str| list.is_empty() || list.iter().any(|it| it == name);
    let terminal = std::io::stderr().is_terminal();
    let mut cells = Cells::new();
    for round in 0..options.rounds.max(1) {
        for (work, _) in WORKS {
            if options.work.as_deref().is_some_and(|only| only != work) {
                continue;
            }
            for (shape, connections, in_flight, _) in SHAPES {
                if !chosen(&options.shapes, shape) {
                    continue;
                }
                for (row, client, server) in ROWS {
                    if row != "Go" && !chosen(&options.peers, row) {
                        continue;
                    }
                    if terminal {
                        let of = options.rounds;
                        eprint!("\rround {} of {of}: {work} {shape} {row}\x1b[K", round + 1);
                    }
                    let load = Load {
                        work,
                        connections,
                        in_flight,
                        millis: options.millis,
                    };
                    let sample = ends
                        .measure(client, server, load)
                        .map_err(|error| format!("{row}, {work}, {shape}: {error}"))?;
                    let cell = cells.entry((work, shape, row)).or_default();
                    cell.push(sample);
                    if options.instructions && round == 0 {
                        cell.instructions = ends.instructions(client, server, load)?;
                    }
                    json.write(&json!({
                        "work": work, "shape": shape, "peer": row, "round": round,
                        "calls_per_second": sample.calls_per_second,
                        "cpu_micros": sample.cpu_micros,
                        "p50_micros": sample.p50_micros, "p99_micros": sample.p99_micros,
                        "instructions": cell.instructions,
                    }))?;
                }
            }
        }
    }
    if terminal {
        eprint!("\r\x1b[K");
    }
    print(&cells, options.instructions);
    Ok(())
}

fn print(cells: &Cells, instructions: bool) {
    println!(
        "Client and server are two processes over loopback TCP. CPU: processor time of both together for\n\
         one call. × are over Go's: calls a second, and Go's processor time over the row's (more is\n\
         better). ± is how far the rounds were apart: the largest less the smallest, of the median.\n\n\
         Names with -mt run on tokio's threads, two of them, the others on one thread each end; -await\n\
         has a handler that waits, and so becomes a task; raw has frames alone, and is no RPC."
    );
    for (work, what) in WORKS {
        for (shape, _, _, how) in SHAPES {
            let get = |row| cells.get(&(work, shape, row));
            let Some(go) = get("Go") else {
                continue;
            };
            println!("\n### {what}, {how} ({work}, {shape})\n");
            let serial = shape == "1";
            print!("| | calls/s | × Go | CPU µs/call | × Go |");
            print!(
                "{}",
                if serial {
                    " p50 µs | × Go | p99 µs |"
                } else {
                    ""
                }
            );
            println!("{}", if instructions { " instructions |" } else { "" });
            print!("|---|---:|---:|---:|---:|");
            print!("{}", if serial { "---:|---:|---:|" } else { "" });
            println!("{}", if instructions { "---:|" } else { "" });
            for (row, _, _) in ROWS {
                let Some(cell) = get(row) else {
                    continue;
                };
                print!(
                    "| {row} | {:.0} ±{:.0} % | {} | {:.2} ±{:.0} % | **{}** |",
                    cell.rate.median(),
                    cell.rate.spread(),
                    ratio(cell.rate.median() / go.rate.median()),
                    cell.cpu.median(),
                    cell.cpu.spread(),
                    ratio(go.cpu.median() / cell.cpu.median()),
                );
                if serial {
                    print!(
                        " {:.1} ±{:.0} % | {} | {:.1} |",
                        cell.p50.median(),
                        cell.p50.spread(),
                        ratio(cell.p50.median() / go.p50.median()),
                        cell.p99.median(),
                    );
                }
                if instructions {
                    match cell.instructions {
                        Some(count) => print!(" {count:.0} |"),
                        None => print!(" – |"),
                    }
                }
                println!();
            }
        }
    }
}
