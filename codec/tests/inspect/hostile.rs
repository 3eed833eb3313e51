//! Streams that panic, hang or exhaust Go's own decoder, on a small stack.

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::recode;
use gobrpc_codec::{ErrorKind, Limits};

use crate::agree::{agree, dump, inspect, read_dump};
use crate::stream::{Bytes, bytes};

/// Runs on a small stack.
fn on_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(512 << 10)
            .spawn_scoped(scope, work)
            .unwrap()
            .join()
            .unwrap()
    })
}

const GOOD: Option<ErrorKind> = None;
const MALFORMED: Option<ErrorKind> = Some(ErrorKind::Malformed);
const TRUNCATED: Option<ErrorKind> = Some(ErrorKind::Truncated);
const LIMIT: Option<ErrorKind> = Some(ErrorKind::Limit);

fn raw(body: &[u8]) -> Bytes {
    bytes().raw(body)
}

/// `type Holder struct { V any }` as 64, and a value of it with this behind the
/// delta of `V`.
fn holder(rest: &[u8]) -> Bytes {
    bytes()
        .structure(64, &[(b"V", 8)])
        .value(64, &raw(&[1]).raw(rest).raw(&[0]))
}

fn table() -> Vec<(&'static str, Bytes, Option<ErrorKind>)> {
    let point: &[(&[u8], i64)] = &[(b"X", 2), (b"Y", 2)];
    let structure = |body: &[u8]| bytes().structure(64, point).value(64, &raw(body));
    let many = (0..5000).fold(bytes(), |stream, id| stream.slice(64 + id, 2));
    let chain = (0..4000).fold(bytes(), |stream, id| stream.slice(64 + id, 65 + id));
    vec![
        ("empty", bytes(), GOOD),
        ("empty message", raw(&[0]), MALFORMED),
        ("bad length", raw(&[0x80]), MALFORMED),
        ("length 2^63", bytes().uint(1 << 63), LIMIT),
        ("length 2^64-1", bytes().uint(u64::MAX), LIMIT),
        ("length 1 GB", bytes().uint(1 << 30).raw(&[1, 2, 3]), LIMIT),
        (
            "length 1 MB",
            bytes().uint(1 << 20).raw(&[1, 2, 3]),
            TRUNCATED,
        ),
        (
            "long int",
            bytes().value(2, &raw(&[0, 0xf8, 0, 0, 0, 0, 0, 0, 0, 6])),
            GOOD,
        ),
        ("bool 0x7f", bytes().value(1, &raw(&[0, 0x7f])), GOOD),
        (
            "string of no UTF-8",
            bytes().value(6, &raw(&[0, 2, 0xff, 0xfe])),
            GOOD,
        ),
        ("id 0", bytes().value(0, &raw(&[0, 0])), MALFORMED),
        ("id min", bytes().value(i64::MIN, &raw(&[0])), MALFORMED),
        ("id -2^31", bytes().value(-(1 << 31), &raw(&[0])), MALFORMED),
        (
            "id 2^32+65",
            bytes().value((1 << 32) + 65, &raw(&[0])),
            MALFORMED,
        ),
        ("redefined", bytes().slice(65, 2).slice(65, 2), MALFORMED),
        ("predefined", bytes().slice(63, 2), MALFORMED),
        ("reserved", bytes().value(15, &raw(&[0])), MALFORMED),
        (
            "common id",
            bytes()
                .message(
                    &bytes()
                        .int(-64)
                        .raw(&[2, 1, 2])
                        .int(99)
                        .raw(&[0, 1, 4, 0, 0]),
                )
                .value(64, &raw(&[0, 0])),
            GOOD,
        ),
        (
            "two kinds",
            bytes().message(&bytes().int(-64).raw(&[2, 1, 0, 0, 2, 1, 0, 0, 0])),
            MALFORMED,
        ),
        (
            "no kind",
            bytes().message(&bytes().int(-64).raw(&[0])),
            MALFORMED,
        ),
        (
            "kind 8",
            bytes().message(&bytes().int(-64).raw(&[8, 1, 0, 0, 0])),
            MALFORMED,
        ),
        (
            "kind 2^64-1",
            bytes().message(&bytes().int(-64).uint(u64::MAX).raw(&[1, 0, 0, 0])),
            MALFORMED,
        ),
        (
            "undefined element",
            bytes().slice(64, 99).value(64, &raw(&[0, 1, 0])),
            MALFORMED,
        ),
        (
            "undefined element of nothing",
            bytes().slice(64, 99).value(64, &raw(&[0, 0])),
            GOOD,
        ),
        ("ends of structs missing", structure(&[1]), MALFORMED),
        ("end of struct missing", structure(&[1, 2]), GOOD),
        ("trailing bytes", structure(&[0, 9, 9]), GOOD),
        ("delta past the end", structure(&[3, 2, 0]), MALFORMED),
        (
            "delta 2^63-1",
            bytes()
                .structure(64, point)
                .value(64, &raw(&[1, 2]).uint(i64::MAX as u64)),
            MALFORMED,
        ),
        (
            "delta 2^64-1",
            bytes()
                .structure(64, point)
                .value(64, &raw(&[1, 2]).uint(u64::MAX)),
            MALFORMED,
        ),
        (
            "slice of 2^62",
            bytes().slice(64, 2).value(64, &raw(&[0]).uint(1 << 62)),
            MALFORMED,
        ),
        (
            "slice of 2^63",
            bytes().slice(64, 2).value(64, &raw(&[0]).uint(1 << 63)),
            MALFORMED,
        ),
        ("array of -1", bytes().array(64, 2, -1), MALFORMED),
        (
            "array of 2^40",
            bytes()
                .array(64, 2, 1 << 40)
                .value(64, &raw(&[0]).uint(1 << 40)),
            MALFORMED,
        ),
        (
            "array of another length",
            bytes().array(64, 2, 2).value(64, &raw(&[0, 1, 2])),
            MALFORMED,
        ),
        (
            "map of empty structs",
            bytes()
                .structure(65, &[])
                .map(64, 65, 65)
                .value(64, &raw(&[0]).uint(1 << 62)),
            MALFORMED,
        ),
        (
            "map of a lie",
            bytes().map(64, 6, 2).value(64, &raw(&[0]).uint(1 << 30)),
            MALFORMED,
        ),
        ("many types", many, LIMIT),
        ("chain of types", chain.value(64, &raw(&[0, 0])), GOOD),
        (
            "field without a name",
            bytes().structure(64, &[(b"", 2)]),
            MALFORMED,
        ),
        (
            "two fields of a name",
            bytes()
                .structure(64, &[(b"X", 2), (b"X", 2)])
                .value(64, &raw(&[1, 2, 1, 4, 0])),
            GOOD,
        ),
        (
            "long field name",
            bytes().structure(64, &[(&[b'a'; 1025], 2)]),
            LIMIT,
        ),
        (
            "10^6 fields",
            bytes().define(64, 3, &raw(&[1]).uint(1_000_000)),
            LIMIT,
        ),
        (
            "long interface name",
            holder(&bytes().text(&[b'a'; 1025]).0),
            LIMIT,
        ),
        (
            "unknown name",
            holder(&bytes().text(b"x.Y").int(2).raw(&[2, 0, 4]).0),
            GOOD,
        ),
        (
            "wrong inner length",
            holder(&bytes().text(b"x.Y").int(2).raw(&[100, 0, 4]).0),
            MALFORMED,
        ),
        (
            "short inner length",
            holder(&bytes().text(b"x.Y").int(2).raw(&[1, 0, 4]).0),
            MALFORMED,
        ),
        (
            "inner length 2^64-1",
            holder(&bytes().text(b"x.Y").int(2).uint(u64::MAX).0),
            MALFORMED,
        ),
        (
            "interface in interface",
            holder(&bytes().text(b"x.Y").int(8).raw(&[2, 0, 0]).0),
            MALFORMED,
        ),
        (
            "definition and no more",
            bytes().structure(64, &[(b"V", 8)]).message(
                &bytes()
                    .int(64)
                    .raw(&[1])
                    .text(b"T")
                    .bare(65, 2, &raw(&[1, 4])),
            ),
            TRUNCATED,
        ),
        (
            "bytes behind an inline definition",
            holder(&bytes().text(b"T").bare(65, 2, &raw(&[1, 4])).0),
            MALFORMED,
        ),
        (
            "two streams",
            bytes().slice(64, 2).value(64, &raw(&[0, 0])).slice(64, 2),
            MALFORMED,
        ),
    ]
}

