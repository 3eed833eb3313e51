//! Streams of one value that begin with our own definitions are decoded by what is kept
//! with the type: the same values and the same errors as by the stream alone.

use std::collections::BTreeMap;
use std::fmt::Debug;

use gobrpc_codec::{
    DecodeOwned, Encode, ErrorKind, Gob, Interface, Limits, borrow_from_slice, from_slice,
    from_slice_with, to_vec,
};

#[derive(Gob, Debug, PartialEq, Clone, Default)]
struct Inner {
    name: String,
    small: i8,
}

#[derive(Gob, Debug, PartialEq, Clone, Default)]
struct Outer {
    number: u64,
    inner: Inner,
    list: Vec<Inner>,
    map: BTreeMap<String, f64>,
    next: Option<Box<Self>>,
}

fn outer() -> Outer {
    let inner = Inner {
        name: "inner".into(),
        small: -3,
    };
    Outer {
        number: 300,
        list: vec![inner.clone(), Inner::default()],
        inner,
        map: [("pi".to_owned(), 3.25)].into(),
        next: Some(Box::default()),
    }
}

/// Other limits than the default ones: the definitions are read.
fn in_full<T: DecodeOwned>(stream: &[u8]) -> gobrpc_codec::Result<T> {
    let most = Limits::default().message_bytes;
    from_slice_with(stream, &Limits::default().with_message_bytes(most - 1))
}

fn agree<T: DecodeOwned + PartialEq + Debug>(stream: &[u8]) {
    match (from_slice::<T>(stream), in_full::<T>(stream)) {
        (Ok(own), Ok(full)) => assert_eq!(format!("{own:?}"), format!("{full:?}")),
        (Err(own), Err(full)) => {
            assert_eq!(own.to_string(), full.to_string());
            assert_eq!(own.offset(), full.offset());
            assert_eq!(own.is_fatal(), full.is_fatal());
        }
        (own, full) => panic!("{own:?}, in full {full:?}, of {stream:x?}"),
    }
}

/// Every byte of a stream changed, and every end of it cut off.
fn agree_on_faults<T: Encode + DecodeOwned + PartialEq + Debug>(value: &T) {
    let stream = to_vec(value).unwrap();
    assert_eq!(from_slice::<T>(&stream).unwrap(), *value);
    agree::<T>(&stream);
    for place in 0..stream.len() {
        for change in [1, 2, 0x7f, 0x80, 0xff] {
            let mut changed = stream.clone();
            changed[place] ^= change;
            agree::<T>(&changed);
        }
        agree::<T>(&stream[..place]);
    }
    // What comes behind the first value does not matter.
    agree::<T>(&[&stream[..], &[0xf0, 0, 1]].concat());
}

#[test]
fn faults_are_told_alike() {
    agree_on_faults(&outer());
    agree_on_faults(&vec![outer(); 2]);
    agree_on_faults(&7_i64);
    agree_on_faults(&"text".to_owned());
    agree_on_faults(&vec![1.5_f64, -2.0]);
    agree_on_faults(&BTreeMap::from([(1_u8, true)]));
}

/// The same name, other fields.
mod peer {
    use gobrpc_codec::Gob;

    #[derive(Gob)]
    pub(super) struct Inner {
        pub(super) small: i64,
        pub(super) more: Vec<String>,
        pub(super) name: String,
    }
}

#[test]
fn a_peer_with_other_fields_changes_nothing() {
    let theirs = to_vec(&peer::Inner {
        small: 7,
        more: vec!["more".into()],
        name: "theirs".into(),
    })
    .unwrap();
    let ours = to_vec(&outer().inner).unwrap();
    for _ in 0..2 {
        let inner: Inner = from_slice(&theirs).unwrap();
        assert_eq!((inner.name.as_str(), inner.small), ("theirs", 7));
        assert_eq!(from_slice::<Inner>(&ours).unwrap(), outer().inner);
    }
}

#[test]
fn smaller_limits_hold_for_a_type_that_is_known() {
    let stream = to_vec(&outer()).unwrap();
    from_slice::<Outer>(&stream).unwrap();
    let few = Limits::default().with_types(1);
    let error = from_slice_with::<Outer>(&stream, &few).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let little = Limits::default().with_memory_bytes(3);
    let error = from_slice_with::<Outer>(&stream, &little).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[test]
fn strings_are_borrowed() {
    let stream = to_vec(&vec!["one", "two"]).unwrap();
    let texts: Vec<&str> = borrow_from_slice(&stream).unwrap();
    assert!(stream.as_ptr_range().contains(&texts[1].as_ptr()));
}

#[derive(Gob, Debug, PartialEq)]
struct Held {
    any: Interface,
    number: i64,
}

/// Their values define types of their own, which no later stream may see.
#[test]
fn interfaces_are_read_in_full() {
    let inner = Held {
        any: Interface::of("main.Inner", &outer().inner).unwrap(),
        number: 1,
    };
    let list = Held {
        any: Interface::of("[]string", &vec!["x".to_owned()]).unwrap(),
        number: 2,
    };
    for held in [&inner, &list, &inner] {
        assert_eq!(from_slice::<Held>(&to_vec(held).unwrap()).unwrap(), *held);
    }
}
