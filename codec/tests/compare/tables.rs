//! The types of two streams.

use gobrpc_codec::schema::{DifferenceKind, Effect};
use gobrpc_codec::{Decoder, Encode, Encoder, Gob, TypeTable};

fn table(encode: impl FnOnce(&mut Encoder, &mut Vec<u8>)) -> TypeTable {
    let (mut encoder, mut stream) = (Encoder::new(), Vec::new());
    encode(&mut encoder, &mut stream);
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    while decoder.skip().unwrap() {}
    decoder.types().clone()
}

fn one<T: Encode>(value: &T) -> TypeTable {
    table(|encoder, out| encoder.encode(value, out).unwrap())
}

#[derive(Gob, Default)]
struct Point {
    x: i64,
}
#[derive(Gob, Default)]
struct Line {
    from: Point,
    to: Point,
}

mod other {
    use gobrpc_codec::Gob;

    #[derive(Gob, Default)]
    pub(super) struct Point {
        pub(super) x: u64,
    }
}

/// Types of the same names pair up, whatever their ids.
#[test]
fn names_pair_up() {
    let points_first = table(|encoder, out| {
        encoder.encode(&Point { x: 1 }, out).unwrap();
        encoder.encode(&Line::default(), out).unwrap();
    });
    let lines_only = one(&Line::default());
    assert!(points_first.compatible_with(&lines_only).is_empty());
    assert!(lines_only.compatible_with(&points_first).is_empty());
    assert_eq!(points_first.named("Point").unwrap().get(), 64);
    assert_eq!(lines_only.named("Point").unwrap().get(), 65);
    assert_eq!(lines_only.named("Circle"), None);
}

/// A type that both have differs once, though two fields have it.
#[test]
fn a_difference_is_told_at_its_type() {
    let other = one(&other::Point::default());
    let found = one(&Line::default()).compatible_with(&other);
    let lines = found.to_string();
    assert_eq!(
        lines,
        "breaks: Point.X: int does not fit uint\nmay fail: Line: only the writer has this type\n"
    );
    assert_eq!(found.worst(), Some(Effect::Breaks));
}

#[test]
fn types_that_only_one_has() {
    let (point, line) = (one(&Point::default()), one(&Line::default()));
    let kinds: Vec<_> = point
        .compatible_with(&line)
        .iter()
        .map(|found| (found.path.clone(), found.kind.clone()))
        .collect();
    assert_eq!(kinds, [("Line".to_owned(), DifferenceKind::New)]);
}

/// Those without a name pair up in order, unless others refer to them.
#[test]
fn types_without_names_pair_up_in_order() {
    let slices = one(&vec![vec![1_i64]]);
    assert!(slices.compatible_with(&slices).is_empty());
    let found = slices.compatible_with(&one(&vec![vec!["a"]]));
    assert_eq!(
        found.to_string(),
        "breaks: [][]int[][]: int does not fit string\n"
    );
    let found = slices.compatible_with(&one(&1_i64));
    assert_eq!(
        found.to_string(),
        "may fail: [][]int: only the writer has this type\n"
    );
}

/// A definition that is missing is said, and where.
#[test]
fn undefined_types() {
    // struct T (64) with a field F of type 99, which nobody defines.
    let definition =
        b"\x10\x7f\x03\x01\x01\x01T\x01\xff\x80\x00\x01\x01\x01\x01F\x01\xff\xc6\x00\x00\x00";
    let mut decoder = Decoder::new();
    let mut stream = definition.to_vec();
    stream[0] = u8::try_from(stream.len() - 1).unwrap();
    decoder.feed(&stream);
    assert!(!decoder.advance().unwrap());
    let types = decoder.types();
    assert_eq!(types.len(), 1);
    let found = types.compatible_with(types);
    assert_eq!(
        found.to_string(),
        "breaks: T.F: the writer's type is not defined\n"
    );
}
