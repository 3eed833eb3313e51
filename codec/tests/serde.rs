//! Types that know serde and not gob, and values as serde's own data.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::use_self,
    reason = "a failed test may panic; types are recursive by their names"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gobrpc_codec::{
    Encoder, ErrorKind, GoString, Gob, Interface, Kind, List, Map, Prepared, RawValue,
    SchemaBuilder, Struct, Value, from_slice_serde, to_vec,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Gob, Default, Clone)]
struct SentAddress {
    street_name: String,
    zip: u32,
}

#[derive(Gob, Default)]
struct SentPerson {
    user_name: String,
    age: i64,
    score: f64,
    tags: Vec<String>,
    key: Vec<u8>,
    home: SentAddress,
    work: Option<SentAddress>,
    point: [i64; 2],
    limits: BTreeMap<String, i64>,
    level: i64,
    color: String,
    unknown: String,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Address {
    street_name: String,
    #[serde(rename = "Zip")]
    zip: u32,
}

#[derive(Deserialize, Debug, PartialEq)]
enum Color {
    Red,
    DarkBlue,
}

#[derive(Deserialize, Debug, PartialEq)]
enum Level {
    Low,
    High,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Meters(f64);

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Person {
    #[serde(rename = "userName", alias = "user_name")]
    name: String,
    age: u8,
    score: Meters,
    tags: Vec<String>,
    #[serde(with = "bytes")]
    key: Vec<u8>,
    home: Address,
    work: Option<Address>,
    point: (i8, i8),
    limits: HashMap<String, u16>,
    level: Level,
    color: Color,
    missing: Option<String>,
    #[serde(default = "seven")]
    defaulted: i64,
}

fn seven() -> i64 {
    7
}

mod bytes {
    use serde::de::{Deserializer, Error, Visitor};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

fn sent() -> SentPerson {
    SentPerson {
        user_name: "gopher".into(),
        age: 13,
        score: 1.5,
        tags: vec!["a".into(), "b".into()],
        key: vec![0, 255],
        home: SentAddress {
            street_name: "Main".into(),
            zip: 7,
        },
        work: None,
        point: [-1, 1],
        limits: BTreeMap::from([("x".into(), 9)]),
        level: 1,
        color: "dark_blue".into(),
        unknown: "ignored".into(),
    }
}

#[test]
fn structs_by_name() {
    let mut sent = sent();
    sent.color = "DarkBlue".into();
    let person: Person = from_slice_serde(&to_vec(&sent).unwrap()).unwrap();
    assert_eq!(
        person,
        Person {
            name: "gopher".into(),
            age: 13,
            score: Meters(1.5),
            tags: vec!["a".into(), "b".into()],
            key: vec![0, 255],
            home: Address {
                street_name: "Main".into(),
                zip: 7
            },
            work: None,
            point: (-1, 1),
            limits: HashMap::from([("x".into(), 9)]),
            level: Level::High,
            color: Color::DarkBlue,
            missing: None,
            defaulted: 7,
        }
    );
}

#[test]
fn absent_fields_are_zero() {
    let sent = SentPerson {
        color: "Red".into(),
        ..SentPerson::default()
    };
    let person: Person = from_slice_serde(&to_vec(&sent).unwrap()).unwrap();
    assert_eq!(person.name, "");
    assert_eq!(person.age, 0);
    assert_eq!(person.score, Meters(0.0));
    assert_eq!(person.tags, Vec::<String>::new());
    assert_eq!(person.key, Vec::<u8>::new());
    assert_eq!(person.level, Level::Low);
    assert_eq!(
        person.home,
        Address {
            street_name: String::new(),
            zip: 0
        }
    );
    assert_eq!(person.point, (0, 0));
}

/// A nil pointer where the local type has no Option: zeros all the way down.
#[test]
fn nil_pointers_are_zero() {
    #[derive(Gob)]
    struct Sent {
        other: i64,
        home: Option<SentAddress>,
        point: Option<[i64; 2]>,
        list: Option<Box<SentList>>,
    }
    #[derive(Gob)]
    struct SentList {
        v: i64,
        next: Option<Box<SentList>>,
    }
    #[derive(Deserialize)]
    struct Local {
        home: Address,
        point: [u8; 2],
        list: Option<LocalList>,
    }
    #[derive(Deserialize)]
    struct LocalList {
        v: i64,
        next: Option<Box<LocalList>>,
    }
    #[derive(Deserialize, Debug)]
    struct Endless {
        #[allow(dead_code, reason = "read by nobody")]
        list: EndlessList,
    }
    #[derive(Deserialize, Debug)]
    struct EndlessList {
        #[allow(dead_code, reason = "read by nobody")]
        next: Box<EndlessList>,
    }
    let stream = to_vec(&Sent {
        other: 1,
        home: None,
        point: None,
        list: None,
    })
    .unwrap();
    let local: Local = from_slice_serde(&stream).unwrap();
    assert_eq!(
        local.home,
        Address {
            street_name: String::new(),
            zip: 0
        }
    );
    assert_eq!(local.point, [0, 0]);
    assert!(local.list.is_none());
    let error = from_slice_serde::<Endless>(&stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);

    let list = SentList {
        v: 1,
        next: Some(Box::new(SentList { v: 2, next: None })),
    };
    let list: LocalList = from_slice_serde(&to_vec(&list).unwrap()).unwrap();
    assert_eq!((list.v, list.next.unwrap().v), (1, 2));
}

#[test]
fn errors_say_where() {
    let mut sent = sent();
    sent.home.zip = 7;
    sent.tags = vec![];
    #[derive(Deserialize, Debug)]
    struct Wrong {
        #[allow(dead_code, reason = "it never comes")]
        home: Home,
    }
    #[derive(Deserialize, Debug)]
    struct Home {
        #[allow(dead_code, reason = "it never comes")]
        zip: Vec<String>,
    }
    let error = from_slice_serde::<Wrong>(&to_vec(&sent).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(error.path(), "Home.Zip");
    assert!(error.message().contains("expected a sequence"), "{error}");

    let stream = to_vec(&300_i64).unwrap();
    assert_eq!(
        from_slice_serde::<u8>(&stream).unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    let text = to_vec(&GoString::from(&b"\xff"[..])).unwrap();
    assert_eq!(
        from_slice_serde::<String>(&text).unwrap_err().kind(),
        ErrorKind::Mismatch
    );
    let error = from_slice_serde::<(i64, i64)>(&to_vec(&vec![1_i64, 2, 3]).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[test]
fn streams_that_end_early() {
    let stream = to_vec(&sent()).unwrap();
    for end in 0..stream.len() {
        let error = from_slice_serde::<Person>(&stream[..end]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
    }
}

#[test]
fn flattened_and_untagged() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Flat {
        #[serde(rename = "Age")]
        age: i64,
        #[serde(flatten)]
        rest: BTreeMap<String, serde_json::Value>,
    }
    let flat: Flat = from_slice_serde(&to_vec(&sent()).unwrap()).unwrap();
    assert_eq!(flat.age, 13);
    assert_eq!(flat.rest["UserName"], json!("gopher"));
    assert_eq!(flat.rest["Key"], json!([0, 255]));
    assert_eq!(flat.rest["Home"], json!({"StreetName": "Main", "Zip": 7}));
    assert_eq!(flat.rest["Work"], json!(null));

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    let number: Either = from_slice_serde(&to_vec(&7_i64).unwrap()).unwrap();
    assert_eq!(number, Either::Number(7));
    let text: Either = from_slice_serde(&to_vec(&"x").unwrap()).unwrap();
    assert_eq!(text, Either::Text("x".into()));
}

#[test]
fn maps_and_their_keys() {
    let ids = BTreeMap::from([(-1_i64, true), (7, false)]);
    let stream = to_vec(&ids).unwrap();
    assert_eq!(
        from_slice_serde::<BTreeMap<i64, bool>>(&stream).unwrap(),
        ids
    );
    assert_eq!(
        from_slice_serde::<serde_json::Value>(&stream).unwrap(),
        json!({"-1": true, "7": false})
    );
    // A map as a struct, by verbatim names and by PascalCase.
    let map = BTreeMap::from([("StreetName", "S"), ("Other", "x")]);
    #[derive(Deserialize)]
    struct Named {
        street_name: String,
    }
    let named: Named = from_slice_serde(&to_vec(&map).unwrap()).unwrap();
    assert_eq!(named.street_name, "S");
}

#[derive(Deserialize, Serialize, Debug, PartialEq, Clone)]
enum Shape {
    Empty,
    Circle(f64),
    Line(i64, i64),
    Rect { width: u32, height: u32 },
}

#[test]
fn enums_from_interfaces() {
    let circle = Value::from(Interface::new("main.Circle", Value::Float(1.5)));
    assert_eq!(
        circle.deserialize_into::<Shape>().unwrap(),
        Shape::Circle(1.5)
    );
    let pointer = Value::from(Interface::new(
        "*example.com/shapes.Circle",
        Value::Float(2.0),
    ));
    assert_eq!(
        pointer.deserialize_into::<Shape>().unwrap(),
        Shape::Circle(2.0)
    );
    let text = Value::from(Interface::new("string", Value::from("Empty")));
    assert_eq!(text.deserialize_into::<Shape>().unwrap(), Shape::Empty);
    let other = Value::from(Interface::new("main.Star", Value::Float(2.0)));
    assert!(other.deserialize_into::<Shape>().is_err());
    assert!(Value::default().deserialize_into::<Shape>().is_err());
    assert_eq!(
        Value::default()
            .deserialize_into::<Option<Shape>>()
            .unwrap(),
        None
    );
    assert!(Value::from("Circle").deserialize_into::<Shape>().is_err());
}

fn through<T: Serialize>(value: &T) -> Value {
    let prepared = Prepared::from_serialize(value).unwrap();
    RawValue::from_prepared(&prepared)
        .unwrap()
        .to_value()
        .unwrap()
}

#[test]
fn enums_come_back() {
    for shape in [
        Shape::Empty,
        Shape::Circle(0.0),
        Shape::Line(1, 0),
        Shape::Rect {
            width: 0,
            height: 2,
        },
    ] {
        assert_eq!(through(&shape).deserialize_into::<Shape>().unwrap(), shape);
    }
    let shapes = vec![
        Shape::Circle(0.0),
        Shape::Rect {
            width: 1,
            height: 2,
        },
    ];
    let value = through(&shapes);
    assert_eq!(value.deserialize_into::<Vec<Shape>>().unwrap(), shapes);
    assert_eq!(
        format!("{value:?}"),
        "[Shape { Circle: 0.0 }, Shape { Rect: Rect { Width: 1, Height: 2 } }]"
    );
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Tree {
    label: String,
    weight: f32,
    #[serde(default)]
    children: Vec<Tree>,
    parent_id: Option<u64>,
    pair: (i64, String),
    hash: [u8; 4],
    by_name: BTreeMap<String, Vec<i32>>,
}

fn tree(label: &str, children: Vec<Tree>) -> Tree {
    Tree {
        label: label.into(),
        weight: 0.5,
        children,
        parent_id: None,
        pair: (1, "p".into()),
        hash: [1, 0, 255, 4],
        by_name: BTreeMap::from([("k".into(), vec![1, -1])]),
    }
}

#[test]
fn inferred_schemas_come_back() {
    let value = tree(
        "root",
        vec![tree("leaf", vec![]), tree("", vec![tree("deep", vec![])])],
    );
    let sent = through(&value);
    assert_eq!(sent.as_struct().unwrap().name(), "Tree");
    assert_eq!(sent.get("Label").and_then(Value::as_str), Some("root"));
    assert_eq!(
        sent.get("Pair").and_then(|pair| pair.get("F1")?.as_str()),
        Some("p")
    );
    assert!(matches!(sent.get("Hash"), Some(Value::Array(_))));
    assert_eq!(sent.get("ParentId"), None);
    assert_eq!(sent.deserialize_into::<Tree>().unwrap(), value);

    // The typed decoder of another program reads it, too.
    #[derive(Gob, Debug, PartialEq)]
    struct Label {
        label: String,
        parent_id: u64,
        children: Vec<Label>,
    }
    let label = sent.to::<Label>().unwrap();
    assert_eq!((label.label.as_str(), label.children.len()), ("root", 2));
}

#[test]
fn numbers_meet() {
    assert_eq!(through(&json!([1, -1])), Value::from(vec![1_i64, -1]));
    assert_eq!(through(&json!([1, 2.5])), Value::from(vec![1.0, 2.5]));
    assert_eq!(through(&json!([1, 2])), Value::from(vec![1_u64, 2]));
    assert_eq!(through(&i128::from(u64::MAX)), Value::Uint(u64::MAX));
    assert!(Prepared::from_serialize(&u128::MAX).is_err());
    assert!(Prepared::from_serialize(&json!([-1, u64::MAX])).is_err());
    assert!(Prepared::from_serialize(&(u64::MAX - 1, 0.5)).is_ok());
}

/// Schemas of nested tuples are made in one pass.
#[test]
fn tuples_inside_of_tuples() {
    #[derive(Serialize)]
    struct Nest((i64, bool, Option<Box<Nest>>));
    let mut nest = Nest((0, true, None));
    for level in 1..40 {
        nest = Nest((level, true, Some(Box::new(nest))));
    }
    let value = through(&nest);
    assert_eq!(
        value.get("F2").and_then(|inner| inner.get("F0")?.as_i64()),
        Some(38)
    );
}

#[test]
fn what_no_schema_can_be_made_from() {
    #[derive(Serialize)]
    struct Nested {
        inner: Vec<Vec<i64>>,
    }
    for error in [
        Prepared::from_serialize(&()).unwrap_err(),
        Prepared::from_serialize(&Vec::<i64>::new()).unwrap_err(),
        Prepared::from_serialize(&Nested {
            inner: vec![vec![]],
        })
        .unwrap_err(),
        Prepared::from_serialize(&json!([1, "x"])).unwrap_err(),
        Prepared::from_serialize(&json!([1, null])).unwrap_err(),
        Prepared::from_serialize(&json!({"a": null})).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    }
    let error = Prepared::from_serialize(&Nested {
        inner: vec![vec![]],
    })
    .unwrap_err();
    assert_eq!(error.path(), "Inner");
    // An empty list beside one that is not, and in a field of its own.
    assert!(
        Prepared::from_serialize(&Nested {
            inner: vec![vec![], vec![1]]
        })
        .is_ok()
    );
    assert_eq!(
        format!("{:?}", through(&Nested { inner: vec![] })),
        "Nested {}"
    );
}

#[test]
fn given_schemas() {
    let schema = Arc::new(SentPerson::schema().clone());
    let person = json!({
        "userName": "gopher", "Age": 13, "score": 2, "tags": ["a"], "key": [1, 255],
        "home": {"street_name": "Main", "Zip": 0}, "work": null, "point": [1, 2],
        "limits": {"x": 9}
    });
    let prepared = Prepared::from_serialize_as(&person, &schema).unwrap();
    let sent: SentPerson = RawValue::from_prepared(&prepared)
        .unwrap()
        .decode()
        .unwrap();
    assert_eq!(
        (sent.user_name.as_str(), sent.age, sent.score),
        ("gopher", 13, 2.0)
    );
    assert_eq!((sent.key, sent.point), (vec![1, 255], [1, 2]));
    assert_eq!(sent.home.street_name, "Main");
    // Zeros are left out, as Go does.
    let value = RawValue::from_prepared(&prepared)
        .unwrap()
        .to_value()
        .unwrap();
    assert_eq!(value.get("Home").and_then(|home| home.get("Zip")), None);

    for (wrong, path) in [
        (json!({"age": "x"}), "SentPerson.Age"),
        (json!({"age": 1.5}), "SentPerson.Age"),
        (json!({"home": {"zip": -1}}), "SentPerson.Home.Zip"),
        (json!({"tags": ["a", 1]}), "SentPerson.Tags[1]"),
        (json!({"key": [256]}), "SentPerson.Key"),
        (json!({"point": [1]}), "SentPerson.Point"),
        (json!({"nothing": 1}), "SentPerson"),
        (json!([1, 2]), "SentPerson"),
    ] {
        let error = Prepared::from_serialize_as(&wrong, &schema).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
        assert_eq!(error.path(), path, "{error}");
    }
}

#[test]
fn values_to_json_and_back() {
    let value = Value::of(&sent()).unwrap();
    let text = serde_json::to_value(&value).unwrap();
    assert_eq!(
        text,
        json!({
            "UserName": "gopher", "Age": 13, "Score": 1.5, "Tags": ["a", "b"], "Key": [0, 255],
            "Home": {"StreetName": "Main", "Zip": 7}, "Work": null, "Point": [-1, 1],
            "Limits": {"x": 9}, "Level": 1, "Color": "dark_blue", "Unknown": "ignored"
        })
    );
    // From JSON it is what Go's `any` would be; by the schema it is the same.
    let any: Value = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(any.get("UserName").and_then(Value::as_str), Some("gopher"));
    assert_eq!(
        any.get("Tags").and_then(|tags| tags.at(1)?.as_str()),
        Some("b")
    );
    assert_eq!(serde_json::to_value(&any).unwrap(), text);
    let schema = Arc::new(SentPerson::schema().clone());
    let prepared = Prepared::from_serialize_as(&any, &schema).unwrap();
    assert_eq!(
        RawValue::from_prepared(&prepared)
            .unwrap()
            .to_value()
            .unwrap(),
        value
    );
}

#[test]
fn any_values() {
    let value: Value =
        serde_json::from_str(r#"{"a":[1,-1,1.5,"x",null,true,18446744073709551615]}"#).unwrap();
    assert_eq!(
        format!("{value:?}"),
        concat!(
            r#"{"a": []interface {}([int(1), int(-1), float64(1.5), string("x"), nil, bool(true), "#,
            r#"uint(18446744073709551615)])}"#
        )
    );
    assert!(serde_json::from_str::<Value>("1").unwrap() == Value::Int(1));
    assert!(serde_json::from_str::<Value>("null").unwrap().is_nil());
}

#[test]
fn complex_numbers_and_characters() {
    let value = Value::Complex(1.5, -2.0);
    assert_eq!(value.deserialize_into::<(f64, f64)>().unwrap(), (1.5, -2.0));
    #[derive(Deserialize)]
    struct Complex {
        re: f64,
        im: f64,
    }
    let complex: Complex = value.deserialize_into().unwrap();
    assert_eq!((complex.re, complex.im), (1.5, -2.0));
    assert_eq!(
        Value::Int(0x1f980).deserialize_into::<char>().unwrap(),
        '🦀'
    );
    assert_eq!(Value::from("x").deserialize_into::<char>().unwrap(), 'x');
    assert_eq!(
        Value::from("text").deserialize_into::<&str>().unwrap(),
        "text"
    );
    let mut builder = SchemaBuilder::new();
    let complex = builder.complex();
    let schema = Arc::new(builder.build(complex));
    let prepared = Prepared::from_serialize_as(&(1.5, -2), &schema).unwrap();
    assert_eq!(
        RawValue::from_prepared(&prepared)
            .unwrap()
            .to_value()
            .unwrap(),
        value
    );
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

/// Serde recurses: what is too deep is an error, and no overflow.
#[test]
fn depth_is_limited() {
    on_a_small_stack(|| {
        let mut builder = SchemaBuilder::new();
        let list = builder.declare("T", "");
        builder.define(list, Kind::Slice(list));
        let schema = Arc::new(builder.build(list));
        let deep = |levels: usize| {
            let mut value = Value::Slice(List::with_schema(&schema, list, vec![]));
            for _ in 1..levels {
                value = Value::Slice(List::with_schema(&schema, list, vec![value]));
            }
            value
        };
        #[derive(Deserialize)]
        struct Nest(#[allow(dead_code, reason = "its depth counts")] Vec<Nest>);

        let value = deep(100);
        assert_eq!(serde_json::to_string(&value).unwrap().len(), 200);
        assert!(value.deserialize_into::<Nest>().is_ok());
        assert!(Prepared::from_serialize_as(&value, &schema).is_ok());
        let value = deep(1_000_000);
        assert!(serde_json::to_string(&value).is_err());
        assert_eq!(
            value.deserialize_into::<Nest>().err().unwrap().kind(),
            ErrorKind::Limit
        );
        assert!(Prepared::from_serialize_as(&value, &schema).is_err());
        assert!(Prepared::from_serialize(&value).is_err());

        let text = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        let text = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert!(serde_json::from_str::<Value>(&text).is_err());
    });
}

/// Types that double at each level, none of whose fields was sent.
#[test]
fn zeros_of_hostile_types_are_small() {
    let mut builder = SchemaBuilder::new();
    let mut edge = builder.int();
    for _ in 0..60 {
        edge = builder.struct_of("T", "", [("A", edge), ("B", edge)]);
    }
    let array = builder.array_of(edge, usize::MAX / 4);
    let root = builder.struct_of("Root", "", [("A", edge), ("B", array)]);
    let schema = Arc::new(builder.build(root));
    let value = Value::from(Struct::with_schema(&schema, root).unwrap());
    let nulls = json!({"A": null, "B": null});
    assert_eq!(serde_json::to_value(&value).unwrap(), nulls);
    assert_eq!(
        value.deserialize_into::<serde_json::Value>().unwrap(),
        nulls
    );
    #[derive(Deserialize, Default)]
    struct Node(HashMap<String, Node>);
    #[derive(Deserialize)]
    struct Outer {
        a: Node,
    }
    assert!(value.deserialize_into::<Outer>().unwrap().a.0.is_empty());
    #[derive(Deserialize)]
    struct Lists {
        b: Vec<i64>,
    }
    assert!(value.deserialize_into::<Lists>().unwrap().b.is_empty());
}

#[test]
fn maps_of_any() {
    let mut map = Map::typed::<BTreeMap<String, i64>>();
    map.push("a".into(), Value::Int(1));
    let prepared = Prepared::from_serialize(&Value::from(map.clone())).unwrap();
    let mut stream = Vec::new();
    Encoder::new().append(&prepared, &mut stream).unwrap();
    assert_eq!(
        from_slice_serde::<BTreeMap<String, i64>>(&stream).unwrap()["a"],
        1
    );
}
