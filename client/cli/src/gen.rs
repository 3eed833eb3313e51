//! `gobrpc gen`: declarations of types that decode a gob stream.

mod field_name;
mod go;
mod known;
mod rust;
mod unfit;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gobrpc_codec::inspect::Event;

use crate::exit::{Failure, Outcome};
use crate::types::{Graph, Source};

/// Write Rust or Go types that decode a gob stream
///
/// One declaration for each type that the stream defines. Types that write
/// themselves in a way of their own keep their bytes. Fields of interface types are
/// left out in Rust, with a comment, as the stream does not tell what they may hold.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gobrpc gen rust session.gob > src/session.rs
  gobrpc gen go session.gob > session/types.go

In Rust a field whose name in the stream is not its name in PascalCase gets a
#[gob(rename)], and a type that holds itself does so by Option<Box<T>>. Names such as
Time, Int and URL of types that write themselves are taken for Go's own types.

A stream that is not gob, ends early or exceeds a limit gives one line on standard
error and exit status 1, after the types before the fault.")]
pub(crate) struct GenArgs {
    /// The language
    #[arg(value_enum)]
    language: Language,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    Rust,
    Go,
}

pub(crate) fn run(args: &GenArgs) -> Outcome {
    let mut definitions = Vec::new();
    let mut utf8 = true;
    let read = args.source.read(|event| {
        match event {
            Event::Definition { definition, .. } => definitions.push((*definition).clone()),
            Event::String(text) => utf8 = utf8 && std::str::from_utf8(text).is_ok(),
            _ => {}
        }
        Ok(())
    });
    let graph = Graph::new(definitions);
    let text = match args.language {
        Language::Rust => rust::module(&graph, utf8),
        Language::Go => go::package(&graph),
    };
    // Also after an error: what stands before it is not lost.
    let printed = io::stdout().lock().write_all(text.as_bytes());
    args.source.outcome(read)?;
    printed.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}
