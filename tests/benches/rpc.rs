//! Calls per second and processor time per call, beside Go's net/rpc, in one run:
//! `cargo bench -p gobrpc-tests --bench rpc [-- --seconds S --rounds N]`.
//!
//! Client and server are two processes over loopback TCP, one connection. Rounds
//! of both languages alternate; the table shows medians. Processor time is that of
//! both processes together, user and system.

#![allow(missing_docs, reason = "a program")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use gobrpc_client::Client;
use gobrpc_tests::go::{self, GoServer};
use gobrpc_tests::model::{self, Args};

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// One measurement.
#[derive(Debug, Clone, Copy)]
struct Sample {
    calls_per_second: f64,
    cpu_micros: f64,
    p50_micros: f64,
    p99_micros: f64,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let place = args.iter().position(|arg| arg == name)?;
        args.get(place + 1).cloned()
    };
    if args.iter().any(|arg| arg == "--serve") {
        return serve(args.iter().any(|arg| arg == "--multi"));
    }
    if let Some(address) = option("--client") {
        let in_flight = option("--inflight").ok_or("--inflight")?.parse()?;
        let seconds = option("--seconds").ok_or("--seconds")?.parse()?;
        let op = option("--op").unwrap_or_default();
        return client(
            &address,
            in_flight,
            seconds,
            &op,
            args.iter().any(|arg| arg == "--multi"),
        );
    }
    let seconds = option("--seconds").map_or(Ok(1.0), |text| text.parse())?;
    let rounds = option("--rounds").map_or(Ok(3), |text| text.parse())?;
    table(seconds, rounds)
}

fn table(seconds: f64, rounds: usize) -> Result<()> {
    let has_go = go::peers().is_some();
    println!(
        "| op | in flight | peer | calls/s | CPU µs/call | p50 µs | p99 µs | calls/s ÷ Go | CPU: Go ÷ |\n\
         |---|---:|---|---:|---:|---:|---:|---:|---:|"
    );
    for op in ["mul", "echo4k", "echo64k"] {
        for in_flight in [1, 64, 1024] {
            let mut go_samples = Vec::new();
            let mut one = Vec::new();
            let mut multi = Vec::new();
            for _ in 0..rounds {
                if has_go {
                    go_samples.push(go_round(op, in_flight, seconds)?);
                }
                one.push(rust_round(op, in_flight, seconds, false)?);
                multi.push(rust_round(op, in_flight, seconds, true)?);
            }
            let go = (!go_samples.is_empty()).then(|| median(&go_samples));
            for (name, sample) in [
                ("Go net/rpc", go),
                ("gobrpc, one thread each", Some(median(&one))),
                ("gobrpc, multi-thread", Some(median(&multi))),
            ] {
                let Some(sample) = sample else { continue };
                let (rate, cpu) = match go {
                    Some(go) => (
                        format!("{:.1}", sample.calls_per_second / go.calls_per_second),
                        format!("{:.1}", go.cpu_micros / sample.cpu_micros),
                    ),
                    None => ("–".to_owned(), "–".to_owned()),
                };
                println!(
                    "| {op} | {in_flight} | {name} | {:.0} | {:.2} | {:.1} | {:.1} | {rate} | {cpu} |",
                    sample.calls_per_second,
                    sample.cpu_micros,
                    sample.p50_micros,
                    sample.p99_micros
                );
            }
            std::io::stdout().flush()?;
        }
    }
    Ok(())
}

