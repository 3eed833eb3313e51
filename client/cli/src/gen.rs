//! `gobrpc gen`: declarations of types that decode a gob stream.

mod field_name;
mod go;
mod known;
mod registered;
mod rust;
mod unfit;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gobrpc_codec::inspect::Event;

use crate::exit::{Failure, Outcome};
use crate::source::Source;
use crate::types::Graph;
use registered::Registered;

/// Write Rust or Go types that decode a gob stream
///
/// One declaration for each type that the stream defines. Types that write
/// themselves in a way of their own keep their bytes. What interfaces hold is decoded
/// without a type in Rust (gobrpc_codec::Interface), as the stream does not tell what
/// else they may hold; in Go by what the function Register registers.
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
    let mut registered = Registered::default();
    let mut utf8 = true;
    let read = args.source.read(|event| {
        match event {
            Event::Definition { definition, .. } => definitions.push((*definition).clone()),
            Event::String(text) => utf8 = utf8 && std::str::from_utf8(text).is_ok(),
            Event::InterfaceName(name) => registered.name(name),
            Event::InterfaceValue { id, .. } => registered.of(id.get()),
            _ => {}
        }
        Ok(())
    });
    let graph = Graph::new(definitions);
    let text = match args.language {
        Language::Rust => rust::module(&graph, utf8),
        Language::Go => go::package(&graph, &registered),
    };
    // Also after an error: what stands before it is not lost.
    let printed = io::stdout().lock().write_all(text.as_bytes());
    args.source.outcome(read)?;
    printed.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}
