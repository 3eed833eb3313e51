//! [`Failure`]: how a command ends that does not succeed.

use std::io;
use std::process::ExitCode;

use gobrpc_protocol::{Delivery, Error, Phase};

use crate::printable::printable;

/// What a command gives back.
pub(crate) type Outcome = Result<ExitCode, Failure>;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong (2, as clap's own errors).
    Usage(String),
    /// It was tried and failed (1).
    Failed(String),
    /// Whoever read standard output has gone, as in `gobrpc decode | head`:
    /// what it wanted, it has.
    Quiet,
}

impl Failure {
    /// What was tried has failed.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    /// The command line is wrong.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// Writing to standard output has failed.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Quiet,
            _ => Self::Failed(format!("writing to standard output: {error}")),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        // The chain in one line: `outer: inner`.
        Self::Failed(format!("{error:#}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A call has failed: where, at which peer, and whether it may have run.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let peer = error.peer().unwrap_or("the server");
        if error.phase() == Phase::Handler && error.is_answer() {
            return Self::Failed(format!("{peer}: the server answered: {}", error.message()));
        }
        let delivery = error.delivery();
        // The text names phase and peer itself, and options of the library, which
        // are ours by other names.
        let error = error
            .to_string()
            .replace("raise connect_timeout", "raise --timeout")
            .replace("raise Limits::message_bytes", "raise --max-message")
            .replace("raise Limits::memory_bytes", "raise --max-message");
        Self::Failed(match delivery {
            Delivery::NotSent => format!("{error} (nothing was sent: it did not run)"),
            Delivery::PartSent => format!("{error} (not all of it was sent: it did not run)"),
            Delivery::Refused => format!("{error} (the server refused it: it did not run)"),
            Delivery::Answered => format!("{error} (the server answered: it ran)"),
            // The text of the error says that it may have run.
            _ => error,
        })
    }
}

/// Says on standard error why a command failed, and gives its exit status.
pub(crate) fn report(failure: Failure) -> ExitCode {
    match failure {
        Failure::Usage(text) => {
            eprintln!("gobrpc: {}", printable(&text));
            ExitCode::from(2)
        }
        Failure::Failed(text) => {
            eprintln!("gobrpc: {}", printable(&text));
            ExitCode::FAILURE
        }
        Failure::Quiet => ExitCode::SUCCESS,
    }
}
