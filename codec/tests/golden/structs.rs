//! Structs, embedded ones, generic ones and newtypes.

use std::collections::BTreeMap;

use gobrpc_codec::Gob;

use crate::check::{Case, case, same};
use crate::types::{Complex, Empty, ID, Inner, Names, Point, inner, none, point};

#[derive(Gob, Debug, Clone)]
struct Scalars {
    bool: bool,
    int: isize,
    int8: i8,
    int16: i16,
    int32: i32,
    int64: i64,
    uint: usize,
    uint8: u8,
    uint16: u16,
    uint32: u32,
    uint64: u64,
    float32: f32,
    float64: f64,
    complex: Complex,
    string: String,
    bytes: Vec<u8>,
}

fn zeros() -> Scalars {
    Scalars {
        bool: false,
        int: 0,
        int8: 0,
        int16: 0,
        int32: 0,
        int64: 0,
        uint: 0,
        uint8: 0,
        uint16: 0,
        uint32: 0,
        uint64: 0,
        float32: 0.0,
        float64: 0.0,
        complex: Complex(0.0, 0.0),
        string: String::new(),
        bytes: Vec::new(),
    }
}

#[derive(Gob, Debug, Clone)]
struct HasEmpty {
    a: i64,
    e: Empty,
    b: i64,
}

#[derive(Gob, Debug, Clone, PartialEq)]
pub(crate) struct Outer {
    #[gob(rename = "ID")]
    pub(crate) id: u64,
    pub(crate) first: Inner,
    pub(crate) last: Inner,
}

pub(crate) fn outer(id: u64, first: Inner, last: Inner) -> Outer {
    Outer { id, first, last }
}

#[derive(Gob, Debug, Clone)]
struct Base {
    #[gob(rename = "ID")]
    id: i64,
}

/// Go's embedded structs are fields with the name of their type.
#[derive(Gob, Debug, Clone)]
struct Embeds {
    base: Base,
    inner: Option<Inner>,
    extra: String,
}

#[derive(Gob, Debug, Clone)]
struct Pair<A, B> {
    first: A,
    second: B,
}

#[derive(Gob, Debug, Clone)]
struct HasPair {
    p: Pair<String, Point>,
}

#[derive(Gob, Debug, Clone)]
struct Scores(BTreeMap<String, f64>);

#[derive(Gob, Debug, Clone)]
struct Blob(Vec<u8>);

#[derive(Gob, Debug, Clone)]
struct Title(String);

#[derive(Gob, Debug, Clone)]
struct Trio([ID; 3]);

fn trio(a: i64, b: i64, c: i64) -> Trio {
    Trio([ID(a), ID(b), ID(c)])
}

#[derive(Gob, Debug, Clone)]
struct Newtypes {
    #[gob(rename = "ID")]
    id: ID,
    names: Names,
    /// Nil in the second value.
    scores: Option<Scores>,
    blob: Blob,
    title: Title,
    trio: Trio,
    #[gob(rename = "IDs")]
    ids: Vec<ID>,
}

#[derive(Gob, Debug, Clone)]
struct Dropped {
    a: i64,
    #[gob(skip)]
    #[expect(dead_code, reason = "it is there to be left out")]
    private: i64,
    b: i64,
}

/// Structs without a name in Go.
#[derive(Gob, Debug, Clone)]
#[gob(name = "", package = "")]
struct UnnamedPoint {
    x: i64,
    y: i64,
}

#[derive(Gob, Debug, Clone)]
#[gob(name = "", package = "")]
struct UnnamedNumber {
    n: i64,
}

#[derive(Gob, Debug, Clone)]
struct Anonymous {
    at: UnnamedPoint,
    b: Vec<UnnamedNumber>,
}

#[derive(Gob, Debug, Clone)]
#[gob(name = "", package = "")]
struct UnnamedTop {
    a: i64,
    p: Point,
}

#[derive(Gob, Debug, Clone)]
struct Nest1 {
    two: Nest2,
}

#[derive(Gob, Debug, Clone)]
struct Nest2 {
    three: Nest3,
    n: i64,
}

#[derive(Gob, Debug, Clone)]
struct Nest3 {
    s: String,
}

