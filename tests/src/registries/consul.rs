//! [`Consul`]: a real Consul agent.

use super::etcd::get;
use super::{Process, free_port, home};

/// A Consul agent that is its own server.
#[derive(Debug)]
pub struct Consul {
    process: Process,
    port: u16,
    dns: u16,
    rpc: u16,
}

impl Consul {
    /// An agent that loses its data when it ends; `None` if it cannot be had.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(&["-dev"])
    }

    /// An agent that keeps its data.
    #[must_use]
    pub fn start_lasting() -> Option<Self> {
        Self::start_with(&["-server", "-bootstrap-expect=1"])
    }

    /// An agent with these arguments, which choose its mode.
    #[must_use]
    pub fn start_with(mode: &[&str]) -> Option<Self> {
        let program = home("consul-1.8")?.join("usr/bin/consul");
        let [port, dns, lan, wan, rpc] = [(); 5].map(|()| free_port());
        let process = Process::new("consul-1.8", program, |folder| {
            let mut args: Vec<String> = vec!["agent".to_owned()];
            args.extend(mode.iter().map(|&arg| arg.to_owned()));
            if !mode.contains(&"-dev") {
                args.push(format!("-data-dir={}", folder.join("data").display()));
            }
            args.extend(
                [
                    "-bind=127.0.0.1",
                    "-client=127.0.0.1",
                    "-node=reg",
                    "-grpc-port=-1",
                ]
                .map(str::to_owned),
            );
            args.push(format!("-http-port={port}"));
            args.push(format!("-dns-port={dns}"));
            args.push(format!("-serf-lan-port={lan}"));
            args.push(format!("-serf-wan-port={wan}"));
            args.push(format!("-server-port={rpc}"));
            args
        });
        let mut consul = Self {
            process,
            port,
            dns,
            rpc,
        };
        consul.restart();
        Some(consul)
    }

    /// Where its HTTP API is, as `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where its DNS is, as `127.0.0.1:port`.
    #[must_use]
    pub fn dns(&self) -> String {
        format!("127.0.0.1:{}", self.dns)
    }

    /// Where servers and agents call it, as `127.0.0.1:port`.
    #[must_use]
    pub fn rpc(&self) -> String {
        format!("127.0.0.1:{}", self.rpc)
    }

    /// Starts it after it was killed, and waits until it has a leader.
    pub fn restart(&mut self) {
        let port = self.port;
        self.process.start(|| {
            let leader = get(port, "/v1/status/leader");
            leader.is_some_and(|text| {
                text.trim_end().ends_with(r#":"#) || text.contains("127.0.0.1:")
            })
        });
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
