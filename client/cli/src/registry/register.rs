//! `gobrpc registry register`: an entry, as long as the command runs.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gobrpc_registry::{
    Address, Error, Key, Prefix, RegisterOptions, Registration, RegistrationState, Registry,
    ServiceEntry,
};

use super::access::{Opened, Place, URLS};
use super::faults::Faults;
use crate::duration;
use crate::exit::{Failure, Outcome};
use crate::printable::printable;

/// Register a server that does not do so itself, as long as this command runs
///
/// For servers that know nothing of registries, such as any in Go. The entry is renewed,
/// and put back after every outage of the registry; it is taken away when the command is
/// interrupted, or a TTL after it was killed.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  gobrpc registry register user 10.0.0.1:8080 --backend etcd://localhost:2379
  gobrpc registry register user /run/user.sock --service-version v2 --weight 10 --zone a
  gobrpc registry register user 10.0.0.1:8080 --tag canary --meta commit=1f3c

{URLS}"))]
pub(super) struct RegisterArgs {
    /// The name of the service
    #[arg(value_name = "SERVICE")]
    service: String,
    /// Where clients reach it: host:port, or the path of a Unix socket
    #[arg(value_name = "ADDR")]
    addr: String,
    /// Its version
    #[arg(long, value_name = "VERSION", default_value = "v1")]
    service_version: String,
    /// How it is dialled: tcp, http, or tls; by default tcp, or unix for a path
    #[arg(long, value_name = "SCHEME")]
    protocol: Option<String>,
    /// Its share of calls relative to the others
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    weight: u32,
    /// Where it runs
    #[arg(
        long,
        value_name = "ZONE",
        default_value = "",
        hide_default_value = true
    )]
    zone: String,
    /// What it is good for; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Anything else; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    meta: Vec<(String, String)>,
    /// How long the entry outlives this command if it is killed
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    ttl: Duration,
    /// How long registering may take at first, such as 500ms or 5s
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse)]
    timeout: Duration,
    #[command(flatten)]
    place: Place,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

impl RegisterArgs {
    fn entry(&self) -> Result<ServiceEntry, gobrpc_registry::EntryError> {
        let mut entry = ServiceEntry::new(&self.service, &self.service_version, &self.addr)?
            .with_weight(self.weight)
            .with_zone(&self.zone);
        if let Some(protocol) = &self.protocol {
            entry = entry.with_protocol(protocol);
        }
        entry = self.tag.iter().fold(entry, ServiceEntry::with_tag);
        let pairs = self.meta.iter();
        Ok(pairs.fold(entry, |entry, (name, value)| {
            entry.with_metadata(name, value)
        }))
    }
}

pub(super) async fn run(args: &RegisterArgs) -> Outcome {
    let entry = args
        .entry()
        .map_err(|error| Failure::usage(error.to_string()))?;
    let opened = args.place.open()?;
    let key = Key::of(&entry);
    let remote = opened.backend.remote();
    let remote = remote.and_then(|remote| remote.parse::<Address>().ok());
    if entry.addr().is_local() && remote.is_some_and(|remote| !remote.is_local()) {
        eprintln!(
            "gobrpc: only this machine can reach {}, and others find it in {}",
            printable(entry.addr().as_str()),
            opened.url()
        );
    }
    // A registry that is not there is an error now, and an outage later.
    let prefix = Prefix::key(key.clone());
    opened.snapshot(&prefix, args.timeout).await?;
    let registry = Registry::new(opened.backend.clone());
    let options = RegisterOptions::default().with_ttl(args.ttl);
    let registration = registry
        .register(entry, options)
        .map_err(|error| Failure::usage(error.to_string()))?;
    settle(&registration, &opened, args.timeout).await?;
    say(&format!("registered {key} at {}", opened.url()))?;
    let told = tokio::select! {
        told = follow(&registration, &opened, &prefix) => told,
        interrupted = super::interrupted() => interrupted,
    };
    let removed = registration.deregister().await;
    told?;
    match removed {
        Ok(()) => say(&format!("deregistered {key}"))?,
        Err(error) => return Err(opened.explain(&error)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for the entry to be there; says what keeps it from that.
async fn settle(
    registration: &Registration,
    opened: &Opened,
    limit: Duration,
) -> Result<(), Failure> {
    match tokio::time::timeout(limit, registration.settled()).await {
        Ok(settled) => settled.map_err(|error| opened.explain(&error)),
        Err(_) => Err(
            opened.explain(&registration.status().last_error.unwrap_or_else(|| {
                Error::unavailable(format_args!(
                    "it took longer than {}",
                    duration::show(limit)
                ))
            })),
        ),
    }
}

/// Tells how the registration stands, whenever that changes.
async fn follow(registration: &Registration, opened: &Opened, prefix: &Prefix) -> io::Result<()> {
    let mut before = RegistrationState::Registered;
    // Those that failed at first were told.
    let mut faults = Faults::new(opened, &opened.backend.faults(prefix));
    let url = opened.url();
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let status = registration.status();
        faults.tell(&status.faults);
        if std::mem::replace(&mut before, status.state) == status.state {
            continue;
        }
        let text = match (status.state, status.last_error) {
            (RegistrationState::Registered, _) => "registered again".to_owned(),
            (RegistrationState::Conflict, Some(error)) => format!("{error}; waiting for it to go"),
            (_, Some(error)) => format!("{error}; trying again"),
            _ => "the registration was lost; trying again".to_owned(),
        };
        eprintln!("gobrpc: {url}: {}", printable(&text));
    }
}

fn say(line: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", printable(line))
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::output(&error))
}
