//! [`Link`]: a network link to a registry, which can be cut.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};
use tokio::task::{AbortHandle, block_in_place};

use super::Peer;
use crate::registries::dying;

/// A network link to a registry: a pair of virtual interfaces, one of them in a
/// network namespace of its own. When it is cut, packets vanish, and nobody is
/// told.
///
/// What comes over it is carried to the registry by a process in the namespace
/// and a Unix socket.
pub struct Link {
    namespace: String,
    interface: String,
    address: String,
    /// Our end of it.
    here: String,
    socket: PathBuf,
    task: Option<AbortHandle>,
    _forwarder: Option<Peer>,
}

/// The start of the names of our namespaces, before the id of our process.
const NAME: &str = "gobrpc-";

impl Link {
    /// A link to this address; `None` where none can be made, for which the reason
    /// is printed.
    pub async fn to(target: &str, peer: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        block_in_place(sweep);
        let (id, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let namespace = format!("{NAME}{id}-{count}");
        let interface = format!("gb{id}-{count}");
        let net = format!("10.213.{}.{}", id % 256, count % 64 * 4);
        let host = |last: u32| {
            let (net, start) = net.rsplit_once('.').unwrap();
            format!("{net}.{}", start.parse::<u32>().unwrap() + last)
        };
        let (here, there) = (host(1), host(2));
        let mut link = Self {
            namespace: namespace.clone(),
            interface: interface.clone(),
            address: String::new(),
            here: here.clone(),
            socket: std::env::temp_dir().join(format!("{namespace}.sock")),
            task: None,
            _forwarder: None,
        };
        let commands = [
            format!("netns add {namespace}"),
            format!("link add {interface} type veth peer name eth0 netns {namespace}"),
            format!("addr add {here}/30 dev {interface}"),
            format!("link set {interface} up"),
            format!("-n {namespace} addr add {there}/30 dev eth0"),
            format!("-n {namespace} link set eth0 up"),
            // By which a program there reaches the forwarder.
            format!("-n {namespace} link set lo up"),
        ];
        for command in commands {
            if let Err(why) = block_in_place(|| ip(&command)) {
                eprintln!("SKIPPED, a link that is cut: ip {command}: {why}");
                return None;
            }
        }
        drop(std::fs::remove_file(&link.socket));
        let listener = UnixListener::bind(&link.socket).unwrap();
        let target = target.to_owned();
        let carry = tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                let target = target.clone();
                tokio::spawn(async move {
                    if let Ok(mut outside) = TcpStream::connect(target).await {
                        let _ = copy_bidirectional(&mut inside, &mut outside).await;
                    }
                });
            }
        });
        link.task = Some(carry.abort_handle());
        let mut command = dying("ip");
        command.args(["netns", "exec", &namespace, peer, "forward"]);
        command.arg(format!("{there}:0")).arg(&link.socket);
        let forwarder = Peer::start_command(command);
        link.address = forwarder.wait("listens ");
        link._forwarder = Some(forwarder);
        Some(link)
    }

    /// Where the registry is, over the link.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Our address on it, without a port.
    pub fn here(&self) -> &str {
        &self.here
    }

    /// What a program is to be run by, so that it is on the far side.
    pub(super) fn there(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.namespace]
    }

    /// Packets vanish from now on.
    pub fn cut(&self) {
        // On the far side, so that this one does not even know.
        self.set("down");
    }

    /// Packets arrive from now on.
    pub fn mend(&self) {
        self.set("up");
    }

    /// What is sent arrives from now on, and what comes back vanishes.
    pub fn cut_replies(&self) {
        self.replies("add");
    }

    /// What comes back arrives again.
    pub fn mend_replies(&self) {
        self.replies("del");
    }

    /// The far side has a way to us, or throws away what is for us: a longer prefix
    /// than that of the link.
    fn replies(&self, verb: &str) {
        let command = format!(
            "-n {} route {verb} blackhole {}/32",
            self.namespace, self.here
        );
        block_in_place(|| ip(&command)).unwrap();
    }

    fn set(&self, state: &str) {
        let command = format!("-n {} link set eth0 {state}", self.namespace);
        block_in_place(|| ip(&command)).unwrap();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        drop(std::fs::remove_file(&self.socket));
        drop(ip(&format!("link del {}", self.interface)));
        drop(ip(&format!("netns del {}", self.namespace)));
    }
}

fn ip(command: &str) -> Result<(), String> {
    let output = Command::new("ip").args(command.split(' ')).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Removes what tests that were killed have left.
fn sweep() {
    let Ok(names) = std::fs::read_dir("/run/netns") else {
        return;
    };
    for name in names.flatten() {
        let name = name.file_name().to_string_lossy().into_owned();
        let id = name
            .strip_prefix(NAME)
            .and_then(|rest| rest.split_once('-'));
        if id.is_some_and(|(id, _)| !std::path::Path::new("/proc").join(id).exists()) {
            drop(ip(&format!("netns del {name}")));
        }
    }
}
