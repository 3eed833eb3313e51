//! [`Differences`]: the reviewed list of what Go does in another way.

use std::path::Path;

use crate::outcome::{Outcome, SKIPPED};

/// The list, and how often each entry was met.
pub(crate) struct Differences {
    entries: Vec<Entry>,
    met: Vec<usize>,
}

/// A difference that is meant to be.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: Kind,
    /// Part of the error of the one who rejects, or of how Go died.
    text: String,
    /// Part of the name of the stream; none for all.
    #[serde(default)]
    stream: String,
    reason: String,
    /// A stream that differs so, in hexadecimal, where the others do not show it.
    #[serde(default)]
    example: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    GoRejects,
    WeReject,
    /// We reject a value that Go did not decode, but skip.
    WeRejectWhatGoSkips,
    GoDies,
    OtherValue,
}

impl Kind {
    fn covers(self, other: Self) -> bool {
        self == other || (self, other) == (Self::WeReject, Self::WeRejectWhatGoSkips)
    }
}

#[derive(serde::Deserialize)]
struct File {
    difference: Vec<Entry>,
}

impl Differences {
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("differences.toml");
        let file: File = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for entry in &file.difference {
            assert!(
                !entry.reason.is_empty() && !entry.text.is_empty(),
                "{entry:?}"
            );
        }
        Self {
            met: vec![0; file.difference.len()],
            entries: file.difference,
        }
    }

    /// The streams that stand in the list.
    pub(crate) fn examples(&self) -> Vec<(String, Vec<u8>)> {
        let entries = self
            .entries
            .iter()
            .filter(|entry| !entry.example.is_empty());
        let example = |entry: &Entry| {
            let digits = entry.example.as_bytes().chunks(2);
            let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            let name = format!("example {}", entry.stream);
            (name, digits.map(byte).collect())
        };
        entries.map(example).collect()
    }

    /// Looks a difference up, if there is one; `Err` if it is not in the list.
    pub(crate) fn judge(
        &mut self,
        name: &str,
        go: &Result<Outcome, String>,
        ours: &Outcome,
    ) -> Result<(), String> {
        let Some((kind, text)) = difference(go, ours) else {
            return Ok(());
        };
        let known = self.entries.iter().position(|entry| {
            entry.kind.covers(kind) && text.contains(&entry.text) && name.contains(&entry.stream)
        });
        match known {
            Some(known) => {
                self.met[known] += 1;
                Ok(())
            }
            None => Err(format!(
                "{name}: {kind:?}: {text}\n  Go: {go:?}\n  we: {ours:?}"
            )),
        }
    }

    /// Entries that were not met: they are to be removed.
    pub(crate) fn stale(&self) -> Vec<String> {
        let entries = self.entries.iter().zip(&self.met);
        let stale = entries.filter(|(_, met)| **met == 0);
        stale.map(|(entry, _)| format!("{entry:?}")).collect()
    }

    /// How often each was met.
    pub(crate) fn print(&self) {
        for (entry, met) in self.entries.iter().zip(&self.met) {
            println!(
                "{met:6} × {:?}, {:?}: {}",
                entry.kind, entry.text, entry.reason
            );
        }
    }
}

fn difference(go: &Result<Outcome, String>, ours: &Outcome) -> Option<(Kind, String)> {
    let go = match go {
        Ok(go) => go,
        Err(death) => return Some((Kind::GoDies, death.clone())),
    };
    for (theirs, ours) in go.lines.iter().zip(&ours.lines) {
        if theirs != SKIPPED && theirs != ours {
            return Some((Kind::OtherValue, format!("{theirs} / {ours}")));
        }
    }
    let theirs = (go.lines.len(), go.error.is_none());
    match theirs.cmp(&(ours.lines.len(), ours.error.is_none())) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some((Kind::GoRejects, go.error.clone().unwrap_or_default())),
        std::cmp::Ordering::Greater => {
            let skips = go
                .lines
                .get(ours.lines.len())
                .is_some_and(|line| line == SKIPPED);
            let kind = match skips {
                true => Kind::WeRejectWhatGoSkips,
                false => Kind::WeReject,
            };
            Some((kind, ours.error.clone().unwrap_or_default()))
        }
    }
}
