//! `gobrpc decode`: a gob stream as lines of JSON.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use gobrpc_codec::{Decoder, Value};

use crate::exit::{Failure, Outcome};
use crate::json;
use crate::pretty::{self, Style};
use crate::source::{Sink, Source, Stopped};

/// Print a gob stream as JSON, one line for each value
///
/// No Go type is needed: the stream describes its own. Memory is that of one
/// value, however long the stream is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gobrpc decode session.gob
  gobrpc decode --pretty session.gob | less -R
  gobrpc decode cache.gob | jq -c 'select(.User.Name == \"gopher\")'
  curl -s http://host/state.gob | gobrpc decode -
  gobrpc decode --trusted big.gob > big.jsonl

How values print:
  bool, int, uint, string    true, -129, 18446744073709551615, \"text\"
  float                      1.5, 1e+21, -0, \"NaN\", \"+Inf\", \"-Inf\"
  []byte                     {\"$bytes\":\"BASE64\"}
  complex                    {\"re\":1,\"im\":-2}
  struct                     {\"Field\":…}: all fields of its type; zero if not sent
  slice, array               […]
  map                        {\"$map\":[[KEY,VALUE],…]}, sorted
  interface                  {\"$type\":\"NAME\",\"value\":…}; nil: null
  time.Time and all others that write themselves
                             {\"$opaque\":\"BASE64\",\"type\":\"NAME\"}
With --pretty: maps as objects, time.Time as 2026-11-25T03:36:44Z, big.Int and the like
as numbers, url.URL, netip and uuid as text, other bytes as text or 0x…; colours if
standard output is a terminal and NO_COLOR is not set. That is JSON, too, but tells less.

A stream that is not gob, ends early or exceeds a limit gives one line on standard
error and exit status 1, after the lines of the values before the fault.")]
pub(crate) struct DecodeArgs {
    #[command(flatten)]
    source: Source,
    /// Print for people: times and maps as one writes them, lines that one can read,
    /// colours on a terminal
    #[arg(long)]
    pretty: bool,
}

pub(crate) fn run(args: &DecodeArgs) -> Outcome {
    let stdout = io::stdout();
    let style = args.pretty.then(|| Style::of(&stdout));
    let mut lines = Lines {
        decoder: Decoder::with_limits(args.source.limits()),
        output: BufWriter::with_capacity(64 << 10, stdout.lock()),
        style,
    };
    let decoded = args.source.read_into(&mut lines);
    // Also after an error: values before it are not lost.
    let flushed = lines.output.flush();
    args.source.outcome(decoded)?;
    flushed.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints values as their bytes come.
struct Lines<W: Write> {
    decoder: Decoder,
    output: W,
    /// How to print for people, if it is for people.
    style: Option<Style>,
}

impl<W: Write> Lines<W> {
    fn print(&mut self, value: &Value) -> io::Result<()> {
        match self.style {
            Some(style) => pretty::write(value, style, &mut self.output)?,
            None => json::write(value, &mut self.output)?,
        }
        self.output.write_all(b"\n")
    }
}

impl<W: Write> Sink for Lines<W> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        self.decoder.feed(bytes);
        while let Some(raw) = self.decoder.take().map_err(Stopped::Stream)? {
            let value = raw.to_value().map_err(Stopped::Stream)?;
            self.print(&value).map_err(|error| match error.kind() {
                // The value's fault, which is found before its line is begun.
                io::ErrorKind::InvalidData => {
                    Stopped::Value(format!("at byte {}: {error}", raw.offset()))
                }
                _ => Stopped::Output(error),
            })?;
        }
        self.output.flush().map_err(Stopped::Output)
    }

    fn end(&mut self) -> Result<(), Stopped> {
        self.decoder.finish().map_err(Stopped::Stream)
    }
}
