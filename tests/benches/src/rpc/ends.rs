//! [`Ends`]: the programs at both ends of a connection.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::server::Server;
use super::steered::Steered;
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
    /// Calls that were answered.
    pub calls: f64,
    /// Calls that were answered in a second.
    pub calls_per_second: f64,
    /// Processor time of both ends together for a call.
    pub cpu_micros: f64,
    /// Half of the calls took no longer; NaN but with one call in flight.
    pub p50_micros: f64,
    /// 99 of 100 calls took no longer.
    pub p99_micros: f64,
}

/// A number of a worker's report; NaN if it has none.
fn number(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or(f64::NAN)
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
        let server = self.serve(server)?;
        let mut sample = self.call(client, &server, load)?;
        let calls = sample.calls;
        let end = server.stop()?;
        sample.cpu_micros += number(&end, "cpu_seconds") * 1e6 / calls;
        Ok(sample)
    }

    /// Starts a server.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn serve(&self, server: End) -> Result<Server> {
        Server::start(self.server(server))
    }

    /// Calls a server. The processor time is the client's.
    ///
    /// # Errors
    ///
    /// If a call fails.
    pub fn call(&self, client: End, server: &Server, load: Load) -> Result<Sample> {
        let client = go::output(&mut self.client(client, load, server.address()))?;
        let client: Value = serde_json::from_str(client.trim())?;
        let calls = number(&client, "calls");
        Ok(Sample {
            calls,
            calls_per_second: calls / number(&client, "seconds"),
            cpu_micros: number(&client, "cpu_seconds") * 1e6 / calls,
            p50_micros: number(&client, "p50_us"),
            p99_micros: number(&client, "p99_us"),
        })
    }

    /// Starts a client that is told what to do. Of the load, connections and time do
    /// not count.
    ///
    /// # Errors
    ///
    /// If it does not start, or it is Go's, which takes no steps.
    pub fn steer(&self, client: End, load: Load, address: &str) -> Result<Steered> {
        if matches!(client, End::Go) {
            return Err("Go's client takes no steps".into());
        }
        let mut command = self.client(client, load, address);
        command.arg("--steered");
        Steered::start(command)
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
