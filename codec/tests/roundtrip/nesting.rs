//! Every constructor in every other.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use gobrpc_codec::{Decoder, Encoder, Gob, Prepared, from_slice, to_vec};
use proptest::prelude::*;

use crate::sample::{At, New, Rng, Sample, Struct};

type Deque<T> = VecDeque<T>;
type Two<T> = [T; 2];
type ByText<T> = HashMap<String, T>;
type ByNumber<T> = BTreeMap<i64, T>;
type First<T> = (T, u8);
type Second<T> = (Option<bool>, T);
type Lent<T> = Cow<'static, T>;
type Maybe<T> = Option<Box<T>>;

/// Has what [`Without`] lacks.
#[derive(Gob, Debug)]
struct With<T> {
    a: i64,
    unknown: T,
    list: Vec<T>,
    z: String,
}

#[derive(Gob, Debug, PartialEq)]
struct Without {
    a: i64,
    z: String,
}

/// Random values of one type, on all paths.
fn check<T: Sample>(rng: &mut Rng) {
    let values: Vec<T> = (0..3).map(|_| T::random(rng, At::Elsewhere)).collect();
    for value in &values {
        let stream = to_vec(value).unwrap();
        let back: T = from_slice(&stream).unwrap();
        assert_eq!(back, value.arrives(At::Elsewhere), "sent {value:?}");
        // What arrived arrives again as it is.
        assert_eq!(from_slice::<T>(&to_vec(&back).unwrap()).unwrap(), back);
    }

    // One stream, between values of other types, cut anywhere.
    let mut encoder = Encoder::new();
    let mut stream = Vec::new();
    for value in &values {
        encoder.encode(&7_i64, &mut stream).unwrap();
        encoder
            .append(&Prepared::new(value).unwrap(), &mut stream)
            .unwrap();
        encoder.encode(value, &mut stream).unwrap();
        let with = With {
            a: 1,
            unknown: T::random(rng, At::Field),
            list: vec![T::random(rng, At::Elsewhere)],
            z: "z".to_owned(),
        };
        encoder.encode(&with, &mut stream).unwrap();
    }
    let mut decoder = Decoder::new();
    let mut rest = stream.as_slice();
    for value in &values {
        let arrives = value.arrives(At::Elsewhere);
        assert_eq!(next::<i64>(&mut decoder, &mut rest, rng), 7);
        assert_eq!(next::<T>(&mut decoder, &mut rest, rng), arrives);
        assert_eq!(next::<T>(&mut decoder, &mut rest, rng), arrives);
        let z = "z".to_owned();
        assert_eq!(
            next::<Without>(&mut decoder, &mut rest, rng),
            Without { a: 1, z }
        );
    }
    assert!(rest.is_empty());
    decoder.finish().unwrap();
}

/// The next value, fed in random pieces.
fn next<T: gobrpc_codec::DecodeOwned>(decoder: &mut Decoder, rest: &mut &[u8], rng: &mut Rng) -> T {
    loop {
        if let Some(value) = decoder.decode().unwrap() {
            return value;
        }
        let (chunk, after) = rest.split_at(rng.below(20).min(rest.len()));
        assert!(!rest.is_empty(), "the stream ends before its value");
        decoder.feed(chunk);
        *rest = after;
    }
}

/// `run!(rng; [outer…] [inner…] [leaf…])` checks each outer of each inner of
/// each leaf.
macro_rules! run {
    ($rng:expr; [$($outer:ident)*] $inner:tt $leaf:tt) => {
        $(run!(@inner $rng; $outer $inner $leaf);)*
    };
    (@inner $rng:expr; $outer:ident [$($inner:ident)*] $leaf:tt) => {
        $(run!(@leaf $rng; $outer $inner $leaf);)*
    };
    (@leaf $rng:expr; $outer:ident $inner:ident [$($leaf:ty),*]) => {
        $(check::<$outer<$inner<$leaf>>>($rng);)*
    };
}

fn seeds(work: impl Fn(&mut Rng)) {
    let config = ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(seed in any::<u64>())| work(&mut Rng(seed)));
}

#[test]
fn slices_of_all() {
    seeds(|rng| {
        run!(rng; [Vec Deque Two] [Vec Deque Two Box Rc Arc Lent ByText ByNumber First Second
            Struct New Maybe Option] [i64, u8, String]);
    });
}

#[test]
fn pointers_to_all() {
    seeds(|rng| {
        run!(rng; [Box Rc Arc Lent New] [Vec Deque Two Box Rc Arc Lent ByText ByNumber First
            Struct New] [i64, u8, bool]);
        run!(rng; [Maybe Option] [Vec Two Box Arc Lent ByText ByNumber First Second Struct New]
            [i64, u8, String]);
    });
}

#[test]
fn maps_of_all() {
    seeds(|rng| {
        run!(rng; [ByText ByNumber] [Vec Deque Two Box Rc Lent ByText ByNumber First Second
            Struct New Maybe Option] [i64, u8, f64]);
    });
}

#[test]
fn structs_of_all() {
    seeds(|rng| {
        run!(rng; [First Second Struct] [Vec Deque Two Box Rc Arc Lent ByText ByNumber First
            Second Struct New Maybe Option] [i64, u8, char]);
    });
}

