//! The figures and plots of `registry/docs/simulation.md`, which this writes anew:
//!
//! ```sh
//! cargo run --release -p gobrpc-tests --example registry_simulation
//! ```
//!
//! With `fleet` or `balancers` it makes that half of them; with two numbers, of servers
//! and clients, it prints the figures for these, and writes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a program that makes figures"
)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gobrpc_protocol::Code;
use gobrpc_registry::balance::{P2c, Subset};
use gobrpc_registry::{MethodPolicy, Policy, RetryPolicy};
use gobrpc_tests::simulation::balancers::{self, Named, POLICIES, Score, Setting};
use gobrpc_tests::simulation::fleet::{Effect, Fleet};
use plotters::prelude::*;
use tokio::time::sleep;

const SEED: u64 = 4;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().unwrap();
    let (part, size) = match arguments[..] {
        [] => (None, None),
        [part @ ("fleet" | "balancers")] => (Some(part), None),
        [servers, clients] => (None, Some((number(servers), number(clients)))),
        _ => panic!("nothing; fleet or balancers; or numbers of servers and clients"),
    };
    let (servers, clients) = size.unwrap_or((1000, 1000));
    let mut tables = Vec::new();
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../registry/docs");
    if part != Some("balancers") {
        let effects = simulated(fleet(servers, clients));
        let mut all = effects.clone();
        for (name, policy) in LOSSES {
            all.push(simulated(loss(servers, clients, name, policy)));
        }
        tables.push(("fleet", fleet_table(&all)));
        tables.push(("traffic", traffic_table(&effects)));
    }
    if part != Some("fleet") {
        let scores: Vec<_> = POLICIES
            .into_iter()
            .map(|(name, policy)| compare(servers, clients, name, policy))
            .collect();
        tables.push(("balancers", balancers_table(&scores)));
        if size.is_none() {
            plot_latencies(&docs.join("balancers.svg"), &scores);
        }
    }
    for (name, table) in &tables {
        println!("{name}\n\n{table}");
    }
    if size.is_none() {
        let page = docs.join("simulation.md");
        let text = std::fs::read_to_string(&page).unwrap();
        let text = tables
            .iter()
            .fold(text, |text, (name, table)| replaced(&text, name, table));
        std::fs::write(&page, text).unwrap();
    }
}

/// A policy where all servers are alike, and where some are slow.
fn compare(
    servers: usize,
    clients: usize,
    name: &'static str,
    policy: fn() -> Policy,
) -> (Score, Score) {
    let began = Instant::now();
    let setting = |slow_percent| Setting {
        seed: SEED,
        servers,
        clients,
        slow_percent,
        warm_up: Duration::from_secs(5),
        time: Duration::from_secs(10),
    };
    let alike = simulated(balancers::run(name, policy, setting(0)));
    let slow = simulated(balancers::run(name, policy, setting(5)));
    eprintln!("{name}: {:.1?}", began.elapsed());
    (alike, slow)
}

/// The loss of a zone under other policies.
const LOSSES: [Named; 2] = [
    ("loss of a zone, subset of 20", subset),
    ("loss of a zone, idempotent calls", idempotent),
];

/// Runs in virtual time.
fn simulated<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.unwrap().block_on(work)
}

async fn fleet(servers: usize, clients: usize) -> Vec<Effect> {
    let (mut fleet, start) = Fleet::start(servers, clients, SEED, Policy::default).await;
    let began = Instant::now();
    let mut effects = Vec::new();
    let mut done = |effect: Effect| {
        eprintln!("{}: {:.1?}", effect.name, began.elapsed());
        effects.push(effect);
    };
    done(start);
    done(fleet.rolling_restart(20).await);
    done(fleet.zone_loss("loss of a zone").await);
    done(fleet.zone_return().await);
    done(fleet.registry_outage(Duration::from_secs(30)).await);
    effects
}

