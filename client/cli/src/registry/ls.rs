//! `gobrpc registry ls`: what is registered now.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use gobrpc_registry::ServiceEntry;

use super::access::URLS;
use super::row;
use super::sought::Sought;
use crate::exit::{Failure, Outcome};

/// List what is registered now
///
/// All services, or one. The order is that of names, versions and addresses.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  gobrpc registry ls --backend etcd://localhost:2379
  gobrpc registry ls user --json | jq -r .Addr

A line of JSON is an entry as it is in the registry, with the names of a Go struct.

{URLS}"))]
pub(super) struct LsArgs {
    #[command(flatten)]
    sought: Sought,
    /// Print lines of JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &LsArgs) -> Outcome {
    let (_, snapshot) = args.sought.look().await?;
    let mut records = snapshot.records;
    records.sort_by(|one, two| one.key.cmp(&two.key));
    let entries = records.iter().map(|record| &*record.entry);
    let text = if args.json {
        entries.map(|entry| entry.to_json() + "\n").collect()
    } else if records.is_empty() {
        "nothing is registered\n".to_owned()
    } else {
        row::table(entries)
    };
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// The entries of a service, for a command that looks for one.
pub(super) fn named<'a>(entries: impl Iterator<Item = &'a ServiceEntry>) -> String {
    let names: Vec<String> = entries
        .map(|entry| format!("{} {}", entry.version(), entry.addr()))
        .collect();
    crate::printable::printable(&names.join(", "))
}
