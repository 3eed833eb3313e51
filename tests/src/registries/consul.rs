//! [`Consul`]: a real Consul agent.

use std::time::Duration;

use serde_json::json;

use super::etcd::{ask, get};
use super::{Process, free_port, home};

/// The token of one who may do anything.
const MASTER: &str = "11111111-2222-3333-4444-555555555555";

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

    /// An agent that denies what no rule allows, for [`set_token`](Self::set_token).
    ///
    /// # Panics
    ///
    /// If its ACLs do not come up.
    #[must_use]
    pub fn start_denying() -> Option<Self> {
        let hcl = format!(
            r#"acl {{ enabled = true default_policy = "deny" tokens {{ master = "{MASTER}" agent = "{MASTER}" }} }}"#
        );
        let consul = Self::start_with(&["-dev", "-hcl", &hcl])?;
        // The ACLs are there a little after the leader is.
        for _ in 0..300 {
            let answer = consul.as_master("GET", "/v1/acl/tokens", "");
            if answer.starts_with("HTTP/1.1 200") {
                return Some(consul);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("Consul's ACLs do not come up");
    }

    /// Gives a token of this name these rules, and no others; it is made if there is none.
    ///
    /// # Panics
    ///
    /// If Consul does not take that.
    #[must_use]
    pub fn set_token(&self, name: &str, rules: &str) -> String {
        let done = |answer: String| assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        // No policy may have the name of another one.
        let policy = format!("{name}-{:08x}", fastrand::u32(..));
        let body = json!({"Name": policy, "Rules": rules}).to_string();
        done(self.as_master("PUT", "/v1/acl/policy", &body));
        // The same for the same name.
        let id = |kind: u8| {
            let name = name
                .bytes()
                .fold(0, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte));
            format!(
                "0f0f0f{kind:02x}-0000-0000-0000-{:012x}",
                name & 0xffff_ffff_ffff
            )
        };
        let (accessor, secret) = (id(1), id(2));
        let token = json!({
            "AccessorID": accessor, "SecretID": secret, "Policies": [{"Name": policy}],
        });
        let path = format!("/v1/acl/token/{accessor}");
        let known = self.as_master("GET", &path, "").starts_with("HTTP/1.1 200");
        let path = if known { &path } else { "/v1/acl/token" };
        done(self.as_master("PUT", path, &token.to_string()));
        secret
    }

    fn as_master(&self, method: &str, path: &str, body: &str) -> String {
        let headers = format!("X-Consul-Token: {MASTER}\r\n");
        ask(self.port, method, path, &headers, body).unwrap_or_default()
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