/// The loss of a zone under another policy.
async fn loss(
    servers: usize,
    clients: usize,
    name: &'static str,
    policy: fn() -> Policy,
) -> Effect {
    let began = Instant::now();
    let (mut fleet, _) = Fleet::start(servers, clients, SEED, policy).await;
    sleep(Duration::from_secs(20)).await;
    let effect = fleet.zone_loss(name).await;
    eprintln!("{name}: {:.1?}", began.elapsed());
    effect
}

fn subset() -> Policy {
    Policy::new(Subset::new(20, P2c::new()))
}

/// What was lost on its way is sent again.
fn idempotent() -> Policy {
    let mut method = MethodPolicy::default();
    method.idempotent = true;
    let mut retry = RetryPolicy::default();
    retry.codes = vec![Code::Unavailable];
    method.retry = Some(retry);
    Policy::default().for_all(method)
}

/// The text with what is between two marks exchanged.
fn replaced(text: &str, name: &str, table: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), "<!-- end -->");
    let from = text.find(&start).unwrap() + start.len();
    let to = from + text[from..].find(end).unwrap();
    format!("{}\n{table}\n{}", &text[..from], &text[to..])
}

fn fleet_table(effects: &[Effect]) -> String {
    let mut table = String::from(
        "| event | calls | failed | last failure after | all clients know after | busiest server |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for effect in effects {
        let last = effect.last_failure;
        let last = last.map_or_else(|| "–".to_owned(), |at| format!("{:.1} s", at.as_secs_f64()));
        writeln!(
            table,
            "| {} | {} | {} | {last} | {:.1} s | {:.2} × average |",
            effect.name,
            effect.calls,
            effect.failed,
            effect.converged.as_secs_f64(),
            effect.spread
        )
        .unwrap();
    }
    table
}

fn traffic_table(effects: &[Effect]) -> String {
    let mut table = String::from(
        "| event | watches opened | snapshots | changes | bytes | snapshots asked for in the busiest second, by all clients |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for effect in effects {
        let traffic = effect.traffic;
        writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} |",
            effect.name,
            traffic.watches,
            traffic.snapshots,
            traffic.events,
            traffic.bytes,
            effect.busiest_second
        )
        .unwrap();
    }
    table
}

fn balancers_table(scores: &[(Score, Score)]) -> String {
    let mut table = String::from(
        "| policy | busiest server | p50 | p99 | slow: calls that go there | slow: p50 | slow: p99 |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for (alike, slow) in scores {
        let ms = |score: &Score, at| score.at(at).as_millis();
        writeln!(
            table,
            "| {} | {:.2} × average | {} ms | {} ms | {:.1} % | {} ms | {} ms |",
            alike.name,
            alike.spread,
            ms(alike, 0.5),
            ms(alike, 0.99),
            slow.slow_calls,
            ms(slow, 0.5),
            ms(slow, 0.99)
        )
        .unwrap();
    }
    table
}

fn plot_latencies(path: &std::path::Path, scores: &[(Score, Score)]) {
    let root = SVGBackend::new(path, (860, 420)).into_drawing_area();
    root.fill(&WHITE).unwrap();
    // Nines, so that the tail is not squeezed into the last column.
    let nines = |at: f64| -(1.0 - at).log10();
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "Latency with 5 % of the servers ten times slower",
            ("sans-serif", 18),
        )
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(nines(0.5)..nines(0.999), (50.0..60_000.0_f64).log_scale())
        .unwrap();
    chart
        .configure_mesh()
        .x_desc("calls that are quicker: 50 % to 99.9 %")
        .x_label_formatter(&|nines| format!("{:.1} %", 100.0 - 100.0 * 10_f64.powf(-nines)))
        .y_desc("ms")
        .y_label_formatter(&|ms| format!("{ms}"))
        .light_line_style(WHITE)
        .draw()
        .unwrap();
    for (index, (_, slow)) in scores.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        let line = slow
            .quantiles
            .iter()
            .map(|(at, latency)| (nines(*at), (latency.as_secs_f64() * 1000.0).max(50.0)));
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)))
            .unwrap()
            .label(slow.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()
        .unwrap();
    root.present().unwrap();
}
