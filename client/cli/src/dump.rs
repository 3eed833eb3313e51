//! `gobrpc dump`: a gob stream as annotated hex.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use gobrpc_codec::dump::Dumper;

use crate::exit::{Failure, Outcome};
use crate::types::{Source, Stopped};

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
    let mut output = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let dumped = dump(&args.source, &mut output);
    let flushed = output.flush();
    args.source.outcome(dumped)?;
    flushed.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

fn dump(source: &Source, output: &mut impl Write) -> Result<(), Stopped> {
    let mut input = source.open().map_err(Stopped::Input)?;
    let mut dumper = Dumper::with_limits(source.limits());
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = match input.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(Stopped::Input)?,
        };
        if count == 0 {
            break;
        }
        dumper.feed(chunk.get(..count).unwrap_or_default());
        dumper.write_to(output).map_err(Stopped::Output)?;
        // Whoever writes the stream may take its time: what is there is shown.
        output.flush().map_err(Stopped::Output)?;
    }
    dumper.finish(output).map_err(Stopped::Output)?;
    match dumper.fault() {
        Some(fault) => Err(Stopped::Stream(fault.clone())),
        None => Ok(()),
    }
}
