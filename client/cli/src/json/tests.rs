use std::collections::BTreeMap;
use std::sync::Arc;

use gobrpc_codec::schema::Opaque;
use gobrpc_codec::{
    GoString, Gob, Interface, Kind, List, Map, OpaqueValue, SchemaBuilder, Struct, Value,
};

use super::to_string;

fn json(value: &Value) -> String {
    to_string(value).unwrap()
}

fn string(bytes: &[u8]) -> String {
    json(&Value::String(GoString::from(bytes)))
}

#[test]
fn scalars() {
    assert_eq!(json(&Value::Bool(true)), "true");
    assert_eq!(json(&Value::Int(-129)), "-129");
    assert_eq!(json(&Value::Int(i64::MIN)), "-9223372036854775808");
    assert_eq!(json(&Value::Uint(u64::MAX)), "18446744073709551615");
    assert_eq!(json(&Value::Complex(1.5, -0.0)), r#"{"re":1.5,"im":-0}"#);
    assert_eq!(json(&Value::Bytes(vec![])), r#"{"$bytes":""}"#);
    assert_eq!(
        json(&Value::Bytes(vec![0xff, 0xfe])),
        r#"{"$bytes":"//4="}"#
    );
    let opaque = OpaqueValue::new(Opaque::Gob, "Ti\"me", vec![1, 2, 3]);
    assert_eq!(
        json(&opaque.into()),
        r#"{"$opaque":"AQID","type":"Ti\"me"}"#
    );
}

#[test]
fn floats_are_those_of_ecmascript() {
    for (value, text) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.000001, "0.000001"),
        (0.0000012345, "0.0000012345"),
        (9.5e-7, "9.5e-7"),
        (-9.99999999999999e-7, "-9.99999999999999e-7"),
        (100_000_000_000_000_000_000.0, "100000000000000000000"),
        (123_456_789_012_345_680_000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (1.25e21, "1.25e+21"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::from(0.1_f32), "0.10000000149011612"),
        (0.1, "0.1"),
        (1234.5678, "1234.5678"),
        // As close to …313, which Rust prints.
        (0.189_441_680_908_203_12, "0.18944168090820312"),
        (-5e-324 * 2.0, "-1e-323"),
        // The closest of 16 digits, …801, is another float.
        (2_f64.powi(-44), "5.684341886080802e-14"),
        (f64::NAN, "\"NaN\""),
        (-f64::NAN, "\"NaN\""),
        (f64::INFINITY, "\"+Inf\""),
        (f64::NEG_INFINITY, "\"-Inf\""),
    ] {
        assert_eq!(json(&Value::Float(value)), text);
    }
}

#[test]
fn strings() {
    assert_eq!(string(b"/<>&\x7f"), "\"/<>&\x7f\"");
    assert_eq!(
        string(b"\"\\\x08\x0c\n\r\t\x00\x1f"),
        r#""\"\\\b\f\n\r\t\u0000\u001f""#
    );
    assert_eq!(
        string("\u{2028}\u{2029}\u{2027}".as_bytes()),
        "\"\\u2028\\u2029\u{2027}\""
    );
    assert_eq!(string("\u{fffd}☃🦀".as_bytes()), "\"\u{fffd}☃🦀\"");
    assert_eq!(string(b"a\xe2\x82"), r#""a\ufffd\ufffd""#);
    assert_eq!(string(b"\xed\xa0\x80b"), r#""\ufffd\ufffd\ufffdb""#);
    assert_eq!(string(b"\xc0\x80"), r#""\ufffd\ufffd""#);
    assert_eq!(string(b"\xf4\x90\x80\x80"), r#""\ufffd\ufffd\ufffd\ufffd""#);
    assert_eq!(string(b"\xe2\x82x"), r#""\ufffd\ufffdx""#);
}

#[test]
fn interfaces() {
    assert_eq!(json(&Value::default()), "null");
    let held = Interface::new("main.\"Sq\"", Value::Int(4));
    assert_eq!(json(&held.into()), r#"{"$type":"main.\"Sq\"","value":4}"#);
}

fn map<T: Gob>(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
    let mut map = Map::typed::<T>();
    for (key, value) in entries {
        map.push(key, value);
    }
    map.into()
}

#[test]
fn maps_are_sorted_by_text() {
    let ints = [9_i64, 10, -1].map(|key| (Value::Int(key), Value::Bool(true)));
    assert_eq!(
        json(&map::<BTreeMap<i64, bool>>(ints)),
        r#"{"$map":[[-1,true],[10,true],[9,true]]}"#
    );
    assert_eq!(json(&map::<BTreeMap<i64, bool>>([])), r#"{"$map":[]}"#);

    // The value decides where keys look the same.
    let floats = [2_i64, 10, 1].map(|value| (Value::Float(f64::NAN), Value::Int(value)));
    assert_eq!(
        json(&map::<BTreeMap<i64, i64>>(floats)),
        r#"{"$map":[["NaN",1],["NaN",10],["NaN",2]]}"#
    );

    // Long keys that differ late, and one that begins another.
    let long = "x".repeat(1000);
    let keys = [format!("{long}b"), format!("{long}a"), long.clone()];
    let entries = keys.map(|key| (Value::from(key), Value::Int(0)));
    assert_eq!(
        json(&map::<BTreeMap<String, i64>>(entries)),
        format!(r#"{{"$map":[["{long}",0],["{long}a",0],["{long}b",0]]}}"#)
    );
}

/// A map whose key is a map is nothing that Go has, but a stream may say so.
#[test]
fn maps_inside_of_keys_are_sorted_first() {
    let inner =
        |keys: [i64; 2]| map::<BTreeMap<i64, bool>>(keys.map(|key| (key.into(), true.into())));
    let outer = map::<BTreeMap<i64, i64>>([
        (inner([5, 3]), Value::Int(1)),
        (inner([4, 3]), Value::Int(2)),
        (inner([3, 4]), inner([8, 7])),
    ]);
    assert_eq!(
        json(&outer),
        concat!(
            r#"{"$map":[[{"$map":[[3,true],[4,true]]},2],"#,
            r#"[{"$map":[[3,true],[4,true]]},{"$map":[[7,true],[8,true]]}],"#,
            r#"[{"$map":[[3,true],[5,true]]},1]]}"#
        )
    );
}

#[derive(Gob, Default)]
struct Chain {
    v: i64,
    next: Option<Box<Self>>,
}

#[derive(Gob, Default)]
struct Holder {
    l: Option<Box<Chain>>,
    v: Chain,
    s: Vec<Chain>,
}

/// The examples in the description of the format.
#[test]
fn fields_that_were_not_sent() {
    let of = |value: &Value| json(value);
    let one = Chain { v: 1, next: None };
    assert_eq!(of(&Value::of(&one).unwrap()), r#"{"V":1,"Next":null}"#);

    // Rust's encoder leaves out a pointer to zero; Go sends it.
    let mut outer = Value::of(&one).unwrap();
    let Value::Struct(outer) = &mut outer else {
        panic!()
    };
    let empty = Struct::with_schema(outer.schema(), outer.edge()).unwrap();
    outer.set("Next", empty.into()).unwrap();
    assert_eq!(
        of(&outer.clone().into()),
        r#"{"V":1,"Next":{"V":0,"Next":null}}"#
    );

    assert_eq!(
        of(&Value::of(&Holder::default()).unwrap()),
        r#"{"L":null,"V":{"V":0,"Next":null},"S":[]}"#
    );
}

#[derive(Gob, Default)]
struct Inner {
    a: bool,
    f: f64,
}

#[derive(Gob, Default)]
struct Wide {
    text: String,
    bytes: Vec<u8>,
    uint: u8,
    inner: Option<Inner>,
    array: Option<[[i64; 2]; 2]>,
    none: Option<[Inner; 0]>,
    chains: Option<[Chain; 2]>,
    map: Option<BTreeMap<String, i64>>,
    list: Vec<Inner>,
}

#[test]
fn zeros_of_all_kinds() {
    let schema = Arc::new(Wide::schema().clone());
    let empty = Struct::with_schema(&schema, schema.root()).unwrap();
    assert_eq!(
        json(&empty.into()),
        concat!(
            r#"{"Text":"","Bytes":{"$bytes":""},"Uint":0,"Inner":{"A":false,"F":0},"#,
            r#""Array":[[0,0],[0,0]],"None":[],"Chains":[null,null],"Map":{"$map":[]},"List":[]}"#
        )
    );

    let mut builder = SchemaBuilder::new();
    let (complex, any) = (builder.complex(), builder.interface());
    let time = builder.declare("Time", "time");
    builder.define(time, Kind::Opaque(Opaque::Gob));
    let root = builder.struct_of("S", "", [("C", complex), ("I", any), ("T", time)]);
    let schema = Arc::new(builder.build(root));
    let empty = Struct::with_schema(&schema, root).unwrap();
    assert_eq!(
        json(&empty.into()),
        r#"{"C":{"re":0,"im":0},"I":null,"T":{"$opaque":"","type":"Time"}}"#
    );
}

/// A few types, each of which holds the next one twice.
#[test]
fn zeros_that_are_too_many_are_an_error() {
    let doubled = |levels: usize| {
        let mut builder = SchemaBuilder::new();
        let mut edge = builder.int();
        for _ in 0..levels {
            edge = builder.struct_of("T", "", [("A", edge), ("B", edge)]);
        }
        let schema = Arc::new(builder.build(edge));
        Value::from(Struct::with_schema(&schema, edge).unwrap())
    };
    assert_eq!(
        json(&doubled(2)),
        r#"{"A":{"A":0,"B":0},"B":{"A":0,"B":0}}"#
    );
    assert!(to_string(&doubled(18)).is_ok());
    assert!(to_string(&doubled(60)).is_err());

    let mut builder = SchemaBuilder::new();
    let int = builder.int();
    let array = builder.array_of(int, usize::MAX / 2);
    let root = builder.struct_of("T", "", [("A", array)]);
    let schema = Arc::new(builder.build(root));
    let empty = Struct::with_schema(&schema, root).unwrap();
    assert!(to_string(&empty.into()).is_err());
}

/// `type A struct { B *B }`, `type B struct { A [1]*A }`: both are cyclic, and
/// what leads to them is not.
#[derive(Gob, Default)]
struct A {
    b: Option<Box<B>>,
    c: Option<C>,
}

#[derive(Gob, Default)]
struct B {
    a: Option<Box<[A; 1]>>,
}

#[derive(Gob, Default)]
struct C {
    list: Vec<A>,
}

#[test]
fn cycles_through_two_types_and_an_array() {
    let value = Value::of(&A::default()).unwrap();
    assert_eq!(json(&value), r#"{"B":null,"C":{"List":[]}}"#);
    let value = Value::of(&B::default()).unwrap();
    assert_eq!(json(&value), r#"{"A":null}"#);
    let value = Value::of(&C::default()).unwrap();
    assert_eq!(json(&value), r#"{"List":[]}"#);
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
fn a_million_levels() {
    const LEVELS: usize = 1_000_000;
    on_a_small_stack(|| {
        let mut builder = SchemaBuilder::new();
        let list = builder.declare("T", "");
        builder.define(list, Kind::Slice(list));
        let schema = Arc::new(builder.build(list));
        let mut value = Value::Slice(List::with_schema(&schema, list, vec![]));
        for _ in 1..LEVELS {
            value = Value::Slice(List::with_schema(&schema, list, vec![value]));
        }
        let text = json(&value);
        assert_eq!(text, "[".repeat(LEVELS) + &"]".repeat(LEVELS));

        // Maps of two entries, so that every level is sorted.
        let mut builder = SchemaBuilder::new();
        let (edge, key) = (builder.declare("M", ""), builder.string());
        builder.define(edge, Kind::Map(key, edge));
        let schema = Arc::new(builder.build(edge));
        let mut value = Value::from(Map::with_schema(&schema, edge));
        for _ in 1..LEVELS / 4 {
            let mut outer = Map::with_schema(&schema, edge);
            outer.push("b".into(), value);
            outer.push("a".into(), Map::with_schema(&schema, edge).into());
            value = outer.into();
        }
        assert!(json(&value).starts_with(r#"{"$map":[["a",{"$map":[]}],["b",{"$map":[["a""#));

        let mut value = Value::default();
        for _ in 0..LEVELS {
            value = Interface::new("I", value).into();
        }
        assert_eq!(
            json(&value).len(),
            LEVELS * r#"{"$type":"I","value":}"#.len() + 4
        );
    });
}
