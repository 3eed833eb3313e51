//! [`Diff`]: what becomes of the values of one program that another one reads.

use std::fmt::Write as _;

use gobrpc_codec::schema::Comparison;
use gobrpc_codec::{Decoder, TypeTable};
use serde_json::{Value as Json, json};

use crate::exit::Failure;
use crate::printable::printable;
use crate::source::{Sink, Source, Stopped};

/// The types of two streams, compared both ways: old and new programs meet for a while
/// during a deploy, and each then reads what the other writes.
#[derive(Debug)]
pub(super) struct Diff {
    names: [String; 2],
    /// From the first to the second, and back.
    ways: [Comparison; 2],
}

impl Diff {
    pub(super) fn read(one: &Source, two: &Source) -> Result<Self, Failure> {
        let (first, second) = (definitions(one)?, definitions(two)?);
        let (first, second): (&TypeTable, &TypeTable) = (first.types(), second.types());
        Ok(Self {
            names: [one.name(), two.name()].map(|name| printable(&name)),
            ways: [first.compatible_with(second), second.compatible_with(first)],
        })
    }

    /// True if each reads what the other writes.
    pub(super) fn is_compatible(&self) -> bool {
        self.ways.iter().all(Comparison::is_compatible)
    }

    /// For people: a line for each difference.
    pub(super) fn text(&self) -> String {
        let [one, two] = &self.names;
        let mut text = String::new();
        let ways = [(one, two), (two, one)];
        for ((writer, reader), way) in ways.into_iter().zip(&self.ways) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "values of {writer}, read by the program of {reader}:");
            if way.is_empty() {
                text.push_str("  nothing differs\n");
            }
            for line in way.to_string().lines() {
                let _ = writeln!(text, "  {}", printable(line));
            }
        }
        text
    }

    /// For programs: one object.
    pub(super) fn json(&self) -> String {
        let [forth, back] = &self.ways;
        format!(
            "{}\n",
            json!({
                "compatible": self.is_compatible(),
                "forward": way(forth),
                "backward": way(back),
            })
        )
    }
}

fn way(comparison: &Comparison) -> Json {
    let differences: Vec<Json> = comparison
        .iter()
        .map(|difference| {
            json!({
                "effect": difference.effect().to_string(),
                "path": difference.path,
                "text": difference.kind.to_string(),
            })
        })
        .collect();
    json!({
        "compatible": comparison.is_compatible(),
        "lossless": comparison.is_lossless(),
        "whole": !comparison.is_cut(),
        "differences": differences,
    })
}

/// All that a stream defines.
fn definitions(source: &Source) -> Result<Decoder, Failure> {
    let mut skipping = Skipping(Decoder::with_limits(source.limits()));
    let read = source.read_into(&mut skipping);
    source.outcome(read)?;
    Ok(skipping.0)
}

struct Skipping(Decoder);

impl Sink for Skipping {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        self.0.feed(bytes);
        while self.0.skip().map_err(Stopped::Stream)? {}
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stopped> {
        self.0.finish().map_err(Stopped::Stream)
    }
}
