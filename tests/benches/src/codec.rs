//! The codec bench: the tables.

pub mod peer;
pub mod shapes;
pub mod worker;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::table::{Figures, geometric_mean, ratio, time};
use crate::{Result, go};

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Rounds: each measures every figure once.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Milliseconds of processor time for a figure.
    #[arg(long, default_value_t = 200)]
    millis: u64,
    /// Only workloads with this in their names.
    #[arg(long)]
    workload: Option<String>,
    /// Only this operation.
    #[arg(long)]
    operation: Option<String>,
    /// Only these peers, separated by commas; Go and gobrpc are always there.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Also counts instructions, by valgrind's callgrind (slow).
    #[arg(long)]
    instructions: bool,
    /// Also writes each figure as a line of JSON into this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

const WORKLOADS: [(&str, &str); 9] = [
    ("tiny", "a struct of two ints"),
    ("mixed", "a struct of twelve fields"),
    ("mixed-1000", "1,000 of them"),
    ("map-1000", "a map of 1,000 strings to ints"),
    ("floats-10000", "10,000 floats"),
    ("bytes-1M", "1 MiB of bytes, the way each peer is fast at"),
    ("vec-u8-1M", "the same as the Vec<u8> that users write"),
    ("strings-1000", "1,000 strings"),
    ("tree-4095", "a tree of 4,095 nodes"),
];

const OPERATIONS: [(&str, &str); 5] = [
    ("encode", "Encode, warm stream"),
    ("decode", "Decode, warm stream, into a new owned value"),
    (
        "encode-once",
        "Encode one value as a stream of its own, types included",
    ),
    (
        "decode-once",
        "Decode a stream of one value, types included",
    ),
    ("borrow", "Decode without copying strings"),
];

const PEERS: [&str; 7] = [
    "Go",
    "gobrpc",
    "gobrpc-serde",
    "gobwire",
    "bincode",
    "postcard",
    "rmp-serde",
];

/// All rounds of one figure.
#[derive(Default)]
struct Cell {
    nanos: Figures,
    bytes: u64,
    allocations: Option<f64>,
    instructions: Option<f64>,
}

/// By operation, workload and peer.
type Cells = BTreeMap<(&'static str, &'static str, &'static str), Cell>;

/// Measures, and prints the tables.
///
/// # Errors
///
/// If a worker fails: a peer that cannot do its work is an error, not a gap.
pub fn run(options: &Options) -> Result<()> {
    let workers = Workers {
        rust: std::env::current_exe()?,
        counting: std::env::current_exe()?.with_file_name("allocations"),
        go: go::peers()?.join("benchcodec"),
        millis: options.millis,
    };
    let mut json = match &options.json {
        Some(path) => Some(std::fs::File::create(path)?),
        None => None,
    };
    let mut cells = Cells::new();
    let wanted = wanted(options);
    let terminal = std::io::stderr().is_terminal();
    for round in 0..options.rounds.max(1) {
        for &(operation, workload, peer) in &wanted {
            if terminal {
                eprint!(
                    "\rround {} of {}: {operation} {workload} {peer}\x1b[K",
                    round + 1,
                    options.rounds
                );
            }
            let figure = workers.measure(operation, workload, peer)?;
            let cell = cells.entry((operation, workload, peer)).or_default();
            cell.nanos.push(number(&figure, "nanos"));
            cell.bytes = figure["bytes"].as_u64().unwrap_or_default();
            if round == 0 {
                cell.allocations = workers.allocations(operation, workload, peer, &figure)?;
                if options.instructions && peer != "Go" {
                    cell.instructions = Some(workers.instructions(operation, workload, peer)?);
                }
            }
            if let Some(json) = &mut json {
                let line = json!({
                    "operation": operation, "workload": workload, "peer": peer, "round": round,
                    "nanos": number(&figure, "nanos"), "bytes": cell.bytes,
                    "allocations": cell.allocations, "instructions": cell.instructions,
                });
                writeln!(json, "{line}")?;
            }
        }
    }
    if terminal {
        eprint!("\r\x1b[K");
    }
    print(&cells, options.instructions);
    Ok(())
}

/// What is to be measured, in the order in which a round does it.
fn wanted(options: &Options) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut wanted = Vec::new();
    for (operation, _) in OPERATIONS {
        if options
            .operation
            .as_deref()
            .is_some_and(|only| only != operation)
        {
            continue;
        }
        for (workload, _) in WORKLOADS {
            if options
                .workload
                .as_deref()
                .is_some_and(|only| !workload.contains(only))
            {
                continue;
            }
            if operation == "borrow" && workload != "strings-1000" {
                continue;
            }
            for peer in PEERS {
                let chosen =
                    options.peers.is_empty() || options.peers.iter().any(|name| name == peer);
                let borrows = operation != "borrow" || peer == "gobrpc";
                // Peers without types on the wire have one way to encode.
                let once = operation.ends_with("-once");
                let typed = matches!(peer, "Go" | "gobrpc" | "gobrpc-serde" | "gobwire");
                if borrows && (typed || !once) && (chosen || matches!(peer, "Go" | "gobrpc")) {
                    wanted.push((operation, workload, peer));
                }
            }
        }
    }
    wanted
}

