//! The table of hostile streams.

use std::collections::HashMap;

use gobrpc_codec::{Decoder, Error, ErrorKind, GoString, Gob, Result, from_slice};

use crate::stream::{Bytes, bytes};
use crate::{alone, measured, on_small_stack};

pub(crate) const BOOL: i64 = 1;
pub(crate) const INT: i64 = 2;
pub(crate) const STRING: i64 = 6;
const INTERFACE: i64 = 8;

/// Has one field; all others of the stream are skipped.
#[derive(Gob, Debug, PartialEq)]
pub(crate) struct Only {
    pub(crate) a: i64,
}

/// What must become of a stream.
enum Expect {
    /// `{A: 7}`.
    Good,
    /// An error of this kind that says so, and then `{A: 8}`.
    Bad(ErrorKind, &'static str),
    /// The same, but the stream is lost.
    Fatal(ErrorKind, &'static str),
}

use ErrorKind::{Limit, Malformed};
use Expect::{Bad, Fatal, Good};

fn check(name: &str, stream: Bytes, expect: &Expect) {
    let stream = stream.then_good().0;
    let run = || on_small_stack(|| decode(&stream));
    let (typed, memory) = measured(run);
    verdict(name, typed, expect);
    let fed = stream.len();
    assert!(
        memory <= 2 * fed + (1 << 20),
        "{name}: {memory} bytes for {fed}"
    );

    // A stream that is skipped holds no fewer dangers.
    let run = || on_small_stack(|| skip(&stream));
    let (skipped, memory) = measured(run);
    assert!(
        memory <= 2 * fed + (1 << 20),
        "{name}: {memory} bytes to skip {fed}"
    );
    if let Err(error) = skipped {
        assert!(!matches!(expect, Good), "{name}: skip: {error}");
    }

    // Byte by byte it is the same stream.
    if stream.len() < 5000 {
        let mut decoder = Decoder::new();
        let mut outcomes = Vec::new();
        for byte in &stream {
            decoder.feed(&[*byte]);
            outcomes.extend(next(&mut decoder));
        }
        verdict(name, outcomes, expect);
    }
}

/// All values and errors of a stream, up to a fatal one.
fn decode(stream: &[u8]) -> Vec<Result<Only>> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    let mut outcomes = Vec::new();
    while let Some(outcome) = next(&mut decoder) {
        let end = outcome.as_ref().is_err_and(Error::is_fatal);
        outcomes.push(outcome);
        if end {
            break;
        }
    }
    outcomes
}

pub(crate) fn next(decoder: &mut Decoder) -> Option<Result<Only>> {
    decoder.decode::<Only>().transpose()
}

fn skip(stream: &[u8]) -> Result<usize> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    let mut count = 0;
    while decoder.skip()? {
        count += 1;
    }
    Ok(count)
}

fn verdict(name: &str, outcomes: Vec<Result<Only>>, expect: &Expect) {
    let last = outcomes.last().unwrap_or_else(|| panic!("{name}: nothing"));
    match expect {
        Good => {
            let values: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
            assert_eq!(values, [Only { a: 7 }, Only { a: 8 }], "{name}");
        }
        Bad(kind, text) => {
            let error = first_error(name, &outcomes);
            assert_eq!(error.kind(), *kind, "{name}: {error}");
            assert!(error.to_string().contains(text), "{name}: {error}");
            assert!(error.offset().is_some(), "{name}: {error}");
            assert_eq!(last.as_ref().unwrap(), &Only { a: 8 }, "{name}");
        }
        Fatal(kind, text) => {
            let error = first_error(name, &outcomes);
            assert_eq!(error.kind(), *kind, "{name}: {error}");
            assert!(error.to_string().contains(text), "{name}: {error}");
            assert!(error.is_fatal(), "{name}: {error}");
            assert!(last.as_ref().is_err_and(Error::is_fatal), "{name}");
        }
    }
}

