//! What a value says of itself.

use super::*;

#[test]
fn accessors() {
    let value = Value::of(&everything()).unwrap();
    assert_eq!(value.get("Flag").and_then(Value::as_bool), Some(true));
    assert_eq!(value.get("Int").and_then(Value::as_i64), Some(-7));
    assert_eq!(value.get("Int").and_then(Value::as_u64), None);
    assert_eq!(value.get("Uint").and_then(Value::as_i64), Some(65535));
    assert_eq!(value.get("Float").and_then(Value::as_f64), Some(1.5));
    assert_eq!(value.get("Text").and_then(Value::as_str), Some("héllo"));
    assert_eq!(
        value.get("Bytes").and_then(Value::as_bytes),
        Some(&[0, 255][..])
    );
    assert_eq!(
        value.get("Array").and_then(|array| array.at(2)),
        Some(&Value::Int(3))
    );
    assert_eq!(value.get("Array").and_then(|array| array.at(3)), None);
    assert_eq!(value.get("Absent"), None);
    assert_eq!(value.get("Nothing"), None);
    let name = value
        .get("Map")
        .and_then(|map| map.get("a")?.get("Name")?.as_str());
    assert_eq!(name, Some("n"));
    assert_eq!(value.get("Ids").and_then(|ids| ids.get("1")), None);

    let Value::Struct(value) = value else {
        panic!()
    };
    assert_eq!(value.name(), "Everything");
    assert_eq!(value.fields().len(), 13);
    assert_eq!(value.iter().len(), 11);
    let absent = value.get_or_zero("Absent").unwrap().unwrap();
    assert_eq!(absent.to::<Inner>().unwrap(), Inner::default());
    assert_eq!(
        value
            .get_or_zero("Empty")
            .unwrap()
            .unwrap()
            .as_list()
            .unwrap()
            .len(),
        0
    );

    let held = Value::from(Interface::new("int", Value::Int(3)));
    assert_eq!(held.as_i64(), Some(3));
    assert!(Value::default().is_nil());
    assert!(!held.is_nil());
    assert_eq!(Value::default().as_i64(), None);
}

#[test]
fn equality_is_that_of_the_bytes() {
    assert_eq!(Value::Float(f64::NAN), Value::Float(f64::NAN));
    assert_ne!(Value::Float(0.0), Value::Float(-0.0));
    assert_ne!(Value::Int(1), Value::Uint(1));
    // Empty slices keep their element type.
    assert_ne!(
        Value::from(Vec::<i64>::new()),
        Value::from(Vec::<String>::new())
    );
    assert_eq!(
        Value::from(Vec::<i64>::new()),
        Value::from(Vec::<i32>::new())
    );
    assert_ne!(
        Value::of(&[1_i64, 2]).unwrap(),
        Value::of(&vec![1_i64, 2]).unwrap()
    );

    #[derive(Gob)]
    struct Left {
        a: i64,
        next: Option<Box<Left>>,
    }
    #[derive(Gob)]
    struct Right {
        a: i64,
        next: Option<Box<Middle>>,
    }
    #[derive(Gob)]
    struct Middle {
        a: i64,
        next: Option<Box<Right>>,
    }
    #[derive(Gob)]
    struct Other {
        a: i64,
        next: Option<Box<Self>>,
        more: i64,
    }
    let left = Value::of(&Left { a: 1, next: None }).unwrap();
    // Both types are a list, though one of them has two names for it.
    assert_eq!(left, Value::of(&Right { a: 1, next: None }).unwrap());
    assert_ne!(left, Value::of(&Right { a: 2, next: None }).unwrap());
    assert_ne!(
        left,
        Value::of(&Other {
            a: 1,
            next: None,
            more: 0
        })
        .unwrap()
    );
}

#[test]
fn strings_and_maps_keep_all_they_have() {
    let bytes = GoString::from(&b"\xff\xfe"[..]);
    let text = value(&to_vec(&bytes).unwrap());
    assert_eq!(text, Value::String(bytes));
    assert_eq!(text.as_str(), None);
    assert_eq!(text.as_bytes(), Some(&b"\xff\xfe"[..]));

    // Three NaN keys and one that is there twice.
    let schema = Arc::new(HashMap::<i64, i64>::schema().clone());
    let mut map = Map::with_schema(&schema, schema.root());
    for (key, value) in [(3, 1), (1, 2), (3, 3)] {
        map.push(Value::Int(key), Value::Int(value));
    }
    let map = Value::from(map);
    assert_eq!(
        all_values(&stream_of(std::slice::from_ref(&map))),
        std::slice::from_ref(&map)
    );
    assert_eq!(format!("{map:?}"), "{3: 1, 1: 2, 3: 3}");

    let mut builder = SchemaBuilder::new();
    let (float, int) = (builder.float(), builder.int());
    let edge = builder.map_of(float, int);
    let schema = Arc::new(builder.build(edge));
    let mut map = Map::with_schema(&schema, edge);
    for value in 0..3_i64 {
        map.push(Value::Float(f64::NAN), value.into());
    }
    let map = Value::from(map);
    assert_eq!(all_values(&stream_of(std::slice::from_ref(&map))), [map]);
}

/// Go's names are UTF-8; those of other writers are kept as they are.
#[test]
fn names_that_are_not_utf8_are_kept() {
    #[derive(Gob, Debug)]
    #[gob(name = "Txg")]
    struct Odd {
        #[gob(rename = "Zxp")]
        zip: i64,
    }
    let mut stream = to_vec(&Odd { zip: 5 }).unwrap();
    for byte in stream.iter_mut().filter(|byte| **byte == b'x') {
        *byte = 0xff;
    }
    let value = value(&stream);
    assert_eq!(stream_of(std::slice::from_ref(&value)), stream);
    let odd = value.as_struct().unwrap();
    assert_eq!(odd.at(0), Some(&Value::Int(5)));
    let name = odd.fields()[0].full_name();
    assert_eq!(name.as_bytes(), b"Z\xffp");
    assert_eq!(
        odd.schema().get(odd.edge()).full_name().as_bytes(),
        b"T\xffg"
    );
}

#[test]
fn debug_reads_like_rust() {
    let value = Value::of(&everything()).unwrap();
    assert_eq!(
        format!("{value:?}"),
        concat!(
            r#"Everything { Flag: true, Int: -7, Uint: 65535, Float: 1.5, Text: "héllo", "#,
            r#"Bytes: b"\x00\xff", Array: [1, 0, 3], Inner: Inner { Name: "n", Scores: [1, -2] }, "#,
            r#"List: [Inner { Name: "n", Scores: [1, -2] }, Inner {}], "#,
            r#"Map: {"a": Inner { Name: "n", Scores: [1, -2] }, "b": Inner {}}, "#,
            r#"Ids: {-1: false, 1: true}}"#
        )
        .replace("true}}", "true} }")
    );
    assert_eq!(format!("{:?}", Value::default()), "nil");
    assert_eq!(format!("{:?}", Value::Complex(1.0, -2.5)), "(1.0-2.5i)");
    let held = Interface::new("main.T", Value::from("x"));
    assert_eq!(format!("{held:?}"), r#"main.T("x")"#);
}

#[test]
fn sizes() {
    assert!(size_of::<Value>() <= 32);
    assert_eq!(from_slice::<i64>(&to_vec(&1_i64).unwrap()).unwrap(), 1);
}
