//! Deep, large and hostile values.

use super::*;

fn deep_stream(levels: usize) -> Vec<u8> {
    let mut stream = message(RECURSIVE_SLICE);
    let mut body = vec![0xff, 0x80, 0x00];
    body.extend(std::iter::repeat_n(1, levels - 1));
    body.push(0);
    stream.extend(message(&body));
    stream
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