fn first_error<'a>(name: &str, outcomes: &'a [Result<Only>]) -> &'a Error {
    outcomes
        .iter()
        .find_map(|outcome| outcome.as_ref().err())
        .unwrap_or_else(|| panic!("{name}: accepted"))
}

pub(crate) fn good() -> Bytes {
    bytes()
        .structure(64, &[("A", INT)])
        .value(64, bytes().raw(&[1, 14, 0]))
}

#[test]
fn lengths() {
    let _alone = alone();
    check(
        "zero-length message",
        bytes().raw(&[0]),
        &Bad(Malformed, "empty message"),
    );
    for first in 0x80..=0xf7 {
        check(
            "byte count",
            bytes().raw(&[first]),
            &Fatal(Malformed, "8 is the most"),
        );
    }
    for length in [1 << 62, 1 << 63, u64::MAX, (16 << 20) + 1] {
        check(
            "length",
            bytes().uint(length),
            &Fatal(Limit, "message_bytes"),
        );
    }
    // As much as is allowed, and nothing of it there.
    let (wanted, memory) = measured(|| {
        let mut decoder = Decoder::new();
        decoder.feed(&bytes().uint(16 << 20).raw(b"abc").0);
        assert!(decoder.decode::<Only>().unwrap().is_none());
        assert_eq!(decoder.finish().unwrap_err().kind(), ErrorKind::Truncated);
        decoder.wanted()
    });
    assert!(wanted <= (64 << 10) + 8, "{wanted}");
    assert!(memory <= 64 << 10, "{memory}");
    // A number may be longer than it needs.
    let long = bytes().raw(&[0xf8, 0, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0x2c]).0;
    assert_eq!(from_slice::<i64>(&long).unwrap(), 22);
}

#[test]
fn type_ids() {
    let _alone = alone();
    for id in [i64::MIN, i64::MIN + 1, -(1 << 31), -(1 << 32) - 65, -63, -1] {
        let stream = bytes().message(bytes().int(id).raw(&[3, 1, 0, 0, 0]));
        check("definition's id", stream, &Bad(Malformed, ""));
    }
    for id in [0, 1 << 31, (1 << 32) + 65, i64::MAX] {
        let stream = bytes().message(bytes().int(id).raw(&[0, 0]));
        check("value's id", stream, &Bad(Malformed, "is no type id"));
    }
    let undefined = bytes().message(bytes().int(77).raw(&[1, 2, 0]));
    check(
        "value of an undefined type",
        undefined,
        &Fatal(Malformed, "type 77"),
    );
    let twice = good().structure(64, &[("A", INT)]);
    check(
        "second definition",
        twice,
        &Bad(Malformed, "second definition of type 64"),
    );
    let spliced = good().raw(&good().0);
    check(
        "second stream",
        spliced,
        &Bad(Malformed, "second definition"),
    );
    // The number inside of a definition is never looked at.
    let other = bytes()
        .message(
            bytes()
                .int(-64)
                .raw(&[3, 1, 2])
                .int(70)
                .raw(&[0, 1, 1, 1, 1, b'A', 1, 4, 0, 0, 0]),
        )
        .value(64, bytes().raw(&[1, 14, 0]));
    check("another CommonType.Id", other, &Good);
}

