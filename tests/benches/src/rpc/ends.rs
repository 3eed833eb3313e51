//! [`Ends`]: the programs at both ends of a connection.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::{Result, go};

/// What is at an end.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// Go's net/rpc.
    Go,
    /// A peer of [`worker`](super::worker), by its name.
    Rust {
        /// Its name.
        peer: &'static str,
        /// On tokio's threads, instead of one.
        multi: bool,
    },
}

impl End {
    /// A peer on one thread.
    #[must_use]
    pub const fn one(peer: &'static str) -> Self {
        Self::Rust { peer, multi: false }
    }

    /// A peer on tokio's threads.
    #[must_use]
    pub const fn multi(peer: &'static str) -> Self {
        Self::Rust { peer, multi: true }
    }
}

/// How a server is called.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// The name of a [`Work`](super::peer::Work).
    pub work: &'static str,
    /// Connections.
    pub connections: usize,
    /// Calls in flight on each.
    pub in_flight: usize,
    /// For how long.
    pub millis: u64,
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Calls that were answered in a second.
    pub calls_per_second: f64,
    /// Processor time of both ends together for a call.
    pub cpu_micros: f64,
    /// Half of the calls took no longer; NaN but with one call in flight.
    pub p50_micros: f64,
    /// 99 of 100 calls took no longer.
    pub p99_micros: f64,
}

/// The programs at both ends of a connection.
#[derive(Debug)]
pub struct Ends {
    rust: PathBuf,
    go: PathBuf,
}

impl Ends {
    /// Builds what has to be built.
    ///
    /// # Errors
    ///
    /// If there is no Go.
    pub fn find() -> Result<Self> {
        Ok(Self {
            rust: std::env::current_exe()?,
            go: go::peers()?.join("bench"),
        })
    }

    /// Starts a server, calls it, and stops it.
    ///
    /// # Errors
    ///
    /// If either fails.
    pub fn measure(&self, client: End, server: End, load: Load) -> Result<Sample> {
        let server = Server::start(self.server(server))?;
        let client = go::output(&mut self.client(client, load, &server.address))?;
        let client: Value = serde_json::from_str(client.trim())?;
        let server = server.stop()?;
        let get = |value: &Value, name: &str| value[name].as_f64().unwrap_or(f64::NAN);
        let calls = get(&client, "calls");
        Ok(Sample {
            calls_per_second: calls / get(&client, "seconds"),
            cpu_micros: (get(&client, "cpu_seconds") + get(&server, "cpu_seconds")) * 1e6 / calls,
            p50_micros: get(&client, "p50_us"),
            p99_micros: get(&client, "p99_us"),
        })
    }

    fn server(&self, end: End) -> Command {
        match end {
            End::Go => {
                let mut command = Command::new(&self.go);
                command.arg("-serve");
                command
            }
            End::Rust { peer, multi } => self.rust(peer, multi),
        }
    }

    fn rust(&self, peer: &str, multi: bool) -> Command {
        let mut command = Command::new(&self.rust);
        command.args(["rpc-worker", "--peer", peer]);
        command.args(multi.then_some("--multi"));
        command
    }

    fn client(&self, end: End, load: Load, address: &str) -> Command {
        let (connections, in_flight) = (load.connections.to_string(), load.in_flight.to_string());
        match end {
            End::Go => {
                let seconds = (load.millis as f64 / 1e3).to_string();
                let mut command = Command::new(&self.go);
                command.args(["-addr", address, "-op", load.work, "-seconds", &seconds]);
                command.args(["-conns", &connections, "-inflight", &in_flight]);
                command
            }
            End::Rust { peer, multi } => {
                let millis = load.millis.to_string();
                let mut command = self.rust(peer, multi);
                command.args(["--address", address, "--work", load.work]);
                command.args(["--connections", &connections, "--in-flight", &in_flight]);
                command.args(["--millis", &millis]);
                command
            }
        }
    }

    /// Instructions of both ends for a call: those of many calls less those of few,
    /// so that what happens once does not count. `None` but for one peer on one
    /// thread at both ends.
    ///
    /// # Errors
    ///
    /// If there is no valgrind.
    pub fn instructions(&self, client: End, server: End, load: Load) -> Result<Option<f64>> {
        let (
            End::Rust { peer, multi: false },
            End::Rust {
                peer: same,
                multi: false,
            },
        ) = (client, server)
        else {
            return Ok(None);
        };
        if peer != same {
            return Ok(None);
        }
        let callers = load.connections * load.in_flight;
        let (few, many) = (2, 2 + 2000_usize.div_ceil(callers));
        let count = |each: usize| -> Result<f64> {
            let output = Command::new("valgrind")
                .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
                .arg(&self.rust)
                .args(["rpc-worker", "--peer", peer, "--work", load.work])
                .args(["--connections", &load.connections.to_string()])
                .args(["--in-flight", &load.in_flight.to_string()])
                .args(["--count", &each.to_string()])
                .output()
                .map_err(|error| format!("valgrind: {error}"))?;
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = text.lines().find(|line| line.contains("Collected :"));
            let total = line
                .and_then(|line| line.rsplit(' ').next())
                .and_then(|word| word.parse().ok());
            total.ok_or_else(|| format!("callgrind counted nothing: {text}").into())
        };
        Ok(Some(
            (count(many)? - count(few)?) / ((many - few) * callers) as f64,
        ))
    }
}

/// A server that runs.
struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    fn start(mut command: Command) -> Result<Self> {
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

    /// What it says of itself at its end.
    fn stop(mut self) -> Result<Value> {
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
