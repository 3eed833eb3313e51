//! What Go wrote, decoded into enums, and written again: inline, byte for byte.

use std::fmt::Debug;
use std::path::PathBuf;

use gobrpc_codec::go::Time;
use gobrpc_codec::{
    DecodeOwned, Decoder, Encode, Encoder, Interface, Prepared, RawValue, Value, from_slice,
};

use crate::types::*;

fn golden(name: &str) -> Option<Vec<u8>> {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden"));
    if !directory.is_dir() {
        // As in a published package, which has no goldens.
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no goldens");
        println!("skipped: no goldens in {}", directory.display());
        return None;
    }
    let text = std::fs::read_to_string(directory.join(format!("{name}.hex"))).unwrap();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    Some(digits.chunks(2).map(byte).collect())
}

/// Decodes a golden stream, and writes it again in both ways.
fn check<T: Encode + DecodeOwned + Debug + PartialEq>(name: &str, values: &[T]) {
    let Some(stream) = golden(name) else { return };
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    for value in values {
        assert_eq!(
            decoder.decode::<T>().unwrap().as_ref(),
            Some(value),
            "{name}"
        );
    }
    decoder.finish().unwrap();

    // As Go does.
    let (mut inline, mut prepared) = (Vec::new(), Vec::new());
    let mut encoder = Encoder::new().inline_types();
    let mut other = Encoder::new().inline_types();
    for value in values {
        encoder.encode(value, &mut inline).unwrap();
        other
            .append(&Prepared::new(value).unwrap(), &mut prepared)
            .unwrap();
    }
    assert_eq!(hex(&inline), hex(&stream), "{name}");
    assert_eq!(hex(&prepared), hex(&stream), "{name}, prepared");

    // With the definitions in front, so that each value is one message.
    let (mut front, mut prepared) = (Vec::new(), Vec::new());
    let (mut encoder, mut other) = (Encoder::new(), Encoder::new());
    for value in values {
        encoder.encode(value, &mut front).unwrap();
        other
            .append(&Prepared::new(value).unwrap(), &mut prepared)
            .unwrap();
    }
    assert_eq!(hex(&front), hex(&prepared), "{name}, prepared");
    let mut decoder = Decoder::new();
    decoder.feed(&front);
    for value in values {
        let raw: RawValue = decoder.take().unwrap().unwrap();
        assert_eq!(&raw.decode::<T>().unwrap(), value, "{name}");
        // Nothing was put together: the bytes are those of one message.
        assert!(front.ends_with(raw.bytes()) || values.len() > 1, "{name}");
    }
    decoder.finish().unwrap();

    // Without types, in both ways.
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    for inline in [true, false] {
        let mut again = Vec::new();
        let mut encoder = if inline {
            Encoder::new().inline_types()
        } else {
            Encoder::new()
        };
        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        let mut sent = Vec::new();
        while let Some(value) = decoder.decode_value().unwrap() {
            encoder
                .append(&Prepared::from_value(&value).unwrap(), &mut again)
                .unwrap();
            sent.push(value);
        }
        let mut decoder = Decoder::new();
        decoder.feed(&again);
        for value in &sent {
            assert_eq!(
                decoder.decode_value().unwrap().as_ref(),
                Some(value),
                "{name}"
            );
        }
        decoder.finish().unwrap();
        let mut decoder = Decoder::new();
        decoder.feed(&again);
        for value in values {
            assert_eq!(
                decoder.decode::<T>().unwrap().as_ref(),
                Some(value),
                "{name}"
            );
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `Any{1, value, 2}` twice.
fn check_any(name: &str, value: impl Into<Option<Held>>) {
    let any = any(1, value, 2);
    check(&format!("interface_{name}"), &[any.clone(), any]);
}

#[test]
fn one_value() {
    check_any("nil", None);
    check_any("int", Held::Int(5));
    check_any("int64", Held::Int64(-5));
    check_any("string", Held::String("s".into()));
    check_any("bool", Held::Bool(false));
    check_any("bytes", Held::Bytes(vec![1, 2]));
    check_any("strings", Held::Strings(vec!["a".into(), "b".into()]));
    check_any("struct", Held::Point(point(22, 33)));
    check_any("struct_zero", Held::Point(point(0, 0)));
    check_any("newtype", Held::Id(Id(7)));
    check_any("named_slice", Held::Names(Names(vec!["a".into()])));
    let pair = Pair {
        first: 1,
        second: "one".into(),
    };
    check_any("generic", Held::Pair(pair));
    check_any("registered_name", Held::Base(Base { id: 9 }));
    check_any(
        "unnamed_map",
        Held::Inners([("k".into(), inner("a", 1.0))].into()),
    );
}

#[test]
fn values_in_values() {
    check_any(
        "list",
        Held::List(vec![
            Some(Held::Int(1)),
            Some(Held::String("s".into())),
            Some(Held::Point(point(1, 2))),
            Some(Held::Point(point(3, 4))),
            None,
            Some(Held::Inner(inner("a", 1.0))),
        ]),
    );
    let dict = [("k".to_owned(), Some(Held::Point(point(1, 2))))];
    check_any("dict", Held::Dict(dict.into()));
    let nested = any(3, Held::Point(point(1, 2)), 4);
    check_any("nested", Held::Any(Box::new(nested)));
    let inmost = any(5, Held::Point(point(1, 2)), 6);
    let nested = any(3, Held::Any(Box::new(inmost)), 4);
    check_any("nested_twice", Held::Any(Box::new(nested)));
}

#[test]
fn several() {
    check(
        "interfaces",
        &[Anys {
            first: Some(Held::Point(point(1, 2))),
            second: Some(Held::Point(point(3, 4))),
            list: vec![
                Some(Held::Inner(inner("a", 1.0))),
                None,
                Some(Held::Dog(Dog { name: "d".into() })),
            ],
            dict: Some([("k".into(), Some(Held::Inner(inner("b", 2.0))))].into()),
        }],
    );
    check(
        "interfaces_nil",
        &[
            Anys::default(),
            Anys {
                list: vec![None, None],
                dict: Some([("k".into(), None)].into()),
                ..Anys::default()
            },
        ],
    );
    check(
        "interface_methods",
        &[Speakers {
            one: Speaker::Dog(Dog { name: "rex".into() }),
            all: vec![
                Speaker::Cat(Cat { lives: 9 }),
                Speaker::Dog(Dog {
                    name: "fido".into(),
                }),
                Speaker::Nobody,
            ],
        }],
    );
    check(
        "interface_top_list",
        &[vec![
            Some(Held::Int64(1)),
            Some(Held::String("s".into())),
            Some(Held::Point(point(1, 2))),
        ]],
    );
    // The first message is shorter than the count of elements in it.
    let points = (0..100).map(|_| Some(Held::Point(point(1, 2))));
    check("interface_long_list", &[points.collect::<Vec<_>>()]);
    check(
        "interface_top_dict",
        &[std::collections::BTreeMap::from([(
            "k".to_owned(),
            Some(Held::String("v".into())),
        )])],
    );
    let time = Time::from_unix(1_709_210_096, 789).unwrap();
    check(
        "marshaler_interface",
        &[
            any(1, Held::GobVal(GobVal("gob:v".into())), 2),
            any(1, Held::Time(time), 2),
        ],
    );
}

/// A type may be defined in front of a value, or inside of one, and serves both.
#[test]
fn types_that_are_known() {
    let any = any(1, Held::Point(point(3, 4)), 2);
    for (name, order) in [
        ("interface_known_type", [true, false]),
        ("interface_then_plain", [false, true]),
    ] {
        let Some(stream) = golden(name) else { return };
        let (mut decoder, mut out) = (Decoder::new(), Vec::new());
        decoder.feed(&stream);
        let mut encoder = Encoder::new().inline_types();
        for plain in order {
            if plain {
                assert_eq!(decoder.decode::<Point>().unwrap(), Some(point(1, 2)));
                encoder.encode(&point(1, 2), &mut out).unwrap();
            } else {
                assert_eq!(decoder.decode::<Any>().unwrap().as_ref(), Some(&any));
                encoder.encode(&any, &mut out).unwrap();
            }
        }
        assert_eq!(hex(&out), hex(&stream), "{name}");
    }
}

/// Go sends a pointer to an interface as a value of type interface.
#[test]
fn an_interface_by_itself() {
    check("interface_pointer", &[Held::Point(point(1, 2))]);
    let Some(stream) = golden("interface_pointer") else {
        return;
    };
    let interface: Interface = from_slice(&stream).unwrap();
    assert_eq!(interface.to::<Point>().unwrap(), Some(point(1, 2)));
    assert!(matches!(from_slice_value(&stream), Value::Interface(_)));
}

fn from_slice_value(stream: &[u8]) -> Value {
    let mut decoder = Decoder::new();
    decoder.feed(stream);
    decoder.decode_value().unwrap().unwrap()
}
