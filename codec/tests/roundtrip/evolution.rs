//! Programs of two versions: fields that came, went and moved.

use std::collections::HashMap;
use std::fmt::Debug;

use gobrpc_codec::{DecodeOwned, Decoder, Encode, Encoder, ErrorKind, Gob, from_slice, to_vec};

#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct Old {
    name: String,
    gone: Vec<HashMap<String, (i64, Vec<u8>)>>,
    age: i64,
    inner: Part,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct Part {
    x: i64,
    y: i64,
}

/// Renamed, reordered, with more and with less.
#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct New {
    age: i16,
    email: Option<String>,
    inner: NewPart,
    name: String,
    tags: Vec<String>,
}

#[derive(Gob, Debug, Clone, PartialEq, Default)]
struct NewPart {
    z: f64,
    y: i32,
}

fn convert<T: DecodeOwned>(value: &impl Encode) -> gobrpc_codec::Result<T> {
    from_slice(&to_vec(value).unwrap())
}

#[test]
fn fields_come_go_and_move() {
    let old = Old {
        name: "n".to_owned(),
        gone: vec![
            HashMap::from([("k".to_owned(), (1, vec![2]))]),
            HashMap::new(),
        ],
        age: 40,
        inner: Part { x: 1, y: 2 },
    };
    let new = New {
        age: 40,
        email: None,
        inner: NewPart { z: 0.0, y: 2 },
        name: "n".to_owned(),
        tags: vec![],
    };
    assert_eq!(convert::<New>(&old).unwrap(), new);
    let back = Old {
        gone: vec![],
        inner: Part { x: 0, y: 2 },
        ..old.clone()
    };
    assert_eq!(convert::<Old>(&new).unwrap(), back);
    // In containers, and more than once on a stream.
    let many = vec![old.clone(), Old::default(), old.clone()];
    let news = [new.clone(), New::default(), new.clone()];
    assert_eq!(convert::<Vec<New>>(&many).unwrap(), news);
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    let mut decoder = Decoder::new();
    for value in &many {
        encoder.encode(value, &mut stream).unwrap();
        encoder.encode(&new, &mut stream).unwrap();
    }
    decoder.feed(&stream);
    for value in &news {
        assert_eq!(decoder.decode::<New>().unwrap().as_ref(), Some(value));
        assert_eq!(decoder.decode::<Old>().unwrap().as_ref(), Some(&back));
    }
}

#[test]
fn no_field_in_common_is_an_error() {
    #[derive(Gob, Debug)]
    struct Other {
        something: i64,
    }
    let error = convert::<Other>(&Part::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.message().contains("has no field of"), "{error}");
    // Unless one side has none at all, or it is only a part.
    assert!(convert::<()>(&Part::default()).is_ok());
    assert!(convert::<Part>(&()).is_ok());
    assert!(convert::<(Option<Other>,)>(&(Part::default(),)).is_ok());
}

/// The types are compared before the values: a mismatch shows also where the
/// value leaves the field out, and says where it is.
#[test]
fn a_changed_type_is_an_error_with_its_place() {
    #[derive(Gob, Debug)]
    struct Changed {
        inner: ChangedPart,
    }
    #[derive(Gob, Debug)]
    struct ChangedPart {
        y: String,
    }
    fn place<T: DecodeOwned + Debug>(value: &impl Encode) -> String {
        let error = convert::<T>(value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
        assert!(!error.is_fatal());
        error.path()
    }
    assert_eq!(place::<Changed>(&Old::default()), "Changed.Inner.Y");
    assert_eq!(place::<Vec<Changed>>(&vec![Old::default()]), "Inner.Y");
    // A value out of range shows its element, too.
    let old = Old {
        age: 1 << 20,
        ..Old::default()
    };
    assert_eq!(place::<New>(&old), "New.Age");
    assert_eq!(place::<Vec<New>>(&vec![Old::default(), old]), "[1].Age");
}
