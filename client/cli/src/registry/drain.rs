//! `gobrpc registry drain`: an instance that gets no new calls.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use gobrpc_registry::backend::{Claim, Record, Standing};
use gobrpc_registry::{Prefix, ServiceEntry, State};
use tokio::time::{Instant, sleep};

use super::access::{Opened, Place, URLS};
use super::ls;
use crate::duration;
use crate::exit::{Failure, Outcome};
use crate::printable::printable;

/// Ask an instance to drain: it gets no new calls and finishes those that it has
///
/// Its entry says so from then on; its owner notices within a third of its TTL and keeps
/// it so until it ends, or until --undo. It takes an owner that registers by
/// gobrpc-registry, or by `gobrpc registry register`.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  gobrpc registry drain user 10.0.0.1:8080
  gobrpc registry drain user 10.0.0.1:8080 --undo

{URLS}"))]
pub(super) struct DrainArgs {
    /// The name of the service
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The address of the instance, as `gobrpc registry ls` shows it
    #[arg(value_name = "ADDR")]
    addr: String,
    /// Let it have calls again
    #[arg(long)]
    undo: bool,
    /// How long its owner has to notice
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = duration::parse)]
    timeout: Duration,
    #[command(flatten)]
    place: Place,
}

/// How long the entry is ours if this command is killed.
const TTL: Duration = Duration::from_secs(15);

/// How often an owner is asked that puts its entry back as it was.
const TRIES: u32 = 3;

/// How often it is looked whether the owner has noticed.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn run(args: &DrainArgs) -> Outcome {
    let opened = args.place.open()?;
    let prefix = Prefix::service(&args.service);
    let found = opened.snapshot(&prefix, args.timeout).await?;
    let host = args.addr.split_once("://");
    let host = host.map_or(args.addr.as_str(), |(_, host)| host);
    let is_meant = |record: &&Record| record.entry.addr().as_str() == host;
    // One address may serve several versions.
    let meant: Vec<&Record> = found.records.iter().filter(is_meant).collect();
    if meant.is_empty() {
        let entries = found.records.iter().map(|record| &*record.entry);
        let there = match found.records.is_empty() {
            true => "nothing is".to_owned(),
            false => format!("there is {}", ls::named(entries)),
        };
        return Err(Failure::failed(format!(
            "{}: {} of {} is not registered; {there}",
            opened.url(),
            args.addr,
            args.service
        )));
    }
    let state = match args.undo {
        true => State::Serving,
        false => State::Draining,
    };
    for record in meant {
        let done = ask(&opened, record, state, args.timeout).await?;
        let line = printable(&format!("{} {done}", record.key));
        writeln!(io::stdout(), "{line}").map_err(|error| Failure::output(&error))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives an entry another state, and waits for its owner to take that up.
async fn ask(
    opened: &Opened,
    record: &Record,
    state: State,
    limit: Duration,
) -> Result<&'static str, Failure> {
    let (already, done) = match state {
        State::Serving => ("serves already", "serves again"),
        _ => ("drains already", "drains"),
    };
    if record.entry.state == state {
        return Ok(already);
    }
    let failed = |text: String| Err(Failure::failed(format!("{}: {text}", opened.url())));
    if record.entry.id().is_empty() {
        return failed(format!(
            "{} was registered by a program that gave no ID, so that it cannot be asked",
            record.key
        ));
    }
    let mut entry = ServiceEntry::clone(&record.entry);
    entry.state = state;
    let until = Instant::now() + limit;
    // An owner that is busy may not have looked who took its entry.
    for _ in 0..TRIES {
        if let Some(done) = ask_once(opened, record, &entry, done, (until, limit)).await? {
            return Ok(done);
        }
    }
    failed(format!(
        "the owner of {} put it back as it was, {TRIES} times: it does not take such requests, or \
         drains by itself",
        record.key
    ))
}

/// Gives it the state once; nothing if the owner put it back as it was.
async fn ask_once(
    opened: &Opened,
    record: &Record,
    entry: &ServiceEntry,
    done: &'static str,
    (until, limit): (Instant, Duration),
) -> Result<Option<&'static str>, Failure> {
    let failed = |text: String| Err(Failure::failed(format!("{}: {text}", opened.url())));
    let backend = Arc::clone(&opened.backend);
    let lease = opened
        .within(limit, backend.acquire(entry, TTL, Claim::TakeOver))
        .await?;
    // Until the owner notices, the entry is ours, and says what it shall.
    while opened.within(limit, backend.renew(&lease)).await? == Standing::Held {
        if Instant::now() >= until {
            opened.within(limit, backend.release(&lease)).await?;
            return failed(format!(
                "the owner of {} did not answer within {}, so that the entry was taken away; if \
                 it lives, it registers again",
                record.key,
                duration::show(limit)
            ));
        }
        sleep(PAUSE).await;
    }
    // It may be between two leases.
    let prefix = Prefix::key(record.key.clone());
    loop {
        let found = opened.within(limit, backend.snapshot(&prefix)).await?;
        match found.records.first() {
            Some(found) if found.entry.id() != entry.id() => {
                return failed(format!("another instance took {} over", record.key));
            }
            Some(found) if found.entry.state == entry.state => return Ok(Some(done)),
            Some(_) => return Ok(None),
            None if Instant::now() >= until => return Ok(Some("has left")),
            None => sleep(PAUSE).await,
        }
    }
}
