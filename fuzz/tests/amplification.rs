//! What a byte of a stream can cost: the most memory that is live at once, and the
//! time, for each byte, over all corpora and over shapes that are made to cost much.
//!
//! ```sh
//! cargo test --release -p gobrpc-fuzz --test amplification -- --nocapture
//! ```
//!
//! prints both. The bounds on memory are asserted; time is only printed, as it depends
//! on the machine: `codec/src/steps.rs` counts and bounds the work itself.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::tests_outside_test_module,
    clippy::unwrap_used,
    reason = "an integration test"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::recode;
use gobrpc_codec::{Decoder, Limits, to_vec};
use gobrpc_fuzz::TARGETS;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What a stream may take whatever its length, and for each byte besides: the
/// published bounds. Values are kept until the stream ends.
const FIXED: usize = 64 << 10;
const PER_BYTE: usize = 128;

/// Streams that are shorter tell more of what a decoder costs than of themselves.
const LEAST: usize = 256;

type Read = fn(&[u8]);

/// Reads all that can be read, and keeps it.
fn values(stream: &[u8]) {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    let mut values = Vec::new();
    loop {
        match decoder.decode_value() {
            Ok(Some(value)) => values.push(value),
            Ok(None) => return,
            Err(error) if error.is_fatal() => return,
            Err(_) => {}
        }
    }
}

fn skip(stream: &[u8]) {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    loop {
        match decoder.skip() {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) if error.is_fatal() => return,
            Err(_) => {}
        }
    }
}

fn recoded(stream: &[u8]) {
    let _ = recode(stream, &Limits::default());
}

fn dump(stream: &[u8]) {
    let mut dumper = Dumper::new();
    dumper.feed(stream);
    dumper.finish(&mut std::io::sink()).unwrap();
}

const READERS: [(&str, Read); 4] = [
    ("values", values),
    ("skip", skip),
    ("recode", recoded),
    ("dump", dump),
];

/// The corpora of the targets that take a stream as it is.
fn corpora() -> Vec<(String, Vec<u8>)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut streams = Vec::new();
    for (target, _) in TARGETS {
        if ["structured", "go_types", "preface"].contains(&target) {
            continue;
        }
        for entry in std::fs::read_dir(corpus.join(target)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            streams.push((format!("{target}/{name}"), std::fs::read(path).unwrap()));
        }
    }
    assert!(streams.len() > 1000, "{} streams", streams.len());
    streams
}

/// A definition and a value of 60,000 bytes, each of which begins another value.
fn made() -> Vec<(String, Vec<u8>)> {
    let message = |body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[0xfc], &length[..], body].concat()
    };
    // A slice of type 64, with its elements of this type; the count is 60,000.
    let list = |elem: &[u8], unit: &[u8]| {
        let define = [&[0x7f, 2, 1, 2, 0xff, 0x80, 0, 1], elem, &[0, 0]].concat();
        let count = [0xff, 0x80, 0, 0xfe, 0xea, 0x60];
        let value = [&count[..], &unit.repeat(60_000 / unit.len())].concat();
        [message(&define), value]
    };
    let whole = |extra: &[u8], elem: &[u8]| {
        let [define, value] = list(elem, &[0]);
        [&define, extra, &message(&value)].concat()
    };
    let slice = [7, 0xff, 0x83, 2, 1, 0, 1, 4, 0, 0];
    let mut slice = slice.to_vec();
    slice[0] = u8::try_from(slice.len() - 1).unwrap();
    let map = [10, 0xff, 0x83, 4, 1, 0, 1, 4, 1, 4, 0, 0];
    let mut map = map.to_vec();
    map[0] = u8::try_from(map.len() - 1).unwrap();
    let empty = [6, 0xff, 0x83, 3, 1, 0, 0, 0];
    let mut empty = empty.to_vec();
    empty[0] = u8::try_from(empty.len() - 1).unwrap();
    let elem = [0xff, 0x84];
    vec![
        ("[]int of zeros".to_owned(), whole(&[], &[4])),
        ("[]string of empty ones".to_owned(), whole(&[], &[0x0c])),
        ("[]any of nils".to_owned(), whole(&[], &[0x10])),
        ("[][]int of empty ones".to_owned(), whole(&slice, &elem)),
        ("[]map of empty ones".to_owned(), whole(&map, &elem)),
        ("[]struct{}".to_owned(), whole(&empty, &elem)),
    ]
}

#[test]
fn memory_and_time_for_each_byte() {
    let baseline = to_vec(&vec![1_i64; 10_000]).unwrap();
    let per_byte = |read: Read, stream: &[u8]| {
        let once = || {
            let start = Instant::now();
            read(stream);
            start.elapsed()
        };
        let best = (0..3).map(|_| once()).min().unwrap_or(Duration::ZERO);
        best.as_nanos() as f64 / stream.len() as f64
    };
    for (name, stream) in made() {
        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        assert!(decoder.decode_value().unwrap().is_some(), "{name}");
    }
    let streams = [(corpora(), "corpora"), (made(), "made")];
    let plain = per_byte(values, &baseline);
    for (streams, what) in &streams {
        for (reader, read) in READERS {
            let (mut most_memory, mut most_time) = ((0.0, ""), (0.0, ""));
            for (name, stream) in streams {
                ALLOCATOR.reset_peak_usage();
                let before = ALLOCATOR.current_usage();
                read(stream);
                let live = ALLOCATOR.peak_usage().saturating_sub(before);
                let most = FIXED + PER_BYTE * stream.len();
                assert!(live <= most, "{reader}, {name}: {live} of {most} bytes");
                if stream.len() < LEAST {
                    continue;
                }
                let memory = live as f64 / stream.len() as f64;
                if memory > most_memory.0 {
                    most_memory = (memory, name);
                }
                let time = per_byte(read, stream);
                if time > most_time.0 {
                    most_time = (time, name);
                }
            }
            println!(
                "{what}, {reader}: at most {:.1} live bytes for each byte ({}); \
                 {:.0} ns ({}), {:.1} times what a byte of a list of ints takes to decode",
                most_memory.0,
                most_memory.1,
                most_time.0,
                most_time.1,
                most_time.0 / plain,
            );
        }
    }
}
