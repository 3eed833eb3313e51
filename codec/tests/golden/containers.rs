//! Slices, maps and arrays, and the names that they give their elements.

use std::collections::BTreeMap;
use std::collections::HashMap;

use gobrpc_codec::Gob;

use crate::check::{Case, becomes, case, same};
use crate::types::{ID, Inner, Names, Point, inner, names, none, point};

#[derive(Gob, Debug, Clone)]
struct HasSlice {
    list: Vec<Inner>,
}

#[derive(Gob, Debug, Clone)]
pub(crate) struct HasPtrSlice {
    pub(crate) list: Vec<Option<Inner>>,
}

#[derive(Gob, Debug, Clone)]
struct HasMap {
    dict: Option<HashMap<String, Inner>>,
}

#[derive(Gob, Debug, Clone)]
struct HasPtrMap {
    dict: BTreeMap<String, Box<Inner>>,
}

#[derive(Gob, Debug, Clone)]
struct HasArray {
    trio: [Inner; 3],
}

#[derive(Gob, Debug, Clone)]
struct HasKeys {
    dict: HashMap<Point, Inner>,
}

/// Nil maps are `None`, also as elements.
type Dict<K, V> = Option<BTreeMap<K, V>>;

#[derive(Gob, Debug, Clone)]
struct HasDeep {
    grid: Vec<Vec<i64>>,
    lists: Dict<String, Vec<i64>>,
    maps: Vec<BTreeMap<String, i64>>,
    cubes: [[i32; 2]; 2],
    nested: Dict<String, BTreeMap<i64, Vec<Inner>>>,
}

#[derive(Gob, Debug, Clone)]
struct HasBasics {
    strings: Vec<String>,
    floats: Vec<f64>,
    floats4: Vec<f32>,
    bools: Vec<bool>,
    ints: Vec<isize>,
    ints4: Vec<i32>,
    ints1: Vec<i8>,
    bytes: Vec<u8>,
    uints2: Vec<u16>,
    uints8: Vec<u64>,
    blobs: Vec<Vec<u8>>,
}

#[derive(Gob, Debug, Clone)]
struct HasArrays {
    four: [u8; 4],
    none: [i64; 0],
    flags: [bool; 2],
    names: [String; 2],
}

#[derive(Gob, Debug, Clone)]
struct SameTwice {
    a: Vec<String>,
    b: Vec<String>,
    c: BTreeMap<String, Vec<String>>,
    d: Vec<Inner>,
    e: Inner,
}

#[derive(Gob, Debug, Clone)]
struct FieldFirst {
    one: Inner,
    list: Vec<Box<Inner>>,
}

#[derive(Gob, Debug, Clone)]
struct ListFirst {
    list: Vec<Box<Inner>>,
    one: Inner,
}

