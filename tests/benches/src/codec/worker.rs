//! The worker: one peer, one workload, one operation; prints a line of JSON.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::Duration;

use cpu_time::ProcessTime;
use serde_json::json;
use stats_alloc::StatsAlloc;

use super::peer::{Bincode, Gobrpc, GobrpcSerde, Gobwire, MessagePack, Peer, Postcard};
use super::shapes::{by_serde, ours, theirs};
use crate::Result;

/// What to measure.
#[derive(Debug, Clone, clap::Parser)]
pub struct Options {
    /// gobrpc, gobrpc-serde, gobwire, bincode, postcard, rmp-serde.
    #[arg(long)]
    pub peer: String,
    /// The name of a workload.
    #[arg(long)]
    pub workload: String,
    /// encode, decode, encode-once, decode-once or borrow.
    #[arg(long)]
    pub operation: String,
    /// Milliseconds of processor time.
    #[arg(long, default_value_t = 200)]
    pub millis: u64,
    /// This often, instead of for a time.
    #[arg(long)]
    pub count: Option<u64>,
}

/// How the counting allocator is reached.
pub type Counter = &'static StatsAlloc<std::alloc::System>;

/// Measures, and prints one line of JSON.
///
/// # Errors
///
/// If there is no such peer, workload or operation, or a peer does not give back
/// what it was given.
pub fn run(options: &Options, counter: Option<Counter>) -> Result<()> {
    let worker = Worker { options, counter };
    match options.peer.as_str() {
        "gobrpc" => worker.of_shapes_ours(&mut Gobrpc::default()),
        "gobrpc-serde" => worker.of_shapes_serde(&mut GobrpcSerde::default()),
        "gobwire" => worker.of_shapes_theirs(&mut Gobwire::default()),
        "bincode" => worker.of_shapes_serde(&mut Bincode),
        "postcard" => worker.of_shapes_serde(&mut Postcard),
        "rmp-serde" => worker.of_shapes_serde(&mut MessagePack),
        other => Err(format!("there is no peer {other}").into()),
    }
}

struct Worker<'a> {
    options: &'a Options,
    counter: Option<Counter>,
}

/// One method for each family of shapes: the same text, other types.
macro_rules! of_shapes {
    ($method:ident, $family:ident, $blob:expr, $($bound:tt)*) => {
        fn $method<P>(&self, peer: &mut P) -> Result<()>
        where
            P: $($bound)*,
        {
            match self.options.workload.as_str() {
                "tiny" => self.measure(peer, &$family::tiny()),
                "mixed" => self.measure(peer, &$family::mixed()),
                "mixed-1000" => self.measure(peer, &$family::thousand()),
                "map-1000" => self.measure(peer, &$family::map()),
                "floats-10000" => self.measure(peer, &$family::floats()),
                "bytes-1M" => self.measure(peer, &$blob($family::blob())),
                // As users write it: with serde, an element at a time.
                "vec-u8-1M" => self.measure(peer, &$family::blob()),
                "strings-1000" if self.options.operation == "borrow" => self.borrow(peer, &$family::strings()),
                "strings-1000" => self.measure(peer, &$family::strings()),
                "tree-4095" => self.measure(peer, &$family::tree()),
                other => Err(format!("there is no workload {other}").into()),
            }
        }
    };
}

