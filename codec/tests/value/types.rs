//! The types of a stream, as values need them.

use super::*;

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

/// Types without a name are spelled out, unless that would never end.
#[test]
fn unnamed_types_are_spelled_out_to_64_levels() {
    let spelled = |levels: usize| {
        let mut builder = SchemaBuilder::new();
        let int = builder.int();
        let top = (0..levels).fold(int, |elem, _| builder.slice_of(elem));
        let schema = builder.build(top);
        schema.go_string(schema.root())
    };
    let whole = format!("{}int", "[]".repeat(64));
    assert_eq!(spelled(64), whole.replace("int", &spelled(0)));
    assert_eq!(spelled(65), format!("{}…", "[]".repeat(65)));
}
