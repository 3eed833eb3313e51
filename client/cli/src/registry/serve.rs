//! `gobrpc registry serve`: a memory registry that processes share.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gobrpc_registry::Memory;
use gobrpc_registry::backend::rpc;
use gobrpc_server::Server;

use crate::exit::{Failure, Outcome};

/// Serve a registry in memory to other processes, for development
///
/// What is registered is gone when the command ends; servers then register again with
/// the next one. Whoever reaches it may change all of it, so that it should listen on
/// this machine only. Beyond one machine, use etcd, Consul or ZooKeeper.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gobrpc registry serve
  gobrpc registry serve --listen unix:///run/user/1000/registry.sock
  gobrpc registry ls --backend rpc://127.0.0.1:7070

Programs in Go use it by net/rpc: Registry.Register, Renew, Deregister, List, Watch.")]
pub(super) struct ServeArgs {
    /// Where to listen: host:port or unix:///path
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070")]
    listen: String,
}

/// How long answers that are under way have when the command ends.
const GRACE: Duration = Duration::from_secs(1);

pub(super) async fn run(args: &ServeArgs) -> Outcome {
    let service = rpc::service(&Memory::new());
    let running = Server::new()
        .register(service)
        .map_err(anyhow::Error::from)?
        .start(&args.listen)
        .await
        .map_err(|error| {
            Failure::failed(format!(
                "{}: {error}; --listen takes another address",
                args.listen
            ))
        })?;
    let mut stdout = io::stdout();
    writeln!(stdout, "registry at rpc://{}", running.host())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::output(&error))?;
    super::interrupted().await?;
    running.shutdown(GRACE).await;
    Ok(ExitCode::SUCCESS)
}
