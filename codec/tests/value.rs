//! Values without types: decoding, encoding, and their traits on deep ones.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::use_self,
    reason = "a failed test may panic; types are recursive by their names"
)]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use gobrpc_codec::{
    Decoder, Encoder, ErrorKind, GoString, Gob, Interface, Kind, Limits, List, Map, Prepared,
    RawValue, SchemaBuilder, Struct, Value, from_slice, to_vec,
};

fn value(stream: &[u8]) -> Value {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    decoder.decode_value().unwrap().unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn stream_of(values: &[Value]) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    for value in values {
        encoder
            .append(&Prepared::from_value(value).unwrap(), &mut stream)
            .unwrap();
    }
    stream
}

fn all_values(stream: &[u8]) -> Vec<Value> {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    let mut values = Vec::new();
    while let Some(value) = decoder.decode_value().unwrap() {
        values.push(value);
    }
    decoder.finish().unwrap();
    values
}

fn holds_interface(value: &Value) -> bool {
    match value {
        Value::Interface(interface) => interface.value().is_some(),
        Value::Slice(list) | Value::Array(list) => list.iter().any(holds_interface),
        Value::Map(map) => map
            .iter()
            .any(|(k, v)| holds_interface(k) || holds_interface(v)),
        Value::Struct(value) => value.iter().any(|(_, part)| holds_interface(part)),
        _ => false,
    }
}

