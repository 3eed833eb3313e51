//! `gobrpc decode`: a gob stream as lines of JSON.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use gobrpc_codec::{Decoder, Error, ErrorKind, Limits};

use crate::exit::{Failure, Outcome};
use crate::{json, size};

/// Print a gob stream as JSON, one line for each value
///
/// No Go type is needed: the stream describes its own. Memory is that of one
/// value, however long the stream is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gobrpc decode session.gob
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

A stream that is not gob, ends early or exceeds a limit gives one line on standard
error and exit status 1, after the lines of the values before the fault.")]
pub(crate) struct DecodeArgs {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Deepest nesting of a value [default: 10000]
    #[arg(long, value_name = "LEVELS")]
    max_depth: Option<usize>,
    /// Longest message, in bytes or as 64K, 64M, 1G [default: 16M]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_message: Option<usize>,
    /// Raise all limits, for a file that you trust: a hostile one could then take
    /// all memory
    #[arg(long)]
    trusted: bool,
}

impl DecodeArgs {
    fn limits(&self) -> Limits {
        let mut limits = if self.trusted {
            Limits::trusted()
        } else {
            Limits::default()
        };
        if let Some(levels) = self.max_depth {
            limits = limits.with_dynamic_depth(levels);
        }
        if let Some(bytes) = self.max_message {
            limits = size::limits(limits, bytes);
        }
        limits
    }
}

pub(crate) fn run(args: &DecodeArgs) -> Outcome {
    let (input, name): (Box<dyn Read>, String) = if args.file == Path::new("-") {
        (Box::new(io::stdin().lock()), "standard input".to_owned())
    } else {
        let name = args.file.display().to_string();
        match File::open(&args.file) {
            Ok(file) => (Box::new(file), name),
            Err(error) => return Err(Failure::failed(format!("{name}: {error}"))),
        }
    };
    let mut output = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let decoded = decode(input, &mut output, args.limits());
    // Also after an error: values before it are not lost.
    let flushed = output.flush().map_err(|error| Failure::output(&error));
    match decoded {
        Ok(()) => flushed.map(|()| ExitCode::SUCCESS),
        Err(Fault::Stream(error)) => Err(Failure::failed(format!("{name}: {}", explain(&error)))),
        Err(Fault::Input(error)) => Err(Failure::failed(format!("{name}: {error}"))),
        Err(Fault::Output(error)) => Err(Failure::output(&error)),
    }
}

/// Why a stream was not printed to its end.
enum Fault {
    Stream(Error),
    Input(io::Error),
    Output(io::Error),
}

fn decode(mut input: impl Read, output: &mut impl Write, limits: Limits) -> Result<(), Fault> {
    let mut decoder = Decoder::with_limits(limits);
    let mut chunk = vec![0; 64 << 10];
    loop {
        while let Some(value) = decoder.decode_value().map_err(Fault::Stream)? {
            json::write(&value, output).map_err(|error| match error.kind() {
                // The value's fault, which is found before its line is begun.
                io::ErrorKind::InvalidData => Fault::Input(error),
                _ => Fault::Output(error),
            })?;
            output.write_all(b"\n").map_err(Fault::Output)?;
        }
        // Whoever writes the stream may take its time: what is there is shown.
        output.flush().map_err(Fault::Output)?;
        let count = loop {
            match input.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(Fault::Input)?,
            }
        };
        if count == 0 {
            return decoder.finish().map_err(Fault::Stream);
        }
        decoder.feed(chunk.get(..count).unwrap_or_default());
    }
}

/// The error, with the option of this command instead of the library's knob.
fn explain(error: &Error) -> String {
    let text = error.to_string();
    if error.kind() != ErrorKind::Limit {
        return text;
    }
    let Some((fault, knob)) = text.split_once(" (raise Limits::") else {
        return text;
    };
    let option = match knob.trim_end_matches(')') {
        "dynamic_depth" => "--max-depth, or use --trusted",
        "message_bytes" | "memory_bytes" => "--max-message, or use --trusted",
        _ => "all limits by --trusted",
    };
    format!("{fault}; if you trust the stream, raise {option}")
}
