//! `gobrpc registry watch`: what is registered, as it changes.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gobrpc_registry::{Event, Registry, ServiceEntry, Watch};
use serde_json::{Value as Json, json};

use super::access::URLS;
use super::faults::Faults;
use super::row;
use super::sought::Sought;
use crate::exit::{Failure, Outcome};

/// Show what is registered, and every change, until it is interrupted
///
/// Outages of the registry are told on standard error; meanwhile what was known stays,
/// as it does for clients.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  gobrpc registry watch --backend consul://localhost:8500
  gobrpc registry watch user --json | jq -r 'select(.event == \"removed\") | .entry.Addr'

How a line reads: + is there, or new; ~ changed; - is gone.
A line of JSON is {{\"event\":\"present\" | \"added\" | \"updated\" | \"removed\",\"entry\":{{…}}}}.

{URLS}"))]
pub(super) struct WatchArgs {
    #[command(flatten)]
    sought: Sought,
    /// Print lines of JSON
    #[arg(long)]
    json: bool,
}

/// How often it is looked whether the registry is still there.
const HEALTH: Duration = Duration::from_secs(1);

pub(super) async fn run(args: &WatchArgs) -> Outcome {
    // A registry that is not there is an error now, and an outage later.
    let (opened, _) = args.sought.look().await?;
    let registry = Registry::new(opened.backend.clone());
    let watch = match &args.sought.service {
        Some(service) => registry.watch(service),
        None => registry.watch_all(),
    };
    let mut watch = watch.map_err(|error| opened.explain(&error))?;
    let mut health = tokio::time::interval(HEALTH);
    let told = opened.backend.faults(&args.sought.prefix());
    let (mut stale, mut faults) = (false, Faults::new(&opened, &told));
    loop {
        tokio::select! {
            event = watch.next() => print(&event, args.json)?,
            _ = health.tick() => {
                tell(&watch, &mut stale, &opened.url());
                faults.tell(&watch.health().faults);
            }
        }
    }
    // It ends when it is interrupted, or when nobody reads any more.
    #[allow(unreachable_code, reason = "the type of a loop without an end")]
    Ok(ExitCode::SUCCESS)
}

fn print(event: &Event, json: bool) -> Result<(), Failure> {
    let mut lines = String::new();
    let mut put = |mark: &str, word: &str, entry: &ServiceEntry| {
        let line = if json {
            let entry: Json = serde_json::from_str(&entry.to_json()).unwrap_or_default();
            json!({"event": word, "entry": entry}).to_string()
        } else {
            format!("{mark} {}", row::line(entry))
        };
        lines.push_str(&line);
        lines.push('\n');
    };
    match event {
        Event::Snapshot(set) => set.iter().for_each(|entry| put("+", "present", entry)),
        Event::Change(change) => {
            change
                .removed
                .iter()
                .for_each(|entry| put("-", "removed", entry));
            change
                .updated
                .iter()
                .for_each(|entry| put("~", "updated", entry));
            change
                .added
                .iter()
                .for_each(|entry| put("+", "added", entry));
        }
        _ => {}
    }
    let mut stdout = io::stdout();
    stdout
        .write_all(lines.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::output(&error))
}

/// Says that the registry is away, or back.
fn tell(watch: &Watch, stale: &mut bool, url: &str) {
    let health = watch.health();
    if std::mem::replace(stale, health.stale) == health.stale {
        return;
    }
    match health.last_error.filter(|_| health.stale) {
        Some(error) => eprintln!(
            "gobrpc: {url}: {}; what was known stays",
            crate::printable::printable(&error.to_string())
        ),
        None if health.stale => eprintln!("gobrpc: {url}: the registry is away"),
        None => eprintln!("gobrpc: {url}: the registry is back"),
    }
}
