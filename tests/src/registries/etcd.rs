//! [`Etcd`] and [`EtcdCluster`]: real etcd.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::{Process, free_port, home};

/// One etcd server.
#[derive(Debug)]
pub struct Etcd {
    process: Process,
    port: u16,
    /// Where it says how it is, without TLS.
    health: u16,
}

/// Several etcd servers that agree.
#[derive(Debug)]
pub struct EtcdCluster {
    members: Vec<Etcd>,
}

/// What makes tests quick: elections in 0.2 s instead of 1 s.
const TUNING: [&str; 4] = ["--heartbeat-interval", "20", "--election-timeout", "200"];

impl Etcd {
    /// etcd of this version, `"etcd-3.4"` or `"etcd-3.5"`, which runs; `None` if it
    /// cannot be had.
    #[must_use]
    pub fn start(version: &'static str) -> Option<Self> {
        Self::start_with(version, &[])
    }

    /// The same with more arguments.
    #[must_use]
    pub fn start_with(version: &'static str, args: &[&str]) -> Option<Self> {
        let peer = format!("http://127.0.0.1:{}", free_port());
        let mut member = Self::member(version, "m0", &peer, &format!("m0={peer}"), args)?;
        member.restart();
        Some(member)
    }

    fn member(
        version: &'static str,
        name: &str,
        peer: &str,
        cluster: &str,
        more: &[&str],
    ) -> Option<Self> {
        let program = home(version)?.join("usr/bin/etcd");
        let (port, health) = (free_port(), free_port());
        // It serves clients by TLS if it has a certificate for that.
        let scheme = match more.contains(&"--cert-file") {
            true => "https",
            false => "http",
        };
        let client = format!("{scheme}://127.0.0.1:{port}");
        let metrics = format!("http://127.0.0.1:{health}");
        let process = Process::new(version, program, |folder| {
            let data = folder.join("data").display().to_string();
            let mut args: Vec<String> = [
                "--name",
                name,
                "--data-dir",
                &data,
                "--listen-client-urls",
                &client,
                "--advertise-client-urls",
                &client,
                "--listen-metrics-urls",
                &metrics,
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                cluster,
            ]
            .map(str::to_owned)
            .into();
            args.extend(TUNING.iter().chain(more).map(|&arg| arg.to_owned()));
            args
        });
        Some(Self {
            process,
            port,
            health,
        })
    }

    /// Where it serves clients, as `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it after it was killed, and waits until it serves.
    pub fn restart(&mut self) {
        let health = self.health;
        self.process.start(|| healthy(health));
    }

    /// Forgets all changes, and keeps what is there. What it cannot do now, as it
    /// does not run, it does not.
    pub fn compact(&self) {
        let now = post(self.port, "/v3/kv/range", r#"{"key":"AA=="}"#);
        let revision = now
            .as_deref()
            .and_then(|text| text.split_once(r#""revision":""#))
            .and_then(|(_, rest)| rest.split('"').next());
        if let Some(revision) = revision {
            let ask = format!(r#"{{"revision":"{revision}","physical":true}}"#);
            post(self.port, "/v3/kv/compaction", &ask);
        }
    }

    /// Deletes all keys, as an operator might.
    pub fn delete_all(&self) {
        let all = r#"{"key":"AA==","range_end":"AA=="}"#;
        let answer = post(self.port, "/v3/kv/deleterange", all);
        assert!(answer.is_some_and(|text| text.contains("deleted")));
    }

    /// Runs `etcdctl`, as a user and a password if one is given.
    pub fn ctl(&self, version: &'static str, user: Option<&str>, args: &[&str]) {
        let program = home(version).expect("it runs").join("usr/bin/etcdctl");
        let mut command = std::process::Command::new(program);
        command.env("ETCDCTL_API", "3");
        command.args(["--endpoints", &self.address()]);
        // Its own 2 s and 5 s are soon over on a busy machine.
        command.args(["--dial-timeout=20s", "--command-timeout=30s"]);
        if let Some(user) = user {
            command.args(["--user", user]);
        }
        let output = command.args(args).output().expect("etcdctl");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}");
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

impl EtcdCluster {
    /// Three members; `None` if etcd cannot be had.
    #[must_use]
    pub fn start(version: &'static str) -> Option<Self> {
        let peers: Vec<(String, String)> = (0..3)
            .map(|number| {
                let peer = format!("http://127.0.0.1:{}", free_port());
                (format!("m{number}"), peer)
            })
            .collect();
        let all: Vec<String> = peers
            .iter()
            .map(|(name, peer)| format!("{name}={peer}"))
            .collect();
        let all = all.join(",");
        let members: Option<Vec<Etcd>> = peers
            .iter()
            .map(|(name, peer)| Etcd::member(version, name, peer, &all, &[]))
            .collect();
        let mut members = members?;
        // None serves before two run.
        for member in &mut members {
            member.process.start(|| true);
        }
        let ports: Vec<u16> = members.iter().map(|member| member.health).collect();
        for port in ports {
            let until = std::time::Instant::now() + Duration::from_secs(30);
            while !healthy(port) && std::time::Instant::now() < until {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Some(Self { members })
    }

    /// Its members.
    pub fn members(&mut self) -> &mut [Etcd] {
        &mut self.members
    }

    /// Where all of them serve, with commas between.
    #[must_use]
    pub fn addresses(&self) -> String {
        let all: Vec<String> = self.members.iter().map(Etcd::address).collect();
        all.join(",")
    }

    /// The index of the member that leads now.
    #[must_use]
    pub fn leader(&self) -> Option<usize> {
        self.members.iter().position(|member| {
            get(member.port, "/metrics")
                .is_some_and(|text| text.lines().any(|line| line == "etcd_server_is_leader 1"))
        })
    }
}

fn healthy(port: u16) -> bool {
    get(port, "/health").is_some_and(|text| text.contains(r#""health":"true""#))
}

/// The answer of a server on this machine, which may be down or paused, whatever it is.
pub(super) fn get(port: u16, path: &str) -> Option<String> {
    answer(port, "GET", path, ("", ""), Duration::from_secs(2))
}

fn post(port: u16, path: &str, body: &str) -> Option<String> {
    ask(port, "POST", path, "", body)
}

/// The answer of a server on this machine, which runs, to a request, headers (each with
/// its end of line) and body of which are these.
pub fn ask(port: u16, method: &str, path: &str, headers: &str, body: &str) -> Option<String> {
    answer(port, method, path, (headers, body), Duration::from_secs(30))
}

fn answer(
    port: u16,
    method: &str,
    path: &str,
    (headers, body): (&str, &str),
    patience: Duration,
) -> Option<String> {
    let address = ([127, 0, 0, 1], port).into();
    let mut stream = TcpStream::connect_timeout(&address, patience).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = Vec::new();
    // A server may be slow to close; what has come is the answer.
    drop(stream.read_to_end(&mut answer));
    Some(String::from_utf8_lossy(&answer).into_owned())
}