#[test]
fn hostile_streams_are_errors() {
    on_small_stack(|| {
        for (name, stream, fault) in table() {
            let found = agree(&stream.0, Limits::default());
            let kind = found.as_ref().map(|error| error.kind());
            assert_eq!(kind, fault, "{name}: {found:?}");
            for end in 0..stream.0.len().min(200) {
                agree(&stream.0[..end], Limits::default());
            }
        }
    });
}

#[test]
fn bytes_that_go_ignores_are_dropped_and_missing_ones_added() {
    for (name, result) in [
        ("end of struct missing", &[5, 0xff, 0x80, 1, 2, 0][..]),
        ("trailing bytes", &[3, 0xff, 0x80, 0]),
        ("long int", &[3, 4, 0, 6]),
        ("bool 0x7f", &[3, 2, 0, 1]),
    ] {
        let table = table();
        let (_, stream, _) = table.iter().find(|row| row.0 == name).unwrap();
        let again = recode(&stream.0, &Limits::default()).unwrap();
        assert_eq!(&again[again.len() - result.len()..], result, "{name}");
    }
}

/// A value that nests this deep, in each way that there is.
fn nested(levels: usize) -> [(&'static str, Bytes); 5] {
    let structs = bytes().structure(64, &[(b"Next", 64)]);
    let repeat = |byte: &[u8]| byte.repeat(levels - 1);
    let value = |types: Bytes, body: Vec<u8>| types.value(64, &Bytes(body));
    let all = |parts: [&[u8]; 3]| parts.concat();
    // Each level: a delta, a name, a type, and the length of the level inside.
    let mut inner = 1;
    let mut prefixes = Vec::new();
    for _ in 1..levels / 2 {
        let prefix = raw(&[1]).text(b"T").int(64).uint(inner);
        inner += prefix.0.len() as u64 + 1;
        prefixes.push(prefix.0);
    }
    prefixes.reverse();
    let ends = vec![0; prefixes.len() + 1];
    [
        (
            "structs",
            value(structs, all([&repeat(&[1]), &[0], &repeat(&[0])])),
        ),
        (
            "slices",
            value(bytes().slice(64, 64), all([&[0], &repeat(&[1]), &[0]])),
        ),
        (
            "arrays of slices",
            value(
                bytes().slice(64, 65).array(65, 64, 1),
                // The innermost one must be a slice: of arrays none is empty.
                all([&[0], &[1].repeat(levels - 2), &[0]]),
            ),
        ),
        (
            "maps",
            value(bytes().map(64, 2, 64), all([&[0], &repeat(&[1, 2]), &[0]])),
        ),
        (
            "interfaces",
            value(
                bytes().structure(64, &[(b"V", 8)]),
                all([&prefixes.concat(), &ends, &[]]),
            ),
        ),
    ]
}

#[test]
fn values_of_5000_levels_come_back() {
    on_small_stack(|| {
        for (name, stream) in nested(5000) {
            let again = recode(&stream.0, &Limits::default());
            assert_eq!(again.unwrap(), stream.0, "{name}");
            assert!(agree(&stream.0, Limits::default()).is_none(), "{name}");
        }
    });
}

#[test]
fn values_of_a_million_levels_come_back_where_limits_allow_it() {
    on_small_stack(|| {
        for (name, stream) in nested(1_000_000) {
            let fault = inspect([&stream.0[..]], Limits::default()).2.unwrap();
            assert_eq!(fault.kind(), ErrorKind::Limit, "{name}");
            assert!(fault.message().contains("dynamic_depth"), "{name}");
            let limits = Limits::trusted();
            assert_eq!(recode(&stream.0, &limits).unwrap(), stream.0, "{name}");
            let mut dumper = Dumper::with_limits(limits);
            dumper.feed(&stream.0);
            dumper.finish(&mut std::io::sink()).unwrap();
            assert!(dumper.fault().is_none(), "{name}");
        }
    });
}

#[test]
fn limits_act() {
    let wide = bytes().structure(64, &[(b"A", 2), (b"B", 2)]);
    let wide = wide.value(64, &raw(&[1, 2, 1, 2, 0]));
    let nested = nested(8)[0].1.clone();
    let limits = Limits::default();
    for (stream, limits, knob) in [
        (&wide, limits.with_message_bytes(4), "message_bytes"),
        (&wide, limits.with_types(0), "Limits::types"),
        (&wide, limits.with_type_bytes(100), "type_bytes"),
        (&wide, limits.with_fields(1), "fields"),
        (&wide, limits.with_name_bytes(0), "name_bytes"),
        (&nested, limits.with_dynamic_depth(7), "dynamic_depth"),
    ] {
        let fault = agree(&stream.0, limits).unwrap();
        assert!(fault.message().contains(knob), "{knob}: {fault}");
    }
    assert!(agree(&nested.0, limits.with_dynamic_depth(8)).is_none());
}

#[test]
fn the_dump_says_where_a_fault_is() {
    let stream = holder(&bytes().text(b"x.Y").int(2).raw(&[1, 0, 4]).0);
    let (text, fault) = dump([&stream.0[..]], Limits::default());
    read_dump(&text, &stream.0);
    let end: Vec<_> = text.lines().rev().take(4).collect();
    let offset = stream.0.len() - 1;
    assert_eq!(
        fault.unwrap().to_string(),
        format!("at byte {offset}: the count before an interface's value is not its length")
    );
    assert!(end[0].ends_with("not read"), "{text}");
    assert!(end[1].starts_with("----  at byte "), "{text}");
    assert!(end[2].ends_with("int 2"), "{text}");
}
