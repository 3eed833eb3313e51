//! Types that decode themselves by hand, out of what the reader offers.

use gobrpc_codec::{
    Decode, Decoder, Edge, Encoder, ErrorKind, Gob, NodeId, Reader, Result, SchemaBuilder,
    from_slice, to_vec,
};

/// Any list, of which only the length matters.
#[derive(Debug, PartialEq)]
struct Length<T>(usize, std::marker::PhantomData<T>);

impl<T: Gob> Gob for Length<T> {
    type Static = <Vec<T> as Gob>::Static;
    fn describe(schema: &mut SchemaBuilder) -> Edge {
        <Vec<T>>::describe(schema)
    }
}

impl<'de, T: Gob> Decode<'de> for Length<T> {
    fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
        let (count, elem) = reader.enter_slice(plan)?;
        reader.enter()?;
        for _ in 0..count {
            reader.expect_element()?;
            reader.skip(elem)?;
        }
        reader.leave();
        Ok(Self(count, std::marker::PhantomData))
    }
    fn zero() -> Result<Self> {
        Ok(Self(0, std::marker::PhantomData))
    }
}

#[derive(Gob, Debug, PartialEq)]
struct Item {
    name: String,
    parts: Vec<[i64; 2]>,
}

fn item(name: &str) -> Item {
    Item {
        name: name.to_owned(),
        parts: vec![[1, 2], [300, -400]],
    }
}

#[test]
fn what_is_skipped_takes_as_much_as_it_should() {
    let stream = to_vec(&(vec![item("a"), item("bcd")], 7_i64, vec!["x"; 3])).unwrap();
    let lengths: (Length<Item>, i64, Length<String>) = from_slice(&stream).unwrap();
    assert_eq!((lengths.0.0, lengths.1, lengths.2.0), (2, 7, 3));
    // A value that is cut off is no shorter one.
    let cut = to_vec(&vec!["text"]).unwrap();
    let mut cut = cut[..cut.len() - 1].to_vec();
    let at = cut.len() - 8;
    assert_eq!(cut[at - 1..at + 1], [9, 0xff]);
    cut[at - 1] -= 1;
    let error = from_slice::<Length<String>>(&cut).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
}

/// A type that describes itself as one thing and reads another is its author's fault,
/// and says so.
#[test]
fn a_type_that_contradicts_itself_is_told() {
    #[derive(Debug)]
    struct Wrong;
    impl Gob for Wrong {
        type Static = Self;
        fn describe(schema: &mut SchemaBuilder) -> Edge {
            schema.newtype::<Self, i64>("Wrong", "main")
        }
    }
    impl<'de> Decode<'de> for Wrong {
        fn decode(reader: &mut Reader<'de, '_>, plan: NodeId) -> Result<Self> {
            reader.enter_map(plan).map(|_| Self)
        }
        fn zero() -> Result<Self> {
            Ok(Self)
        }
    }
    let error = from_slice::<Wrong>(&to_vec(&1_i64).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.message().contains("reads itself as a map"), "{error}");
}

#[test]
fn the_last_types_are_remembered() {
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    encoder.encode(&vec![1_i64], &mut stream).unwrap();
    encoder.encode(&item("a"), &mut stream).unwrap();
    encoder.encode(&[7_u8; 2], &mut stream).unwrap();
    let ids = [
        encoder.id_of::<Vec<i64>>(),
        encoder.id_of::<Item>(),
        encoder.id_of::<[u8; 2]>(),
    ];
    // Those of the definitions in the stream.
    let mut decoder = Decoder::new();
    decoder.feed(&stream);
    for id in ids {
        assert_eq!(decoder.peek_type().unwrap(), id);
        assert!(id.is_some());
        let raw = decoder.take().unwrap().unwrap();
        let text = format!("{raw:?}");
        assert!(
            text.starts_with(&format!("RawValue(type {}, ", id.unwrap())),
            "{text}"
        );
    }
}
