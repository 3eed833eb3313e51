//! Every row for every reader that needs no types: `Value`, skipping, the
//! inspector and the dump; and for types that nest in themselves.

use std::collections::BTreeSet;
use std::io::sink;

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::{Event, Inspector};
use gobrpc_codec::{DecodeOwned, Decoder, Error, ErrorKind, Gob, Limits, Value};

use crate::rows::{Expect, Row, rows};
use crate::{alone, measured, on_small_stack};

/// The values of a stream, and the first error.
fn decode(stream: &[u8], chunk: usize) -> (Vec<Value>, Option<Error>) {
    let mut decoder = Decoder::new();
    let mut values = Vec::new();
    for chunk in stream.chunks(chunk) {
        decoder.feed(chunk);
        loop {
            match decoder.decode_value() {
                Ok(Some(value)) => values.push(value),
                Ok(None) => break,
                Err(error) => return (values, Some(error)),
            }
        }
    }
    (values, decoder.finish().err())
}

/// Skips all that can be skipped.
fn skip(stream: &[u8]) {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    loop {
        match decoder.skip() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if error.is_fatal() => break,
            Err(_) => {}
        }
    }
    let _ = decoder.finish();
}

fn inspect(stream: &[u8]) -> Option<Error> {
    let mut inspector = Inspector::new();
    inspector.feed(stream);
    loop {
        match inspector.next_event() {
            Ok(Some(_)) => {}
            Ok(None) => return inspector.finish().err(),
            Err(error) => return Some(error),
        }
    }
}

fn dump(stream: &[u8]) -> Option<Error> {
    let mut dumper = Dumper::new();
    dumper.feed(stream);
    dumper.finish(&mut sink()).unwrap();
    dumper.fault().cloned()
}

/// Runs on a small stack; the work may take no more than 1 MiB besides the input,
/// which is held and copied once, and 256 bytes for each level that the limit allows
/// where the row is about that.
#[track_caller]
fn within<T: Send>(row: &Row, what: &str, work: impl FnOnce() -> T + Send) -> T {
    let (result, memory) = measured(|| on_small_stack(work));
    let mut most = 2 * row.stream.len() + (1 << 20);
    if let Expect::Bad(_, _, "Limits::dynamic_depth") = row.expect {
        most += 256 * Limits::default().dynamic_depth;
    }
    let Row { number, name, .. } = row;
    assert!(memory <= most, "{number} {name}: {memory} bytes to {what}");
    result
}

fn kind(error: Option<&Error>) -> Option<ErrorKind> {
    error.map(Error::kind)
}

#[test]
fn values() {
    let _alone = alone();
    for row in rows() {
        let Row { number, name, .. } = row;
        let stream = &row.stream[..];
        let (values, error) = within(&row, "decode", || decode(stream, usize::MAX));
        match row.expect {
            Expect::Good(count) => {
                assert!(error.is_none(), "{number} {name}: {error:?}");
                assert_eq!(values.len(), count, "{number} {name}");
            }
            Expect::Bad(count, expected, text) => {
                let error = error.unwrap_or_else(|| panic!("{number} {name}: accepted"));
                assert_eq!(error.kind(), expected, "{number} {name}: {error}");
                assert!(error.to_string().contains(text), "{number} {name}: {error}");
                assert!(error.offset().is_some(), "{number} {name}: {error}");
                assert_eq!(values.len(), count, "{number} {name}");
            }
        }
        // Byte by byte it is the same stream.
        if stream.len() < 5000 {
            let (again, _) = within(&row, "decode", || decode(stream, 1));
            assert_eq!(again, values, "{number} {name}");
        }
    }
}

/// What Go drops unseen, strict does not take.
#[test]
fn bytes_behind_a_value() {
    let rows = rows();
    let row = rows.iter().find(|row| row.name == "bytes behind a value");
    let mut decoder = Decoder::with_limits(Limits::strict());
    decoder.feed(&row.unwrap().stream);
    let error = decoder.decode_value().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(
        error.message().contains("Limits::trailing_bytes"),
        "{error}"
    );
    assert_eq!(decoder.decode_value().unwrap(), None);
}

#[test]
fn skipping() {
    let _alone = alone();
    for row in rows() {
        within(&row, "skip", || skip(&row.stream));
    }
}

