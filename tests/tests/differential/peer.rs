//! [`Peer`]: the Go program `differ`, which answers frames.

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Most address space, in KiB: hostile streams make Go take more. For an answer it
/// has some seconds of the CPU, and then ends itself with this status; should it not,
/// it is ended.
const HANGS: i32 = 99;
const ANSWER: Duration = Duration::from_secs(120);
const MEMORY: usize = 4 << 20;

/// Real Go, started anew when it died.
pub(crate) struct Peer {
    program: &'static Path,
    running: Option<Running>,
    /// How often it died.
    pub(crate) deaths: usize,
}

struct Running {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<Vec<u8>>,
}

impl Peer {
    /// The peer; `None` where there is no Go, which was said aloud.
    pub(crate) fn new() -> Option<Self> {
        static PROGRAM: std::sync::OnceLock<Option<std::path::PathBuf>> =
            std::sync::OnceLock::new();
        let program = PROGRAM
            .get_or_init(|| gobrpc_tests::go::peers().map(|peers| peers.join("differ")))
            .as_deref()?;
        Some(Self {
            program,
            running: None,
            deaths: 0,
        })
    }

    /// The parts of the answer, or how the peer died of the request.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::start(self.program),
        };
        let length = u32::try_from(request.len()).unwrap().to_be_bytes();
        let sent = running
            .stdin
            .write_all(&length)
            .and_then(|()| running.stdin.write_all(request))
            .and_then(|()| running.stdin.flush());
        let answer = match sent {
            Ok(()) => running.answers.recv_timeout(ANSWER).ok(),
            Err(_) => None,
        };
        match answer {
            Some(answer) => {
                self.running = Some(running);
                Ok(parts(&answer))
            }
            None => {
                self.deaths += 1;
                // It has ended, or is so far from it that it has to be.
                let _ = running.child.kill();
                let ended = running.child.wait().ok();
                Err(match ended.and_then(|status| status.code()) {
                    Some(HANGS) => "hangs".to_owned(),
                    _ => format!("crashes: {ended:?}"),
                })
            }
        }
    }
}

impl Running {
    fn start(program: &Path) -> Self {
        let mut child = Command::new("bash")
            .arg("-c")
            .arg(format!("ulimit -v {MEMORY}; exec \"$0\""))
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A stack that overflowed is printed at length.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            let mut frame = || -> std::io::Result<Vec<u8>> {
                let mut length = [0; 4];
                stdout.read_exact(&mut length)?;
                let mut answer = vec![0; u32::from_be_bytes(length) as usize];
                stdout.read_exact(&mut answer)?;
                Ok(answer)
            };
            while let Ok(answer) = frame() {
                if sender.send(answer).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            stdin,
            answers,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parts(mut answer: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = answer.split_first_chunk::<4>() {
        let (part, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        parts.push(part.to_vec());
        answer = rest;
    }
    parts
}
