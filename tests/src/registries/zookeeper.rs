//! [`ZooKeeper`]: a real ZooKeeper server.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use super::{Process, free_port, home};

/// One ZooKeeper server.
#[derive(Debug)]
pub struct ZooKeeper {
    process: Process,
    port: u16,
}

/// What the server loads; the class path of its own manifest is absolute.
const JARS: [&str; 13] = [
    "zookeeper",
    "zookeeper-jute",
    "metrics-core",
    "slf4j-api",
    "slf4j-nop",
    "commons-cli",
    "commons-io",
    "snappy-java",
    "netty-handler",
    "netty-transport",
    "netty-buffer",
    "netty-common",
    "netty-transport-native-epoll",
];

impl ZooKeeper {
    /// A server that runs; `None` if it cannot be had.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with("zookeeper-3.8", None)
    }

    /// A server of 3.4, which is too old; `None` if it cannot be had.
    #[must_use]
    pub fn start_old() -> Option<Self> {
        let own = home("zookeeper-3.4")?.join("usr/share/java/zookeeper.jar");
        Self::start_with("zookeeper-3.4", Some(own))
    }

    fn start_with(version: &'static str, own: Option<PathBuf>) -> Option<Self> {
        let jars = home("zookeeper-3.8")?.join("usr/share/java");
        let port = free_port();
        let process = Process::new(version, "java", |folder| {
            let config = folder.join("zoo.cfg");
            let data = folder.join("data");
            let text = format!(
                "tickTime=500\ndataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
                 admin.enableServer=false\n4lw.commands.whitelist=*\nforceSync=no\n\
                 maxClientCnxns=0\n",
                data.display()
            );
            std::fs::write(&config, text).unwrap_or_else(|error| panic!("zoo.cfg: {error}"));
            let mut path = folder.display().to_string();
            // What is named first counts.
            if let Some(own) = own {
                let _ = write!(path, ":{}", own.display());
            }
            for jar in JARS {
                let _ = write!(path, ":{}/{jar}.jar", jars.display());
            }
            [
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                // 3.4 would look for a logger that is not there.
                "-Dzookeeper.jmx.log4j.disable=true",
                "-cp",
                &path,
                "org.apache.zookeeper.server.ZooKeeperServerMain",
                &config.display().to_string(),
            ]
            .map(str::to_owned)
            .into()
        });
        let mut server = Self { process, port };
        server.restart();
        Some(server)
    }

    /// Where it serves clients, as `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it after it was killed, and waits until it serves.
    pub fn restart(&mut self) {
        let port = self.port;
        // `ruok` is answered before it serves.
        self.process
            .start(|| ask(port, "srvr").is_some_and(|text| text.contains("Mode:")));
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn ask(port: u16, command: &str) -> Option<String> {
    let address = ([127, 0, 0, 1], port).into();
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    stream.write_all(command.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