/// What real Go sent.
#[test]
fn goldens_come_back_equal() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: the golden streams are not part of the package");
        return;
    };
    let (mut streams, mut encoded) = (0, 0);
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let stream = unhex(&std::fs::read_to_string(&path).unwrap());
        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        let mut values = Vec::new();
        while let Some(value) = decoder
            .decode_value()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        {
            assert_eq!(value, value.clone(), "{}", path.display());
            values.push(value);
        }
        decoder.finish().unwrap();
        streams += 1;
        if values
            .iter()
            .any(|value| holds_interface(value) || matches!(value, Value::Interface(_)))
        {
            continue;
        }
        let again = all_values(&stream_of(&values));
        assert_eq!(again, values, "{}", path.display());
        assert_eq!(
            format!("{again:?}"),
            format!("{values:?}"),
            "{}",
            path.display()
        );
        encoded += 1;
    }
    assert!(streams > 100, "{streams} streams");
    assert!(encoded > 80, "{encoded} streams of {streams}");
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct Inner {
    name: String,
    scores: Vec<i64>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct Everything {
    flag: bool,
    int: i32,
    uint: u16,
    float: f64,
    text: String,
    bytes: Vec<u8>,
    array: [i64; 3],
    inner: Inner,
    absent: Option<Inner>,
    list: Vec<Inner>,
    empty: Vec<Inner>,
    map: BTreeMap<String, Inner>,
    ids: BTreeMap<i64, bool>,
}

fn everything() -> Everything {
    let inner = Inner {
        name: "n".into(),
        scores: vec![1, -2],
    };
    Everything {
        flag: true,
        int: -7,
        uint: 65535,
        float: 1.5,
        text: "héllo".into(),
        bytes: vec![0, 255],
        array: [1, 0, 3],
        inner: inner.clone(),
        absent: None,
        list: vec![inner.clone(), Inner::default()],
        empty: vec![],
        map: BTreeMap::from([("a".into(), inner), ("b".into(), Inner::default())]),
        ids: BTreeMap::from([(1, true), (-1, false)]),
    }
}

#[test]
fn typed_values_come_back() {
    let typed = everything();
    let value = Value::of(&typed).unwrap();
    assert_eq!(value.to::<Everything>().unwrap(), typed);
    assert_eq!(
        all_values(&stream_of(std::slice::from_ref(&value))),
        std::slice::from_ref(&value)
    );
    // Sent again by its own schema, it has the same bytes.
    assert_eq!(stream_of(&[value]), to_vec(&typed).unwrap());
}

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
fn parts_of_a_value_stand_alone() {
    let value = Value::of(&everything()).unwrap();
    for name in ["Inner", "List", "Map", "Array", "Ids", "Text", "Float"] {
        let part = value.get(name).unwrap().clone();
        assert_eq!(
            all_values(&stream_of(std::slice::from_ref(&part))),
            [part],
            "{name}"
        );
    }
    let inner: Inner = value.get("Inner").unwrap().to().unwrap();
    assert_eq!(inner, everything().inner);
}

#[test]
fn equal_types_are_defined_once() {
    let one = stream_of(&[Value::of(&everything()).unwrap()]);
    let two = stream_of(&[
        Value::of(&everything()).unwrap(),
        Value::of(&everything()).unwrap(),
    ]);
    assert!(two.len() < one.len() + 200, "{} {}", one.len(), two.len());
    assert_eq!(all_values(&two).len(), 2);
}

#[test]
fn values_are_built_and_changed() {
    let schema = Arc::new(Inner::schema().clone());
    let mut inner = Struct::with_schema(&schema, schema.root()).unwrap();
    assert_eq!(inner.set("Scores", vec![1_i64].into()).unwrap(), None);
    assert_eq!(inner.set("Name", "x".into()).unwrap(), None);
    assert_eq!(inner.set("Name", "y".into()).unwrap(), Some("x".into()));
    assert!(inner.set("Nmae", "y".into()).is_err());
    let typed: Inner = Value::from(inner.clone()).to().unwrap();
    assert_eq!(
        typed,
        Inner {
            name: "y".into(),
            scores: vec![1]
        }
    );

    inner.set("Name", Value::Int(1)).unwrap();
    let error = Prepared::from_value(&inner.into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert_eq!(error.path(), "Inner.Name");

    let mut list = List::typed::<Vec<i64>>(vec![]);
    list.push("text".into());
    assert!(Prepared::from_value(&Value::Slice(list)).is_err());
    let short = List::typed::<[i64; 2]>(vec![1_i64.into()]);
    assert!(Prepared::from_value(&Value::Array(short)).is_err());

    let held = Interface::new("int", Interface::new("int", Value::Int(3)).into());
    assert_eq!(
        Prepared::from_value(&held.into()).unwrap_err().kind(),
        ErrorKind::Misuse
    );
}

/// A struct of another type, whose fields are found by name.
#[test]
fn values_are_encoded_by_another_schema() {
    #[derive(Gob, Debug, PartialEq)]
    struct Swapped {
        scores: Vec<i64>,
        more: bool,
        name: String,
    }
    let value = Value::of(&everything().inner).unwrap();
    let schema = Arc::new(Swapped::schema().clone());
    let raw = RawValue::from_prepared(&Prepared::from_value_as(&value, &schema).unwrap()).unwrap();
    assert_eq!(
        raw.decode::<Swapped>().unwrap(),
        Swapped {
            scores: vec![1, -2],
            more: false,
            name: "n".into()
        }
    );
    let fewer = Arc::new(Vec::<i64>::schema().clone());
    assert!(Prepared::from_value_as(&value, &fewer).is_err());
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

/// Every way to end a stream early.
#[test]
fn prefixes_are_truncated_or_clean() {
    let mut stream = to_vec(&everything()).unwrap();
    let first = stream.len();
    stream.extend(to_vec(&7_i64).unwrap());
    for end in 0..=stream.len() {
        let mut decoder = Decoder::new();
        decoder.feed(&stream[..end]);
        let mut count = 0;
        while decoder.decode_value().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(
            count,
            usize::from(end >= first) + usize::from(end == stream.len())
        );
        let clean = [0, first, stream.len()].contains(&end);
        match decoder.finish() {
            Ok(()) => assert!(clean, "at {end}"),
            Err(error) => assert!(!clean && error.kind() == ErrorKind::Truncated, "at {end}"),
        }
    }
}

/// Every way to cut a value short inside of a message that is whole, and every
/// way to change one byte of it.
#[test]
fn damaged_values_are_errors_and_never_panics() {
    let stream = to_vec(&everything()).unwrap();
    for place in 0..stream.len() {
        for byte in [
            0x00,
            0x01,
            0x7f,
            0x80,
            0xf8,
            0xff,
            stream[place].wrapping_add(1),
        ] {
            let mut stream = stream.clone();
            stream[place] = byte;
            let mut decoder = Decoder::new();
            decoder.feed(&stream);
            while let Ok(Some(value)) = decoder.decode_value() {
                // What comes out can be used.
                let _ = format!("{:?}", value.clone());
                if let Ok(prepared) = Prepared::from_value(&value) {
                    let raw = RawValue::from_prepared(&prepared).unwrap();
                    assert_eq!(raw.to_value().unwrap(), value);
                }
            }
        }
    }
}

/// A message with this body.
fn message(body: &[u8]) -> Vec<u8> {
    let mut message = if body.len() < 0x80 {
        vec![body.len() as u8]
    } else {
        let length = (body.len() as u64).to_be_bytes();
        [&[0xf8][..], &length].concat()
    };
    message.extend_from_slice(body);
    message
}

/// `type T []T`, id 64.
const RECURSIVE_SLICE: &[u8] = &[
    0x7f, 0x02, 0x01, 0x01, 0x01, 0x54, 0x00, 0x01, 0xff, 0x80, 0x00, 0x00,
];

fn deep_stream(levels: usize) -> Vec<u8> {
    let mut stream = message(RECURSIVE_SLICE);
    let mut body = vec![0xff, 0x80, 0x00];
    body.extend(std::iter::repeat_n(1, levels - 1));
    body.push(0);
    stream.extend(message(&body));
    stream
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn a_million_levels_take_no_stack() {
    const LEVELS: usize = 1_000_000;
    on_a_small_stack(|| {
        let limits = Limits::trusted().with_dynamic_depth(LEVELS);
        let mut decoder = Decoder::with_limits(limits);
        decoder.feed(&deep_stream(LEVELS));
        let value = decoder.decode_value().unwrap().unwrap();
        let clone = value.clone();
        assert_eq!(value, clone);
        assert_eq!(format!("{value:?}").len(), 2 * LEVELS);
        assert_eq!(Prepared::from_value(&value).unwrap().len(), LEVELS);
        drop(value);
        let Value::Slice(list) = clone else { panic!() };
        drop(list.into_vec());

        let mut value = Value::default();
        for _ in 0..LEVELS {
            value = Interface::new("x", value).into();
        }
        assert_eq!(value, value.clone());
        assert_eq!(format!("{value:?}").len(), 3 * LEVELS + 3);
        assert!(value.is_nil());
    });
}

#[test]
fn depth_is_limited() {
    let limits = Limits::default();
    let decode = |levels| {
        let mut decoder = Decoder::new();
        decoder.feed(&deep_stream(levels));
        decoder.decode_value()
    };
    assert!(decode(limits.dynamic_depth).is_ok());
    let error = decode(limits.dynamic_depth + 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.message().contains("dynamic_depth"), "{error}");
}

#[test]
fn memory_is_limited() {
    let limits = Limits::default().with_memory_bytes(1 << 20);
    let decode = |stream: &[u8]| {
        let mut decoder = Decoder::with_limits(limits);
        decoder.feed(stream);
        decoder.decode_value()
    };
    assert!(decode(&to_vec(&vec![0_i64; 10_000]).unwrap()).is_ok());
    for stream in [
        to_vec(&vec![0_i64; 100_000]).unwrap(),
        to_vec(&vec![String::new(); 100_000]).unwrap(),
        to_vec(&vec![Inner::default(); 100_000]).unwrap(),
        to_vec(&vec![0_u8; 2_000_000]).unwrap(),
        to_vec(
            &(0..100_000_i64)
                .map(|key| (key, 0))
                .collect::<BTreeMap<_, i64>>(),
        )
        .unwrap(),
    ] {
        let error = decode(&stream).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.message().contains("memory_bytes"), "{error}");
    }
}

#[test]
fn hostile_counts_are_errors() {
    let types = [
        // A slice of int, a map from int to int, an array of int of length 0.
        &[
            0x7f, 0x02, 0x01, 0x02, 0xff, 0x80, 0x00, 0x01, 0x04, 0x00, 0x00,
        ][..],
        &[
            0x7f, 0x04, 0x01, 0x02, 0xff, 0x80, 0x00, 0x01, 0x04, 0x01, 0x04, 0x00, 0x00,
        ],
        &[
            0x7f, 0x01, 0x01, 0x02, 0xff, 0x80, 0x00, 0x01, 0x04, 0x01, 0x06, 0x00, 0x00,
        ],
    ];
    for definition in types {
        let counts = [
            &[0x7f][..],
            &[0xfc, 0x7f, 0xff, 0xff, 0xff],
            &[0xf8; 9],
            &[0xf8, 0x40, 0, 0, 0, 0, 0, 0, 0],
        ];
        for count in counts {
            let mut stream = message(definition);
            let body = [&[0xff, 0x80, 0x00][..], count, &[2, 2]].concat();
            stream.extend(message(&body));
            let mut decoder = Decoder::new();
            decoder.feed(&stream);
            let error = decoder.decode_value().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
        }
    }
}

/// A value that is good may come after one that is not.
#[test]
fn the_stream_goes_on() {
    let mut stream = to_vec(&Inner {
        name: "long enough".into(),
        scores: vec![],
    })
    .unwrap();
    let name = stream.len() - 13;
    stream[name] = 0x7f;
    stream.extend(to_vec(&5_i64).unwrap());
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    let error = decoder.decode_value().unwrap_err();
    assert_eq!(error.path(), "Inner.Name", "{error}");
    assert!(!error.is_fatal());
    assert_eq!(decoder.decode_value().unwrap(), Some(Value::Int(5)));
}

/// A chain of as many types as a stream may define.
#[test]
fn chains_of_types_take_no_stack() {
    on_a_small_stack(|| {
        let mut builder = SchemaBuilder::new();
        let mut edge = builder.int();
        for level in 0..4000 {
            edge = match level % 3 {
                0 => builder.slice_of(edge),
                1 => builder.struct_of("S", "", [("A", edge)]),
                _ => builder.map_of(edge, edge),
            };
        }
        let schema = Arc::new(builder.build(edge));
        let value = Value::zero(&schema, edge).unwrap();
        let stream = stream_of(&[value.clone(), value.clone()]);
        assert_eq!(all_values(&stream), [value.clone(), value]);
    });
}

/// A type that is never defined: an error where a value leads to it.
#[test]
fn undefined_types_are_errors() {
    // struct { A int; B T } with T of id 80, and slices of it and of T.
    let structure = [
        0x7f, 0x03, 0x01, 0x02, 0xff, 0x80, 0x00, 0x01, 0x02, 0x01, 0x01, 0x41, 0x01, 0x04, 0x00,
        0x01, 0x01, 0x42, 0x01, 0xff, 0xa0, 0x00, 0x00, 0x00,
    ];
    let slice = [
        0xff, 0x81, 0x02, 0x01, 0x02, 0xff, 0x82, 0x00, 0x01, 0xff, 0x80, 0x00, 0x00,
    ];
    for value in [
        &[0xff, 0x80, 0x01, 0x02, 0x00][..],
        &[0xff, 0x82, 0x00, 0x00],
    ] {
        let mut stream = message(&structure);
        stream.extend(message(&slice));
        stream.extend(message(value));
        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        let error = decoder.decode_value().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.message().contains("type 80"), "{error}");
    }
}

/// Values that are decoded in another order than they came, after types that
/// came later.
#[test]
fn types_that_come_one_by_one() {
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    for level in 0..200 {
        let mut builder = SchemaBuilder::new();
        let int = builder.int();
        let edge = builder.struct_of(&format!("T{level}"), "", [("A", int)]);
        let schema = Arc::new(builder.build(edge));
        let value = Struct::with_schema(&schema, edge).unwrap().into();
        let prepared = Prepared::from_value(&value).unwrap();
        encoder.append(&prepared, &mut stream).unwrap();
    }
    let values = all_values(&stream);
    assert_eq!(values.len(), 200);
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    let mut raws = Vec::new();
    while let Some(raw) = decoder.take().unwrap() {
        raws.push(raw);
    }
    for places in [[150, 0, 199], [199, 3, 100]] {
        for place in places {
            assert_eq!(raws[place].to_value().unwrap(), values[place]);
        }
    }
}

#[test]
fn zeros_are_limited() {
    let mut builder = SchemaBuilder::new();
    let mut edge = builder.int();
    for _ in 0..8 {
        edge = builder.array_of(edge, 1000);
    }
    let schema = Arc::new(builder.build(edge));
    assert!(Value::zero(&schema, edge).is_err());
    let mut builder = SchemaBuilder::new();
    let edge = builder.declare("A", "");
    builder.define(edge, Kind::Array(edge, 1));
    let schema = Arc::new(builder.build(edge));
    assert!(Value::zero(&schema, edge).is_err());
}

#[test]
fn sizes() {
    assert!(size_of::<Value>() <= 32);
    assert_eq!(from_slice::<i64>(&to_vec(&1_i64).unwrap()).unwrap(), 1);
}
