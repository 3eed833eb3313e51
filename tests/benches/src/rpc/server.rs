//! [`Server`]: a server that runs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::Result;

/// A server that runs; stopped when it is dropped.
pub struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    /// Starts it, and waits for its address.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address = line.trim().strip_prefix("LISTEN ").ok_or("no address")?;
        Ok(Self {
            address: address.to_owned(),
            child,
            stdout,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Stops it; what it says of itself at its end.
    ///
    /// # Errors
    ///
    /// If it has failed.
    pub fn stop(mut self) -> Result<Value> {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest)?;
        self.child.wait()?;
        Ok(serde_json::from_str(rest.trim())?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Of a client that failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
