//! The Go peers: finding Go, building `peers/go`, and running its programs.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

/// The folder of this package.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the built peers, or `None` where there is no Go: then the reason
/// was printed, and where `CI` is `true` the test fails.
///
/// # Panics
///
/// Where `CI` is `true` and there is no Go, or where the peers do not build.
pub fn peers() -> Option<&'static Path> {
    static PEERS: OnceLock<Option<PathBuf>> = OnceLock::new();
    let peers = PEERS.get_or_init(|| match build() {
        Ok(peers) => Some(peers),
        Err(reason) => {
            eprintln!("SKIPPED, all that needs real Go: {reason}");
            None
        }
    });
    assert!(
        peers.is_some() || std::env::var("CI").as_deref() != Ok("true"),
        "CI needs real Go"
    );
    peers.as_deref()
}

fn build() -> Result<PathBuf, String> {
    let go = command_output(Command::new("bash").arg(root().join("setup-go.sh")))?;
    let target = root().join("../target/go-peers");
    std::fs::create_dir_all(&target).map_err(|error| error.to_string())?;
    let target = target.canonicalize().map_err(|error| error.to_string())?;
    // Several test programs may build at once: Go's own cache is safe, and each
    // writes the same programs.
    command_output(
        Command::new(go.trim())
            .current_dir(root().join("peers/go"))
            .env("GOCACHE", target.join("cache"))
            .env("GOFLAGS", "-mod=mod")
            .env("GOTOOLCHAIN", "local")
            .env("GOPROXY", "off")
            .env("CGO_ENABLED", "0")
            .arg("build")
            .arg("-o")
            .arg(format!("{}/", target.display()))
            .arg("./..."),
    )?;
    Ok(target)
}

fn command_output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a peer to its end.
///
/// # Errors
///
/// If it cannot be started.
pub fn run(program: &str, args: &[&str]) -> Result<Output, String> {
    let peers = peers().ok_or("there is no Go")?;
    Command::new(peers.join(program))
        .args(args)
        .stdin(Stdio::piped())
        .output()
        .map_err(|error| format!("{program}: {error}"))
}

/// A Go server that runs; it ends when this is dropped, as its standard input
/// ends.
#[derive(Debug)]
pub struct GoServer {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl GoServer {
    /// Starts a peer that prints `LISTEN address`.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or prints something else.
    pub fn start(program: &str, args: &[&str]) -> Result<Self, String> {
        let peers = peers().ok_or("there is no Go")?;
        let mut child = Command::new(peers.join(program))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let address = line
            .trim()
            .strip_prefix("LISTEN ")
            .ok_or_else(|| format!("{program} printed {line:?}"))?
            .to_owned();
        Ok(Self {
            child,
            stdin,
            stdout,
            address,
        })
    }

    /// The address that it listens on, as Go prints it.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it and gives what it printed last.
    ///
    /// # Errors
    ///
    /// If its output cannot be read.
    pub fn stop(mut self) -> Result<String, String> {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout
            .read_to_string(&mut rest)
            .map_err(|error| error.to_string())?;
        Ok(rest)
    }
}

impl Drop for GoServer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It ends by itself; should it not, it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