type VecOf<T> = Vec<Two<T>>;
type VecOfMap<T> = Vec<ByText<T>>;
type MapOfVec<T> = ByNumber<Vec<T>>;
type NewVec<T> = New<Vec<T>>;
type StructOfMaybe<T> = Struct<Maybe<T>>;
type ArrayOfNew<T> = Two<New<T>>;

#[test]
fn three_deep() {
    seeds(|rng| {
        run!(rng; [VecOf VecOfMap MapOfVec NewVec StructOfMaybe ArrayOfNew]
            [Vec Two Box ByText First Struct New] [i64, u8]);
    });
}

#[test]
fn keys_and_sets() {
    seeds(|rng| {
        check::<HashMap<bool, u8>>(rng);
        check::<HashMap<char, String>>(rng);
        check::<HashMap<u8, Vec<u8>>>(rng);
        check::<HashMap<Vec<u8>, i64>>(rng);
        check::<HashMap<(i64, String), i64>>(rng);
        check::<HashMap<Struct<[u8; 2]>, i64>>(rng);
        check::<HashMap<New<String>, New<u8>>>(rng);
        check::<BTreeMap<Vec<String>, BTreeMap<u16, f64>>>(rng);
        check::<BTreeMap<Box<i64>, ()>>(rng);
        check::<HashSet<String>>(rng);
        check::<HashSet<u8>>(rng);
        check::<BTreeSet<(i64, bool)>>(rng);
        check::<Vec<BTreeSet<u8>>>(rng);
    });
}

impl Sample for () {
    fn random(_rng: &mut Rng, _at: At) -> Self {}
    fn arrives(&self, _at: At) -> Self {}
}

/// Rust types that share a wire type share its definition, and those that only
/// look alike do not get mixed up.
#[test]
fn bytes_and_their_look_alikes() {
    use std::num::{NonZeroU8, Wrapping};
    let expected = to_vec(&vec![1_u8, 2]).unwrap();
    assert_eq!(to_vec(&[1_u8, 2].as_slice()).unwrap(), expected);
    assert_eq!(
        to_vec(&vec![Wrapping(1_u8), Wrapping(2)]).unwrap(),
        expected
    );
    assert_eq!(to_vec(&[1_u8, 2].map(New).to_vec()).unwrap(), expected);
    assert_eq!(to_vec(&vec![&1_u8, &2]).unwrap(), expected);
    assert_eq!(
        to_vec(&vec![Cow::Borrowed(&1_u8), Cow::Owned(2)]).unwrap(),
        expected
    );
    let nonzero = [1, 2].map(|byte| NonZeroU8::new(byte).unwrap()).to_vec();
    assert_eq!(to_vec(&nonzero).unwrap(), expected);
    assert_eq!(from_slice::<Vec<NonZeroU8>>(&expected).unwrap(), nonzero);
    assert!(from_slice::<Vec<NonZeroU8>>(&to_vec(&vec![1_u8, 0]).unwrap()).is_err());
    assert_eq!(
        from_slice::<Vec<Wrapping<u8>>>(&expected).unwrap(),
        [1, 2].map(Wrapping)
    );
    assert_eq!(from_slice::<Vec<Cow<'_, u8>>>(&expected).unwrap().len(), 2);
    // A pointer to a byte is no byte to Go.
    let pointers = to_vec(&vec![Box::new(1_u8), Box::new(2)]).unwrap();
    assert_ne!(pointers, expected);
    assert_eq!(
        from_slice::<Vec<Box<u8>>>(&pointers).unwrap(),
        [1, 2].map(Box::new)
    );
    assert!(from_slice::<Vec<u8>>(&pointers).is_err());
}

/// A newtype of a pointer is what it points to, also in the middle of that.
#[test]
fn newtypes_of_pointers() {
    #[derive(Gob, Debug, PartialEq)]
    struct Node {
        value: i64,
        next: Next,
        others: Vec<Next>,
    }
    #[derive(Gob, Debug, PartialEq)]
    struct Next(Option<Box<Node>>);
    #[derive(Gob, Debug, PartialEq)]
    #[gob(name = "Node")]
    struct Plain {
        value: i64,
        next: Option<Box<Plain>>,
        others: Vec<Option<Box<Plain>>>,
    }
    let node = |value, next: Option<Node>, others| Node {
        value,
        next: Next(next.map(Box::new)),
        others,
    };
    let other = Next(Some(Box::new(node(3, None, vec![]))));
    let list = node(1, Some(node(2, None, vec![])), vec![other]);
    let stream = to_vec(&list).unwrap();
    assert_eq!(from_slice::<Node>(&stream).unwrap(), list);
    let plain: Plain = from_slice(&stream).unwrap();
    assert_eq!(plain.next.as_ref().unwrap().value, 2);
    // The schema of the newtype starts in the middle, and is the same.
    assert_eq!(
        Next::schema().root_type().kind(),
        Next::schema().root_type().kind()
    );
    let root = Next(Some(Box::new(node(1, None, vec![]))));
    let stream = to_vec(&root).unwrap();
    assert_eq!(stream, to_vec(&node(1, None, vec![])).unwrap());
    assert_eq!(from_slice::<Next>(&stream).unwrap(), root);
}