fn nest(s: &str, n: i64) -> Nest1 {
    let three = Nest3 { s: s.to_owned() };
    Nest1 {
        two: Nest2 { three, n },
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let full = Scalars {
        bool: true,
        int: -1,
        int8: -2,
        int16: -300,
        int32: -70000,
        int64: i64::MIN,
        uint: 1,
        uint8: 200,
        uint16: 60000,
        uint32: 4_000_000_000,
        uint64: u64::MAX,
        float32: 0.1,
        float64: std::f64::consts::PI,
        complex: Complex(1.0, -1.0),
        string: "text".to_owned(),
        bytes: vec![1, 200],
    };
    let minus = Scalars {
        float32: -0.0,
        float64: -0.0,
        ..zeros()
    };
    let mut cases = vec![
        case("point", [same(point(22, 33))]),
        case("point_twice", [same(point(22, 33)), same(point(-1, 0))]),
        case("point_zero", [same(point(0, 0)), same(point(0, 7))]),
        case(
            "point_pointer",
            [same(Box::new(point(22, 33))), same(point(1, 2))],
        ),
        case("scalars_full", [same(full)]),
        case("scalars_zero", [same(zeros())]),
        case(
            "scalars_negative_zero",
            [crate::check::becomes(minus, zeros())],
        ),
        case("empty_struct", [same(Empty {}), same(Empty {})]),
        case("empty_struct_unnamed", [same(())]),
        case(
            "empty_struct_field",
            [(1, 2), (0, 0)].map(|(a, b)| same(HasEmpty { a, e: Empty {}, b })),
        ),
        case(
            "nested_twice",
            [
                same(outer(1, inner("a", 1.5), none())),
                same(outer(2, none(), inner("b", 2.0))),
            ],
        ),
        case("nested_deep", [same(nest("s", 5)), same(nest("", 0))]),
        case(
            "embedded",
            [
                same(Embeds {
                    base: Base { id: 1 },
                    inner: Some(inner("in", 3.0)),
                    extra: "x".to_owned(),
                }),
                same(Embeds {
                    base: Base { id: 0 },
                    inner: None,
                    extra: String::new(),
                }),
            ],
        ),
        case(
            "generic_pair",
            [same(Pair {
                first: 1_i64,
                second: "one".to_owned(),
            })],
        ),
        case(
            "generic_struct",
            [same(HasPair {
                p: Pair {
                    first: "p".to_owned(),
                    second: point(1, 2),
                },
            })],
        ),
    ];
    cases.extend(newtypes());
    cases.extend(unnamed());
    cases
}

fn newtypes() -> Vec<Case> {
    let scores = |score| Scores(BTreeMap::from([("s".to_owned(), score)]));
    vec![
        case(
            "newtype_fields",
            [
                same(Newtypes {
                    id: ID(7),
                    names: Names(vec!["a".to_owned(), "b".to_owned()]),
                    scores: Some(scores(1.5)),
                    blob: Blob(vec![1, 255]),
                    title: Title("t".to_owned()),
                    trio: trio(1, 0, -1),
                    ids: vec![ID(5), ID(6)],
                }),
                same(Newtypes {
                    id: ID(0),
                    names: Names(vec![]),
                    scores: None,
                    blob: Blob(vec![]),
                    title: Title(String::new()),
                    trio: trio(0, 0, 0),
                    ids: vec![],
                }),
            ],
        ),
        case(
            "newtype_top",
            [
                same(ID(7)),
                same(Names(vec!["a".to_owned()])),
                same(scores(1.0)),
                same(Blob(vec![1])),
                same(Title("t".to_owned())),
                same(trio(1, 2, 3)),
            ],
        ),
    ]
}

fn unnamed() -> Vec<Case> {
    vec![
        case(
            "dropped_fields",
            [crate::check::becomes(
                Dropped {
                    a: 1,
                    private: 2,
                    b: 3,
                },
                Dropped {
                    a: 1,
                    private: 0,
                    b: 3,
                },
            )],
        ),
        case(
            "anonymous_struct",
            [same(Anonymous {
                at: UnnamedPoint { x: 1, y: 2 },
                b: vec![UnnamedNumber { n: 3 }],
            })],
        ),
        case(
            "anonymous_top",
            [same(UnnamedTop {
                a: 1,
                p: point(2, 3),
            })],
        ),
    ]
}