#[test]
fn definitions() {
    let _alone = alone();
    let define = |body: &[u8]| bytes().message(bytes().int(-64).raw(body));
    check(
        "two kinds",
        define(&[2, 1, 0, 0, 2, 1, 0, 0, 0]),
        &Bad(Malformed, "says 2 times"),
    );
    check("no kind", define(&[0]), &Bad(Malformed, "says 0 times"));
    check(
        "an eighth kind",
        define(&[8, 1, 0, 0, 0]),
        &Bad(Malformed, "unknown field"),
    );
    check(
        "bytes behind",
        define(&[2, 1, 0, 0, 0, 9]),
        &Bad(Malformed, "behind"),
    );
    check(
        "cut off",
        define(&[2, 1]),
        &Bad(Malformed, "past its message"),
    );
    check(
        "delta",
        bytes().message(bytes().int(-64).uint(3).uint(u64::MAX)),
        &Bad(Malformed, ""),
    );
    check(
        "a field without a name",
        bytes().structure(64, &[("", INT)]),
        &Bad(Malformed, "without a name"),
    );
    let two = bytes()
        .structure(64, &[("A", INT), ("A", INT)])
        .value(64, bytes().raw(&[1, 2, 1, 14, 0]));
    check("two fields of one name: the last wins", two, &Good);
    check(
        "array of length -1",
        bytes().array(64, INT, -1),
        &Bad(Malformed, "length -1"),
    );
    let wide: Vec<(&str, i64)> = vec![("F", INT); 5000];
    check(
        "a wide struct",
        bytes().structure(64, &wide),
        &Bad(Limit, "Limits::fields"),
    );
    let wide: Vec<(&str, i64)> = vec![("F", INT); 4000];
    let mut many = bytes();
    for id in 100..130 {
        many = many.structure(id, &wide);
    }
    check("many wide structs", many, &Bad(Limit, "Limits::type_bytes"));
    let name = "N".repeat(1025);
    let long = bytes().structure(64, &[(name.as_str(), INT)]);
    check("a long name", long, &Bad(Limit, "Limits::name_bytes"));
}

#[test]
fn recursive_types() {
    let _alone = alone();
    let endless = || bytes().raw(&[1; 1_000_000]);
    let deep = Bad(Limit, "Limits::dynamic_depth");
    let node = || bytes().structure(65, &[("Next", 65)]);
    check("a list of a million", node().ignored(65, endless()), &deep);
    check(
        "type S []S",
        bytes().slice(65, 65).ignored(65, endless()),
        &deep,
    );
    check(
        "type M map[M]M",
        bytes().map(65, 65, 65).ignored(65, endless()),
        &deep,
    );
    check(
        "type A [1]A",
        bytes().array(65, 65, 1).ignored(65, endless()),
        &deep,
    );
    check(
        "an empty list",
        node().ignored(65, bytes().raw(&[0])),
        &Good,
    );

    // 3,900 types in a chain, and a value through all of them.
    let chain = |first: i64, count: i64| {
        (first..first + count).fold(bytes(), |stream, id| stream.slice(id, id + 1))
    };
    let stream = chain(100, 3900).ignored(100, bytes().raw(&[1; 3899]).raw(&[0]));
    check("a chain of types", stream, &Good);
    let names: Vec<String> = (0..2000).map(|index| format!("F{index}")).collect();
    let mut fields = vec![("A", INT)];
    fields.extend(names.iter().map(|name| (name.as_str(), 100)));
    let stream = chain(100, 3900)
        .structure(64, &fields)
        .value(64, bytes().raw(&[1, 14, 0]));
    check("2,000 fields, each a chain of types", stream, &Good);
    // Twice as many ways at each of 64 levels.
    let tower = (100..164).fold(bytes().slice(164, INT), |stream, id| {
        stream.structure(id, &[("A", id + 1), ("B", id + 1)])
    });
    let tower = tower.ignored(100, bytes().raw(&[0]));
    check("a tower", tower.clone(), &Good);
    let mut decoder = Decoder::new();
    decoder.feed(&tower.0);
    let raw = decoder.take().unwrap().unwrap();
    assert!(raw.schema().unwrap().to_string().len() < 20 << 10);
}

