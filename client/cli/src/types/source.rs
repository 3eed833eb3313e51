//! [`Source`]: the stream that a command reads, and how much it may take.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use gobrpc_codec::inspect::{Event, Inspector};
use gobrpc_codec::{Error, ErrorKind, Limits};

use crate::exit::Failure;
use crate::size;

#[derive(Debug, Args)]
pub(crate) struct Source {
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

/// Why a stream was not read to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    Stream(Error),
    Input(io::Error),
    Output(io::Error),
}

impl Source {
    pub(crate) fn limits(&self) -> Limits {
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

    /// How errors call the stream.
    pub(crate) fn name(&self) -> String {
        if self.file == Path::new("-") {
            "standard input".to_owned()
        } else {
            self.file.display().to_string()
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// Whether the stream is there.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.file == Path::new("-") {
            return Ok(());
        }
        File::open(&self.file).map(drop)
    }

    pub(crate) fn open(&self) -> io::Result<Box<dyn Read>> {
        if self.file == Path::new("-") {
            return Ok(Box::new(io::stdin().lock()));
        }
        Ok(Box::new(File::open(&self.file)?))
    }

    /// Calls `each` with every event of the stream; what it fails with is the
    /// output's fault.
    pub(crate) fn read(
        &self,
        mut each: impl FnMut(&Event<'_>) -> io::Result<()>,
    ) -> Result<(), Stopped> {
        let mut input = self.open().map_err(Stopped::Input)?;
        let mut inspector = Inspector::with_limits(self.limits());
        loop {
            while let Some(event) = inspector.next_event().map_err(Stopped::Stream)? {
                each(&event).map_err(Stopped::Output)?;
            }
            if inspector.fill_from(&mut input).map_err(Stopped::Input)? == 0 {
                return inspector.finish().map_err(Stopped::Stream);
            }
        }
    }

    /// Says what stopped the reading.
    pub(crate) fn outcome(&self, read: Result<(), Stopped>) -> Result<(), Failure> {
        let name = self.name();
        read.map_err(|stopped| match stopped {
            Stopped::Stream(error) => Failure::failed(format!("{name}: {}", explain(&error))),
            Stopped::Input(error) => Failure::failed(format!("{name}: {error}")),
            Stopped::Output(error) => Failure::output(&error),
        })
    }
}

/// The error, with the option of the command instead of the library's knob.
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
        "message_bytes" => "--max-message, or use --trusted",
        _ => "all limits by --trusted",
    };
    format!("{fault}; if you trust the stream, raise {option}")
}
