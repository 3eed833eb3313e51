//! gobrpc beside its peers, in one run:
//! `cargo run --release --manifest-path tests/benches/Cargo.toml -- codec`, or `-- rpc`,
//! `-- memory`, `-- connections`, `-- beside`; `--help` says what each has.
//!
//! Each figure is made by a process of its own. The rounds of all peers alternate,
//! so that what else the machine does meets them all alike; tables show medians,
//! and how far the rounds were apart. Processor time is the process's own, user and
//! system, all threads: Go's collector counts, and other programs do not.

use clap::{Parser, Subcommand};
use gobrpc_benches::{codec, rpc};

#[derive(Parser)]
#[command(about = "gobrpc beside its peers, in one run")]
struct Options {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Encoding and decoding, beside Go's gob, gobwire, bincode, postcard, rmp-serde.
    Codec(codec::Options),
    /// Calls over loopback TCP, beside Go's net/rpc, go-netrpc, tarpc, tonic.
    Rpc(rpc::Options),
    /// What idle connections, calls in flight and many calls cost in memory (Linux).
    Memory(rpc::memory::Options),
    /// Small calls on 1 to 1,000 connections.
    Connections(rpc::connections::Options),
    /// How long small calls take while another connection carries large ones.
    Beside(rpc::beside::Options),
    /// One figure: what the tables start for each.
    #[command(hide = true)]
    Worker(codec::worker::Options),
    /// One end of a connection.
    #[command(hide = true)]
    RpcWorker(rpc::worker::Options),
}

fn main() -> gobrpc_benches::Result<()> {
    match Options::parse().bench {
        Bench::Codec(options) => codec::run(&options),
        Bench::Rpc(options) => rpc::run(&options),
        Bench::Memory(options) => rpc::memory::run(&options),
        Bench::Connections(options) => rpc::connections::run(&options),
        Bench::Beside(options) => rpc::beside::run(&options),
        Bench::Worker(options) => codec::worker::run(&options, None),
        Bench::RpcWorker(options) => rpc::worker::run(&options),
    }
}
