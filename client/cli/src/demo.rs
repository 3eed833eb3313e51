//! `gobrpc demo`: registry, servers, clients, Go peers and a graceful stop, in
//! one process.
//!
//! It is written as a user would write it: [`service`] is the service, [`member`]
//! a server that is in the registry, [`load`] calls it. The rest shows what
//! happened.

mod go;
mod load;
mod member;
mod service;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use gobrpc_registry::{Prefix, Registry};

use crate::duration::show;
use crate::exit::{Failure, Outcome};
use crate::registry::{Access, URLS};
use go::{GoPeer, GoServer, Toolchain};
use load::{Ending, Load};
use member::{Member, Place};
use service::{PRICING, PricingClient};
use table::Table;

/// Show it all: registry, three servers, balanced calls, a stop without loss
///
/// Starts in one process an embedded registry and three servers of one service,
/// which register; or they register with one that runs, such as etcd. Finds them through
/// the registry; makes a few thousand calls at a
/// time that are spread over them; and stops one server on the way. Where there is
/// Go, an unmodified net/rpc server joins, and a Go client calls the Rust servers.
///
/// The exit status is 0 only if every call was answered well, and none was lost.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  gobrpc demo
  gobrpc demo --calls 50000 --concurrency 256
  gobrpc demo --no-go
  gobrpc demo --registry etcd://localhost:2379
  GOBRPC_GO=/opt/go/bin/go gobrpc demo

Go is looked for in $GOBRPC_GO, in PATH, and in target/go/go/bin/go.

{URLS}"))]
pub(crate) struct DemoArgs {
    /// How many calls to make
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(300..=1_000_000))]
    calls: u32,
    /// How many of them at a time
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(8..=4096))]
    concurrency: u16,
    /// Do not look for Go
    #[arg(long)]
    no_go: bool,
    /// Where the servers register: the embedded registry, or the URL of one that runs
    #[arg(long, value_name = "URL", default_value = "memory")]
    registry: String,
    #[command(flatten)]
    access: Access,
}

/// Names of the Rust servers.
const SERVERS: [&str; 3] = ["rust-1", "rust-2", "rust-3"];
/// The one that is stopped on the way.
const STOPPED: usize = 1;
/// How long a server that stops waits for the clients to go.
const GRACE: Duration = Duration::from_secs(5);
/// Calls of the Go client to each Rust server.
const GO_CALLS: usize = 200;

pub(crate) fn run(args: &DemoArgs) -> Outcome {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            tokio::select! {
                outcome = demo(args) => outcome,
                // Dropped and not killed, the demo takes its folder and the Go
                // server away.
                _ = tokio::signal::ctrl_c() => Err(Failure::failed("interrupted")),
            }
        })
}

async fn demo(args: &DemoArgs) -> Outcome {
    let start = Instant::now();
    // What went wrong; the demo goes on, and says so at its end.
    let mut faults = Vec::new();

    let place = open(args).await?;
    let registry = &place.registry;

    let mut members = Vec::new();
    for name in SERVERS {
        let member = Member::start(&place, name).await?;
        say(&format!("server    {}", member.label()))?;
        members.push(member);
    }
    let go = if args.no_go { None } else { find_go().await? };
    let go_server = match &go {
        Some(peer) => Some(join_go(&place, peer).await?),
        None => None,
    };
    let mut labels: Vec<(String, String)> = members
        .iter()
        .map(|member| (member.name().to_owned(), member.label()))
        .collect();
    if let Some((server, _)) = &go_server {
        labels.push(("go".to_owned(), go_label(server)));
    }

    let found = registry
        .get(PRICING.name, &place.selector())
        .await
        .map_err(anyhow::Error::from)?;
    say(&format!(
        "found     {} servers of {} in the registry",
        found.len(),
        PRICING.name
    ))?;
    if found.len() != labels.len() {
        faults.push(format!("{} servers were registered", labels.len()));
    }

    if let Some(peer) = &go {
        say(&format!(
            "Go client calls the Rust servers, {GO_CALLS} times each"
        ))?;
        match go_calls(peer, &members).await {
            Ok(table) => say(&format!("\n{table}"))?,
            Err(error) => faults.push(format!("{error:#}")),
        }
    }

    say(&format!(
        "calls     {} in all, {} at a time, spread over the servers in the registry;\n          \
         each takes 2 to 12 ms, as if it asked a database",
        args.calls, args.concurrency
    ))?;
    let calls = usize::try_from(args.calls).unwrap_or(usize::MAX);
    let pricing = PricingClient::new(member::balanced(&place)?);
    let load = Load::start(&pricing, calls, usize::from(args.concurrency));
    load.third().await;
    let stopped = members.remove(STOPPED);
    let name = stopped.name().to_owned();
    let before = load.over();
    let stop = Instant::now();
    let cut = stopped.stop(GRACE).await;
    say(&format!(
        "stopped   {name} gracefully, from call {before} to call {} ({}); {cut} connections cut",
        load.over(),
        show(stop.elapsed()),
    ))?;
    if cut != 0 {
        faults.push(format!("{cut} connections of {name} were cut"));
    }
    let left = registry
        .get(PRICING.name, &place.selector())
        .await
        .map_err(anyhow::Error::from)?;
    if left.len() + 1 != labels.len() {
        faults.push(format!("{name} is still in the registry"));
    }

    let summary = summary(load.endings().await, calls, &labels, &mut faults);
    say(&format!("\n{summary}"))?;

    // Without clients the others have nothing to wait for.
    drop(pricing);
    for member in members {
        if member.stop(GRACE).await != 0 {
            faults.push("connections were cut at the end".to_owned());
        }
    }
    say(&format!("all of it in {}", show(start.elapsed())))?;
    if faults.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Failure::failed(format!(
            "the demo failed: {}",
            faults.join("; ")
        )))
    }
}

