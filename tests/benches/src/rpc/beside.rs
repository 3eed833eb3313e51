//! How long small calls take beside large ones on another connection.

use std::path::PathBuf;

use serde_json::json;

use super::ends::{End, Ends, Load};
use super::steered::Step;
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
    #[arg(long, default_value_t = 1000)]
    millis: u64,
    /// Only these peers, separated by commas.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Also writes each figure as a line of JSON into this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

const ROWS: [(&str, End, End); 5] = [
    ("Go", End::Go, End::Go),
    ("gobrpc", End::one("gobrpc"), End::one("gobrpc")),
    ("gobrpc-mt", End::multi("gobrpc"), End::multi("gobrpc")),
    ("tarpc", End::one("tarpc"), End::one("tarpc")),
    ("tarpc-mt", End::multi("tarpc"), End::multi("tarpc")),
];

/// Measures, and prints the table.
///
/// # Errors
///
/// If a worker fails.
pub fn run(options: &Options) -> Result<()> {
    let ends = Ends::find()?;
    let mut json = Lines::create(options.json.as_ref())?;
    println!(
        "Small calls (mul), one in flight, alone and while another process echoes 4 MiB at the same\n\
         server, one call after the other. × is over alone.\n"
    );
    println!("| | alone: p50 µs | p99 µs | beside 4 MiB: p50 µs | × | p99 µs | × |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let small = Load {
        work: "mul",
        connections: 1,
        in_flight: 1,
        millis: options.millis,
    };
    let large = Load {
        work: "echo4m",
        connections: 0,
        in_flight: 1,
        millis: 0,
    };
    for (row, client, server) in ROWS {
        if !options.peers.is_empty() && !options.peers.iter().any(|it| it == row) {
            continue;
        }
        let mut cells: [(Figures, Figures); 2] = Default::default();
        for round in 0..options.rounds.max(1) {
            for (beside, (p50, p99)) in [false, true].into_iter().zip(&mut cells) {
                let server = ends.serve(server)?;
                // Whoever loads the server is the same for all, and Go's is no client
                // that can be steered.
                let loading = match client {
                    End::Go => End::one("gobrpc"),
                    End::Rust { .. } => client,
                };
                let mut loader = ends.steer(loading, large, server.address())?;
                if beside {
                    loader.tell(Step::Connect(1))?;
                    // It is stopped when it is dropped.
                    loader.begin(Step::Call(u64::MAX))?;
                }
                let sample = ends
                    .call(client, &server, small)
                    .map_err(|error| format!("{row}: {error}"))?;
                p50.push(sample.p50_micros);
                p99.push(sample.p99_micros);
                json.write(&json!({
                    "peer": row, "round": round, "beside_bytes": if beside { 4 << 20 } else { 0 },
                    "calls_per_second": sample.calls_per_second,
                    "p50_micros": sample.p50_micros, "p99_micros": sample.p99_micros,
                }))?;
            }
        }
        let [(p50, p99), (p50_beside, p99_beside)] = &cells;
        println!(
            "| {row} | {:.1} ±{:.0} % | {:.1} ±{:.0} % | {:.1} ±{:.0} % | {} | {:.1} ±{:.0} % | {} |",
            p50.median(),
            p50.spread(),
            p99.median(),
            p99.spread(),
            p50_beside.median(),
            p50_beside.spread(),
            ratio(p50_beside.median() / p50.median()),
            p99_beside.median(),
            p99_beside.spread(),
            ratio(p99_beside.median() / p99.median()),
        );
    }
    Ok(())
}
