//! What the accessors of a value say, and of which values they say nothing.

use super::*;

fn held(value: Value) -> Value {
    Interface::new("held", value).into()
}

/// Each answers for values of its own kind, also in interfaces, and for no others.
#[test]
fn each_answers_for_its_kind() {
    let everything = Value::of(&everything()).unwrap();
    let part = |name: &str| everything.get(name).unwrap().clone();
    let values = [
        Value::Bool(true),
        Value::Int(7),
        Value::Uint(7),
        Value::Float(1.5),
        Value::Bytes(vec![7]),
        "text".into(),
        part("List"),
        part("Array"),
        part("Map"),
        part("Inner"),
        Value::default(),
    ];
    type Answers = fn(&Value) -> bool;
    let accessors: [(&str, Answers, &[&str]); 10] = [
        ("as_bool", |value| value.as_bool().is_some(), &["bool"]),
        ("as_i64", |value| value.as_i64().is_some(), &["int", "uint"]),
        ("as_u64", |value| value.as_u64().is_some(), &["int", "uint"]),
        ("as_f64", |value| value.as_f64().is_some(), &["float"]),
        ("as_str", |value| value.as_str().is_some(), &["string"]),
        (
            "as_bytes",
            |value| value.as_bytes().is_some(),
            &["bytes", "string"],
        ),
        (
            "as_list",
            |value| value.as_list().is_some(),
            &["slice", "array"],
        ),
        ("as_map", |value| value.as_map().is_some(), &["map"]),
        (
            "as_struct",
            |value| value.as_struct().is_some(),
            &["struct"],
        ),
        ("is_nil", Value::is_nil, &["interface"]),
    ];
    for value in values {
        for (name, answers, kinds) in accessors {
            let kind = value.kind();
            assert_eq!(answers(&value), kinds.contains(&kind), "{name} of {kind}");
            let held = held(held(value.clone()));
            assert_eq!(answers(&held), kinds.contains(&kind), "{name} of {kind}");
        }
    }
    assert_eq!(held(Value::Bool(true)).as_bool(), Some(true));
    assert_eq!(Value::Bool(false).as_bool(), Some(false));
    assert_eq!(Value::Int(-1).as_i64(), Some(-1));
    assert_eq!(Value::Int(-1).as_u64(), None);
    assert_eq!(Value::Uint(u64::MAX).as_i64(), None);
    assert_eq!(Value::Uint(u64::MAX).as_u64(), Some(u64::MAX));
    assert_eq!(Value::Float(-1.5).as_f64(), Some(-1.5));
    assert_eq!(Value::from("text").as_str(), Some("text"));
    assert_eq!(Value::from("text").as_bytes(), Some(&b"text"[..]));
    assert_eq!(Value::Bytes(vec![7]).as_bytes(), Some(&[7][..]));
    assert_eq!(Value::String(GoString::from(vec![0xff])).as_str(), None);
    assert_eq!(GoString::from(vec![b'a', 0xff]).into_bytes(), b"a\xff");
}

#[test]
fn lists_say_what_is_there() {
    for count in 0..3_i64 {
        let items: Vec<Value> = (0..count).map(Value::Int).collect();
        let mut list = List::typed::<Vec<i64>>(items.clone());
        let length = items.len();
        assert_eq!((list.len(), list.is_empty()), (length, length == 0));
        assert_eq!(list.as_slice(), items);
        assert!(list.iter().eq(&items) && (&list).into_iter().eq(&items));
        assert_eq!(list.iter().len(), length);
        assert_eq!(list.get(length), None);
        assert_eq!(list.get_mut(length), None);
        assert_eq!(Value::Slice(list.clone()).at(length), None);
        list.push(Value::Int(8));
        *list.get_mut(length).unwrap() = Value::Int(9);
        assert_eq!(list.get(length), Some(&Value::Int(9)));
        assert_eq!(Value::Slice(list.clone()).at(length), Some(&Value::Int(9)));
        let elem = list.schema().get(list.elem().unwrap());
        assert!(matches!(elem.kind(), Kind::Int));
        assert_eq!(list.schema().go_string(list.edge()), "[]int64");
        assert_eq!(list.into_vec(), [items, vec![Value::Int(9)]].concat());
    }
}

#[test]
fn maps_say_what_is_there() {
    let mut map = Map::typed::<BTreeMap<String, i64>>();
    assert_eq!((map.len(), map.is_empty()), (0, true));
    assert_eq!((map.iter().len(), map.get("a")), (0, None));
    // A key that comes twice: both are kept, and the last one counts.
    let entries = [("a", 1_i64), ("b", 2), ("a", 3)];
    for (key, value) in entries {
        map.push(key.into(), value.into());
    }
    assert_eq!((map.len(), map.is_empty()), (3, false));
    assert_eq!(map.get("a"), Some(&Value::Int(3)));
    assert_eq!(map.get("b"), Some(&Value::Int(2)));
    assert_eq!(map.get("c"), None);
    let mut iter = map.iter();
    for (left, (key, value)) in (0..3).rev().zip(entries) {
        assert_eq!(iter.next(), Some((&key.into(), &value.into())));
        assert_eq!(iter.size_hint(), (left, Some(left)));
    }
    assert_eq!(iter.next(), None);
    let (key, elem) = map.types().unwrap();
    assert!(matches!(map.schema().get(key).kind(), Kind::String));
    assert!(matches!(map.schema().get(elem).kind(), Kind::Int));
    assert_eq!(map.schema().go_string(map.edge()), "map[string]int64");
    let moved = entries.map(|(key, value)| (key.into(), value.into()));
    assert_eq!(map.into_entries(), moved);
}

#[test]
fn structs_say_what_was_sent() {
    let sent = Inner {
        name: "x".into(),
        scores: vec![],
    };
    let value = Value::of(&sent).unwrap();
    let inner = value.as_struct().unwrap();
    assert_eq!(inner.name(), "Inner");
    let names: Vec<&str> = inner.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, ["Name", "Scores"]);
    assert_eq!(inner.iter().len(), 1);
    assert!(inner.iter().eq([("Name", &Value::from("x"))]));
    assert_eq!(
        (inner.get("Name"), inner.at(0)),
        (inner.at(0), inner.get("Name"))
    );
    assert_eq!(
        (inner.get("Scores"), inner.at(1), inner.at(2)),
        (None, None, None)
    );
    let zero = inner.get_or_zero("Scores").unwrap().unwrap();
    assert!(zero.as_list().unwrap().is_empty());
    assert_eq!(inner.get_or_zero("Name").unwrap(), Some("x".into()));
    assert_eq!(inner.get_or_zero("Nothing").unwrap(), None);
    assert_eq!(inner.schema().go_string(inner.edge()), "Inner");
}