#[test]
fn counts() {
    let _alone = alone();
    let e = || bytes().structure(66, &[]);
    for count in [10_u64.pow(9), 1 << 62, 1 << 63, u64::MAX] {
        let lie = || bytes().uint(count);
        let bad = Bad(Malformed, "left");
        check("[]int", bytes().slice(65, INT).ignored(65, lie()), &bad);
        check("[]struct{}", e().slice(65, 66).ignored(65, lie()), &bad);
        check("map[E]E", e().map(65, 66, 66).ignored(65, lie()), &bad);
        check(
            "map[int]int",
            bytes().map(65, INT, INT).ignored(65, lie()),
            &bad,
        );
        check("string", bytes().ignored(STRING, lie()), &bad);
        check(
            "[2]int",
            bytes().array(65, INT, 2).ignored(65, lie()),
            &Bad(Malformed, ""),
        );
    }
    let stream = bytes()
        .array(65, INT, 1 << 40)
        .ignored(65, bytes().uint(1 << 40));
    check("[1<<40]int", stream, &Bad(Malformed, ""));
    let nested = bytes().slice(66, STRING).slice(65, 66);
    let stream = nested.ignored(65, bytes().uint(1).uint(1 << 40));
    check("[][]string", stream, &Bad(Malformed, "left"));
    // One byte each, and nothing to keep.
    let stream = e()
        .slice(65, 66)
        .ignored(65, bytes().uint(100_000).raw(&[0; 100_000]));
    check("100,000 empty structs", stream, &Good);
}

