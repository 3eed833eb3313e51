//! `gobrpc dump`: a gob stream as annotated hex.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use gobrpc_codec::dump::Dumper;

use crate::exit::{Failure, Outcome};
use crate::source::{Sink, Source, Stopped};

/// Print a gob stream as hex, every byte with what it is
///
/// For finding out what a peer really sends. At a fault a line says what is wrong;
/// the bytes behind it follow without a meaning.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gobrpc dump session.gob
  gobrpc dump session.gob | grep 'message of'
  tail -f -c +0 wire.log | gobrpc dump -

How a line reads: the offset in hexadecimal, bytes, what they are.
  0000  07                          message of 7 bytes
  0001  ff 82                         value of type 65: struct Point
  0003  01                              delta 1: X
  0004  2c                                int 22

A stream that is not gob, ends early or exceeds a limit gives one line on standard
error and exit status 1, after the lines of all of its bytes.")]
pub(crate) struct DumpArgs {
    #[command(flatten)]
    source: Source,
}

pub(crate) fn run(args: &DumpArgs) -> Outcome {
    let mut lines = Lines {
        dumper: Dumper::with_limits(args.source.limits()),
        output: BufWriter::with_capacity(64 << 10, io::stdout().lock()),
    };
    let dumped = args.source.read_into(&mut lines);
    let flushed = lines.output.flush();
    args.source.outcome(dumped)?;
    flushed.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the lines of messages as they come.
struct Lines<W: Write> {
    dumper: Dumper,
    output: W,
}

impl<W: Write> Sink for Lines<W> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        self.dumper.feed(bytes);
        self.dumper
            .write_to(&mut self.output)
            .and_then(|()| self.output.flush())
            .map_err(Stopped::Output)
    }

    fn end(&mut self) -> Result<(), Stopped> {
        self.dumper
            .finish(&mut self.output)
            .map_err(Stopped::Output)?;
        match self.dumper.fault() {
            Some(fault) => Err(Stopped::Stream(fault.clone())),
            None => Ok(()),
        }
    }
}