/// The programs that make the figures.
struct Workers {
    rust: PathBuf,
    counting: PathBuf,
    go: PathBuf,
    millis: u64,
}

impl Workers {
    fn measure(&self, operation: &str, workload: &str, peer: &str) -> Result<Value> {
        let millis = self.millis.to_string();
        if peer == "Go" {
            let workload = go_workload(workload);
            let args = [
                "-workload",
                workload,
                "-operation",
                operation,
                "-millis",
                &millis,
            ];
            return ask(Command::new(&self.go).args(args));
        }
        let args = ["worker", "--millis", &millis];
        ask(Command::new(&self.rust)
            .args(args)
            .args(names(operation, workload, peer)))
    }

    /// Allocations per operation: Go counts its own.
    fn allocations(
        &self,
        operation: &str,
        workload: &str,
        peer: &str,
        figure: &Value,
    ) -> Result<Option<f64>> {
        if peer == "Go" {
            return Ok(figure["allocations"].as_f64());
        }
        let counted = ask(Command::new(&self.counting).args(names(operation, workload, peer)))?;
        Ok(counted["allocations"].as_f64())
    }

    /// Instructions per operation: those of many less those of few, so that what
    /// happens once does not count.
    fn instructions(&self, operation: &str, workload: &str, peer: &str) -> Result<f64> {
        let (few, many) = match workload {
            "tiny" | "mixed" => (1000, 11_000),
            _ => (2, 12),
        };
        let count = |times: u64| -> Result<f64> {
            let output = Command::new("valgrind")
                .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
                .arg(&self.rust)
                .args(["worker", "--count", &times.to_string()])
                .args(names(operation, workload, peer))
                .output()
                .map_err(|error| format!("valgrind: {error}"))?;
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = text.lines().find(|line| line.contains("Collected :"));
            let total = line
                .and_then(|line| line.rsplit(' ').next())
                .and_then(|word| word.parse().ok());
            total.ok_or_else(|| format!("callgrind counted nothing: {text}").into())
        };
        Ok((count(many)? - count(few)?) / (many - few) as f64)
    }
}

fn names<'a>(operation: &'a str, workload: &'a str, peer: &'a str) -> [&'a str; 6] {
    [
        "--peer",
        peer,
        "--workload",
        workload,
        "--operation",
        operation,
    ]
}

/// Go has one way to write bytes.
fn go_workload(workload: &str) -> &str {
    if workload == "vec-u8-1M" {
        "bytes-1M"
    } else {
        workload
    }
}

fn ask(command: &mut Command) -> Result<Value> {
    Ok(serde_json::from_str(go::output(command)?.trim())?)
}

fn number(figure: &Value, name: &str) -> f64 {
    figure[name].as_f64().unwrap_or(f64::NAN)
}

fn print(cells: &Cells, instructions: bool) {
    println!(
        "Processor time per operation, and Go's over it (more is better). ± is how far the rounds were"
    );
    println!(
        "apart: the largest less the smallest, of the median. A: allocations per operation.\n"
    );
    for (name, what) in WORKLOADS {
        println!("- {name}: {what}");
    }
    for (operation, title) in OPERATIONS {
        let peers: Vec<_> = PEERS
            .into_iter()
            .filter(|peer| cells.keys().any(|key| key.0 == operation && key.2 == *peer))
            .collect();
        if peers.is_empty() {
            continue;
        }
        println!("\n### {title}\n");
        println!("| | {} |", peers.join(" | "));
        println!("|---|{}", "---:|".repeat(peers.len()));
        let mut means: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for (workload, _) in WORKLOADS {
            let get = |peer: &'static str| cells.get(&(operation, workload, peer));
            let Some(go) = get("Go").or_else(|| get("gobrpc")) else {
                continue;
            };
            let go = go.nanos.median();
            print!("| {workload} |");
            for peer in &peers {
                let Some(cell) = get(peer) else {
                    print!(" – |");
                    continue;
                };
                let nanos = cell.nanos.median();
                let mut text = time(nanos);
                if *peer != "Go" {
                    text += &format!(" **{}**", ratio(go / nanos));
                    means.entry(peer).or_default().push(go / nanos);
                }
                text += &format!(" ±{:.0} %", cell.nanos.spread());
                if let Some(allocations) = cell.allocations {
                    text += &format!(" A {allocations:.0}");
                }
                if let (true, Some(count)) = (instructions, cell.instructions) {
                    text += &format!(" I {count:.0}");
                }
                print!(" {text} |");
            }
            println!();
        }
        print!("| geometric mean |");
        for peer in &peers {
            match means.get(peer) {
                Some(ratios) => print!(" **{}** |", ratio(geometric_mean(ratios))),
                None => print!(" 1× |"),
            }
        }
        println!();
        let rates = peers.iter().filter_map(|peer| {
            let cell = cells.get(&(operation, "mixed-1000", *peer))?;
            let rate = cell.bytes as f64 / cell.nanos.median() * 1e3;
            Some(format!("{peer} {rate:.0} ({} bytes)", cell.bytes))
        });
        let rates: Vec<_> = rates.collect();
        if !rates.is_empty() {
            println!("\nMB/s of mixed-1000: {}.", rates.join(", "));
        }
    }
}