fn median(samples: &[Sample]) -> Sample {
    let of = |get: fn(&Sample) -> f64| {
        let mut values: Vec<f64> = samples.iter().map(get).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    Sample {
        calls_per_second: of(|sample| sample.calls_per_second),
        cpu_micros: of(|sample| sample.cpu_micros),
        p50_micros: of(|sample| sample.p50_micros),
        p99_micros: of(|sample| sample.p99_micros),
    }
}

fn go_round(op: &str, in_flight: usize, seconds: f64) -> Result<Sample> {
    let server = GoServer::start("bench", &["-serve"])?;
    let output = go::run(
        "bench",
        &[
            "-addr",
            server.address(),
            "-inflight",
            &in_flight.to_string(),
            "-seconds",
            &seconds.to_string(),
            "-op",
            op,
        ],
    )?;
    let client: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let server: serde_json::Value = serde_json::from_str(&server.stop()?)?;
    Ok(sample(&client, &server))
}

fn rust_round(op: &str, in_flight: usize, seconds: f64, multi: bool) -> Result<Sample> {
    let program = std::env::current_exe()?;
    let flavor = if multi { "--multi" } else { "--single" };
    let mut server = Command::new(&program)
        .args(["--serve", flavor])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdout = BufReader::new(server.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    let address = line.trim().strip_prefix("LISTEN ").ok_or("no address")?;
    let output = Command::new(&program)
        .args([
            "--client",
            address,
            "--inflight",
            &in_flight.to_string(),
            "--seconds",
            &seconds.to_string(),
            "--op",
            op,
            flavor,
        ])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    drop(server.stdin.take());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest)?;
    server.wait()?;
    Ok(sample(
        &serde_json::from_slice(&output.stdout)?,
        &serde_json::from_str(&rest)?,
    ))
}

fn sample(client: &serde_json::Value, server: &serde_json::Value) -> Sample {
    let get = |value: &serde_json::Value, name: &str| {
        value
            .get(name)
            .and_then(serde_json::Value::as_f64)
            .unwrap_or_default()
    };
    let calls = get(client, "calls");
    let cpu = get(client, "cpu_seconds") + get(server, "cpu_seconds");
    Sample {
        calls_per_second: calls / get(client, "seconds"),
        cpu_micros: cpu * 1e6 / calls,
        p50_micros: get(client, "p50_us"),
        p99_micros: get(client, "p99_us"),
    }
}

fn runtime(multi: bool) -> Result<tokio::runtime::Runtime> {
    Ok(if multi {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?
    } else {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
    })
}

/// User and system time of this process.
fn cpu_seconds() -> Result<f64> {
    // Fields 14 and 15 of proc(5), in clock ticks, which Linux fixes at 100 a
    // second; the second field may hold spaces, but ends with a parenthesis.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("no stat")?.1;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || -> Result<f64> { Ok(fields.next().ok_or("no stat")?.parse()?) };
    Ok((ticks()? + ticks()?) / 100.0)
}

fn serve(multi: bool) -> Result<()> {
    runtime(multi)?.block_on(async {
        let running = model::server()?.start("127.0.0.1:0").await?;
        println!("LISTEN {}", running.host());
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        println!("{{\"cpu_seconds\":{}}}", cpu_seconds()?);
        Ok(())
    })
}

fn client(address: &str, in_flight: usize, seconds: f64, op: &str, multi: bool) -> Result<()> {
    runtime(multi)?.block_on(async {
        let client = Client::connect(address);
        let payload = vec![0xa5_u8; if op == "echo64k" { 64 << 10 } else { 4 << 10 }];
        let call = async |number: i64| -> Result<()> {
            if op == "mul" {
                let product: i64 = client
                    .call("Arith.Multiply", &Args { a: number, b: 3 })
                    .await?;
                assert_eq!(product, number * 3);
            } else {
                let bytes: Vec<u8> = client.call("Echo.Bytes", &payload).await?;
                assert_eq!(bytes.len(), payload.len());
            }
            Ok(())
        };
        call(0).await?;
        let cpu_before = cpu_seconds()?;
        let start = Instant::now();
        let end = start + Duration::from_secs_f64(seconds);
        let mut latencies = Vec::new();
        let mut calls: i64 = 0;
        if in_flight == 1 {
            while Instant::now() < end {
                let begun = Instant::now();
                call(calls).await?;
                latencies.push(begun.elapsed().as_secs_f64() * 1e6);
                calls += 1;
            }
        } else {
            let mut running = FuturesUnordered::new();
            for number in 0..in_flight {
                running.push(call(i64::try_from(number)?));
            }
            let mut over = false;
            while let Some(result) = running.next().await {
                result?;
                calls += 1;
                // The clock is read now and then, not for each call.
                over |= calls % 64 == 0 && Instant::now() >= end;
                if !over {
                    running.push(call(calls));
                }
            }
        }
        let elapsed = start.elapsed().as_secs_f64();
        latencies.sort_by(f64::total_cmp);
        let percentile = |part: f64| {
            let place = (latencies.len() as f64 * part) as usize;
            latencies.get(place).copied().unwrap_or_default()
        };
        println!(
            "{{\"calls\":{calls},\"seconds\":{elapsed},\"cpu_seconds\":{},\"p50_us\":{},\"p99_us\":{}}}",
            cpu_seconds()? - cpu_before,
            percentile(0.5),
            percentile(0.99)
        );
        Ok(())
    })
}