#[test]
fn fields() {
    let _alone = alone();
    let wire = || bytes().structure(64, &[("A", INT), ("B", INT)]);
    for delta in [3, 1 << 62, (1 << 63) - 1, u64::MAX] {
        let body = bytes().raw(&[1, 14]).uint(delta);
        check(
            "delta",
            wire().value(64, body.clone()),
            &Bad(Malformed, "field delta"),
        );
        let body = bytes().raw(&[1, 2, 1, 4]).uint(delta);
        let ignored = bytes()
            .structure(65, &[("X", INT), ("Y", INT)])
            .ignored(65, body);
        check(
            "delta of an ignored struct",
            ignored,
            &Bad(Malformed, "field delta"),
        );
    }
    check(
        "no terminator",
        wire().value(64, bytes().raw(&[1, 14])),
        &Good,
    );
    check(
        "bytes behind a value",
        wire().value(64, bytes().raw(&[1, 14, 0, 9, 9])),
        &Good,
    );
    check(
        "a field cut off",
        wire().value(64, bytes().raw(&[1, 14, 1])),
        &Bad(Malformed, "past"),
    );
    check(
        "an undefined part that is absent",
        bytes().ignored(99, bytes()).0.into(),
        &Fatal(Malformed, "type 99"),
    );
    let absent = bytes()
        .structure(64, &[("A", INT), ("B", 99)])
        .value(64, bytes().raw(&[1, 14, 0]));
    check("an undefined type that no value needs", absent, &Good);
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// An interface value: name, type, count, body.
fn interface(name: &[u8], id: i64, body: &Bytes) -> Bytes {
    bytes().text(name).int(id).text(&body.0)
}

#[test]
fn interfaces() {
    let _alone = alone();
    let any = |body: Bytes| bytes().ignored(INTERFACE, body);
    check("nil", any(bytes().uint(0)), &Good);
    check(
        "int",
        any(interface(b"int", INT, &bytes().raw(&[0, 4]))),
        &Good,
    );
    let long = interface(&[b'n'; 1025], INT, &bytes().raw(&[0, 4]));
    check(
        "a long name",
        any(long),
        &Fatal(Limit, "Limits::name_bytes"),
    );
    let lie = bytes().text(b"int").int(INT).uint(100).raw(&[0, 4]);
    check(
        "a count beyond the end",
        any(lie),
        &Fatal(Malformed, "length of 100"),
    );
    let lie = bytes().text(b"int").int(INT).uint(1).raw(&[0, 4]);
    check(
        "a count below the value",
        any(lie),
        &Fatal(Malformed, "not its length"),
    );
    let lie = bytes().text(b"int").int(INT).uint(3).raw(&[0, 4]);
    check(
        "a count above the value",
        any(lie),
        &Fatal(Malformed, "not its length"),
    );
    let unknown = interface(b"T", 77, &bytes().raw(&[0]));
    check(
        "an undefined type",
        any(unknown),
        &Fatal(Malformed, "type 77"),
    );
    let direct = interface(b"any", INTERFACE, &bytes().raw(&[0, 0]));
    check(
        "an interface in an interface",
        any(direct),
        &Fatal(Malformed, "is an interface"),
    );

    // A list of interfaces in each interface, twelve thousand deep.
    let body = (0..12_000).fold(bytes().raw(&[0, 0]), |inner, _| {
        bytes().raw(&[0, 1]).raw(&interface(b"l", 65, &inner).0)
    });
    let deep = bytes()
        .slice(65, INTERFACE)
        .ignored(INTERFACE, interface(b"l", 65, &body));
    check(
        "interfaces in interfaces",
        deep,
        &Fatal(Limit, "Limits::dynamic_depth"),
    );
}

/// Go defines a type in the middle of a value, which no local type wants: the
/// definition counts all the same.
#[test]
fn definitions_in_skipped_interfaces() {
    let _alone = alone();
    let inline = bytes()
        .int(-70)
        .raw(&[3, 1, 2])
        .int(70)
        .raw(&[0, 1, 1, 1, 1, b'A', 1, 4, 0, 0, 0]);
    let start = bytes().int(64).raw(&[1, 14, 1]).text(b"T").raw(&inline.0);
    let rest = bytes().int(70).text(&[1, 18, 0]).raw(&[0]);
    let stream = bytes()
        .structure(64, &[("A", INT), ("Ignored", INTERFACE)])
        .message(start)
        .message(rest)
        .value(70, bytes().raw(&[1, 20, 0]))
        .0;
    let values: Vec<_> = decode(&stream)
        .into_iter()
        .map(|only| only.unwrap().a)
        .collect();
    assert_eq!(values, [7, 10]);
    // A value that never ends, over many messages.
    let mut endless = bytes()
        .structure(64, &[("A", INT), ("Ignored", INTERFACE)])
        .message(bytes().int(64).raw(&[1, 14, 1]).text(b"T"));
    for id in 70..20_000 {
        endless = endless.slice(id, INT);
    }
    let (outcomes, memory) = measured(|| decode(&endless.0));
    assert!(first_error("endless", &outcomes).is_fatal());
    assert!(memory < 4 * endless.0.len(), "{memory}");
}

#[test]
fn scalars() {
    let _alone = alone();
    fn narrow<T: gobrpc_codec::DecodeOwned>(id: i64, body: Bytes) -> ErrorKind {
        let stream = bytes().value(id, bytes().uint(0).raw(&body.0)).0;
        from_slice::<T>(&stream).map(|_| ()).unwrap_err().kind()
    }
    assert_eq!(narrow::<i8>(INT, bytes().int(300)), ErrorKind::Mismatch);
    let huge = bytes().uint(f64::MAX.to_bits().swap_bytes());
    assert_eq!(narrow::<f32>(4, huge), ErrorKind::Mismatch);
    assert_eq!(
        narrow::<String>(STRING, bytes().text(b"\xff\xfe")),
        ErrorKind::Mismatch
    );
    let kept: GoString =
        from_slice(&bytes().value(STRING, bytes().uint(0).text(b"\xff\xfe")).0).unwrap();
    assert_eq!(kept.as_bytes(), b"\xff\xfe");
    // Go takes any number but 0 for true.
    assert!(from_slice::<bool>(&bytes().value(BOOL, bytes().raw(&[0, 0x7f])).0).unwrap());
    // Of entries with one key the last wins.
    let body = bytes().raw(&[0, 2, 2, 4, 2, 6]);
    let map = from_slice::<HashMap<i64, i64>>(&bytes().map(64, INT, INT).value(64, body).0);
    assert_eq!(map.unwrap(), HashMap::from([(1, 3)]));
}