/// The registry; one that runs is asked first, so that a wrong address is told at once.
async fn open(args: &DemoArgs) -> Result<Place, Failure> {
    let opened = args.access.open(&args.registry)?;
    let prefix = Prefix::service(PRICING.name);
    opened.snapshot(&prefix, Duration::from_secs(5)).await?;
    let embedded = opened.url() == "memory";
    say(&match embedded {
        true => "registry  embedded, in memory".to_owned(),
        false => format!("registry  {}", opened.url()),
    })?;
    Ok(Place::new(Registry::new(opened.backend), embedded))
}

/// Prints a line at once: the demo takes its time.
fn say(line: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::output(&error))
}

async fn find_go() -> Result<Option<GoPeer>, Failure> {
    let toolchain = match Toolchain::find().await {
        Ok(toolchain) => toolchain,
        Err(reason) => {
            say(&format!(
                "Go        none, so no Go peers take part: {reason}"
            ))?;
            say(&format!("          {}", go::HOW_TO_GET))?;
            return Ok(None);
        }
    };
    say(&format!(
        "Go        {}: building a server and a client (the first time takes a while)",
        toolchain.version
    ))?;
    Ok(Some(GoPeer::build(&toolchain).await?))
}

/// Starts the Go server, and registers it: it knows nothing of registries.
async fn join_go(
    place: &Place,
    peer: &GoPeer,
) -> Result<(GoServer, gobrpc_registry::Registration), Failure> {
    let server = peer.serve().await?;
    let registration = member::register(place, &server.address).await?;
    say(&format!(
        "server    {} (built in {})",
        go_label(&server),
        show(peer.built_in)
    ))?;
    Ok((server, registration))
}

fn go_label(server: &GoServer) -> String {
    format!("go      tcp://{} (net/rpc)", server.address)
}

/// What the Go client saw, as a table.
async fn go_calls(peer: &GoPeer, members: &[Member]) -> anyhow::Result<String> {
    let addresses: Vec<&str> = members.iter().map(Member::host).collect();
    let mut table = Table::default();
    for (address, latency, ok) in peer.call(GO_CALLS, &addresses).await? {
        let label = members
            .iter()
            .find(|member| member.host() == address)
            .map_or(address, Member::label);
        if ok {
            table.answered(&label, latency);
        } else {
            table.failed(&label);
        }
    }
    let wanted = GO_CALLS * members.len();
    anyhow::ensure!(
        table.calls() == wanted && table.errors() == 0,
        "the Go client made {} calls instead of {wanted}, and {} failed",
        table.calls(),
        table.errors()
    );
    Ok(table.show("from Go to"))
}

/// The table of all calls, and below it what became of them.
fn summary(
    endings: Vec<Ending>,
    calls: usize,
    labels: &[(String, String)],
    faults: &mut Vec<String>,
) -> String {
    let mut table = Table::default();
    for (_, label) in labels {
        table.expect(label);
    }
    let mut lost = calls.saturating_sub(endings.len());
    let mut first = None;
    for ending in endings {
        match ending {
            Ending::Answered(server, latency) => {
                let label = labels.iter().find(|(name, _)| *name == server);
                table.answered(label.map_or(&server, |(_, label)| label), latency);
            }
            Ending::Failed(error) => {
                let peer = error.peer().unwrap_or("nowhere");
                let label = labels.iter().find(|(_, label)| label.contains(peer));
                table.failed(label.map_or(peer, |(_, label)| label));
                first.get_or_insert(error);
            }
            Ending::Lost(error) => {
                lost += 1;
                first.get_or_insert(error);
            }
        }
    }
    if let Some(error) = first {
        faults.push(format!("the first bad call: {error}"));
    }
    if lost > 0 {
        faults.push(format!("{lost} calls were lost"));
    }
    for idle in table.idle() {
        faults.push(format!("{idle} got no call"));
    }
    let failed = table.errors();
    let answered = table.calls() - failed;
    format!(
        "{}\n{lost} calls lost: of {calls}, {answered} were answered and {failed} failed",
        table.show("endpoint")
    )
}
