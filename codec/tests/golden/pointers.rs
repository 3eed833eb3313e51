//! Pointers, which do not exist on the wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use gobrpc_codec::Gob;

use crate::check::{Case, becomes, case, same};
use crate::types::{Empty, Inner, inner, none};

#[derive(Gob, Debug, Clone, Default)]
struct Pointers {
    int: Option<i64>,
    string: Option<String>,
    bool: Option<Box<bool>>,
    float: Option<Arc<f64>>,
    r#struct: Option<Inner>,
    slice: Option<Vec<i64>>,
    map: Option<BTreeMap<String, i64>>,
    array: Option<[i64; 2]>,
    bytes: Option<Vec<u8>>,
    twice: Option<Box<i64>>,
    empty: Option<Box<Empty>>,
}

pub(crate) fn cases() -> Vec<Case> {
    let set = Pointers {
        int: Some(-5),
        string: Some("s".to_owned()),
        bool: Some(Box::new(true)),
        float: Some(Arc::new(2.5)),
        r#struct: Some(inner("a", 1.0)),
        slice: Some(vec![1]),
        map: Some(BTreeMap::from([("k".to_owned(), 1)])),
        array: Some([0, 1]),
        bytes: Some(vec![9]),
        twice: Some(Box::new(-5)),
        empty: Some(Box::new(Empty {})),
    };
    // Go's pointer to a nil map is left out; a Rust map is never nil.
    let zero = Pointers {
        int: Some(0),
        string: Some(String::new()),
        bool: Some(Box::new(false)),
        float: Some(Arc::new(0.0)),
        r#struct: Some(none()),
        slice: Some(vec![]),
        map: None,
        array: Some([0, 0]),
        bytes: Some(vec![]),
        twice: Some(Box::new(0)),
        empty: Some(Box::new(Empty {})),
    };
    let zero_arrives = Pointers {
        r#struct: Some(none()),
        array: Some([0, 0]),
        empty: Some(Box::new(Empty {})),
        ..Pointers::default()
    };
    let empty = Pointers {
        slice: Some(vec![]),
        map: Some(BTreeMap::new()),
        ..Pointers::default()
    };
    let empty_arrives = Pointers {
        map: Some(BTreeMap::new()),
        ..Pointers::default()
    };
    vec![
        case("pointers_set", [same(set)]),
        case("pointers_nil", [same(Pointers::default())]),
        case("pointers_zero", [becomes(zero, zero_arrives)]),
        case("pointers_empty", [becomes(empty, empty_arrives)]),
        case(
            "pointer_top",
            [
                same(Box::new(-5_i64)),
                same(Some(Arc::new(-5_i64))),
                same(Some("s".to_owned())),
            ],
        ),
    ]
}
