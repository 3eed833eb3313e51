//! `Interface`: whatever comes.

use std::collections::HashMap;

use gobrpc_codec::{Encoder, ErrorKind, Gob, Interface, Value, from_slice, to_vec};

use crate::types::{Any, Held, Point, any, inner, point};

#[derive(Gob, Debug, PartialEq)]
#[gob(name = "Any")]
struct Loose {
    before: i64,
    value: Interface,
    after: i64,
}

/// A typed enum with a door for the rest.
#[derive(Gob, Debug, PartialEq)]
#[gob(interface)]
enum Open {
    Point(Point),
    #[gob(other)]
    Other(Interface),
}

/// An enum to which some of what comes is unknown.
#[derive(Gob, Debug, PartialEq)]
#[gob(interface)]
enum Narrow {
    Point(Point),
}

#[derive(Gob, Debug, PartialEq)]
struct Three<T> {
    before: i64,
    value: T,
    after: i64,
}

#[test]
fn typed_and_dynamic_are_the_same_bytes() {
    let typed = any(1, Held::Point(point(2, 3)), 4);
    let loose = Loose {
        before: 1,
        value: Interface::of("main.Point", &point(2, 3)).unwrap(),
        after: 4,
    };
    assert_eq!(from_slice::<Any>(&to_vec(&loose).unwrap()).unwrap(), typed);
    assert_eq!(
        from_slice::<Loose>(&to_vec(&typed).unwrap()).unwrap(),
        loose
    );
    assert_eq!(loose.value.to::<Point>().unwrap(), Some(point(2, 3)));
}

#[test]
fn nil() {
    let loose = Loose {
        before: 1,
        value: Interface::nil(),
        after: 4,
    };
    let stream = to_vec(&loose).unwrap();
    assert_eq!(from_slice::<Loose>(&stream).unwrap(), loose);
    assert_eq!(from_slice::<Any>(&stream).unwrap(), any(1, None, 4));
    let error = from_slice::<Three<Narrow>>(&stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("Option<Narrow>"), "{error}");
    assert_eq!(
        from_slice::<Three<Open>>(&stream).unwrap().value,
        Open::Other(Interface::nil())
    );
    // As an element it is sent, and decodes to nil.
    let list = vec![Interface::nil(), Interface::new("int", 1_i64.into())];
    assert_eq!(
        from_slice::<Vec<Interface>>(&to_vec(&list).unwrap()).unwrap(),
        list
    );
}