#[test]
fn inspector_and_dump() {
    let _alone = alone();
    for row in rows() {
        let Row { number, name, .. } = row;
        let inspected = within(&row, "inspect", || inspect(&row.stream));
        let dumped = within(&row, "dump", || dump(&row.stream));
        let kinds = (kind(inspected.as_ref()), kind(dumped.as_ref()));
        match row.expect {
            Expect::Good(_) => assert_eq!(kinds, (None, None), "{number} {name}"),
            // They keep no values.
            Expect::Bad(_, _, "Limits::memory_bytes") => assert_eq!(kinds, (None, None), "{name}"),
            // What is there of a message that is cut off may be wrong before.
            Expect::Bad(_, ErrorKind::Truncated, _) => {
                assert_eq!(kinds.0, Some(ErrorKind::Truncated), "{number} {name}");
                assert!(kinds.1.is_some(), "{number} {name}");
            }
            Expect::Bad(_, expected, _) => {
                assert_eq!(kinds, (Some(expected), Some(expected)), "{number} {name}");
            }
        }
    }
}

/// The list is whole. Its 38 is about headers of RPC, and is kept by
/// `codec/protocol/tests/connections.rs`.
#[test]
fn all_rows_are_there() {
    let numbers: BTreeSet<u32> = rows().iter().map(|row| row.number).collect();
    let all: BTreeSet<u32> = (1..=40).filter(|number| *number != 38).collect();
    assert_eq!(numbers, all);
}

#[derive(Gob, Debug, Default)]
struct Node {
    next: Option<Box<Node>>,
}

#[derive(Gob, Debug, Default)]
struct Slices(Vec<Slices>);

#[derive(Gob, Debug, Default)]
struct Wrapped {
    a: i64,
    next: Vec<Wrapped>,
}

/// Types that nest in themselves, at the default depth, on the stack that threads
/// have: every row is a value or an error.
#[test]
fn typed() {
    fn all<T: DecodeOwned>(stream: &[u8]) -> usize {
        let mut decoder = Decoder::new();
        decoder.feed(stream);
        let mut deep = 0;
        loop {
            match decoder.decode::<T>() {
                Ok(Some(_)) => {}
                Ok(None) => return deep,
                Err(error) => {
                    deep += usize::from(error.to_string().contains("Limits::depth"));
                    if error.is_fatal() {
                        return deep;
                    }
                }
            }
        }
    }
    let _alone = alone();
    let mut deep = 0;
    for row in rows() {
        let Row { number, name, .. } = row;
        let work = || {
            std::thread::scope(|scope| {
                std::thread::Builder::new()
                    .stack_size(2 << 20)
                    .spawn_scoped(scope, || {
                        all::<Node>(&row.stream)
                            + all::<Slices>(&row.stream)
                            + all::<Wrapped>(&row.stream)
                            + all::<Vec<Vec<String>>>(&row.stream)
                    })
                    .unwrap()
                    .join()
                    .unwrap()
            })
        };
        let (limited, memory) = measured(work);
        deep += limited;
        let most = 2 * row.stream.len() + (1 << 20);
        assert!(memory <= most, "{number} {name}: {memory} bytes");
    }
    // The list of a million, and the million slices.
    assert_eq!(deep, 2);
}

/// A stream of Go's ends cleanly behind a value and nowhere else, however it is
/// read: every strict prefix is an error of truncation, or has fewer values.
#[test]
fn every_prefix_of_every_golden() {
    let _alone = alone();
    for stream in crate::random::goldens() {
        let mut inspector = Inspector::new();
        let mut decoder = Decoder::new();
        let mut clean = true;
        for byte in &stream {
            assert_eq!(inspector.finish().is_ok(), clean);
            assert_eq!(decoder.finish().is_ok(), clean);
            for end in [inspector.finish(), decoder.finish()] {
                if let Err(error) = end {
                    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
                }
            }
            inspector.feed(&[*byte]);
            decoder.feed(&[*byte]);
            clean = false;
            let mut ended = false;
            while let Some(event) = inspector.next_event().unwrap() {
                ended |= matches!(event, Event::ValueEnd);
            }
            if decoder.decode_value().unwrap().is_some() {
                assert!(ended, "a value before its end");
                clean = true;
            }
            assert!(decoder.decode_value().unwrap().is_none());
        }
        assert!(clean && inspector.finish().is_ok());
    }
}
