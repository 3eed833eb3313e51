//! [`Steered`]: a client that does what it is told, step by step, so that both ends
//! can be looked at in between.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Result;

/// What a client is told to do, a line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make so many more connections, and a call on each.
    Connect(usize),
    /// Make so many calls in all.
    Call(u64),
    /// On each connection, make so many calls that are not answered for an hour.
    Wait(usize),
}

impl Step {
    /// What [`Step::line`] wrote.
    ///
    /// # Errors
    ///
    /// If it is another line.
    pub fn parse(line: &str) -> Result<Self> {
        let (verb, count) = line
            .split_once(' ')
            .ok_or("a step has a verb and a count")?;
        match verb {
            "connect" => Ok(Self::Connect(count.parse()?)),
            "call" => Ok(Self::Call(count.parse()?)),
            "wait" => Ok(Self::Wait(count.parse()?)),
            other => Err(format!("there is no step {other}").into()),
        }
    }

    fn line(self) -> String {
        match self {
            Self::Connect(count) => format!("connect {count}"),
            Self::Call(count) => format!("call {count}"),
            Self::Wait(count) => format!("wait {count}"),
        }
    }
}

/// What a client says when a step is done.
pub const DONE: &str = "DONE";

/// A client that waits to be told what to do; stopped when it is dropped.
pub struct Steered {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Steered {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().ok_or("no input")?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self {
            child,
            stdin,
            stdout,
        })
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it, and does not wait.
    ///
    /// # Errors
    ///
    /// If it is gone.
    pub fn begin(&mut self, step: Step) -> Result<()> {
        writeln!(self.stdin, "{}", step.line())?;
        Ok(self.stdin.flush()?)
    }

    /// Tells it, and waits until it is done.
    ///
    /// # Errors
    ///
    /// If it fails, and so is gone.
    pub fn tell(&mut self, step: Step) -> Result<()> {
        self.begin(step)?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        if line.trim() == DONE {
            return Ok(());
        }
        Err(format!("{}: the client failed, see above", step.line()).into())
    }
}

impl Drop for Steered {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
