//! `gobrpc registry`: what is registered, and registering it.

mod access;
mod drain;
mod faults;
mod ls;
mod register;
mod row;
mod serve;
mod sought;
mod watch;

use clap::{Args, Subcommand};

use crate::exit::Outcome;
pub(crate) use access::{Access, Opened, URLS};

/// See, change and serve a registry of services
///
/// The registry is etcd, Consul, ZooKeeper, or one that `gobrpc registry serve` shares between the
/// processes of a machine. What is in it is what servers of gobrpc-registry put there;
/// programs in Go read and write it, too.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  gobrpc registry serve
  export GOBRPC_REGISTRY=rpc://127.0.0.1:7070
  gobrpc registry register user 127.0.0.1:1234
  gobrpc registry ls
  gobrpc registry watch user --json --backend etcd://10.0.0.1:2379,10.0.0.2:2379
  gobrpc call --via consul://localhost:8500 user User.Name 17

{URLS}"))]
pub(crate) struct RegistryArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Ls(ls::LsArgs),
    Watch(watch::WatchArgs),
    Register(register::RegisterArgs),
    Drain(drain::DrainArgs),
}

pub(crate) fn run(args: &RegistryArgs) -> Outcome {
    match &args.command {
        Command::Serve(args) => crate::block_on(serve::run(args)),
        Command::Ls(args) => crate::block_on(ls::run(args)),
        Command::Watch(args) => crate::block_on(watch::run(args)),
        Command::Register(args) => crate::block_on(register::run(args)),
        Command::Drain(args) => crate::block_on(drain::run(args)),
    }
}

/// Waits until the user or the system asks the command to end.
async fn interrupted() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupt = tokio::signal::ctrl_c() => interrupt,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