#[derive(Gob, Debug, Clone)]
struct NameFromList {
    lists: Vec<Names>,
    ptrs: Vec<Box<Names>>,
    maps: BTreeMap<ID, Names>,
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn one<V>(key: &str, value: V) -> BTreeMap<String, V> {
    BTreeMap::from([(text(key), value)])
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = fields();
    cases.extend(names_of_elements());
    cases.extend(at_the_top());
    cases
}

fn fields() -> Vec<Case> {
    let (a, b) = (inner("a", 1.0), inner("b", 0.0));
    let list = |list| HasSlice { list };
    let no_arrays = HasArrays {
        four: [0; 4],
        none: [],
        flags: [false; 2],
        names: [text(""), text("")],
    };
    vec![
        case(
            "slice_of_struct",
            [
                same(list(vec![a.clone(), none(), b.clone()])),
                same(list(vec![])),
                same(list(vec![])),
            ],
        ),
        case(
            "slice_of_pointer",
            [same(HasPtrSlice {
                list: vec![Some(a.clone()), Some(none())],
            })],
        ),
        case(
            "map_of_struct",
            [
                Some(HashMap::from([(text("k"), a.clone())])),
                None,
                Some(HashMap::new()),
            ]
            .map(|dict| same(HasMap { dict })),
        ),
        case(
            "map_of_pointer",
            [same(HasPtrMap {
                dict: one("k", Box::new(b.clone())),
            })],
        ),
        case(
            "array_of_struct",
            [
                same(HasArray {
                    trio: [a.clone(), none(), b],
                }),
                same(HasArray {
                    trio: [none(), none(), none()],
                }),
            ],
        ),
        case(
            "map_struct_keys",
            [same(HasKeys {
                dict: HashMap::from([(point(1, 2), a.clone())]),
            })],
        ),
        case(
            "deep_containers",
            [
                same(HasDeep {
                    grid: vec![vec![1, -1], vec![], vec![]],
                    lists: Some(one("k", vec![1])),
                    // A nil map as an element arrives empty.
                    maps: vec![one("m", 2), BTreeMap::new()],
                    cubes: [[1, 2], [3, 4]],
                    nested: Some(one("n", BTreeMap::from([(5, vec![a])]))),
                }),
                same(HasDeep {
                    grid: vec![],
                    lists: None,
                    maps: vec![],
                    cubes: [[0; 2]; 2],
                    nested: None,
                }),
            ],
        ),
        case("basic_slices", [same(basics()), same(no_basics())]),
        case(
            "basic_arrays",
            [
                same(HasArrays {
                    four: [0, 127, 128, 255],
                    flags: [true, false],
                    names: [text("a"), text("")],
                    ..no_arrays.clone()
                }),
                same(no_arrays),
            ],
        ),
    ]
}

fn basics() -> HasBasics {
    HasBasics {
        strings: vec![text("a"), text("")],
        floats: vec![1.5, 0.0],
        floats4: vec![0.1],
        bools: vec![true, false],
        ints: vec![1, -1],
        ints4: vec![1 << 20],
        ints1: vec![-128],
        bytes: vec![0, 255],
        uints2: vec![65535],
        uints8: vec![1 << 63],
        blobs: vec![vec![1], vec![]],
    }
}

fn no_basics() -> HasBasics {
    HasBasics {
        strings: vec![],
        floats: vec![],
        floats4: vec![],
        bools: vec![],
        ints: vec![],
        ints4: vec![],
        ints1: vec![],
        bytes: vec![],
        uints2: vec![],
        uints8: vec![],
        blobs: vec![],
    }
}

fn names_of_elements() -> Vec<Case> {
    let (a, b) = (inner("a", 1.0), inner("b", 0.0));
    vec![
        case(
            "shared_unnamed",
            [same(SameTwice {
                a: vec![text("a")],
                b: vec![text("b")],
                c: one("c", vec![text("d")]),
                d: vec![a.clone()],
                e: b.clone(),
            })],
        ),
        case(
            "name_field_first",
            [same(FieldFirst {
                one: a.clone(),
                list: vec![Box::new(b.clone())],
            })],
        ),
        case(
            "name_list_first",
            [same(ListFirst {
                list: vec![Box::new(b)],
                one: a,
            })],
        ),
        case(
            "name_newtypes",
            [same(NameFromList {
                lists: vec![names("a")],
                ptrs: vec![Box::new(names("b"))],
                maps: BTreeMap::from([(ID(1), names("c"))]),
            })],
        ),
    ]
}

fn at_the_top() -> Vec<Case> {
    let a = inner("a", 1.0);
    vec![
        case("top_slice", [vec![1_i64, -1, 0], vec![], vec![]].map(same)),
        case("top_slice_of_struct", [same(vec![a.clone(), none()])]),
        case(
            "top_slice_of_pointer",
            [becomes(vec![Box::new(a.clone())], vec![Some(a.clone())])],
        ),
        case("top_slice_of_slice", [same(vec![vec![text("a")], vec![]])]),
        case(
            "top_strings",
            [same(vec![text("a"), text("")]), same(text("s"))],
        ),
        case("top_floats", [same(vec![0.0, -0.0, 17.0])]),
        case(
            "top_map",
            [one("k", 1_i64), BTreeMap::new(), BTreeMap::new()].map(same),
        ),
        case("top_map_of_struct", [same(one("k", a.clone()))]),
        case(
            "top_map_many",
            [same(BTreeMap::from(
                [("key-a", 1), ("key-b", 2), ("key-c", 3), ("key-d", 4)]
                    .map(|(key, value): (_, i64)| (text(key), value)),
            ))],
        ),
        case("top_array", [same([1_i64, 0, -1]), same([0_i64; 0])]),
        case("top_byte_array", [same([0_u8, 127, 128, 255])]),
        case("top_array_of_struct", [same([a, none()])]),
    ]
}
