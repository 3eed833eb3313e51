//! Values of the types that definitions are made of (ids 16 to 24). Go 1.27.3
//! reads the first three of these streams into such structs; `doc.go` does not
//! list the last of their ids.

use gobrpc_codec::dump::Dumper;
use gobrpc_codec::inspect::recode;
use gobrpc_codec::{Decoder, Gob, Limits, Prepared, RawValue, from_slice};

#[derive(Gob, Debug, PartialEq)]
#[gob(rename_all = "PascalCase")]
struct CommonType {
    name: String,
    id: i32,
}

#[derive(Gob, Debug, PartialEq)]
struct GobEncoderType {
    common_type: CommonType,
}

#[derive(Gob, Debug, PartialEq)]
struct ArrayType {
    common_type: CommonType,
    elem: i32,
    len: i64,
}

#[derive(Gob, Debug, PartialEq)]
struct WireType {
    array_t: Option<Box<ArrayType>>,
}

const STREAMS: [(&[u8], &str); 4] = [
    (
        &[7, 0x24, 1, 1, b'x', 1, 10, 0],
        r#"CommonType { Name: "x", Id: 5 }"#,
    ),
    (
        &[9, 0x2c, 0, 1, 1, 1, b'F', 1, 4, 0],
        r#"[fieldType { Name: "F", Id: 2 }]"#,
    ),
    (
        &[9, 0x30, 1, 1, 1, b'x', 1, 10, 0, 0],
        r#"gobEncoderType { CommonType: CommonType { Name: "x", Id: 5 } }"#,
    ),
    (
        &[15, 0x20, 1, 1, 1, 1, b'x', 1, 10, 0, 1, 4, 1, 6, 0, 0],
        r#"wireType { ArrayT: arrayType { CommonType: CommonType { Name: "x", Id: 5 }, Elem: 2, Len: 3 } }"#,
    ),
];

fn common() -> CommonType {
    CommonType {
        name: "x".to_owned(),
        id: 5,
    }
}

#[test]
fn all_readers_know_them() {
    for (stream, text) in STREAMS {
        let mut decoder = Decoder::new();
        decoder.feed(stream);
        let value = decoder.decode_value().unwrap().unwrap();
        assert_eq!(format!("{value:?}"), text);
        assert!(decoder.types().is_empty());
        decoder.feed(stream);
        assert!(decoder.skip().unwrap());
        decoder.finish().unwrap();

        assert_eq!(recode(stream, &Limits::default()).unwrap(), stream);
        let mut dumper = Dumper::new();
        dumper.feed(stream);
        dumper.finish(&mut std::io::sink()).unwrap();
        assert!(dumper.fault().is_none(), "{:?}", dumper.fault());

        // By itself the value brings its type along, under an id of its own.
        let again = RawValue::from_prepared(&Prepared::from_value(&value).unwrap()).unwrap();
        assert_eq!(again.to_value().unwrap(), value);
        assert!(again.type_id().get() >= 64);
    }
}

#[test]
fn typed() {
    assert_eq!(from_slice::<CommonType>(STREAMS[0].0).unwrap(), common());
    let fields: Vec<CommonType> = from_slice(STREAMS[1].0).unwrap();
    assert_eq!((fields[0].name.as_str(), fields[0].id), ("F", 2));
    let common_type = common();
    assert_eq!(
        from_slice::<GobEncoderType>(STREAMS[2].0).unwrap(),
        GobEncoderType { common_type }
    );
    let array_t = Some(Box::new(ArrayType {
        common_type: common(),
        elem: 2,
        len: 3,
    }));
    assert_eq!(
        from_slice::<WireType>(STREAMS[3].0).unwrap(),
        WireType { array_t }
    );
}

/// Ids 9 to 15 and 25 to 63 are nothing; none below 64 can be defined.
#[test]
fn the_other_ids_are_errors() {
    for id in (9..16).chain(25..64) {
        let stream = [4, id * 2, 1, 2, 0];
        let error = from_slice::<CommonType>(&stream).unwrap_err();
        assert!(error.to_string().contains("not defined"), "{id}: {error}");
        assert!(recode(&stream, &Limits::default()).is_err());
    }
    for id in 1..64_u8 {
        let stream = [8, id * 2 - 1, 2, 1, 0, 1, 4, 0, 0];
        let mut decoder = Decoder::new();
        decoder.feed(&stream);
        let error = decoder.advance().unwrap_err().to_string();
        assert!(error.contains("predefined"), "{id}: {error}");
        assert!(recode(&stream, &Limits::default()).is_err());
    }
}
