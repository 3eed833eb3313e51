//! `gobrpc recode`: a gob stream, decoded and written again.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use gobrpc_codec::inspect::Recoder;

use crate::exit::{Failure, Outcome};
use crate::source::{Source, Stopped};

/// Decode a gob stream and write it again
///
/// Type ids, the order of definitions and of map entries stay, so that a stream
/// that Go wrote comes out as the same bytes. In others numbers become as short as
/// they can be, and bytes that Go ignores are dropped.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gobrpc recode session.gob | cmp - session.gob
  gobrpc recode -o clean.gob session.gob
  gobrpc recode --trusted --max-depth 2000000 deep.gob > again.gob

A stream that is not gob, ends early or exceeds a limit gives one line on standard
error and exit status 1, after the messages before the fault.")]
pub(crate) struct RecodeArgs {
    #[command(flatten)]
    source: Source,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &RecodeArgs) -> Outcome {
    let Some(path) = &args.output else {
        return recode(args, io::stdout().lock(), |error| Failure::output(&error));
    };
    let name = path.display().to_string();
    // It is emptied when it is created: nothing would be left to read.
    let same =
        |one: &PathBuf, two| Some(one.canonicalize().ok()? == std::fs::canonicalize(two).ok()?);
    if same(path, args.source.path()) == Some(true) {
        return Err(Failure::usage(format!(
            "{name} is the input: write to another file"
        )));
    }
    let fail = |error| Failure::failed(format!("{name}: {error}"));
    // The input is tried first, so that a wrong name of it empties no file.
    args.source
        .check()
        .map_err(|error| Failure::failed(format!("{}: {error}", args.source.name())))?;
    recode(args, File::create(path).map_err(fail)?, fail)
}

fn recode(args: &RecodeArgs, output: impl Write, fail: impl Fn(io::Error) -> Failure) -> Outcome {
    let mut output = BufWriter::with_capacity(64 << 10, output);
    let mut recoder = Recoder::new();
    let mut messages = Vec::new();
    let read = args.source.read(|event| {
        recoder.event(event, &mut messages)?;
        if !messages.is_empty() {
            output.write_all(&messages)?;
            messages.clear();
        }
        Ok(())
    });
    // Also after an error: what stands before it is not lost.
    let flushed = output.flush();
    match read {
        Err(Stopped::Output(error)) => return Err(fail(error)),
        read => args.source.outcome(read)?,
    }
    flushed.map_err(fail)?;
    Ok(ExitCode::SUCCESS)
}
