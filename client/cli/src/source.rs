//! [`Source`]: the stream that a command reads, and how much it may take.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use gobrpc_codec::inspect::{Event, Inspector};
use gobrpc_codec::{Error, ErrorKind, Limits};

use crate::exit::Failure;
use crate::progress::Progress;
use crate::size;

/// The stream of a command that reads one.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    limits: LimitArgs,
}

/// How much a stream may take.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LimitArgs {
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

impl LimitArgs {
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
}

/// What takes in a stream, a piece at a time.
pub(crate) trait Sink {
    /// Takes the next bytes, and prints what they complete: whoever writes the
    /// stream may take its time.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Stopped>;

    /// The stream has ended.
    fn end(&mut self) -> Result<(), Stopped>;
}

/// Why a stream was not read to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The stream is wrong.
    Stream(Error),
    /// It is right, and cannot be shown.
    Value(String),
    /// It cannot be read.
    Input(io::Error),
    /// What was found cannot be written.
    Output(io::Error),
}

impl Source {
    /// Bytes that are read at a time.
    const CHUNK: usize = 64 << 10;

    /// The stream in another file, with the same limits.
    pub(crate) const fn beside(&self, file: PathBuf) -> Self {
        let limits = self.limits;
        Self { file, limits }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits.limits()
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

    /// The stream, and how long it is if that is known.
    fn open(&self) -> io::Result<(Box<dyn Read>, Option<u64>)> {
        if self.file == Path::new("-") {
            return Ok((Box::new(io::stdin().lock()), None));
        }
        let file = File::open(&self.file)?;
        let metadata = file.metadata()?;
        // The length of a pipe is not that of what will come.
        let length = metadata.is_file().then_some(metadata.len());
        Ok((Box::new(file), length))
    }

    /// Reads the stream to its end, or until the sink wants no more.
    pub(crate) fn read_into(&self, sink: &mut impl Sink) -> Result<(), Stopped> {
        let (mut input, length) = self.open().map_err(Stopped::Input)?;
        let mut progress = Progress::new(length);
        let mut chunk = vec![0; Self::CHUNK];
        loop {
            let count = match input.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(Stopped::Input)?,
            };
            if count == 0 {
                return sink.end();
            }
            sink.take(chunk.get(..count).unwrap_or_default())?;
            progress.add(count);
        }
    }

    /// Calls `each` with every event of the stream; what it fails with is the
    /// output's fault.
    pub(crate) fn read(
        &self,
        each: impl FnMut(&Event<'_>) -> io::Result<()>,
    ) -> Result<(), Stopped> {
        self.read_into(&mut Events {
            inspector: Inspector::with_limits(self.limits()),
            each,
        })
    }

    /// Says what stopped the reading.
    pub(crate) fn outcome(&self, read: Result<(), Stopped>) -> Result<(), Failure> {
        let name = self.name();
        read.map_err(|stopped| match stopped {
            Stopped::Stream(error) => Failure::failed(format!("{name}: {}", explain(&error))),
            Stopped::Value(text) => Failure::failed(format!("{name}: {text}")),
            Stopped::Input(error) => Failure::failed(format!("{name}: {error}")),
            Stopped::Output(error) => Failure::output(&error),
        })
    }
}

/// Hands on the events of a stream.
struct Events<F> {
    inspector: Inspector,
    each: F,
}

impl<F: FnMut(&Event<'_>) -> io::Result<()>> Sink for Events<F> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        self.inspector.feed(bytes);
        while let Some(event) = self.inspector.next_event().map_err(Stopped::Stream)? {
            (self.each)(&event).map_err(Stopped::Output)?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stopped> {
        self.inspector.finish().map_err(Stopped::Stream)
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
        "message_bytes" | "memory_bytes" => "--max-message, or use --trusted",
        _ => "all limits by --trusted",
    };
    format!("{fault}; if you trust the stream, raise {option}")
}
