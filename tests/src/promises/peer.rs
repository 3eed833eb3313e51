//! [`Peer`]: a server or a client in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use tokio::task::block_in_place;

use super::clocks::Clock;
use super::{Link, World};
use crate::registries::{dying, signal, spawn};

/// A server or a client in a process of its own (`src/bin/promises-peer.rs`),
/// which says line by line what it sees. It dies with the test.
pub struct Peer {
    child: Child,
    lines: Receiver<String>,
}

impl Peer {
    /// A server of [`Who`](super::Who), once it is registered at a registry at this
    /// address.
    pub(super) fn server(world: &World, registry: &str, number: u64, listen: &str) -> Self {
        Self::server_with_book(world, registry, number, listen, None)
    }

    /// The same, which writes down the tickets of all calls that it ran.
    pub(super) fn server_with_book(
        world: &World,
        registry: &str,
        number: u64,
        listen: &str,
        book: Option<&Path>,
    ) -> Self {
        let number = number.to_string();
        let mut args = vec!["serve", world.kind.name, registry, &number, listen];
        args.extend(book.and_then(Path::to_str));
        Self::start(world.peer, &args)
    }

    /// A server that is told another time of day, of which it says `clock` and seconds.
    pub(super) fn server_with_clock(world: &World, number: u64, clock: &Clock) -> Self {
        let mut command = dying("env");
        command.args(clock.environment()).arg(world.peer);
        let (registry, number) = (world.site.address(), number.to_string());
        command.args(["serve", world.kind.name, &registry, &number, "127.0.0.1:0"]);
        Self::start_command(command)
    }

    /// A client on the far side of a link, which says who `answered`.
    pub(super) fn caller(world: &World, link: &Link) -> Self {
        let [ip, args @ ..] = link.there();
        let mut command = dying(ip);
        command.args(args).arg(world.peer);
        command.args(["call", world.kind.name, link.address()]);
        Self::start_command(command)
    }

    /// A client that says whom it sees.
    pub(super) fn watcher(world: &World) -> Self {
        Self::start(
            world.peer,
            &["watch", world.kind.name, &world.site.address()],
        )
    }

    pub(super) fn start(program: &str, args: &[&str]) -> Self {
        let mut command = dying(program);
        command.args(args);
        Self::start_command(command)
    }

    pub(super) fn start_command(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        block_in_place(|| {
            let mut child = spawn(command).unwrap();
            let stdout = BufReader::new(child.stdout.take().unwrap());
            let (sender, lines) = mpsc::channel();
            std::thread::spawn(move || {
                for line in stdout.lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
            Self { child, lines }
        })
    }

    /// Waits for a line that starts like this, and gives its rest.
    pub fn wait(&self, start: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        block_in_place(|| {
            loop {
                let left = until.saturating_duration_since(Instant::now());
                let Ok(line) = self.lines.recv_timeout(left) else {
                    panic!("a peer does not say {start:?}");
                };
                if let Some(rest) = line.strip_prefix(start) {
                    return rest.trim().to_owned();
                }
            }
        })
    }

    /// The port of a server that is registered.
    pub fn port(&self) -> u16 {
        let address = self.wait("registered ");
        address.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// Ends it at once, as a crash does.
    pub fn kill(mut self) {
        self.end();
    }

    pub fn pause(&self) {
        block_in_place(|| signal("STOP", self.child.id()));
    }

    pub fn resume(&self) {
        block_in_place(|| signal("CONT", self.child.id()));
    }

    /// Lets a server leave without losing a call, and gives how it went.
    pub fn leave(mut self) -> String {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(b"leave\n").unwrap();
        stdin.flush().unwrap();
        self.wait("left ")
    }

    fn end(&mut self) {
        block_in_place(|| {
            drop(self.child.kill());
            drop(self.child.wait());
        });
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
