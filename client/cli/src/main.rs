//! The command `gobrpc`: calls net/rpc services, lists them, prints gob
//! streams, and shows all of it in one demo.
//!
//! One module is one command; what they share stands beside them.

mod call;
mod convert;
mod decode;
mod demo;
mod describe;
mod dump;
mod duration;
mod exit;
mod r#gen;
mod go_type;
mod hint;
mod infer;
mod json;
mod list;
mod peer;
mod pretty;
mod printable;
mod progress;
mod recode;
mod registry;
mod shape;
mod size;
mod source;
mod types;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit::Outcome;

/// Go's net/rpc and encoding/gob from the command line.
///
/// Calls services of Go and Rust programs, lists what servers of gobrpc offer,
/// and prints gob streams as JSON, without the types that wrote them.
#[derive(Debug, Parser)]
#[command(
    name = "gobrpc",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Examples:
  gobrpc demo
  gobrpc list localhost:1234
  gobrpc call localhost:1234 Arith.Multiply '{\"A\": 7, \"B\": 8}'
  gobrpc decode session.gob
  gobrpc types session.gob
  gobrpc dump session.gob
  gobrpc gen rust session.gob
  gobrpc registry ls --backend etcd://localhost:2379

Exit status: 0 all well, 1 it failed (the reason is on standard error), 2 the
command line is wrong.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Call(call::CallArgs),
    Decode(decode::DecodeArgs),
    Demo(demo::DemoArgs),
    Dump(dump::DumpArgs),
    Gen(r#gen::GenArgs),
    List(list::ListArgs),
    Recode(recode::RecodeArgs),
    Registry(registry::RegistryArgs),
    Types(types::TypesArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Call(args) => call::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Dump(args) => dump::run(&args),
        Command::Gen(args) => r#gen::run(&args),
        Command::List(args) => list::run(&args),
        Command::Recode(args) => recode::run(&args),
        Command::Registry(args) => registry::run(&args),
        Command::Types(args) => types::run(&args),
    };
    outcome.unwrap_or_else(exit::report)
}

/// Runs the future of a command that waits for one peer at a time.
fn block_on(command: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(command)
}
