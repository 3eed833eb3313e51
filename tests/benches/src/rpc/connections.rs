//! Whether a call costs the same on any number of connections.

use std::path::PathBuf;

use serde_json::json;

use super::ends::{End, Ends, Load};
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
    /// Calls in flight on each connection.
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// Numbers of connections, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 1000])]
    connections: Vec<usize>,
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
    ("tonic", End::one("tonic"), End::one("tonic")),
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
        "Small calls (mul) on more and more connections, {} in flight on each: calls/s of all together,\n\
         and processor time of both ends for one; × is over the first column of the row.\n",
        options.in_flight
    );
    let rows: Vec<_> = ROWS
        .into_iter()
        .filter(|(row, ..)| options.peers.is_empty() || options.peers.iter().any(|it| it == row))
        .collect();
    let mut cells =
        vec![(Figures::default(), Figures::default()); rows.len() * options.connections.len()];
    for round in 0..options.rounds.max(1) {
        let wanted = rows
            .iter()
            .flat_map(|row| options.connections.iter().map(move |count| (row, *count)));
        for (((row, client, server), connections), (rate, cpu)) in wanted.zip(&mut cells) {
            let load = Load {
                work: "mul",
                connections,
                in_flight: options.in_flight,
                millis: options.millis,
            };
            let sample = ends
                .measure(*client, *server, load)
                .map_err(|error| format!("{row}, {connections} connections: {error}"))?;
            rate.push(sample.calls_per_second);
            cpu.push(sample.cpu_micros);
            json.write(&json!({
                "peer": row, "round": round, "connections": connections,
                "in_flight": options.in_flight,
                "calls_per_second": sample.calls_per_second, "cpu_micros": sample.cpu_micros,
            }))?;
        }
    }
    print!("| |");
    for connections in &options.connections {
        print!(" {connections}: calls/s | × | CPU µs | × |");
    }
    println!();
    println!("|---|{}", "---:|".repeat(options.connections.len() * 4));
    for ((row, ..), cells) in rows
        .iter()
        .zip(cells.chunks(options.connections.len().max(1)))
    {
        print!("| {row} |");
        let first = cells.first();
        for (rate, cpu) in cells {
            let (rate_of_one, cpu_of_one) = first.map_or((f64::NAN, f64::NAN), |(rate, cpu)| {
                (rate.median(), cpu.median())
            });
            print!(
                " {:.0} ±{:.0} % | {} | {:.2} ±{:.0} % | {} |",
                rate.median(),
                rate.spread(),
                ratio(rate.median() / rate_of_one),
                cpu.median(),
                cpu.spread(),
                ratio(cpu.median() / cpu_of_one),
            );
        }
        println!();
    }
    Ok(())
}
