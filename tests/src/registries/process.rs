//! [`Process`]: a server that a test has in its hand.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A server that a test has in its hand; it and its folder go when this is dropped.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    program: PathBuf,
    args: Vec<String>,
    /// Its data and its log.
    folder: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// A server, which does not run yet. `args` gets its empty folder.
    ///
    /// # Panics
    ///
    /// If there is no place for the folder.
    pub fn new(
        name: &'static str,
        program: impl Into<PathBuf>,
        args: impl FnOnce(&Path) -> Vec<String>,
    ) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // etcd syncs each write to its disk, and writes 64 MB before it starts.
        let memory = Path::new("/dev/shm");
        let place = match memory.is_dir() {
            true => memory.to_owned(),
            false => std::env::temp_dir(),
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = place.join(format!("gobrpc-{name}-{}-{count}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self {
            name,
            program: program.into(),
            args: args(&folder),
            folder,
            child: None,
        }
    }

    /// Its data, which [`Process::wipe`] removes, is to be in `data` in here.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts it, and waits until `ready`.
    ///
    /// # Panics
    ///
    /// If it ends, or is not ready in 30 s: with the end of what it printed.
    pub fn start(&mut self, ready: impl Fn() -> bool) {
        let log = File::create(self.folder.join("log")).expect("a log");
        let err = log.try_clone().expect("a log");
        let mut command = dying(&self.program);
        command
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(err);
        let child = spawn(command).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let child = self.child.insert(child);
        let until = Instant::now() + Duration::from_secs(30);
        while !ready() {
            let over = child.try_wait().expect("a child");
            assert!(
                over.is_none() && Instant::now() < until,
                "{} does not start: {}",
                self.name,
                log_end(&self.folder)
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its process id.
    ///
    /// # Panics
    ///
    /// If it does not run.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("a process that runs").id()
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Stops it where it is: connections stay, and nothing is answered.
    pub fn pause(&self) {
        signal("STOP", self.id());
    }

    /// Lets it go on.
    pub fn resume(&self) {
        signal("CONT", self.id());
    }

    /// Removes its data. It must not run.
    pub fn wipe(&self) {
        assert!(self.child.is_none(), "{} runs", self.name);
        drop(std::fs::remove_dir_all(self.folder.join("data")));
    }
}

/// Sends a signal to a process that the test has started, and waits until it has
/// stopped if that is what it says: the kernel stops one thread after the other.
pub fn signal(signal: &str, id: u32) {
    let status = Command::new("kill")
        .args([format!("-{signal}"), id.to_string()])
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "kill -{signal}"
    );
    if signal == "STOP" {
        while !is_stopped(id) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// True if no thread of a process runs, or where nobody can tell.
fn is_stopped(id: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{id}/task")) else {
        return true;
    };
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The second field may hold spaces, but ends with a parenthesis (proc(5)).
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        state.is_none_or(|state| matches!(state, 'T' | 't' | 'Z' | 'X'))
    })
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A port that nobody listens on now.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    // Below the range that outgoing connections take theirs from, and no port
    // twice in this process.
    static NEXT: OnceLock<AtomicU32> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU32::new(std::process::id().wrapping_mul(61)));
    for _ in 0..10_000 {
        let port = 12_000 + next.fetch_add(1, Ordering::Relaxed) % 20_000;
        let port = u16::try_from(port).unwrap_or(12_000);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}

/// A program that dies with the test, however that ends; for [`spawn`].
pub(crate) fn dying(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Starts a [`dying`] program.
///
/// The signal comes with the end of the thread that started the process, so a
/// thread starts all that does not end.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    type Job = (Command, mpsc::Sender<io::Result<Child>>);
    static JOBS: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let (sender, jobs) = mpsc::channel::<Job>();
        thread::spawn(move || {
            for (mut command, answer) in jobs {
                drop(answer.send(command.spawn()));
            }
        });
        sender
    });
    let (sender, answer) = mpsc::channel();
    jobs.send((command, sender)).map_err(io::Error::other)?;
    answer.recv().map_err(io::Error::other)?
}

fn log_end(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
