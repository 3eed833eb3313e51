//! Streams of others, also bad ones: accepted or not, and as what, as in Go or as
//! the list of differences has it.

use std::path::{Path, PathBuf};

use crate::differences::Differences;
use crate::outcome::Outcome;
use crate::peer::Peer;
use crate::stream::{Bytes, bytes};
use crate::{seed, setting};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Streams that Go's encoder wrote.
fn goldens() -> Vec<(String, Vec<u8>)> {
    let mut goldens = Vec::new();
    for path in files(&root().join("golden")) {
        if path.extension().is_some_and(|extension| extension == "hex") {
            let text = std::fs::read_to_string(&path).unwrap();
            let digits: String = text.split_whitespace().collect();
            let bytes = (0..digits.len() / 2)
                .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap());
            goldens.push((stem(&path), bytes.collect()));
        }
    }
    assert!(goldens.len() > 100);
    goldens
}

/// Goldens, hostile streams, and those of the fuzz targets.
pub(crate) fn fixed() -> Vec<(String, Vec<u8>)> {
    let mut streams = goldens();
    for row in crate::rows::rows() {
        streams.push((format!("hostile {} {}", row.number, row.name), row.stream));
    }
    for kind in ["corpus", "crashes"] {
        for target in files(&root().join("../fuzz").join(kind)) {
            for file in files(&target) {
                let name = format!("{kind} {}/{}", stem(&target), stem(&file));
                streams.push((name, std::fs::read(&file).unwrap()));
            }
        }
    }
    streams
}

/// Goldens with a few changes.
fn mutated(random: &mut fastrand::Rng, goldens: &[(String, Vec<u8>)]) -> (String, Vec<u8>) {
    let (name, golden) = &goldens[random.usize(..goldens.len())];
    let mut stream = golden.clone();
    for _ in 0..random.usize(1..4) {
        if stream.is_empty() {
            break;
        }
        // Definitions are at the front.
        let end = match random.bool() {
            true => stream.len(),
            false => stream.len().min(60),
        };
        let place = random.usize(..end);
        let byte = match random.u8(..8) {
            0 => 0,
            1 => 1,
            2 => 0x7f,
            3 => 0xff,
            4 => 0xf8,
            _ => random.u8(..),
        };
        match random.u8(..6) {
            0 => stream.insert(place, byte),
            1 => drop(stream.remove(place)),
            2 => stream.truncate(place),
            3 => stream[place] ^= 1 << random.u8(..8),
            _ => stream[place] = byte,
        }
    }
    (format!("mutated {name}"), stream)
}

/// A struct of so many types that are defined one after the other, each before a
/// value of the struct. No encoder writes that.
fn late(count: i64) -> Vec<u8> {
    let ids: Vec<i64> = (65..65 + count).collect();
    let names: Vec<String> = ids.iter().map(|id| format!("F{id}")).collect();
    let fields = names.iter().map(String::as_str).zip(ids.iter().copied());
    let stream = bytes().structure(64, &fields.collect::<Vec<_>>());
    let define = |stream: Bytes, id: &i64| stream.slice(*id, 2).value(64, bytes().raw(&[0]));
    ids.iter().fold(stream, define).0
}

/// How many types the struct may have before it is one that we do not look at again.
const LATE: i64 = 8;

#[test]
fn values_before_their_types() {
    let Some(mut peer) = Peer::new() else {
        return;
    };
    for count in 1..=LATE {
        let go = Outcome::of_go_all(&mut peer, &late(count)).unwrap();
        assert_eq!(go, Outcome::ours_all(&late(count)), "{count}");
        assert_eq!((go.lines.len(), go.error), (1, None), "{count}");
    }
}

#[test]
fn streams_of_others() {
    let Some(mut peer) = Peer::new() else {
        return;
    };
    let (seed, ci) = seed();
    let mut differences = Differences::read();
    let mut streams = fixed();
    streams.extend(differences.examples());
    let fixed = streams.len();
    let goldens = goldens();
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..setting("GOBRPC_DIFFER_MUTATED", 20_000) {
        streams.push(mutated(&mut random, &goldens));
    }
    let mut unexplained = Vec::new();
    for (name, stream) in &streams {
        let go = Outcome::of_go(&mut peer, stream);
        let ours = Outcome::ours(stream);
        if let Err(difference) = differences.judge(name, &go, &ours) {
            unexplained.push(format!("{difference}\n  stream: {}", hex(stream)));
        }
    }
    let late = late(LATE + 1);
    let go = Outcome::of_go_all(&mut peer, &late);
    if let Err(difference) = differences.judge("late", &go, &Outcome::ours_all(&late)) {
        unexplained.push(difference);
    }
    println!(
        "{} streams, {fixed} of them fixed; Go died {} times",
        streams.len(),
        peer.deaths
    );
    differences.print();
    for difference in unexplained.iter().take(40) {
        println!("UNEXPLAINED {difference}");
    }
    assert!(
        unexplained.is_empty(),
        "{} are unexplained",
        unexplained.len()
    );
    if ci {
        assert_eq!(differences.stale(), [""; 0]);
    }
}

fn hex(stream: &[u8]) -> String {
    stream
        .iter()
        .take(200)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
