//! Types that contain themselves.

use std::collections::BTreeMap;

use gobrpc_codec::Gob;

use crate::check::{Case, case, same};

#[derive(Gob, Debug, Clone)]
struct Tree {
    value: i64,
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
}

fn tree(value: i64, left: Option<Tree>, right: Option<Tree>) -> Tree {
    Tree {
        value,
        left: left.map(Box::new),
        right: right.map(Box::new),
    }
}

#[derive(Gob, Debug, Clone)]
struct Node {
    value: i64,
    next: Option<Box<Node>>,
}

#[derive(Gob, Debug, Clone)]
struct A {
    n: i64,
    b: Option<Box<B>>,
}

#[derive(Gob, Debug, Clone)]
struct B {
    s: String,
    a: Option<Box<A>>,
}

fn b(s: &str, a: Option<A>) -> B {
    B {
        s: s.to_owned(),
        a: a.map(Box::new),
    }
}

#[derive(Gob, Debug, Clone)]
struct T(Vec<T>);

#[derive(Gob, Debug, Clone)]
struct MT(BTreeMap<String, MT>);

#[derive(Gob, Debug, Clone)]
struct AT([Vec<AT>; 2]);

#[derive(Gob, Debug, Clone)]
struct SliceA(Vec<SliceB>);

#[derive(Gob, Debug, Clone)]
struct SliceB(Vec<SliceA>);

#[derive(Gob, Debug, Clone, Default)]
struct Multi {
    name: String,
    kids: Vec<Multi>,
    #[gob(rename = "ByID")]
    by_id: Option<BTreeMap<i64, Box<Multi>>>,
}

#[derive(Gob, Debug, Clone)]
struct HasT {
    t: T,
    a: SliceA,
    b: SliceB,
}

pub(crate) fn cases() -> Vec<Case> {
    let a2 = A { n: 2, b: None };
    let list = (1..=4)
        .rev()
        .fold(None, |next, value| Some(Box::new(Node { value, next })));
    let multi = Multi {
        name: "a".to_owned(),
        kids: vec![
            Multi {
                name: "b".to_owned(),
                ..Multi::default()
            },
            Multi::default(),
        ],
        by_id: Some(BTreeMap::from([(
            7,
            Box::new(Multi {
                name: "c".to_owned(),
                ..Multi::default()
            }),
        )])),
    };
    let t = |kids| T(kids);
    let empty = || T(vec![]);
    vec![
        case(
            "tree",
            [same(tree(
                1,
                Some(tree(2, None, Some(tree(3, None, None)))),
                Some(tree(0, None, None)),
            ))],
        ),
        case("linked_list", [same(list.unwrap())]),
        case(
            "mutual_structs",
            [
                same(A {
                    n: 1,
                    b: Some(Box::new(b("b", Some(a2.clone())))),
                }),
                same(b("c", None)),
            ],
        ),
        case("mutual_structs_b", [same(b("b", Some(a2)))]),
        case(
            "recursive_slice",
            [same(t(vec![empty(), t(vec![empty()]), empty()]))],
        ),
        case(
            "recursive_map",
            [same(MT(BTreeMap::from([(
                "a".to_owned(),
                MT(BTreeMap::from([("b".to_owned(), MT(BTreeMap::new()))])),
            )])))],
        ),
        case(
            "recursive_array",
            [same(AT([vec![AT([vec![], vec![]])], vec![]]))],
        ),
        case(
            "mutual_slices",
            [same(SliceA(vec![
                SliceB(vec![SliceA(vec![])]),
                SliceB(vec![]),
            ]))],
        ),
        case(
            "recursive_slice_fields",
            [same(HasT {
                t: t(vec![empty()]),
                a: SliceA(vec![SliceB(vec![])]),
                b: SliceB(vec![SliceA(vec![])]),
            })],
        ),
        case("multi_tree", [same(multi)]),
    ]
}