#[test]
fn what_no_variant_names() {
    let stream = to_vec(&any(1, Held::Inner(inner("a", 2.0)), 4)).unwrap();
    let error = from_slice::<Three<Narrow>>(&stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    assert!(
        text.contains("main.Inner") && text.contains("main.Point"),
        "{text}"
    );
    assert!(text.contains(".Value"), "{text}");
    let open = from_slice::<Three<Open>>(&stream).unwrap();
    let Open::Other(other) = &open.value else {
        panic!("{open:?}")
    };
    assert_eq!(*other.name().unwrap(), "main.Inner");
    assert_eq!(
        from_slice::<Any>(&to_vec(&open).unwrap()).unwrap().value,
        Some(Held::Inner(inner("a", 2.0)))
    );
}

/// A value that does not fit does not spoil the stream.
#[test]
fn the_next_value_decodes() {
    let mut stream = Vec::new();
    let mut encoder = Encoder::new().inline_types();
    encoder
        .encode(&any(1, Held::Inner(inner("a", 2.0)), 4), &mut stream)
        .unwrap();
    encoder.encode(&inner("b", 3.0), &mut stream).unwrap();
    let mut decoder = gobrpc_codec::Decoder::new();
    decoder.feed(&stream);
    assert!(decoder.decode::<Three<Narrow>>().is_err());
    assert_eq!(decoder.decode().unwrap(), Some(inner("b", 3.0)));
}

/// Two lists of the same type, made by hand: one definition.
#[test]
fn equal_types_are_defined_once() {
    let one = |n: i64| Interface::of("[]main.Point", &vec![point(n, n)]).unwrap();
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    encoder.encode(&vec![one(1), one(2)], &mut stream).unwrap();
    let length = stream.len();
    encoder.encode(&vec![one(1), one(2)], &mut stream).unwrap();
    let mut decoder = gobrpc_codec::Decoder::new();
    decoder.feed(&stream);
    assert!(decoder.skip().unwrap() && decoder.skip().unwrap());
    // []interface {}, []main.Point, main.Point.
    assert_eq!(decoder.types().len(), 3);
    assert!(stream.len() - length < length);
}

#[test]
fn a_failed_encode_leaves_no_trace() {
    let bad = vec![
        Interface::of("[]main.Point", &vec![point(1, 1)]).unwrap(),
        Interface::new("", 1_i64.into()),
    ];
    for encoder in [Encoder::new(), Encoder::new().inline_types()] {
        let mut encoder = encoder;
        let mut stream = Vec::new();
        let error = encoder.encode(&bad, &mut stream).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert!(stream.is_empty());
        encoder.encode(&vec![point(1, 1)], &mut stream).unwrap();
        assert_eq!(from_slice::<Vec<Point>>(&stream).unwrap(), [point(1, 1)]);
    }
}

#[test]
fn maps_in_order() {
    let map: HashMap<String, Interface> = (0..50)
        .map(|n| {
            (
                format!("key {n}"),
                Interface::of("main.Point", &point(n, n)).unwrap(),
            )
        })
        .collect();
    let stream = |map: &HashMap<String, Interface>| {
        let mut stream = Vec::new();
        Encoder::new()
            .sorted_maps()
            .encode(map, &mut stream)
            .unwrap();
        stream
    };
    let first = stream(&map);
    for _ in 0..4 {
        // Another map, with another order of its own.
        let again: HashMap<_, _> = map.clone().into_iter().collect();
        assert_eq!(stream(&again), first);
    }
    assert_eq!(
        from_slice::<HashMap<String, Interface>>(&first).unwrap(),
        map
    );
}

#[test]
fn an_interface_holds_no_interface() {
    let inner = Value::Interface(Interface::new("int", 1_i64.into()));
    let error = to_vec(&Interface::new("main.I", inner)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    let mut writer_error = Interface::of("main.I", &Interface::nil());
    if let Ok(interface) = &writer_error {
        writer_error = Err(to_vec(interface).unwrap_err());
    }
    assert_eq!(writer_error.unwrap_err().kind(), ErrorKind::Misuse);
}

/// Interfaces in a list in an interface, behind others: each definition and each value
/// is where it belongs.
#[test]
fn in_lists_in_each_other() {
    let held = || Interface::of("main.Point", &point(2, 3)).unwrap();
    let list = vec![held(), Interface::nil(), held()];
    let loose = Loose {
        before: 1,
        value: Interface::of("[]interface {}", &list).unwrap(),
        after: 4,
    };
    let items = vec![
        Some(Held::Point(point(2, 3))),
        None,
        Some(Held::Point(point(2, 3))),
    ];
    let typed = any(1, Held::List(items), 4);
    for inline in [false, true] {
        let streams = [encoded(&loose, inline), encoded(&typed, inline)];
        assert_eq!(streams[0], streams[1], "{inline}");
        assert_eq!(from_slice::<Loose>(&streams[0]).unwrap(), loose);
        assert_eq!(from_slice::<Any>(&streams[0]).unwrap(), typed);
    }
}

fn encoded(value: &impl gobrpc_codec::Encode, inline: bool) -> Vec<u8> {
    let mut encoder = Encoder::new();
    if inline {
        encoder = encoder.inline_types();
    }
    let mut stream = Vec::new();
    encoder.encode(value, &mut stream).unwrap();
    stream
}