impl Worker<'_> {
    of_shapes!(
        of_shapes_ours,
        ours,
        std::convert::identity,
        Peer<ours::Point>
            + Peer<ours::Mixed>
            + Peer<Vec<ours::Mixed>>
            + Peer<std::collections::HashMap<String, i64>>
            + Peer<Vec<f64>>
            + Peer<Vec<u8>>
            + Peer<Vec<String>>
            + Peer<ours::Node>
    );
    of_shapes!(
        of_shapes_theirs,
        theirs,
        std::convert::identity,
        Peer<theirs::Point>
            + Peer<theirs::Mixed>
            + Peer<Vec<theirs::Mixed>>
            + Peer<std::collections::HashMap<String, i64>>
            + Peer<Vec<f64>>
            + Peer<Vec<u8>>
            + Peer<Vec<String>>
            + Peer<theirs::Node>
    );
    of_shapes!(
        of_shapes_serde,
        by_serde,
        serde_bytes::ByteBuf::from,
        Peer<by_serde::Point>
            + Peer<by_serde::Mixed>
            + Peer<Vec<by_serde::Mixed>>
            + Peer<std::collections::HashMap<String, i64>>
            + Peer<Vec<f64>>
            + Peer<serde_bytes::ByteBuf>
            + Peer<Vec<u8>>
            + Peer<Vec<String>>
            + Peer<by_serde::Node>
    );

    fn measure<T: PartialEq + Debug, P: Peer<T>>(&self, peer: &mut P, value: &T) -> Result<()> {
        let mut out = Vec::new();
        match self.options.operation.as_str() {
            "encode" => {
                peer.encode(value, &mut out)?;
                out.clear();
                peer.encode(value, &mut out)?;
                let length = out.len();
                self.repeat(length, || {
                    out.clear();
                    peer.encode(black_box(value), &mut out)?;
                    black_box(&out);
                    Ok(())
                })
            }
            "decode" => {
                // The first message brings the types; what follows is warm.
                peer.encode(value, &mut out)?;
                check(&peer.decode(&out)?, value)?;
                out.clear();
                peer.encode(value, &mut out)?;
                check(&peer.decode(&out)?, value)?;
                self.repeat(out.len(), || {
                    black_box(peer.decode(black_box(&out))?);
                    Ok(())
                })
            }
            "encode-once" => {
                peer.encode_once(value, &mut out)?;
                let length = out.len();
                self.repeat(length, || {
                    out.clear();
                    peer.encode_once(black_box(value), &mut out)?;
                    black_box(&out);
                    Ok(())
                })
            }
            "decode-once" => {
                peer.encode_once(value, &mut out)?;
                check(&peer.decode_once(&out)?, value)?;
                self.repeat(out.len(), || {
                    black_box(peer.decode_once(black_box(&out))?);
                    Ok(())
                })
            }
            other => Err(format!("there is no operation {other}").into()),
        }
    }

    fn borrow<P: Peer<Vec<String>>>(&self, peer: &mut P, value: &Vec<String>) -> Result<()> {
        let mut out = Vec::new();
        peer.encode(value, &mut out)?;
        peer.decode(&out)?;
        out.clear();
        peer.encode(value, &mut out)?;
        if peer.borrow(&out)? != value.len() {
            return Err("the peer lost strings".into());
        }
        self.repeat(out.len(), || {
            black_box(peer.borrow(black_box(&out))?);
            Ok(())
        })
    }

    /// Carries an operation out for the time that was asked for, and prints what
    /// it took.
    fn repeat(&self, bytes: usize, mut operation: impl FnMut() -> Result<()>) -> Result<()> {
        if let Some(counter) = self.counter {
            let rounds = 16;
            let before = counter.stats();
            for _ in 0..rounds {
                operation()?;
            }
            let change = counter.stats() - before;
            let line = json!({
                "bytes": bytes,
                // A reallocation asks for memory like any other.
                "allocations": (change.allocations + change.reallocations) as f64 / f64::from(rounds),
                "allocated": change.bytes_allocated as f64 / f64::from(rounds),
            });
            println!("{line}");
            return Ok(());
        }
        if let Some(count) = self.options.count {
            for _ in 0..count {
                operation()?;
            }
            println!("{}", json!({ "bytes": bytes, "operations": count }));
            return Ok(());
        }
        // As many in a batch as take a good while by the clock.
        let wanted = Duration::from_millis(self.options.millis);
        let mut batch = 1_u64;
        loop {
            let start = ProcessTime::now();
            for _ in 0..batch {
                operation()?;
            }
            if start.elapsed() * 8 >= wanted {
                break;
            }
            batch *= 2;
        }
        let start = ProcessTime::now();
        let mut operations = 0_u64;
        while start.elapsed() < wanted {
            for _ in 0..batch {
                operation()?;
            }
            operations += batch;
        }
        let nanos = start.elapsed().as_nanos() as f64 / operations as f64;
        let line = json!({ "bytes": bytes, "operations": operations, "nanos": nanos });
        println!("{line}");
        Ok(())
    }
}

fn check<T: PartialEq + Debug>(got: &T, wanted: &T) -> Result<()> {
    if got == wanted {
        return Ok(());
    }
    Err("the peer does not give back what it was given".into())
}
